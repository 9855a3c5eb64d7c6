"""Tables for spreadsheets. One writer for all exports, so that none can run a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from flask import Response, make_response

Cell = str | int | float | Decimal | datetime | None

SEPARATOR = ";"  # What a Danish spreadsheet splits at, since its comma is in the numbers.
BYTE_ORDER_MARK = "\ufeff"  # By it Excel knows that the file is UTF-8.
# What a formula begins with (OWASP, CSV injection), as an East Asian keyboard writes it too. It need not begin the
# cell: whoever opens the file with another separator has a new cell behind each of these.
START = re.compile(r"(?<![\s\0\ufeff\"',;])([\s\0\ufeff\"',;]*)(?=[=+\-@−＝＋－＠])")
SPLIT = re.compile(r"[;,\t\r\n]")


def download(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Response:
    """The table as a file of that name."""
    response = make_response(written(columns, rows))
    response.headers["Content-Type"] = "text/csv; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def written(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """The table as CSV: text that runs as no formula, numbers with a decimal comma, moments in ISO 8601."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=SEPARATOR)
    writer.writerow(columns)
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
            return cell.isoformat()
        case _:
            return format(cell, "f" if isinstance(cell, Decimal) else "").replace(".", ",")
