"""The engine: its options, and how connections and transactions begin and end on SQLite and PostgreSQL."""

import sqlite3
import time
from contextlib import closing, suppress
from functools import partial
from typing import Any

from flask import Flask
from sqlalchemy import event, make_url
from sqlalchemy.engine import Connection, ExecutionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from workspace import metrics
from workspace.config import Settings
from workspace.db import db
from workspace.db.availability import SECONDS_TO_CONNECT, Availability
from workspace.db.fifo_lock import FifoLock
from workspace.db.transactions import may_write, run_deferred_work

# Connections of a process: one for each request slot (web/request_slots.py), and some for health and the watcher. So
# many of them close again when they are idle.
POOL, OVERFLOW = 20, 4
OUTSIDE_THE_POOL = 2  # one that listens for news, and one that asks whether the server answers
OF_THE_WORKER = 9  # its threads, mail that is written, health, and those outside the pool
SECONDS_FOR_A_CONNECTION = 2.0
REPEATABLE_READ = 3  # as psycopg numbers it
READ_ONLY_KEYWORDS = ("SELECT", "WITH", "EXPLAIN", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK")


def engine_options(settings: Settings) -> dict[str, Any]:
    """SQLAlchemy's engine options for the database of `settings`."""
    # A request beyond them waits; a stream has none. The one that was used last is taken first: it has its statements
    # and pages at hand, and the others stay small.
    # An error that is told, to a log or a terminal, says nothing of a statement's values.
    room: dict[str, Any] = {
        "pool_size": POOL - OVERFLOW,
        "max_overflow": OVERFLOW,
        "pool_use_lifo": True,
        "hide_parameters": True,
        "pool_timeout": SECONDS_FOR_A_CONNECTION,
    }
    if settings.database_url.startswith("sqlite"):
        return room | {"connect_args": {"timeout": settings.busy_timeout, "isolation_level": None}}
    milliseconds = int(settings.busy_timeout * 1000)
    return room | {
        "pool_pre_ping": True,
        "connect_args": {
            # Planned once a connection, from the second time on: a burst also meets connections that are seldom used.
            "prepare_threshold": 1,
            "connect_timeout": SECONDS_TO_CONNECT,
            # A server whose machine or network has gone says nothing any more.
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
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
        app.extensions["database_availability"] = Availability(engine)
    if metrics.is_on():
        event.listen(engine, "before_cursor_execute", _note_start)
        event.listen(engine, "after_cursor_execute", _count_statement)
    app.after_request(run_deferred_work)


def _note_start(_connection: Any, _cursor: Any, _statement: str, _given: Any, context: Any, _many: bool) -> None:
    context.started_at = time.perf_counter()


def _count_statement(_connection: Any, _cursor: Any, _statement: str, _given: Any, context: Any, _many: bool) -> None:
    metrics.count_statement(time.perf_counter() - context.started_at)


def connections_needed(web_processes: int) -> int:
    """How many connections these web processes and one worker may have at once."""
    return web_processes * (POOL + OUTSIDE_THE_POOL) + OF_THE_WORKER


def watch_availability(app: Flask) -> None:
    """In this process, let whoever waits for a PostgreSQL that hangs have an error soon; once, after a fork."""
    if watch := app.extensions.get("database_availability"):
        watch.watch()


def checkpoint(url: str) -> None:
    """Move what SQLite's write-ahead log holds into the file itself, unless it is in use: the file is whole then.

    Who still reads it is waited for only shortly, since a stop has to end in time.
    """
    path = make_url(url).database
    if url.startswith("sqlite") and path:
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=1)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")
    # What is new is moved into the file itself after 16 MB instead of 4: whoever commits then waits for the disk twice.
    connection.execute("PRAGMA wal_autocheckpoint=4000")


def _begin_sqlite(write_lock: FifoLock, timeout: float, connection: Connection) -> None:
    # A deferred transaction that reads first and writes then fails at once, whatever the timeout.
    if may_write():
        _acquire_write_lock(write_lock, timeout, connection)
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql("BEGIN")


def _acquire_write_lock(write_lock: FifoLock, timeout: float, connection: Connection) -> None:
    """Wait for this process's write lock, at most `timeout` seconds; it is held until the connection is given back.

    SQLite serves waiting writers in no order: each tries again after growing pauses, up to a tenth of a second, while
    others come and go. With the lock, that happens only between processes.
    """
    if "write_lock" in connection.info:
        return
    if not write_lock.acquire(timeout):
        raise OperationalError("BEGIN IMMEDIATE", {}, sqlite3.OperationalError("database is locked"))
    connection.info["write_lock"] = write_lock


def _release_write_lock(_connection: Any, record: ConnectionPoolEntry) -> None:
    write_lock: FifoLock | None = record.info.pop("write_lock", None)
    if write_lock is not None:
        write_lock.release()


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


def _begin_postgresql(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    writes = may_write()
    if (driver.read_only is True) == writes:
        driver.read_only = not writes
        # What reads sees one moment, as on SQLite: whether somebody is let in, and what they are then shown.
        driver.isolation_level = None if writes else REPEATABLE_READ


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
