"""Tables that people paste, from a spreadsheet or a CSV file, split into cells: whatever is in them."""

import re
from collections.abc import Collection, Mapping
from functools import cache

from workspace.web.csv_files import BYTE_ORDER_MARK, restored

# A line is split at the first of these that is in it: a comma is in numbers and names too, a tab in nothing else.
SEPARATORS = "\t;,"
QUOTED = re.compile(r'"[^"\n]*"')
SEPARATOR_LINE = re.compile(r"sep=.\r?\n", re.IGNORECASE)  # What Excel writes before a CSV.
BETWEEN_WORDS = re.compile(r"[\W_]+")


def split(text: str, separator: str = "") -> list[list[str]]:
    """The rows of a pasted table, without empty lines; each is a list of its cells, which need not be equally many.

    Quotes are those of CSV (RFC 4180); one that is not closed is a letter. Cells of our own exports come back as they
    were before a spreadsheet was kept from running them. `separator` is found in the text unless it is known.
    """
    text = SEPARATOR_LINE.sub("", text.removeprefix(BYTE_ORDER_MARK), count=1)
    rows: list[list[str]] = [[]]
    for found in _cells(separator or separator_of(text)).finditer(text):
        quoted = found["quoted"]
        rows[-1].append(restored(quoted.replace('""', '"') if quoted is not None else found["plain"]))
        if found["end"] in ("\r\n", "\r", "\n"):
            rows.append([])
        elif not found["end"]:
            break
    return [row for row in rows if row and row != [""]]


def separator_of(text: str) -> str:
    """What separates the cells of the first line that has several; a tab if none has."""
    for line in text.splitlines():
        bare = QUOTED.sub("", line)
        for separator in SEPARATORS:
            if separator in bare:
                return separator
    return SEPARATORS[0]


def columns(row: list[str], titles: Mapping[str, Collection[str]]) -> dict[str, int]:
    """The columns that the headings in `row` name: their places by the keys of `titles`, which has normal titles.

    A key whose titles stand there twice has the first; one that doesn't stand there is missing.
    """
    found: dict[str, int] = {}
    for place, cell in enumerate(row):
        title = normal(cell)
        for key, known in titles.items():
            if title in known:
                found.setdefault(key, place)
    return found


def normal(title: str) -> str:
    """A heading without what makes no difference: "E-mail 1 – Value:" is "e mail 1 value"."""
    return BETWEEN_WORDS.sub(" ", title[:200]).strip().casefold()


@cache
def _cells(separator: str) -> re.Pattern[str]:
    """One cell and what ends it. What a quote opens is read once, however it goes on."""
    ends = rf"{separator}|\r\n|\r|\n|\Z"
    quoted = r' *+"(?P<quoted>(?:[^"]|"")*+)" *+' rf"(?={ends})"
    return re.compile(rf"(?:{quoted}|(?P<plain>[^{separator}\r\n]*+))(?P<end>{ends})")
