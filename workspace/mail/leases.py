"""What a postman writes into the outbox: which mails it has taken, and what became of them.

Each statement asks for the postman's own lease: who has lost it to another changes nothing any more.
"""

import logging
import secrets
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, select, update
from sqlalchemy.exc import DBAPIError

from workspace import clock
from workspace.database import db
from workspace.mail.models import UNFINISHED, Mail, State

AT_ONCE = 50
LEASE = timedelta(minutes=10)  # longer than the slowest server may take for one mail
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, 240))
MOST_TRIES = len(PAUSES) + 1
MOST_DOUBTS = 1
LONGEST_ERROR = 500
SECONDS_BETWEEN_TRIES = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Taken:
    """A mail that this postman has. `doubts` counts the tries after which it may have arrived."""

    id: int
    lease: str
    attempts: int
    doubts: int


def take() -> list[Taken]:
    """Take some of the mails that are due, and of those whose postman was lost; the most urgent first.

    One statement, so that no two postmen get the same. Whoever was lost while *sending* has left the mail in doubt.
    """
    lease = secrets.token_hex(16)
    due = (
        select(Mail.id)
        .where(UNFINISHED, Mail.take_at <= clock.now())
        .order_by(Mail.priority, Mail.take_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("taken")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    taken = db.session.execute(
        update(Mail)
        .where(Mail.id == due.c.id)
        .values(lease=lease, take_at=clock.now() + LEASE)
        .returning(Mail.priority, Mail.not_before, Mail.id, Mail.state, Mail.attempts, Mail.doubts)
        .execution_options(synchronize_session=False)
    ).all()
    db.session.commit()
    return [
        Taken(mail_id, lease, attempts, doubts + (state is State.SENDING))
        for _priority, _not_before, mail_id, state, attempts, doubts in sorted(taken, key=lambda row: row[:3])
    ]


def start_sending(mail: Taken) -> bool:
    """Commit that the mail is now being handed over; False when another postman has it."""
    statement = _change(
        mail, state=State.SENDING, take_at=clock.now() + LEASE, attempts=mail.attempts + 1, doubts=mail.doubts
    )
    changed = db.session.execute(statement)
    db.session.commit()
    return changed.rowcount == 1  # type: ignore[attr-defined]


def finish(mail: Taken, state: State, error: str = "", **values: Any) -> None:
    """Write down what became of the mail in the end."""
    values |= {"state": state, "lease": None, "last_error": error[:LONGEST_ERROR], "finished_at": clock.now()}
    _insist(_change(mail, **values))


def refuse(mail: Taken, error: str) -> None:
    """Write down that it will never be taken."""
    finish(mail, State.REFUSED, error, attempts=mail.attempts + 1)


def put_off(mail: Taken, error: str, *, in_doubt: bool = False) -> None:
    """Let the mail be tried again after a pause that grows; after the last try, or the second doubt, it has failed."""
    attempts, doubts = mail.attempts + 1, mail.doubts + in_doubt
    if attempts >= MOST_TRIES or doubts > MOST_DOUBTS:
        finish(mail, State.FAILED, error, attempts=attempts, doubts=doubts)
        return
    _insist(
        _change(
            mail,
            state=State.DUE,
            lease=None,
            take_at=clock.now() + PAUSES[mail.attempts],
            attempts=attempts,
            doubts=doubts,
            last_error=error[:LONGEST_ERROR],
        )
    )


def give_back(lease: str, take_at: datetime, error: str | None = None) -> None:
    """Let go of all that is left of a lease: no try of it counts."""
    why: dict[str, Any] = {} if error is None else {"last_error": error[:LONGEST_ERROR]}
    _insist(update(Mail).where(UNFINISHED, Mail.lease == lease).values(lease=None, take_at=take_at, **why))


def _change(mail: Taken, **values: Any) -> Update:
    return update(Mail).where(Mail.id == mail.id, Mail.lease == mail.lease).values(**values)


def _insist(statement: Update) -> None:
    """Commit what has happened already, also when the database is away for a while: as long as the lease lasts."""
    end = time.monotonic() + LEASE.total_seconds()
    while True:
        try:
            db.session.execute(statement, execution_options={"synchronize_session": False})
            db.session.commit()
            return
        except DBAPIError as error:
            db.session.rollback()
            if time.monotonic() > end:
                raise
            log.warning("The outbox can't be written to: %s", error.orig)
            time.sleep(SECONDS_BETWEEN_TRIES)
