"""What a worker writes into the outbox: which emails it has claimed, and what became of them.

Each statement asks for the worker's own lease: one that has lost it to another changes nothing any more.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, Update, bindparam, case, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import ReturningUpdate

from workspace import clock, metrics
from workspace.db import db
from workspace.db.types import AnySelect
from workspace.logs import told
from workspace.mail.message_types import PRIORITIES
from workspace.mail.models import UNFINISHED, Mail, MailState

AT_ONCE = 50
LEASE = timedelta(minutes=10)  # longer than the slowest server may take for one mail
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 120, *[240] * 18))  # three days
MOST_TRIES = len(PAUSES) + 1
MOST_DOUBTS = 1
LONGEST_ERROR = 500
SECONDS_BETWEEN_TRIES = 1.0

MAIL = cast(Table, Mail.__table__)  # These statements are run for every mail: without the mapping they cost half.

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClaimedMail:
    """An email that this worker has. `uncertain_attempts` counts those after which it may have arrived.

    `recipient` is the address at the time of the claim; None where there is nobody to read it.
    """

    id: int
    lease: str
    attempts: int
    uncertain_attempts: int
    recipient: str | None


def claim_due(most: int = AT_ONCE) -> list[ClaimedMail]:
    """Claim so many of the emails that are due, and of those whose worker has died; the most urgent first.

    One statement, so that no two workers get the same. A worker that died while *sending* leaves it unknown whether
    the email has arrived.
    """
    now, lease = clock.now(), secrets.token_hex(16)
    given = {"now": now, "new_lease": lease, "new_next_attempt_at": now + LEASE}
    ids = db.session.scalars(_taking(most), given).all()
    db.session.commit()
    if not ids:
        return []
    found = [ClaimedMail(*row) for row in db.session.execute(_given(), {"ids": ids, "new_lease": lease})]
    db.session.commit()
    return found


def is_any_due() -> bool:
    """Whether there is an email to be sent now: a look that writes nothing, by the index of what is unfinished."""
    return db.session.scalar(_any_due(), {"now": clock.now()}) is not None


def _any_due() -> AnySelect:
    due = UNFINISHED, MAIL.c.priority.in_(PRIORITIES), MAIL.c.next_attempt_at <= bindparam("now")
    return select(MAIL.c.id).where(*due).limit(1)


def _given() -> AnySelect:
    """The statement for what was taken, in the order in which it is to be sent. It reads no more than it needs: what
    else stands in a row, or is kept of its addressee, may be wrong, and must not keep the others.
    """
    person: Any = Mail.user.property.mapper.class_
    lost = case((Mail.state == MailState.SENDING, 1), else_=0)
    recipient = case((Mail.user_id.is_(None), Mail.address), (person.deactivated_at.is_(None), person.email))
    return (
        select(Mail.id, Mail.lease, Mail.attempts, Mail.uncertain_attempts + lost, recipient)
        .outerjoin(Mail.user)
        .where(Mail.id.in_(bindparam("ids", expanding=True)), Mail.lease == bindparam("new_lease"))
        .order_by(Mail.priority, Mail.not_before, Mail.id)
    )


def _taking(most: int) -> ReturningUpdate[tuple[int]]:
    """The statement for it. It names all priorities: so both databases find the first few by the index of what is
    unfinished. Else they read and sort all that wait, while nobody can write to the SQLite file.
    """
    due = (
        select(MAIL.c.id)
        .where(UNFINISHED, MAIL.c.priority.in_(PRIORITIES), MAIL.c.next_attempt_at <= bindparam("now"))
        .order_by(MAIL.c.priority, MAIL.c.next_attempt_at)
        .limit(most)
        .with_for_update(skip_locked=True)
        .cte("due")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    claim = MAIL.update().where(MAIL.c.id == due.c.id)
    return claim.values(lease=bindparam("new_lease"), next_attempt_at=bindparam("new_next_attempt_at")).returning(
        MAIL.c.id
    )


def start_sending(mail: ClaimedMail) -> bool:
    """Commit that the email is now being handed over; False when another worker has it."""
    values = {"state": MailState.SENDING, "next_attempt_at": clock.now() + LEASE}
    return _change(mail, **values, attempts=mail.attempts + 1, uncertain_attempts=mail.uncertain_attempts) == 1


def complete(mail: ClaimedMail, state: MailState, error: str = "", **values: Any) -> None:
    """Write down what became of the mail in the end."""
    metrics.count_mail(state)
    values |= {"state": state, "lease": None, "last_error": error[:LONGEST_ERROR], "finished_at": clock.now()}
    _retry_write(lambda: _change(mail, **values))


def refuse(mail: ClaimedMail, error: str) -> None:
    """Write down that it will never be taken."""
    complete(mail, MailState.REFUSED, error, attempts=mail.attempts + 1)


def take_back(since: datetime, *, but: re.Pattern[str]) -> None:
    """Let what any worker has been refused since then be attempted again, `but` what was refused in these words."""
    mine = MAIL.c.state == MailState.REFUSED, MAIL.c.finished_at >= since
    values = {"state": MailState.DUE, "next_attempt_at": clock.now() + PAUSES[1], "finished_at": None}

    def change() -> None:
        with db.engine.begin() as connection:
            found = connection.execute(select(MAIL.c.id, MAIL.c.last_error).where(*mine))
            ids = [row.id for row in found if not but.match(row.last_error)]
            connection.execute(MAIL.update().where(*mine, MAIL.c.id.in_(ids)).values(values))

    _retry_write(change)


def reschedule(mail: ClaimedMail, error: str, *, in_doubt: bool = False) -> None:
    """Let it be attempted again after a pause that grows; after the last, or a second uncertain one, it has failed."""
    attempts, uncertain = mail.attempts + 1, mail.uncertain_attempts + in_doubt
    if attempts >= MOST_TRIES or uncertain > MOST_DOUBTS:
        complete(mail, MailState.FAILED, error, attempts=attempts, uncertain_attempts=uncertain)
        return
    metrics.count_mail("postponed")
    values: dict[str, Any] = {
        "state": MailState.DUE,
        "lease": None,
        "next_attempt_at": clock.now() + PAUSES[max(mail.attempts, 0)],
    }
    values |= {"attempts": attempts, "uncertain_attempts": uncertain, "last_error": error[:LONGEST_ERROR]}
    _retry_write(lambda: _change(mail, **values))


def release(claimed: Sequence[ClaimedMail], next_attempt_at: datetime, error: str | None = None) -> None:
    """Release what is left of a claim: no attempt is counted."""
    why = {} if error is None else {"last_error": error[:LONGEST_ERROR]}
    mine = MAIL.c.id.in_([mail.id for mail in claimed]), MAIL.c.lease == claimed[0].lease
    rest = MAIL.update().where(*mine).values(lease=None, next_attempt_at=next_attempt_at, **why)
    _retry_write(lambda: _commit(rest))


def _retry_write(change: Callable[[], Any]) -> None:
    """Write down what has happened already, also when the database is away for a while: as long as the lease lasts."""
    end = time.monotonic() + LEASE.total_seconds()
    while True:
        try:
            change()
            return
        except DBAPIError as error:
            if time.monotonic() > end:
                raise
            log.warning("The outbox can't be written to: %s", told(error))
            time.sleep(SECONDS_BETWEEN_TRIES)


def _change(mail: ClaimedMail, **values: Any) -> int:
    """Commit a change of it; 0 when another worker has it."""
    return _commit(MAIL.update().where(MAIL.c.id == mail.id, MAIL.c.lease == mail.lease).values(values))


def _commit(change: Update) -> int:
    """Make the change in a transaction of its own, past the session, which rests meanwhile; how many it changed."""
    with db.engine.begin() as connection:
        return connection.execute(change).rowcount
