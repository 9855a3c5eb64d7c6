"""Attempts, counted in a window that moves: for all processes that share the database.

The row of a key is locked while an attempt is counted, so attempts at the same time can't outrun a limit.
"""

import time
from datetime import UTC, datetime

from sqlalchemy import JSON, String, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.db import Model, db
from workspace.db.transactions import own_transaction
from workspace.db.types import UtcDateTime


class RateLimit(Model):
    """The latest attempts of one `key`: when they were, in seconds since 1970, the first one first."""

    __tablename__ = "rate_limit"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    attempts: Mapped[list[float]] = mapped_column(JSON)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def hit(key: str, limit: int, seconds: int) -> bool:
    """Count an attempt, in a transaction of its own; False, and none is counted, if there were `limit` in `seconds`."""
    now = time.time()
    with own_transaction() as connection:
        expires_at = datetime.fromtimestamp(now + seconds, UTC)
        insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(RateLimit)
        row = insert.values(key=key, attempts=[], expires_at=expires_at)
        lock = row.on_conflict_do_update(index_elements=[RateLimit.key], set_={"expires_at": expires_at})
        stored = connection.execute(lock.returning(RateLimit.attempts)).scalar_one()
        recent = [moment for moment in stored if moment > now - seconds]
        if len(recent) >= limit:
            return False
        connection.execute(update(RateLimit).where(RateLimit.key == key).values(attempts=[*recent, now]))
        return True


def recent(key: str, seconds: int) -> list[float]:
    """When the attempts in the last `seconds` were, the first one first."""
    stored = db.session.scalar(select(RateLimit.attempts).where(RateLimit.key == key)) or []
    return [moment for moment in stored if moment > time.time() - seconds]


def clear(key: str) -> None:
    """Forget all attempts."""
    with own_transaction() as connection:
        connection.execute(delete(RateLimit).where(RateLimit.key == key))


def forget_expired() -> int:
    """Delete what no limit looks at any more. It counts as nothing done."""
    db.session.execute(delete(RateLimit).where(RateLimit.expires_at < clock.now()))
    db.session.commit()
    return 0
