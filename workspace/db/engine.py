"""The base of all models, and how SQLite and PostgreSQL are spoken to.

A transaction is of one of two kinds: one that reads, and one that writes. A request begins with one that reads,
and a verb ends that and begins one that writes, which is short (`begin_writing`). A GET can't: it is refused, on
PostgreSQL by the database itself. Outside a request (the command line, the demo) every transaction may write.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, current_app, g, has_app_context
from sqlalchemy import (
    JSON,
    BindParameter,
    ColumnElement,
    DateTime,
    Dialect,
    Enum,
    Integer,
    Row,
    Select,
    String,
    TypeDecorator,
    bindparam,
    event,
    inspect,
    literal_column,
)
from sqlalchemy.engine import Connection, ExecutionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import aliased
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine

from workspace import clock
from workspace.config import Settings
from workspace.db.fifo_lock import FifoLock
from workspace.extensions import Base
from workspace.extensions import db as db

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model

# Rows and selects of chosen columns: what they hold, the query says.
AnyRow = Row[*tuple[Any, ...]]
AnySelect = Select[*tuple[Any, ...]]

# Names are compared byte by byte in both databases; Danish order is in the key itself (names.sort_key).
SortKey = String().with_variant(String(collation="C"), "postgresql")

# What PostgreSQL says when a lock was not to be had in time (SQLSTATE 55P03, 40P01, 57014).
BUSY_STATES = ("55P03", "40P01", "57014")
REPEATABLE_READ = 3  # as psycopg numbers it
TRIES, SECONDS_BETWEEN_TRIES = 50, 0.0002  # while another process writes to the SQLite file
READING = ("SELECT", "WITH", "EXPLAIN", "PRAGMA", "BEGIN", "COMMIT", "ROLLBACK")


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, aware, stored in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class InlineEnum(Enum):
    """A column that holds one of our own words. Any other that stands there is read as the word `otherwise`.

    Another version of Samspil may have written it, or somebody by hand: no page or batch may fail for that.

    Compared with one of them it makes the word a part of the statement. As a parameter it could be any, so that SQLite
    plans a statement anew at each run where an index is of some of the words only, and PostgreSQL uses no such index.
    """

    cache_ok = True

    class Comparator(Enum.Comparator):
        """Compares with words as they stand."""

        def operate(self, op: OperatorType, *other: Any, **given: Any) -> ColumnElement[Any]:
            """As any column; with words, with what they are."""
            return super().operate(op, *map(inline_literal, other), **given)

    comparator_factory = Comparator

    def __init__(self, *words: Any, otherwise: StrEnum | None = None, **options: Any) -> None:
        super().__init__(*words, **options)
        self.otherwise = otherwise

    def adapt_to_emulated(self, impltype: Any, **options: Any) -> TypeEngine[Any]:
        """The same for a database's own kind of column."""
        return super().adapt_to_emulated(impltype, otherwise=self.otherwise, **options)  # type: ignore[no-untyped-call]

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """What reads a value."""
        words: Any = {word.value: word for word in self.enum_class or ()} | {None: None}
        return lambda value: words.get(value, self.otherwise)


class Among(TypeDecorator[int]):
    """A column that holds one of some numbers. Any other that stands there is read as the number `otherwise`."""

    impl = Integer
    cache_ok = True

    def __init__(self, numbers: tuple[int, ...], otherwise: int) -> None:
        super().__init__()
        self.numbers, self.otherwise = numbers, otherwise

    def process_result_value(self, value: Any, dialect: Dialect) -> int:
        """The number that was read, or the other."""
        return value if value in self.numbers else self.otherwise


