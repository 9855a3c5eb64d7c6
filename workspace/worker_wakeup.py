"""The bell: a commit that wrote mail rings it, and a worker comes at once instead of within the minute.

Huey carries it. It loses a task whose worker is killed, and what it keeps is not in our transaction: so nothing rests
on it but speed.
"""

import logging
from typing import Any

from flask import Flask, current_app, has_app_context
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey
from huey.serializer import SignedSerializer
from sqlalchemy import event
from sqlalchemy.orm import Session

from workspace.config import Settings
from workspace.db import db
from workspace.mail import delivery
from workspace.mail.models import WROTE_MAIL

NAME = "samspil"
MAX_PENDING = 10  # Whoever comes for one of them does what all the others were for.

log = logging.getLogger(__name__)


def queue() -> Huey:
    """The bell of this app. Who hears it is a worker (workspace/worker.py)."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    if "bell" not in app.extensions:
        app.extensions["bell"] = _build_queue(app)
    found: Huey = app.extensions["bell"]
    return found


def wake_worker() -> None:
    """Call a worker. Where nobody can be called, one comes within the minute."""
    try:
        if queue().pending_count() < MAX_PENDING:
            queue().answer()
    except Exception:  # Redis is away, the file is locked: what was committed stays so.
        log.warning("The bell can't be rung", exc_info=True)


def close() -> None:
    """Forget the bell, with its connection, which must not pass into another process."""
    taken: Huey | None = current_app.extensions.pop("bell", None)
    if taken:
        taken.storage.close()


def _build_queue(app: Flask) -> Huey:
    hung = _backend(app.settings)  # type: ignore[attr-defined]

    @hung.task(name="deliver")  # type: ignore[untyped-decorator]
    def answer() -> None:
        with app.app_context():
            delivery.deliver()

    hung.answer = answer
    return hung


def _backend(settings: Settings) -> Huey:
    options: dict[str, Any] = {
        "name": NAME,
        "results": False,
        "serializer": SignedSerializer(secret=settings.secret_key),  # A message is a pickle: none but ours is opened.
    }
    if settings.queue_url.startswith("redis"):
        return RedisHuey(url=settings.queue_url, **options)
    if settings.queue_url:
        return PostgresHuey(dsn=settings.queue_url, **options)
    return SqliteHuey(filename=str(settings.instance / "queue.sqlite"), fsync=False, **options)


@event.listens_for(db.session, "after_commit")
def _ring_after(session: Session) -> None:
    if not session.in_nested_transaction() and session.info.pop(WROTE_MAIL, False) and has_app_context():
        wake_worker()


@event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop(WROTE_MAIL, None)
