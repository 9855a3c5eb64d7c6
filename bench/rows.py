"""Rows put in by the ten thousand, past the ORM: what a column holds by default is filled in here."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Enum

from workspace.database import Moment
from workspace.extensions import db

AT_ONCE = 20_000


def write(model: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Write `rows` of `model`: all of them name the same columns, and none is checked."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, AT_ONCE)):
        named = chunk[0]
        others = {
            column.name: _default(column.default.arg)
            for column in model.__table__.columns
            if column.name not in named and column.default is not None and not column.nullable
        }
        columns = [
            *zip(*(row.values() for row in chunk), strict=True),
            *([value] * len(chunk) for value in others.values()),
        ]
        names = [*named, *others]
        kept = (_kept(model.__table__.columns[name].type, column) for name, column in zip(names, columns, strict=True))
        _put(model.__table__.name, names, zip(*kept, strict=True))


def begin() -> None:
    """Let rows come in any order: nothing looks whether what they point to is there already."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(db.text("SET session_replication_role = replica"))
        return
    driver: Any = db.session.connection().connection.dbapi_connection
    for statement in ("COMMIT", "PRAGMA foreign_keys = OFF", "PRAGMA synchronous = OFF", "BEGIN IMMEDIATE"):
        driver.execute(statement)  # The pragmas do nothing within a transaction.


def finish() -> None:
    """Commit, let numbers go on after those that were given, and let the database know what it holds."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(db.text("SET session_replication_role = DEFAULT"))
        for model in db.Model.__subclasses__():
            if "id" in model.__table__.columns:
                table = f'"{model.__table__.name}"'
                last = f"(SELECT coalesce(max(id), 0) + 1 FROM {table})"
                sequence = f"pg_get_serial_sequence('{table}', 'id')"
                db.session.execute(db.text(f"SELECT setval({sequence}, {last}, false)"))
    db.session.commit()
    with db.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(
            "VACUUM ANALYZE" if db.engine.dialect.name == "postgresql" else "ANALYZE"
        )
    db.session.remove()
    db.engine.dispose()


def _put(table: str, columns: list[str], rows: Iterator[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    connection: Any = db.session.connection().connection.dbapi_connection
    if db.engine.dialect.name == "postgresql":
        with connection.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(columns))
        connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)


def _default(default: Any) -> Any:
    return default(None) if callable(default) else default


def _kept(kind: Any, values: Sequence[Any]) -> Iterable[Any]:
    """The values of a column of that `kind` as the drivers take them."""
    if isinstance(kind, Enum):
        return [None if value is None else value.value for value in values]
    if isinstance(kind, JSON):
        return map(json.dumps, values)
    if isinstance(kind, Moment) and db.engine.dialect.name == "sqlite":
        return [None if value is None else value.isoformat(" ", "microseconds")[:26] for value in values]
    return values
