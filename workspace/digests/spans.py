"""The piece of each partnership's log that a digest covers: what came after one entry, up to another.

Spans go into a statement as one value, so that it is the same statement for two partnerships and for two hundred.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, JSON, Integer, String, bindparam, cast, func, select


@dataclass(frozen=True)
class Span:
    """The entries of a partnership after the number `after`, up to `last`, for one of its seats.

    `is_daily` says that its holder hears of the partnership daily.
    """

    seat_id: int
    partnership_id: int
    after: int
    last: int
    is_daily: bool = False


def value(spans: Iterable[Span]) -> str:
    """The spans, as `table` takes them."""
    return json.dumps(
        [[span.seat_id, span.partnership_id, span.after, span.last, int(span.is_daily)] for span in spans]
    )


def numbers_value(numbers: Iterable[tuple[int, int]]) -> str:
    """Entries, each a partnership's id and a number, as `numbers_table` takes them."""
    return json.dumps(sorted(numbers))


def table(dialect: str) -> CTE:
    """The spans of the parameter "spans" as something to join: seat_id, partnership_id, after, last, is_daily."""
    return _table(dialect, "spans", ("seat_id", "partnership_id", "after", "last", "is_daily"))


def numbers_table(dialect: str) -> CTE:
    """The entries of the parameter "numbers" as something to join: partnership_id, number."""
    return _table(dialect, "numbers", ("partnership_id", "number"))


def _table(dialect: str, parameter: str, names: tuple[str, ...]) -> CTE:
    given: Any = bindparam(parameter, type_=String)
    if dialect == "sqlite":
        row = func.json_each(given).table_valued("value").c.value
        columns: list[Any] = [func.json_extract(row, f"$[{place}]") for place in range(len(names))]
    else:
        row = func.json_array_elements(cast(given, JSON)).column_valued(f"{parameter}_row")
        columns = [cast(cast(row, JSON)[place].as_string(), Integer) for place in range(len(names))]
    return (
        select(*(column.label(name) for column, name in zip(columns, names, strict=True)))
        .cte(parameter)
        .prefix_with("MATERIALIZED")
    )
