"""What is read of the outbox: how it stands, for administrators and for whoever watches over the machine."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import joinedload, load_only

from workspace import clock
from workspace.database import db
from workspace.mail.models import UNFINISHED, Mail, State

PAGE = 50
OVERDUE = timedelta(minutes=15)
SHOWN = (
    Mail.kind,
    Mail.user_id,
    Mail.address,
    Mail.state,
    Mail.attempts,
    Mail.doubts,
    Mail.not_before,
    Mail.take_at,
    Mail.finished_at,
    Mail.last_error,
)


class Shelf(StrEnum):
    """What of the outbox is looked at."""

    FAILED = "failed"
    WAITING = "waiting"
    SENT = "sent"
    EMPTY = "empty"


STATES = {
    Shelf.FAILED: (State.FAILED, State.REFUSED),
    Shelf.WAITING: (State.DUE, State.SENDING),
    Shelf.SENT: (State.SENT,),
    Shelf.EMPTY: (State.EMPTY,),
}
SHELVES = {
    Shelf.FAILED: _l("Not sent"),
    Shelf.WAITING: _l("Waiting"),
    Shelf.SENT: _l("Sent"),
    Shelf.EMPTY: _l("Nothing to say any more"),
}
STATE_WORDS = {
    State.DUE: _l("Waiting"),
    State.SENDING: _l("Being sent"),
    State.SENT: _l("Sent"),
    State.EMPTY: _l("Nothing to say any more"),
    State.REFUSED: _l("Refused by the mail server"),
    State.FAILED: _l("Given up"),
}


# What the worker does row by row, and piece by piece, as administrators read it.
WORK = {
    "planning": _l("Digest of person %(row)s"),
    "parking": _l("Parked challenge %(number)s in partnership %(row)s"),
    "ending": _l("End of membership %(row)s"),
    "announcing": _l("Notice that membership %(row)s ends"),
}
PIECES = {
    "planning": _l("Digests"),
    "parking": _l("Parked challenges"),
    "expiry": _l("Memberships that end"),
    "postman": _l("Sending mail"),
    "undelivered": _l("Digests that could not be delivered"),
}


@dataclass(frozen=True)
class Standing:
    """How the outbox stands: how many mails wait and how many were not sent, and since when one is overdue."""

    waiting: int
    failed: int
    overdue_since: datetime | None


def standing() -> Standing:
    """How the outbox stands. What was sent is not counted: that only ever grows."""
    waiting = select(func.count()).where(UNFINISHED).select_from(Mail).scalar_subquery()
    failed = select(func.count()).where(Mail.state.in_(STATES[Shelf.FAILED])).scalar_subquery()
    found = db.session.execute(select(waiting, failed)).one()
    return Standing(found[0], found[1], overdue_since())


def overdue_since() -> datetime | None:
    """Since when the mail that has waited longest should have been sent, if that is too long ago.

    A mail that a server has put off, or that can't be written, waits for its own reasons: it counts only when
    nobody has come for it again.
    """
    limit = clock.now() - OVERDUE
    late = or_(Mail.attempts == 0, Mail.take_at <= limit)
    return db.session.scalar(select(func.min(Mail.not_before)).where(UNFINISHED, and_(Mail.not_before <= limit, late)))


def on(shelf: Shelf, before: int | None) -> tuple[list[Mail], int | None]:
    """A page of a shelf, the newest first, and the number before which the next page begins.

    No more is read than is shown: what else stands in such rows may be what kept them from being sent.
    """
    person: Any = Mail.user.property.mapper.class_
    query = (
        select(Mail)
        .where(Mail.state.in_(STATES[shelf]))
        .options(load_only(*SHOWN), joinedload(Mail.user).load_only(person.email))
    )
    if before is not None:
        query = query.where(Mail.id < before)
    found = list(db.session.scalars(query.order_by(Mail.id.desc()).limit(PAGE + 1)))
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else None
