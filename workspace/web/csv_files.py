"""Tables for spreadsheets. One writer for all exports, so that none can run a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import quote

from flask import Response, make_response

from workspace.i18n import danish, formatting

Cell = str | int | float | Decimal | date | datetime | None

SEPARATOR = ";"  # What a Danish spreadsheet splits at, since its comma is in the numbers.
BYTE_ORDER_MARK = "\ufeff"  # By it Excel knows that the file is UTF-8.
# What a formula begins with (OWASP, CSV injection), as an East Asian keyboard writes it too. It need not begin the
# cell: whoever opens the file with another separator has a new cell behind each of these.
START = re.compile(r"(?<![\s\0\ufeff\"',;])([\s\0\ufeff\"',;]*)(?=[=+\-@−＝＋－＠])")
SPLIT = re.compile(r"[;,\t\r\n]")


def download(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """The table as a file of that name, which may hold any letters."""
    response = make_response(written(columns, rows))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    plain = danish.slug(name.removesuffix(".csv"))
    names = {"filename": f"{plain}.csv", "filename*": f"UTF-8''{quote(name, safe='')}"}  # RFC 6266, section 4.3
    response.headers.set("Content-Disposition", "attachment", **names)
    return response


def written(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table as CSV: text that runs as no formula, numbers with a decimal comma, and days and moments as a
    spreadsheet reads them in any language: "2026-03-29 14:05:00", in the reader's time zone.

    `columns` are the headings, in the reader's language.
    """
    file = io.StringIO()
    writer = csv.writer(file, delimiter=SEPARATOR)
    writer.writerow([neutralised(str(column)) for column in columns])
    writer.writerows([_shown(cell) for cell in row] for row in rows)
    return BYTE_ORDER_MARK + file.getvalue()


def neutralised(text: str) -> str:
    """`text` with an apostrophe before whatever a spreadsheet could take for the beginning of a formula."""
    return START.sub(lambda found: f"{found[0]}'" if _begins_a_cell(found) else found[0], text)


def restored(text: str) -> str:
    """What was neutralised, as it was before."""
    return START.sub(lambda found: found[0].removesuffix("'") if _begins_a_cell(found) else found[0], text)


def _begins_a_cell(found: re.Match[str]) -> bool:
    return found.start() == 0 or SPLIT.search(found[1]) is not None


def _shown(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case str():
            return neutralised(cell)
        case datetime():
            return f"{cell.astimezone(formatting.zone()):%Y-%m-%d %H:%M:%S}"
        case date():
            return cell.isoformat()
        case float():
            return format(Decimal(repr(cell)), "f").replace(".", ",")
        case _:
            return format(cell, "f" if isinstance(cell, Decimal) else "").replace(".", ",")
