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
from workspace.roles.models import Role
from workspace.roles.offers import offer, require_able, require_vacant
from workspace.roles.verbs import DECLINED_ROLE, GAVE_ROLE, REFUSED_ROLE, TOOK_ROLE

FORMER_HELPS_FOR = timedelta(days=30)


def accept(assignment: RoleAssignment, by: Membership) -> None:
    """Accept: the assignment begins now, or on its later date. Accepting twice does nothing more.

    Raises Conflict if it no longer waits for an answer, NotAllowed if the answer is not `by`'s to give.
    """
    with by.partnership.locked():
        if assignment.state is AssignmentState.HELD and assignment.answered_by_id == by.id:
            return
        asked = _require_answerable(assignment, by)
        require_able(assignment.membership)
        if asked and assignment.kind is AssignmentKind.ACCOUNTABLE:
            require_vacant(assignment.role)
        now = clock.now()
        start = max(assignment.since or now, now)
        _make_room(assignment, start)
        assignment.since = start
        assignment.resolve(by, AssignmentState.HELD)
        assignment.log(by, GAVE_ROLE if asked else TOOK_ROLE, since=start.isoformat())


def take(role: Role, by: Membership, *, kind: AssignmentKind) -> RoleAssignment:
    """Take a role oneself, as a moderator: at once. Raises Conflict if somebody else is accountable."""
    with by.partnership.locked():
        by.require(Action.ASSIGN_ROLES)
        if kind is AssignmentKind.ACCOUNTABLE:
            require_vacant(role)
        taken = offer(role, by, to=by, kind=kind, is_told=False)
        accept(taken, by)
        return taken


def decline(assignment: RoleAssignment, by: Membership, reason: str) -> None:
    """Decline, with a reason. Raises as `accept` does."""
    with by.partnership.locked():
        if assignment.state is AssignmentState.DECLINED and assignment.answered_by_id == by.id:
            return
        asked = _require_answerable(assignment, by)
        assignment.resolve(by, AssignmentState.DECLINED, reason)
        assignment.log(by, REFUSED_ROLE if asked else DECLINED_ROLE, reason=reason)


def _require_answerable(assignment: RoleAssignment, by: Membership) -> bool:
    """Raise the appropriate error unless the answer is `by`'s to give; returns whether it answers a request."""
    by.require(Action.TAKE_ROLES)
    assignment.require_open()
    if not assignment.may_be_answered_by(by):
        raise NotAllowed(_("This is not yours to answer."))
    assignment.role.require_in_use()
    return assignment.state is AssignmentState.REQUESTED


def _make_room(assignment: RoleAssignment, start: datetime) -> None:
    """End at `start` what it replaces: another's assignment as accountable, and the person's own assignment so far."""
    held = select(RoleAssignment).where(
        RoleAssignment.role_id == assignment.role_id,
        RoleAssignment.state == inline_literal(AssignmentState.HELD),
        or_(RoleAssignment.until.is_(None), RoleAssignment.until > start),
    )
    for other in db.session.scalars(held).all():
        own = other.membership_id == assignment.membership_id
        if own or other.kind is assignment.kind is AssignmentKind.ACCOUNTABLE:
            other.end_at(start)
            if not own and other.until == start:
                _follow(other, assignment, start)
    db.session.flush()  # The database allows one accountable holder at a time.


def _follow(former: RoleAssignment, assignment: RoleAssignment, start: datetime) -> None:
    """Record whom it is taken over from; if they offered to stay as a helper, they do for a while."""
    if former.since == start:  # It was to begin at the same moment, so it never did.
        assignment.former_id = former.former_id
        return
    assignment.former_id = former.membership_id
    if assignment.stays_as_helper and former.membership_id == assignment.offered_by_id and former.membership.is_active:
        db.session.add(
            RoleAssignment(
                partnership_id=assignment.partnership_id,
                role_id=assignment.role_id,
                membership_id=former.membership_id,
                kind=AssignmentKind.HELPER,
                state=AssignmentState.HELD,
                since=start,
                until=start + FORMER_HELPS_FOR,
            )
        )
