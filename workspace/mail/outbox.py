"""What administrators can do about emails in the outbox."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, update

from workspace import clock
from workspace.db import db
from workspace.db.transactions import begin_write
from workspace.mail.models import Mail, MailState

REFUSED_LATELY = timedelta(days=7)
RETRIABLE = (MailState.DUE, MailState.FAILED, MailState.REFUSED)


def retry(mail_id: int) -> bool:
    """Send an email now, with a new set of attempts; False if it is being sent, or has been."""
    return _retry(Mail.id == mail_id) == 1


def retry_all() -> int:
    """The same for all that failed or are postponed, and that were refused in the last seven days."""
    return _retry(is_retriable())


def is_retriable() -> ColumnElement[bool]:
    """The condition that an email failed, is postponed, or was refused in the last week, and is not being sent."""
    now = clock.now()
    was_refused = (Mail.state == MailState.REFUSED) & (Mail.finished_at > now - REFUSED_LATELY)
    is_postponed = (Mail.state == MailState.DUE) & (Mail.attempts > 0)
    is_free = Mail.lease.is_(None) & (Mail.not_before <= now)
    return is_free & ((Mail.state == MailState.FAILED) | was_refused | is_postponed)


def send_after_all(key: str) -> None:
    """Send an email now that had nothing left to say when it was due, and has again."""
    skipped = update(Mail).where(Mail.key == key, Mail.state == MailState.SKIPPED)
    again = {"state": MailState.DUE, "next_attempt_at": clock.now(), "attempts": 0, "finished_at": None}
    db.session.execute(skipped.values(**again).execution_options(synchronize_session=False))


def mark_sent_before(before: datetime) -> None:
    """Count as sent what should have been sent before a moment: nobody waits for it any more."""
    old = update(Mail).where(Mail.state == MailState.DUE, Mail.not_before < before)
    db.session.execute(
        old.values(state=MailState.SENT, finished_at=Mail.not_before).execution_options(synchronize_session=False)
    )


def _retry(*which: object) -> int:
    begin_write()
    again = {
        "state": MailState.DUE,
        "next_attempt_at": clock.now(),
        "attempts": 0,
        "uncertain_attempts": 0,
        "finished_at": None,
    }
    changed = db.session.execute(
        update(Mail)
        .where(Mail.state.in_(RETRIABLE), Mail.lease.is_(None), Mail.not_before <= clock.now(), *which)  # type: ignore[arg-type]
        .values(**again)
        .execution_options(synchronize_session=False)
    )
    return int(changed.rowcount)  # type: ignore[attr-defined]
