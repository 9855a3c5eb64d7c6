"""Keyset pagination: pages read with one row more than they show, and cursors in addresses.

A cursor is a moment to the microsecond and numbers after it.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
LARGEST = 2**31 - 1

Cursor = tuple[datetime, *tuple[int, ...]]
Row = TypeVar("Row")


def split_page(found: Sequence[Row], size: int) -> tuple[list[Row], Row | None]:
    """The page, of which one row more than `size` was read; and its last row if others come after it."""
    page = list(found[:size])
    return page, page[-1] if len(found) > size else None


def encode(moment: datetime, *numbers: int) -> str:
    """A cursor such as "1774343640000000.7.17"."""
    return ".".join(str(part) for part in ((moment - EPOCH) // MICROSECOND, *numbers))


def decode(text: str, numbers: int) -> Cursor | None:
    """The cursor in `text`, with so many `numbers`; None if it is malformed: the list then starts at its beginning."""
    parts = text.split(".")
    if len(parts) != numbers + 1 or not all(part.isdecimal() and len(part) <= 17 for part in parts):
        return None
    try:
        moment = EPOCH + int(parts[0]) * MICROSECOND
    except OverflowError:
        return None
    rest = tuple(int(part) for part in parts[1:])
    return (moment, *rest) if all(number <= LARGEST for number in rest) else None


def parse_int(text: str) -> int | None:
    """The number in `text`, or None if it is none that a database can hold."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        return None
    return int(text) if int(text) <= LARGEST else None
