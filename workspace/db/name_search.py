"""Searching by name, the same everywhere."""

from typing import Any

from sqlalchemy import ColumnElement, or_

from workspace.i18n import danish

# What a word of a name can follow: “Bang-Hansen”, “O'Brien”, “Dansk Industri (DI)”.
WORD_SEPARATORS = (" ", "-", "'", "’", "(")


def name_matches(search_key: Any, typed: str) -> list[ColumnElement[bool]]:
    """One condition for each word that was typed: some word of the name begins with it.

    `search_key` is the column that holds the name's `danish.search_key`.
    """
    return [
        or_(
            search_key.startswith(word, autoescape=True),
            *(search_key.contains(before + word, autoescape=True) for before in WORD_SEPARATORS),
        )
        for word in danish.search_key(typed).split()
    ]
