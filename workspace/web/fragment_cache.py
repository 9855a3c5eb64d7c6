"""Fragment cache, keyed by every value a fragment depends on.

A fragment is a template that knows only the values that it is given, the translations, and the reader's language, time
zone and day. Its name and all of these are its key, so nothing has to be invalidated: changed values are another key.
Nobody is shown what is not theirs, since a view must have read a fragment's values to ask for it, by a query that
starts from the reader's membership. The two things that differ in each page, the CSRF token and a form's one-time key,
are put in when the fragment is shown.

Fragments that nobody asks for are dropped after five to ten minutes, and erased texts with them.
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

MAX_ENTRIES = 4_000  # per generation, new or asked for in it; a kB or two each
GENERATION_SECONDS = 300  # in a generation

# They stand in cached fragments. They are random, so no text contains them, and nobody is ever shown one.
CSRF_PLACEHOLDER, KEY_PLACEHOLDER = f"token-{token_hex(16)}", f"key-{token_hex(16)}"


class _TwoGenerations:
    """Two generations of fragments: those asked for move into the younger, the others are dropped with the older."""

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
    """The template `name` rendered with `values`, which must be hashable: rows, strings, numbers, tuples of them.

    `build_context` returns what else the template needs and depends on nothing else, such as an empty form.
    """
    here: Any = g._get_current_object()
    key = name, _reader_key(here), *values.items()
    text = _cache.find(key)
    if text is None:
        text = _render(name, values, build_context)
        _cache.store(key, text)
    if here.get("makes_piece"):
        return Markup(text)  # noqa: S704 (a template has escaped it)
    if CSRF_PLACEHOLDER in text:
        text = text.replace(CSRF_PLACEHOLDER, generate_csrf())
    if KEY_PLACEHOLDER in text:
        text = text.replace(KEY_PLACEHOLDER, str(uuid.uuid4()))
    return Markup(text)  # noqa: S704


def csrf_token() -> str:
    """A form's CSRF token; its placeholder while a fragment is rendered."""
    return CSRF_PLACEHOLDER if g.get("makes_piece") else str(generate_csrf())


def one_time_key() -> str:
    """A new one-time key, by which a form makes one thing however often it is sent; its placeholder in a fragment."""
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
