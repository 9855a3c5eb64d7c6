"""Searching by name, the same everywhere."""

import re
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, literal, or_

from workspace.i18n import danish

ESCAPE = "/"
# What a word of a name can follow: “Bang-Hansen”, “O'Brien”, “Dansk Industri (DI)”.
WORD_SEPARATORS = (" ", "-", "'", "’", "(")


def name_matches(search_key: Any, typed: str) -> list[ColumnElement[bool]]:
    """One condition for each word that was typed: some word of the name begins with it.

    `search_key` is the column that holds the name's `danish.search_key`.
    """
    return [word_matches(search_key, word) for word in danish.search_key(typed).split()]


def word_matches(search_key: Any, word: str | BindParameter[str]) -> ColumnElement[bool]:
    """The condition that some word of the name begins with this one; a parameter is given as `escaped`."""
    begin = escaped(word) if isinstance(word, str) else word
    return or_(
        search_key.startswith(begin, escape=ESCAPE),
        *(search_key.contains(literal(before) + begin, escape=ESCAPE) for before in WORD_SEPARATORS),
    )


def escaped(word: str) -> str:
    """A word whose marks mean nothing in a pattern of LIKE."""
    return re.sub(r"([%_/])", rf"{ESCAPE}\1", word)
