"""Saying yes or no to an offer or a question, and what a yes sets going."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import or_, select

from workspace import clock
from workspace.access import Action, NotAllowed
from workspace.database import db
from workspace.partnerships.log import Verb
from workspace.partnerships.models import Membership
from workspace.roles.holdings import Holding, Kind, State
from workspace.roles.offering import require_able, require_vacant

FORMER_HELPS_FOR = timedelta(days=30)


def accept(holding: Holding, by: Membership) -> None:
    """Say yes: it begins now, or at its later date. A yes that was said already stays.

    Raises Conflict when it no longer waits for an answer, NotAllowed when the answer is another's.
    """
    with by.partnership.locked():
        if holding.state is State.HELD and holding.answered_by_id == by.id:
            return
        asked = _require_answerable(holding, by)
        require_able(holding.membership)
        if asked and holding.kind is Kind.ACCOUNTABLE:
            require_vacant(holding.role)
        now = clock.now()
        start = max(holding.since or now, now)
        _make_room(holding, start)
        holding.since = start
        holding.settle(by, State.HELD)
        holding.log(by, Verb.GAVE_ROLE if asked else Verb.TOOK_ROLE, since=start.isoformat())


def decline(holding: Holding, by: Membership, reason: str) -> None:
    """Say no, and why. Raises as `accept` does."""
    with by.partnership.locked():
        if holding.state is State.DECLINED and holding.answered_by_id == by.id:
            return
        asked = _require_answerable(holding, by)
        holding.settle(by, State.DECLINED, reason)
        holding.log(by, Verb.REFUSED_ROLE if asked else Verb.DECLINED_ROLE, reason=reason)


def _require_answerable(holding: Holding, by: Membership) -> bool:
    """Raise the fitting refusal unless yes or no is `by`'s to say; whether it answers a question."""
    by.require(Action.TAKE_ROLES)
    holding.require_open()
    if not holding.may_be_answered_by(by):
        raise NotAllowed(_("This is not yours to answer."))
    holding.role.require_in_use()
    return holding.state is State.REQUESTED


def _make_room(holding: Holding, start: datetime) -> None:
    """End at `start` what it replaces: another's responsibility, and the person's own part so far."""
    held = select(Holding).where(
        Holding.role_id == holding.role_id,
        Holding.state == State.HELD,
        or_(Holding.until.is_(None), Holding.until > start),
    )
    for other in db.session.scalars(held).all():
        own = other.membership_id == holding.membership_id
        if own or other.kind is holding.kind is Kind.ACCOUNTABLE:
            other.stop(start)
            if not own and other.until == start:
                _follow(other, holding, start)
    db.session.flush()  # The database takes one accountable holder at a time.


def _follow(former: Holding, holding: Holding, start: datetime) -> None:
    """Remember whom it is taken over from; who offered to help on does so for a while."""
    if former.since == start:  # It was to begin at the same moment, and never did.
        holding.former_id = former.former_id
        return
    holding.former_id = former.membership_id
    if holding.former_helps and former.membership_id == holding.offered_by_id and former.membership.is_active:
        db.session.add(
            Holding(
                partnership_id=holding.partnership_id,
                role_id=holding.role_id,
                membership_id=former.membership_id,
                kind=Kind.HELPER,
                state=State.HELD,
                since=start,
                until=start + FORMER_HELPS_FOR,
            )
        )
