"""The piece of each partnership's log that a digest covers: what came after one entry, up to another.

Spans go into a statement as one value, so that it is the same statement for two partnerships and for two hundred.
"""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import CTE, JSON, Integer, String, bindparam, cast, func, select

NAMES = ("membership_id", "partnership_id", "after", "last", "is_daily")


class LogRange(NamedTuple):
    """The entries of a partnership after the number `after`, up to `last`, for one of its memberships.

    `membership_id` is 0 where nothing of it is the reader's own, or read before the rest, so that it says the same to
    every reader. `is_daily` says that they hear of the partnership daily. `read_at` is the log's last number at this
    moment: what the span says changes with the log only.
    """

    membership_id: int
    partnership_id: int
    after: int
    last: int
    is_daily: bool
    read_at: int


def value(spans: Iterable[LogRange]) -> str:
    """The spans, as `table` takes them."""
    return json.dumps(
        [[span.membership_id, span.partnership_id, span.after, span.last, int(span.is_daily)] for span in spans]
    )


def table(dialect: str) -> CTE:
    """The spans of the parameter "spans" as something to join: membership_id, partnership_id, after, last, is_daily."""
    given: Any = bindparam("spans", type_=String)
    if dialect == "sqlite":
        row = func.json_each(given).table_valued("value").c.value
        columns: list[Any] = [func.json_extract(row, f"$[{place}]") for place in range(len(NAMES))]
    else:
        row = func.json_array_elements(cast(given, JSON)).column_valued("span")
        columns = [cast(cast(row, JSON)[place].as_string(), Integer) for place in range(len(NAMES))]
    return (
        select(*(column.label(name) for column, name in zip(columns, NAMES, strict=True)))
        .cte("spans")
        .prefix_with("MATERIALIZED")
    )
