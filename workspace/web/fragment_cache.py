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

from workspace.i18n import formatting

MAX_ENTRIES = 4_000  # of the pieces that are new or asked for in one generation, a kB or two each
GENERATION_SECONDS = 300  # that a generation lasts

# They stand in what is kept, and no text can hold them: nobody is ever shown one.
CSRF_PLACEHOLDER, KEY_PLACEHOLDER = f"token-{token_hex(16)}", f"key-{token_hex(16)}"


class _TwoGenerations:
    """Two generations of pieces: what is asked for goes along into the next, and what is not is forgotten."""

    def __init__(self) -> None:
        self.young: dict[Any, str] = {}
        self.old: dict[Any, str] = {}
        self.since = time.monotonic()

    def find(self, key: Any) -> str | None:
        text = self.young.get(key)
        if text is None and (text := self.old.get(key)) is not None:
            self.store(key, text)
        return text

    def store(self, key: Any, text: str) -> None:
        if len(self.young) >= MAX_ENTRIES or time.monotonic() - self.since > GENERATION_SECONDS:
            self.old, self.young, self.since = self.young, {}, time.monotonic()
        self.young[key] = text


_cache = _TwoGenerations()


def cached_fragment(
    name: str, /, *, build_context: Callable[[], dict[str, Any]] | None = None, **values: Any
) -> Markup:
    """The template `name` with `values`, which can be hashed: rows, texts, numbers, tuples of them.

    `made` gives what the template needs beside them and is made of nothing else, such as an empty form.
    """
    here: Any = g._get_current_object()
    key = name, _reader_key(here), *values.items()
    text = _cache.find(key)
    if text is None:
        text = _render(name, values, build_context)
        _cache.store(key, text)
    if here.get("makes_piece"):
        return Markup(text)  # noqa: S704 (what a template has escaped)
    if CSRF_PLACEHOLDER in text:
        text = text.replace(CSRF_PLACEHOLDER, generate_csrf())
    if KEY_PLACEHOLDER in text:
        text = text.replace(KEY_PLACEHOLDER, str(uuid.uuid4()))
    return Markup(text)  # noqa: S704


def csrf_token() -> str:
    """The token of a form: what stands for it, where a piece is made."""
    return CSRF_PLACEHOLDER if g.get("makes_piece") else str(generate_csrf())


def one_time_key() -> str:
    """A new key of a form that makes one thing, however often it is sent."""
    return KEY_PLACEHOLDER if g.get("makes_piece") else str(uuid.uuid4())


def _reader_key(here: Any) -> tuple[Any, ...]:
    if "reader_of_pieces" not in here:
        here.reader_of_pieces = formatting.language(), formatting.zone().key, formatting.today()
    found: tuple[Any, ...] = here.reader_of_pieces
    return found


def _render(name: str, values: dict[str, Any], build_context: Callable[[], dict[str, Any]] | None) -> str:
    if any(isinstance(value, Markup) for value in values.values()):
        raise TypeError(f"{name}: markup equals the same text without markup, so it can't be told apart in a key.")
    outer = g.get("makes_piece", False)
    g.makes_piece = True
    try:
        return current_app.jinja_env.get_template(name).render(values | (build_context() if build_context else {}))
    finally:
        g.makes_piece = outer
