"""What a database remembers of the installation that uses it: by which key its cookies and links are signed."""

import hashlib
import hmac
from datetime import datetime

from sqlalchemy import String, inspect, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.db import Model, db
from workspace.db.types import UtcDateTime


class Installation(Model):
    """The one row: a fingerprint of the SECRET_KEY that the workspace was last started with, and signs of life.

    `worker_seen_at` is when a worker last looked for work, `written_at` when a health check last wrote, `backed_up_at`
    when `workspace backup` last ended well, `files_swept_at` when bytes without a row were last looked for.
    """

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    key_fingerprint: Mapped[str] = mapped_column(String(64))
    worker_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    written_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    backed_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    files_swept_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def note_key(secret_key: str, fallbacks: tuple[str, ...]) -> bool:
    """Remember the key, and commit; False if the last start had another one that is not among `fallbacks`.

    Two processes with different keys on one database would sign each other's people out at every request.
    """
    try:
        return _note_key(secret_key, fallbacks)
    except IntegrityError:  # Another instance, which began at the same moment, has just written the row.
        db.session.rollback()
        return _note_key(secret_key, fallbacks)


def _note_key(secret_key: str, fallbacks: tuple[str, ...]) -> bool:
    present = fingerprint(secret_key)
    installation = db.session.get(Installation, 1)
    if installation is None:
        db.session.add(Installation(id=1, key_fingerprint=present))
        db.session.commit()
        return True
    former, installation.key_fingerprint = installation.key_fingerprint, present
    db.session.commit()
    return former in map(fingerprint, (secret_key, *fallbacks))


def is_known_key(keys: tuple[str, ...]) -> bool:
    """Whether one of `keys` is the one of the last start; also if there was none yet, or no tables."""
    if not inspect(db.engine).has_table(Installation.__tablename__):
        return True
    former = db.session.scalar(select(Installation.key_fingerprint))
    return former is None or former in map(fingerprint, keys)


def note_worker() -> None:
    """Remember that a worker looks for work now, and commit."""
    db.session.execute(update(Installation).values(worker_seen_at=clock.now()))
    db.session.commit()


def note_backup() -> None:
    """Remember that a backup was made now, and commit."""
    db.session.execute(update(Installation).values(backed_up_at=clock.now()))
    db.session.commit()


def fingerprint(secret_key: str) -> str:
    """What identifies a key and does not betray it: its HMAC of a constant, in hexadecimal."""
    return hmac.new(secret_key.encode(), b"samspil installation", hashlib.sha256).hexdigest()
