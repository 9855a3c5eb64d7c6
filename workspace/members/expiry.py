"""What time does: a membership ends on its date, a suspension on its own. Announced a week before, and written down.

Who is out is asked of the dates themselves (Membership.is_active), so nobody waits for this. It tells the log and the
trail what has happened already.
"""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select

from workspace import clock
from workspace.database import db
from workspace.mail.models import post
from workspace.partnerships.log import Verb, append
from workspace.partnerships.models import Ending, Membership, Partnership, State
from workspace.trail.models import Act, note

ANNOUNCED_BEFORE = timedelta(days=7)


def tend() -> int:
    """Write down what time has done, one partnership at a time, and announce what it will do; how many seats it met."""
    met = 0
    for partnership_id in _with_seats(_is_over(), _is_announced()):
        partnership = db.session.get_one(Partnership, partnership_id)
        with partnership.locked():
            met += sum(_settle(seat) for seat in _seats(partnership, _is_over()))
            for seat in _seats(partnership, _is_announced()):
                ends_at = str(seat.ends_at and seat.ends_at.isoformat())
                key = f"ending:{seat.id}:{ends_at}"
                post("ending", key=key, to=seat.user_id, membership=seat.id, ends_at=ends_at)
        db.session.commit()
    return met


def _settle(seat: Membership) -> int:
    """Let the columns say what the dates have said since their moment."""
    now = clock.now()
    if seat.ends_at and seat.ends_at <= now:
        seat.become(State.ENDED)
        seat.ending = Ending.EXPIRED
        append(seat.partnership, Verb.EXPIRED, subject=seat)
        note(Act.EXPIRED, subject=seat.user, partnership=seat.partnership)
    else:
        seat.become(State.ACTIVE)
        seat.digested_number = seat.partnership.last_number
        note(Act.LIFTED, subject=seat.user, partnership=seat.partnership)
    return 1


def _is_over() -> ColumnElement[bool]:
    now = clock.now()
    return and_(
        Membership.state.in_((State.ACTIVE, State.SUSPENDED)),
        or_(Membership.ends_at <= now, and_(Membership.state == State.SUSPENDED, Membership.suspended_until <= now)),
    )


def _is_announced() -> ColumnElement[bool]:
    return and_(
        Membership.is_active,
        Membership.ends_at.is_not(None),
        Membership.ends_at <= clock.now() + ANNOUNCED_BEFORE,
    )


def _with_seats(*conditions: ColumnElement[bool]) -> Iterable[int]:
    query = select(Membership.partnership_id).where(or_(*conditions)).distinct().order_by(Membership.partnership_id)
    return list(db.session.scalars(query))


def _seats(partnership: Partnership, condition: ColumnElement[bool]) -> list[Membership]:
    query = select(Membership).where(Membership.partnership_id == partnership.id, condition)
    return list(db.session.scalars(query.order_by(Membership.id)))
