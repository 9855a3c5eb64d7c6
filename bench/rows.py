"""Rows put in by the ten thousand, past the ORM: what a column holds by default is filled in here."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from workspace.db import Base, db

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
        columns = [*named, *others]
        constant = tuple(_kept(value) for value in others.values())
        _put(model.__table__.name, columns, (tuple(map(_kept, row.values())) + constant for row in chunk))


def begin() -> None:
    """Let rows come in any order: nothing looks whether what they point to is there already."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(db.text("SET session_replication_role = replica"))
        return
    db.session.remove()
    db.engine.dispose()  # The journal can be left out only by whoever is alone.
    driver: Any = db.session.connection().connection.dbapi_connection
    driver.execute("COMMIT")  # The pragmas do nothing within a transaction.
    for pragma in ("foreign_keys = OFF", "journal_mode = OFF", "synchronous = OFF", "cache_size = -200000"):
        driver.execute(f"PRAGMA {pragma}")
    driver.execute("BEGIN IMMEDIATE")


def finish() -> None:
    """Commit, let numbers go on after those that were given, and let the database know what it holds."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(db.text("SET session_replication_role = DEFAULT"))
        for name, described in Base.metadata.tables.items():
            if "id" in described.columns:
                table = f'"{name}"'
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


def _kept(value: Any) -> Any:
    """`value` as the drivers take it."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, datetime) and db.engine.dialect.name == "sqlite":
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    if isinstance(value, dict):
        return "{}" if not value else '{"posts": []}'
    return value