class Details(TypeDecorator[dict[str, Any]]):
    """A column that holds an object of JSON. Anything else that stands there is read as one without any values."""

    impl = JSON
    cache_ok = True

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> Any:
        """What a part of it is compared with, as JSON says."""
        return self.impl_instance.coerce_compared_value(op, value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """What reads a value."""
        known: Any = super().result_processor(dialect, coltype) or (lambda value: value)

        def read(value: Any) -> Any:
            try:
                found = known(value)
            except ValueError:  # SQLite takes any text.
                return {}
            return found if isinstance(found, dict) else {}

        return read


def enum_column_type(words: type[StrEnum], length: int = 20, *, otherwise: StrEnum | None) -> InlineEnum:
    """A column that holds one of `words`, as the word itself; what is none of them is read as `otherwise`."""
    return InlineEnum(
        words,
        native_enum=False,
        length=length,
        values_callable=lambda words: [word.value for word in words],
        otherwise=otherwise,
    )


def inline_literal(words: Any) -> Any:
    """One or some of our own words as a part of a statement; anything else as it is."""
    if isinstance(words, StrEnum):
        return literal_column(f"'{words.value}'")
    return [inline_literal(word) for word in words] if isinstance(words, list | tuple | set | frozenset) else words


def now_param(*, before: timedelta = timedelta()) -> BindParameter[datetime]:
    """The moment at which a statement runs, or one `before` it, whenever it was made: statements may be kept."""
    return bindparam(None, callable_=lambda: clock.now() - before, type_=UtcDateTime, unique=True)


def shared_alias(model: Any) -> Any:
    """An alias of `model` that many statements share, with its columns at hand.

    Two threads that are the first to ask SQLAlchemy's for one may find only some of them, and then make a statement of
    the table itself.
    """
    made: Any = aliased(model)
    for name in inspect(model).columns.keys():  # noqa: SIM118 (it is no dictionary)
        _expression = getattr(made, name).expression
    return made


def fetch_rows(statement: AnySelect, **given: Any) -> list[AnyRow]:
    """The rows of a statement of chosen columns, past the mapping, which would take as long as the statement."""
    return list(core_connection().execute(statement, given))


def core_connection() -> Connection:
    """That of the present transaction, for statements past the mapping; what objects have changed is written first."""
    db.session.flush()
    return db.session.connection()


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
    app.after_request(_run_deferred_work)


def begin_request(*, reads_only: bool) -> None:
    """Let this request begin with a transaction that reads; with `reads_only` it never gets another."""
    g.writes = False
    g.reads_only = reads_only


def begin_write() -> None:
    """End the transaction that reads, and let the next statement begin one that writes.

    What was read before is read again when it is next looked at. Raises RuntimeError in a GET.
    """
    if not has_app_context() or g.get("writes", True):
        return
    if g.reads_only:
        raise RuntimeError("A GET never writes.")
    db.session.commit()
    g.writes = True


@contextmanager
def relaxed_durability() -> Iterator[None]:
    """Let what is committed within not wait for the disk: it outlives this process, but maybe not a loss of power."""
    g.lightly = True
    try:
        yield
    finally:
        g.lightly = False


def rollback_request(*, has_failed: bool) -> None:
    """Undo what the request did. What is left of it, the answer, only reads, and waits for no lock.

    Where it has only read, and the database has not failed, there is nothing to undo or to read again.
    """
    session = db.session
    if has_failed or g.get("writes", True) or session.new or session.dirty or session.deleted:
        session.rollback()
    g.writes = False


def run_after_request(work: Callable[[], None]) -> None:
    """Do `work` in a transaction of its own after the request's, whatever became of the request."""
    g.setdefault("afterwards", []).append(work)


def is_busy(error: BaseException) -> bool:
    """Whether `error` says that the database was locked by others for too long."""
    cause = error.orig if isinstance(error, OperationalError) else error
    if isinstance(cause, sqlite3.OperationalError):
        return "locked" in str(cause) or "busy" in str(cause)
    return getattr(cause, "sqlstate", None) in BUSY_STATES


def _run_deferred_work(response: Response) -> Response:
    work: list[Callable[[], None]] = g.pop("afterwards", [])
    if work:
        db.session.rollback()
        g.writes = True
    for piece in work:
        try:
            piece()
            db.session.commit()
        except Exception:  # The answer is ready; what was left must not take it away.
            db.session.rollback()
            current_app.logger.exception("What was left for after the request failed")
    return response


def _writes() -> bool:
    return bool(g.get("writes", True)) if has_app_context() else True


def _prepare_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA synchronous=FULL")
    # What is new is moved into the file itself after 16 MB instead of 4: whoever commits then waits for the disk twice.
    connection.execute("PRAGMA wal_autocheckpoint=4000")


def _begin_sqlite(turns: FifoLock, patience: float, connection: Connection) -> None:
    if _writes():
        _acquire_write_lock(turns, patience, connection)
    lightly = has_app_context() and g.get("lightly", False)
    if connection.info.get("lightly", False) != lightly and _waits(connection):
        _run(connection, f"PRAGMA synchronous={'NORMAL' if lightly else 'FULL'}")
        connection.info["lightly"] = lightly
    # A deferred transaction that reads first and writes then fails at once, whatever the timeout.
    if not _writes():
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
    if _writes():
        return
    changes = context.isinsert or context.isupdate or context.isdelete  # type: ignore[attr-defined]
    if changes or not statement.lstrip().upper().startswith(READING):
        raise RuntimeError("A GET never writes.")


def _waits(connection: Connection) -> bool:
    """Whether commits wait for the disk: not so in the tests."""
    if "waits" not in connection.info:
        connection.info["waits"] = bool(connection.exec_driver_sql("PRAGMA synchronous").scalar())
    return bool(connection.info["waits"])


def _begin_postgresql(connection: Connection) -> None:
    driver: Any = connection.connection.dbapi_connection
    writes = _writes()
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
