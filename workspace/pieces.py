"""Pieces of pages, kept under all that they are made of.

A piece is a template that knows nothing but the values that it is given, our words, and the reader's language, zone
and day. It is kept under its name and all of these, so nothing has to be taken back when something changes: other
values are another piece. And nobody is shown what is not theirs: to ask for a piece, a view must have read its values,
by a query that begins at the reader's seat. The two things that are new in each page, the token and the one-time key
of a form, are put in when it is shown.

What nobody asks for is forgotten after five to ten minutes, and with it what was deleted for good meanwhile.
"""

import time
import uuid
from collections.abc import Callable
from secrets import token_hex
from typing import Any

from flask import current_app, g
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from workspace import languages

MOST = 4_000  # of the pieces that are new or asked for in one generation, a kB or two each
SECONDS = 300  # that a generation lasts

# They stand in what is kept, and no text can hold them: nobody is ever shown one.
TOKEN, KEY = f"token-{token_hex(16)}", f"key-{token_hex(16)}"


class _Kept:
    """Two generations of pieces: what is asked for goes along into the next, and what is not is forgotten."""

    def __init__(self) -> None:
        self.young: dict[Any, str] = {}
        self.old: dict[Any, str] = {}
        self.since = time.monotonic()

    def find(self, key: Any) -> str | None:
        text = self.young.get(key)
        if text is None and (text := self.old.get(key)) is not None:
            self.keep(key, text)
        return text

    def keep(self, key: Any, text: str) -> None:
        if len(self.young) >= MOST or time.monotonic() - self.since > SECONDS:
            self.old, self.young, self.since = self.young, {}, time.monotonic()
        self.young[key] = text


_kept = _Kept()


def piece(name: str, /, *, made: Callable[[], dict[str, Any]] | None = None, **values: Any) -> Markup:
    """The template `name` with `values`, which can be hashed: rows, texts, numbers, tuples of them.

    `made` gives what the template needs beside them and is made of nothing else, such as an empty form.
    """
    here: Any = g._get_current_object()
    key = name, _reader(here), *values.items()
    text = _kept.find(key)
    if text is None:
        text = _render(name, values, made)
        _kept.keep(key, text)
    if here.get("makes_piece"):
        return Markup(text)  # noqa: S704 (what a template has escaped)
    if TOKEN in text:
        text = text.replace(TOKEN, generate_csrf())
    if KEY in text:
        text = text.replace(KEY, str(uuid.uuid4()))
    return Markup(text)  # noqa: S704


def token() -> str:
    """The token of a form: what stands for it, where a piece is made."""
    return TOKEN if g.get("makes_piece") else str(generate_csrf())


def one_time_key() -> str:
    """A new key of a form that makes one thing, however often it is sent."""
    return KEY if g.get("makes_piece") else str(uuid.uuid4())


def _reader(here: Any) -> tuple[Any, ...]:
    if "reader_of_pieces" not in here:
        here.reader_of_pieces = languages.language(), languages.zone().key, languages.today()
    found: tuple[Any, ...] = here.reader_of_pieces
    return found


def _render(name: str, values: dict[str, Any], made: Callable[[], dict[str, Any]] | None) -> str:
    if any(isinstance(value, Markup) for value in values.values()):
        raise TypeError(f"{name}: markup equals the same text without markup, so it can't be told apart in a key.")
    outer = g.get("makes_piece", False)
    g.makes_piece = True
    try:
        return current_app.jinja_env.get_template(name).render(values | (made() if made else {}))
    finally:
        g.makes_piece = outer
