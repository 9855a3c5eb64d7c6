"""What the worker could not do, row by row: one bad row stops no other, and an administrator is shown it.

A row that failed rests, longer each time, so that it neither keeps a worker busy nor stands before the others for good.
What is kept of it says which row it was and what kind of error, never what stands in it.
"""

import logging
import sqlite3
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, String, delete, exists, func, select
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, TimeoutError
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.db import Model, db
from workspace.db.statements import now_param
from workspace.db.transactions import BUSY_STATES
from workspace.db.types import UtcDateTime
from workspace.logs import told

PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240))
# Longer than any pause: what was not tried for so long has nothing to be done about it any more.
RETAINED_FOR = timedelta(days=1)
SHOWN = 50
# The errors of SQLite that are the statement's or the row's own: ERROR, TOOBIG, CONSTRAINT, MISMATCH, MISUSE, RANGE.
OF_STATEMENTS = (1, 18, 19, 20, 21, 25)

Key = tuple[int, int]
WHOLE: Key = (0, 0)

log = logging.getLogger(__name__)


class Failure(Model):
    """A row that one of the worker's jobs could not handle, last at `last_at`, so many times in a row.

    The row is known by `row_id`, and by `number` where it is one of a partnership's. Both are 0 where the job
    failed as a whole. `error` is the kind of the error.
    """

    __tablename__ = "failure"

    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    row_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    error: Mapped[str] = mapped_column(String(100))
    count: Mapped[int] = mapped_column(default=0)
    first_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retry_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Standing(NamedTuple):
    """Failures, the latest of them, and how many more there are."""

    latest: list[Failure]
    more: int


def each(job: str, keys: Iterable[Key], work: Callable[[int, int], int]) -> int:
    """Do `work` for each row, each in a transaction of its own; how much was done.

    A row that fails is noted. An error of the database itself is no row's: it is raised, and ends all.
    """
    failing, done = _failing(job), 0
    for key in keys:
        try:
            did = work(*key)
            if key in failing:
                forget(job, [key])
            db.session.commit()
            done += did
        except Exception as error:
            db.session.rollback()
            if is_of_database(error):
                raise
            note(job, key, error)
    return done


def together(job: str, ids: Collection[int], work: Callable[[Collection[int]], int]) -> int:
    """Do `work` for these rows at once, and if that fails, for each of them by itself; how much was done."""
    try:
        done = work(ids)
        forget(job, [(row_id, 0) for row_id in ids])
        db.session.commit()
        return done
    except Exception as error:
        db.session.rollback()
        if is_of_database(error):
            raise
    return each(job, [(row_id, 0) for row_id in ids], lambda row_id, _number: work([row_id]))


def rests(job: str, row_id: Any, number: Any = 0) -> ColumnElement[bool]:
    """The condition that the row with these columns has failed, and is not to be tried again yet."""
    mine = Failure.job == job, Failure.row_id == row_id, Failure.number == number
    return exists().where(*mine, Failure.retry_at > now_param())


def due(job: str) -> list[Key]:
    """The rows that failed, and may be tried again now."""
    query = select(Failure.row_id, Failure.number).where(Failure.job == job, Failure.retry_at <= clock.now())
    return [(row_id, number) for row_id, number in db.session.execute(query)]


def numbers(job: str, row_id: int) -> set[int]:
    """The numbers of the rows of a partnership, say, that failed and have not worked since."""
    return set(db.session.scalars(select(Failure.number).where(Failure.job == job, Failure.row_id == row_id)))


def note(job: str, key: Key, error: Exception) -> None:
    """Write down that a row failed, and when it may be tried again."""
    log.error("%s of %s failed: %s", key, job, told(error))
    failure = db.session.get(Failure, (job, *key), with_for_update=True)
    if failure is None:
        failure = Failure(job=job, row_id=key[0], number=key[1], count=0)
        db.session.add(failure)
    now = clock.now()
    failure.error, failure.last_at = type(error).__name__[:100], now
    failure.retry_at = now + PAUSES[min(failure.count, len(PAUSES) - 1)]
    failure.count += 1
    try:
        db.session.commit()
    except IntegrityError:  # Another worker has just written it down.
        db.session.rollback()


def forget(job: str, keys: Collection[Key]) -> None:
    """Take back that these rows failed, in the present transaction."""
    for row_id, number in _failing(job) & set(keys):
        mine = Failure.job == job, Failure.row_id == row_id, Failure.number == number
        db.session.execute(delete(Failure).where(*mine))


def forget_old() -> int:
    """Take back what was not tried again for so long that nothing is left to be done about it. It counts as nothing."""
    db.session.execute(delete(Failure).where(Failure.retry_at < clock.now() - RETAINED_FOR))
    db.session.commit()
    return 0


def standing() -> Standing:
    """What has failed and has not worked since, the latest first."""
    query = select(Failure).order_by(Failure.last_at.desc(), Failure.job, Failure.row_id, Failure.number)
    found = list(db.session.scalars(query.limit(SHOWN + 1)))
    if len(found) <= SHOWN:
        return Standing(found, 0)
    return Standing(found[:SHOWN], (db.session.scalar(select(func.count()).select_from(Failure)) or 0) - SHOWN)


def has_failed(job: str) -> bool:
    """Whether the job has failed as a whole, and has not worked since."""
    return db.session.get(Failure, (job, *WHOLE)) is not None


def is_of_database(error: BaseException) -> bool:
    """Whether the database itself has failed, whichever row was asked for: it is away, full, or locked by others.

    A row of PostgreSQL that others hold for too long is that row's own trouble.
    """
    if not isinstance(error, DBAPIError):
        return isinstance(error, TimeoutError)
    cause: Any = error.orig
    if error.connection_invalidated:
        return True
    if isinstance(cause, sqlite3.Error):
        code: int | None = getattr(cause, "sqlite_errorcode", None)  # none for what the driver says, or we do
        return isinstance(cause, sqlite3.OperationalError) if code is None else code & 0xFF not in OF_STATEMENTS
    is_busy = getattr(cause, "sqlstate", None) in BUSY_STATES
    return isinstance(error, OperationalError | InterfaceError) and not is_busy


def _failing(job: str) -> set[Key]:
    found = db.session.execute(select(Failure.row_id, Failure.number).where(Failure.job == job))
    return {(row_id, number) for row_id, number in found}
