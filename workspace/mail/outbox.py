"""What can be done about mails that are in the outbox."""

from datetime import datetime

from sqlalchemy import update

from workspace import clock
from workspace.database import begin_writing, db
from workspace.mail.models import WROTE_MAIL, Mail, State

RETRIABLE = (State.DUE, State.FAILED, State.REFUSED)


def retry(mail_id: int) -> bool:
    """Let a mail be sent now, with all its tries before it; False when it is being sent, or has been."""
    return _retry(Mail.id == mail_id) == 1


def retry_all() -> int:
    """The same for all that were given up, or are put off; not for what was refused, which would be again."""
    return _retry(Mail.state != State.REFUSED, (Mail.state == State.FAILED) | (Mail.attempts > 0))


def forget(before: datetime) -> None:
    """Let what should have been sent before a moment count as sent: nobody waits for it any more."""
    old = update(Mail).where(Mail.state == State.DUE, Mail.not_before < before)
    db.session.execute(
        old.values(state=State.SENT, finished_at=Mail.not_before).execution_options(synchronize_session=False)
    )


def _retry(*which: object) -> int:
    begin_writing()
    again = {"state": State.DUE, "take_at": clock.now(), "attempts": 0, "doubts": 0, "finished_at": None}
    changed = db.session.execute(
        update(Mail)
        .where(Mail.state.in_(RETRIABLE), Mail.lease.is_(None), Mail.not_before <= clock.now(), *which)  # type: ignore[arg-type]
        .values(**again)
        .execution_options(synchronize_session=False)
    )
    db.session.info[WROTE_MAIL] = True
    return int(changed.rowcount)  # type: ignore[attr-defined]
