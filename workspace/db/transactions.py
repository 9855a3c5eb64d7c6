"""The transactions of a request: those that only read, and those that write.

A request begins with a transaction that only reads. A verb ends it and begins one that writes, which is kept short
(`begin_write`). A GET cannot: it is refused, on PostgreSQL by the database itself. Outside a request (command line,
demo) every transaction may write.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import Response, g, has_app_context, has_request_context
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, OperationalError

from workspace.db import db
from workspace.logs import told

log = logging.getLogger(__name__)

# SQLSTATEs of PostgreSQL for a lock that was not to be had in time.
BUSY_STATES = ("55P03", "40P01", "57014")
# A unique or a foreign key that does not hold: SQLSTATEs of PostgreSQL, and names of SQLite.
CONFLICTS = (
    "23503",
    "23505",
    "SQLITE_CONSTRAINT_UNIQUE",
    "SQLITE_CONSTRAINT_PRIMARYKEY",
    "SQLITE_CONSTRAINT_FOREIGNKEY",
)


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


def release_connection() -> None:
    """End the transaction that reads, before something slow. What was read before is read again when next looked at.

    Does nothing where the present transaction writes.
    """
    if not may_write():
        db.session.commit()


@contextmanager
def own_transaction() -> Iterator[Connection]:
    """A transaction that writes apart from the request's, and is committed at the end.

    The request's ends first, so that it never holds two connections. Raises RuntimeError where that one writes already:
    on SQLite the two would wait for each other.
    """
    if has_request_context() and g.get("writes", True) and db.session().in_transaction():
        raise RuntimeError("The request's own transaction writes already.")
    release_connection()
    before = g.get("writes", True)
    g.writes = True
    try:
        with db.engine.begin() as connection:
            yield connection
    finally:
        g.writes = before


def rollback_request(*, has_failed: bool) -> None:
    """Undo what the request did. What is left of it, the answer, only reads, and waits for no lock.

    Where it has only read, and the database has not failed, there is nothing to undo or to read again.
    """
    session = db.session
    if has_failed or g.get("writes", True) or session.new or session.dirty or session.deleted:
        session.rollback()
    g.writes = False


def keep_in_part() -> None:
    """Commit what the request did, although its answer is one of 4xx: it did a part, and the answer says which."""
    g.is_done_in_part = True


def run_after_request(work: Callable[[], None]) -> None:
    """Do `work` in a transaction of its own after the request's, whatever became of the request."""
    g.setdefault("deferred_work", []).append(work)


def is_busy(error: BaseException) -> bool:
    """Whether `error` says that the database was locked by others for too long."""
    cause = error.orig if isinstance(error, OperationalError) else error
    if isinstance(cause, sqlite3.OperationalError):
        return "locked" in str(cause) or "busy" in str(cause)
    return getattr(cause, "sqlstate", None) in BUSY_STATES


def is_conflict(error: BaseException) -> bool:
    """Whether `error` says that another request has just stored the same, or deleted what this one is about."""
    cause = error.orig if isinstance(error, IntegrityError) else error
    if isinstance(cause, sqlite3.IntegrityError):
        return cause.sqlite_errorname in CONFLICTS
    return getattr(cause, "sqlstate", None) in CONFLICTS


def may_write() -> bool:
    """Whether the present transaction may write: not in a GET, nor before `begin_write`."""
    return bool(g.get("writes", True)) if has_app_context() else True


def run_deferred_work(response: Response) -> Response:
    """Run what `run_after_request` was given, each in a transaction of its own."""
    work: list[Callable[[], None]] = g.pop("deferred_work", [])
    if work:
        db.session.rollback()
        g.writes = True
    for job in work:
        try:
            job()
            db.session.commit()
        except Exception as error:  # The answer is ready; deferred work must not take it away.
            db.session.rollback()
            log.error("Deferred work failed: %s", told(error))
    return response
