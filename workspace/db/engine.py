"""The engine: its options, and how connections and transactions begin and end on SQLite and PostgreSQL."""

import sqlite3
import time
from contextlib import suppress
from functools import partial
from typing import Any

from flask import Flask, g, has_app_context
from sqlalchemy import event
from sqlalchemy.engine import Connection, ExecutionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from workspace.config import Settings
from workspace.db import db
from workspace.db.fifo_lock import FifoLock
from workspace.db.transactions import may_write, run_deferred_work

REPEATABLE_READ = 3  # as psycopg numbers it
TRIES, SECONDS_BETWEEN_TRIES = 50, 0.0002  # while another process writes to the SQLite file
READ_ONLY_KEYWORDS = ("SELECT", "WITH", "EXPLAIN", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK")


def engine_options(settings: Settings) -> dict[str, Any]:
    """SQLAlchemy's engine options for the database of `settings`."""
    # Four processes have fewer than the hundred that PostgreSQL gives. A request beyond them waits; a stream has none.
    # The one that was used last is taken first: it has its statements and pages at hand, and the others stay small.
    room = {"pool_size": 20, "max_overflow": 4, "pool_use_lifo": True}
    if settings.database_url.startswith("sqlite"):
        return room | {"connect_args": {"timeout": settings.busy_timeout, "isolation_level": None}}
    milliseconds = int(settings.busy_timeout * 1000)
    return room | {
        "pool_pre_ping": True,
        "connect_args": {
            # Planned once a connection, from the second time on: a burst also meets connections that are seldom used.
            "prepare_threshold": 1,
            "options": f"-c timezone=UTC -c lock_timeout={milliseconds} -c statement_timeout=30000 "
            # Every statement finds a page by an index, whoever asks: planning it each time costs more than running it.
            "-c plan_cache_mode=force_generic_plan -c jit=off",
        },
    }


def configure_engine(app: Flask) -> None:
    """Set up each connection of `app`, and the kind of each of its transactions."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", partial(_begin_sqlite, FifoLock(), app.settings.busy_timeout))  # type: ignore[attr-defined]
        event.listen(engine, "checkin", _release_write_lock)
        event.listen(engine, "before_cursor_execute", _refuse_to_write)
    else:
        event.listen(engine, "begin", _begin_postgresql)
        event.listen(engine, "rollback", _end_reading)
    app.after_request(run_deferred_work)


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")
    # What is new is moved into the file itself after 16 MB instead of 4: whoever commits then waits for the disk twice.
    connection.execute("PRAGMA wal_autocheckpoint=4000")


def _begin_sqlite(turns: FifoLock, patience: float, connection: Connection) -> None:
    if may_write():
        _acquire_write_lock(turns, patience, connection)
    lightly = has_app_context() and g.get("lightly", False)
    if connection.info.get("lightly", False) != lightly and _waits(connection):
        _run(connection, f"PRAGMA synchronous={'NORMAL' if lightly else 'FULL'}")
        connection.info["lightly"] = lightly
    # A deferred transaction that reads first and writes then fails at once, whatever the timeout.
    if not may_write():
        _run(connection, "BEGIN")
    elif not _try_begin_immediate(connection):
        _run(connection, "BEGIN IMMEDIATE")


def _run(connection: Connection, statement: str) -> None:
    """Run what begins every transaction past SQLAlchemy, in a fraction of the time, with errors that are the same."""
    driver: Any = connection.connection.dbapi_connection
    try:
        driver.execute(statement)
    except sqlite3.Error as error:
        raise OperationalError(statement, {}, error) from error


def _acquire_write_lock(turns: FifoLock, patience: float, connection: Connection) -> None:
    """Write when those who came before have written.

    SQLite itself has no order: who finds it locked tries again after a pause, each longer than the one before, up to a
    tenth of a second, while others come and go. That is left for what other processes write for long.
    """
    if "turns" in connection.info:  # The turn lasts until the connection is given back.
        return
    if not turns.acquire(patience):
        raise OperationalError("BEGIN IMMEDIATE", {}, sqlite3.OperationalError("database is locked"))
    connection.info["turns"] = turns


def _try_begin_immediate(connection: Connection) -> bool:
    """Whether a transaction that writes has begun: at once, or in the next hundredth of a second.

    Another process mostly needs less than the millisecond after which SQLite itself would look again.
    """
    driver: Any = connection.connection.dbapi_connection
    if "patience" not in connection.info:
        [connection.info["patience"]] = driver.execute("PRAGMA busy_timeout").fetchone()
    driver.execute("PRAGMA busy_timeout = 0")
    try:
        for _ in range(TRIES):
            with suppress(sqlite3.OperationalError):
                driver.execute("BEGIN IMMEDIATE")
                return True
            time.sleep(SECONDS_BETWEEN_TRIES)
    finally:
        driver.execute(f"PRAGMA busy_timeout = {connection.info['patience']}")
    return False


def _release_write_lock(_connection: Any, record: ConnectionPoolEntry) -> None:
    turns: FifoLock | None = record.info.pop("turns", None)
    if turns is not None:
        turns.release()


def _refuse_to_write(
    _connection: Connection, _cursor: Any, statement: str, _given: Any, context: ExecutionContext, _many: bool
) -> None:
    """A transaction that reads never writes.

    SQLite's own `query_only` would say so as well, but each change of it makes the connection prepare all its
    statements anew, which costs more than most of them.
    """
    if may_write():
        return
    changes = context.isinsert or context.isupdate or context.isdelete  # type: ignore[attr-defined]
    if changes or not statement.lstrip().upper().startswith(READ_ONLY_KEYWORDS):
        raise RuntimeError("A GET never writes.")


def _waits(connection: Connection) -> bool:
    """Whether commits wait for the disk: not so in the tests."""
    if "waits" not in connection.info:
        connection.info["waits"] = bool(connection.exec_driver_sql("PRAGMA synchronous").scalar())
    return bool(connection.info["waits"])


def _begin_postgresql(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    writes = may_write()
    if (driver.read_only is True) == writes:
        driver.read_only = not writes
        # What reads sees one moment, as on SQLite: whether somebody is let in, and what they are then shown.
        driver.isolation_level = None if writes else REPEATABLE_READ
    if has_app_context() and g.get("lightly", False):
        connection.exec_driver_sql("SET LOCAL synchronous_commit TO OFF")


def _end_reading(connection: Connection) -> None:
    """Let a transaction that only reads end with a COMMIT, whoever ends it: the ROLLBACK then has nothing to do.

    At a ROLLBACK the driver forgets all that the connection has prepared, and whoever gets it next plans it anew.
    """
    if connection.invalidated:
        return
    driver: Any = connection.connection.dbapi_connection
    if driver.read_only:
        with suppress(connection.dialect.loaded_dbapi.Error):  # The ROLLBACK will say that the database is away.
            driver.commit()
