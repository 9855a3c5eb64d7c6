"""Accepting and declining offers of roles and requests for them."""

from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import or_, select

from workspace import clock
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.partnerships.models import Membership
from workspace.permissions import Action, NotAllowed
from workspace.roles.assignments import AssignmentKind, AssignmentState, RoleAssignment
from workspace.roles.offers import require_able, require_vacant
from workspace.roles.verbs import DECLINED_ROLE, GAVE_ROLE, REFUSED_ROLE, TOOK_ROLE

FORMER_HELPS_FOR = timedelta(days=30)


def accept(holding: RoleAssignment, by: Membership) -> None:
    """Accept: the assignment begins now, or on its later date. Accepting twice does nothing more.

    Raises Conflict if it no longer waits for an answer, NotAllowed if the answer is not `by`'s to give.
    """
    with by.partnership.locked():
        if holding.state is AssignmentState.HELD and holding.answered_by_id == by.id:
            return
        asked = _require_answerable(holding, by)
        require_able(holding.membership)
        if asked and holding.kind is AssignmentKind.ACCOUNTABLE:
            require_vacant(holding.role)
        now = clock.now()
        start = max(holding.since or now, now)
        _make_room(holding, start)
        holding.since = start
        holding.resolve(by, AssignmentState.HELD)
        holding.log(by, GAVE_ROLE if asked else TOOK_ROLE, since=start.isoformat())


def decline(holding: RoleAssignment, by: Membership, reason: str) -> None:
    """Decline, with a reason. Raises as `accept` does."""
    with by.partnership.locked():
        if holding.state is AssignmentState.DECLINED and holding.answered_by_id == by.id:
            return
        asked = _require_answerable(holding, by)
        holding.resolve(by, AssignmentState.DECLINED, reason)
        holding.log(by, REFUSED_ROLE if asked else DECLINED_ROLE, reason=reason)


def _require_answerable(holding: RoleAssignment, by: Membership) -> bool:
    """Raise the appropriate error unless the answer is `by`'s to give; returns whether it answers a request."""
    by.require(Action.TAKE_ROLES)
    holding.require_open()
    if not holding.may_be_answered_by(by):
        raise NotAllowed(_("This is not yours to answer."))
    holding.role.require_in_use()
    return holding.state is AssignmentState.REQUESTED


def _make_room(holding: RoleAssignment, start: datetime) -> None:
    """End at `start` what it replaces: another's assignment as accountable, and the person's own assignment so far."""
    held = select(RoleAssignment).where(
        RoleAssignment.role_id == holding.role_id,
        RoleAssignment.state == inline_literal(AssignmentState.HELD),
        or_(RoleAssignment.until.is_(None), RoleAssignment.until > start),
    )
    for other in db.session.scalars(held).all():
        own = other.membership_id == holding.membership_id
        if own or other.kind is holding.kind is AssignmentKind.ACCOUNTABLE:
            other.end_at(start)
            if not own and other.until == start:
                _follow(other, holding, start)
    db.session.flush()  # The database allows one accountable holder at a time.


def _follow(former: RoleAssignment, holding: RoleAssignment, start: datetime) -> None:
    """Record whom it is taken over from; if they offered to stay as a helper, they do for a while."""
    if former.since == start:  # It was to begin at the same moment, so it never did.
        holding.former_id = former.former_id
        return
    holding.former_id = former.membership_id
    if holding.stays_as_helper and former.membership_id == holding.offered_by_id and former.membership.is_active:
        db.session.add(
            RoleAssignment(
                partnership_id=holding.partnership_id,
                role_id=holding.role_id,
                membership_id=former.membership_id,
                kind=AssignmentKind.HELPER,
                state=AssignmentState.HELD,
                since=start,
                until=start + FORMER_HELPS_FOR,
            )
        )
