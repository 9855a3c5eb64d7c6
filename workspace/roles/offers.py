"""Offering a role, which also assigns it and hands it over; asking for one; withdrawing either, and undoing it."""

from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select

from workspace import clock
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.notifications.dispatch import NotificationKind, send_after_all, send_immediate
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership
from workspace.partnerships.undoing import require_undoable, too_late
from workspace.partnerships.verbs import Verb
from workspace.permissions import Action, Conflict, NotAllowed
from workspace.roles.assignments import AssignmentKind, AssignmentState, RoleAssignment, accountable, successor, waiting
from workspace.roles.models import Role
from workspace.roles.verbs import ASKED_FOR_ROLE, OFFERED_ROLE, RESTORED_OFFER, WITHDREW_ROLE


def offer(
    role: Role,
    by: Membership,
    *,
    to: Membership,
    kind: AssignmentKind,
    notes: str = "",
    starts_at: datetime | None = None,
    stays_as_helper: bool = False,
    instead_of: RoleAssignment | None = None,
    is_told: bool = True,
) -> RoleAssignment:
    """Offer a role. From whoever is accountable it is a handover, which takes effect at `starts_at` once `to` accepts.

    With `stays_as_helper` the former holder stays for a month to help. `instead_of` is an offer to somebody else, which
    is withdrawn. Repeating an offer does nothing. The log is told of it, unless it is accepted at once anyway.
    Raises NotAllowed unless `by` is a moderator or the holder, Conflict if `to` can't take it.
    """
    with by.partnership.locked():
        role.require_in_use()
        hands_over = _require_may_offer(role, by, kind)
        require_able(to)
        _withdraw_from_those_who_cannot(role, by)
        if instead_of and instead_of.state is AssignmentState.OFFERED and instead_of.membership_id != to.id:
            withdraw(instead_of, by)
        for other in waiting(role):
            if (other.membership_id, other.state, other.kind) == (to.id, AssignmentState.OFFERED, kind):
                return other
        _require_not_asked(role, to, kind)
        _require_not_in(role, to, kind)
        made = RoleAssignment(
            kind=kind,
            state=AssignmentState.OFFERED,
            offered_by_id=by.id,
            notes=notes,
            since=starts_at,
            stays_as_helper=stays_as_helper and hands_over,
        )
        return _open(made, role, to, by, OFFERED_ROLE if is_told else None)


def ask(role: Role, by: Membership, *, kind: AssignmentKind, notes: str = "") -> RoleAssignment:
    """Ask for a role, which a moderator answers. Repeating a request does nothing.

    Raises Conflict if somebody is accountable already: they, or a moderator, would have to hand it over.
    """
    with by.partnership.locked():
        by.require(Action.TAKE_ROLES)
        role.require_in_use()
        for other in waiting(role):
            if other.membership_id == by.id:
                if other.state is AssignmentState.REQUESTED:
                    return other
                raise Conflict(_("The role is offered to you already: accept it or decline it."))
        _require_not_in(role, by, kind)
        if kind is AssignmentKind.ACCOUNTABLE:
            require_vacant(role)
        made = RoleAssignment(kind=kind, state=AssignmentState.REQUESTED, notes=notes)
        return _open(made, role, by, by, ASKED_FOR_ROLE)


def withdraw(assignment: RoleAssignment, by: Membership) -> None:
    """Withdraw an offer or a request; does nothing if it has been withdrawn."""
    with by.partnership.locked():
        by.require(Action.TAKE_ROLES)
        if assignment.state is AssignmentState.WITHDRAWN:
            return
        assignment.require_open()
        if not assignment.may_be_withdrawn_by(by):
            raise NotAllowed(_("Only whoever made the offer, or a moderator, can withdraw it."))
        assignment.resolve(by, AssignmentState.WITHDRAWN)
        assignment.log(by, WITHDREW_ROLE)


def restore(assignment: RoleAssignment, by: Membership) -> None:
    """Let an offer stand again that `by` has just withdrawn, as it was; whoever has had the mail gets no other.

    Raises NotAllowed unless `by` withdrew it and could make it now, and Conflict after an hour, or if it can't be made.
    """
    with by.partnership.locked():
        role, to, kind = assignment.role, assignment.membership, assignment.kind
        is_withdrawn = assignment.state is AssignmentState.WITHDRAWN and assignment.offered_by_id is not None
        if not is_withdrawn or assignment.answered_at is None:
            raise too_late()
        require_undoable(assignment.answered_at, is_own=assignment.answered_by_id == by.id)
        role.require_in_use()
        _require_may_offer(role, by, kind)
        require_able(to)
        _require_not_asked(role, to, kind)
        _require_not_in(role, to, kind)
        assignment.state = AssignmentState.OFFERED
        assignment.answered_by_id = assignment.answered_at = None
        assignment.log(by, RESTORED_OFFER)
        _send_after_all(assignment)


def remind(assignment: RoleAssignment, by: Membership) -> None:
    """Mail whoever the role is offered to once more, at most once a day. Raises Conflict if they have answered."""
    with by.partnership.locked():
        by.require(Action.TAKE_ROLES)
        assignment.require_open()
        if assignment.state is not AssignmentState.OFFERED or not assignment.may_be_withdrawn_by(by):
            raise NotAllowed(_("Only who made the offer, or a moderator, can remind of it."))
        day = clock.now().date()
        if assignment.reminded_at is None or assignment.reminded_at.date() < day:
            assignment.reminded_at = clock.now()
            told = {NotificationKind.ROLE: [assignment.membership_id]}
            key = _reminder_key(assignment, day)
            send_immediate(told, assignment.partnership_id, key=key, holding=assignment.id, is_reminder=True)


def is_accountable(member: Membership, role: Role) -> bool:
    """Whether `member` is accountable for `role` now."""
    holder = accountable(role)
    return holder is not None and holder.membership_id == member.id


def require_able(member: Membership) -> None:
    """Raise Conflict unless `member` is active and may hold roles."""
    if not member.is_active:
        raise Conflict(_("%(name)s is no longer in the partnership. Choose somebody else.", name=member.user.name))
    if not member.may(Action.TAKE_ROLES):
        raise Conflict(_("%(name)s can only read here. A moderator can change that.", name=member.user.name))


def require_vacant(role: Role) -> None:
    """Raise Conflict if somebody is accountable for `role`, or is going to be."""
    holder = accountable(role) or successor(role)
    if holder:
        name = holder.membership.user.name
        raise Conflict(_("%(name)s is accountable for the role now, and can hand it over.", name=name))


def _require_may_offer(role: Role, by: Membership, kind: AssignmentKind) -> bool:
    """Raise NotAllowed unless `by` is a moderator or the holder; returns whether it is a handover."""
    hands_over = kind is AssignmentKind.ACCOUNTABLE and is_accountable(by, role)
    by.require(Action.TAKE_ROLES if hands_over else Action.ASSIGN_ROLES)
    return hands_over


def _require_not_asked(role: Role, to: Membership, kind: AssignmentKind) -> None:
    """Raise Conflict if `to` is asked or has asked, or somebody else is to be accountable in their place."""
    for other in waiting(role):
        if other.membership_id == to.id:
            raise Conflict(_("%(name)s is asked about this role already, or has asked.", name=to.user.name))
        if other.state is AssignmentState.OFFERED and other.kind is kind is AssignmentKind.ACCOUNTABLE:
            name = other.membership.user.name
            raise Conflict(_("The role is offered to %(name)s already. Withdraw that offer first.", name=name))


def _require_not_in(role: Role, member: Membership, kind: AssignmentKind) -> None:
    """Raise Conflict if `member` already has this part in the role, or a greater one."""
    held = select(RoleAssignment).where(
        RoleAssignment.role_id == role.id,
        RoleAssignment.membership_id == member.id,
        RoleAssignment.state == inline_literal(AssignmentState.HELD),
        or_(
            RoleAssignment.until.is_(None),
            and_(RoleAssignment.until > clock.now(), RoleAssignment.until > RoleAssignment.since),
        ),
    )
    for own in db.session.scalars(held):
        if (own.kind is kind and own.until is None) or own.kind is AssignmentKind.ACCOUNTABLE is not kind:
            raise Conflict(_("%(name)s holds this role already.", name=member.user.name))


def _withdraw_from_those_who_cannot(role: Role, by: Membership) -> None:
    for assignment in waiting(role):
        if not assignment.membership.can_hold_roles:
            assignment.resolve(by, AssignmentState.WITHDRAWN)
            assignment.log(by, WITHDREW_ROLE)


def _open(made: RoleAssignment, role: Role, member: Membership, by: Membership, verb: Verb | None) -> RoleAssignment:
    made.partnership_id, made.role_id, made.membership_id = role.partnership_id, role.id, member.id
    db.session.add(made)
    db.session.flush()
    if verb:
        made.log(by, verb)
    return made


def _send_after_all(assignment: RoleAssignment) -> None:
    """Send the offer's mail and its last reminder if they were due while it was withdrawn."""
    offered = select(Entry.number).where(
        Entry.partnership_id == assignment.partnership_id,
        Entry.actor_id == assignment.offered_by_id,
        Entry.verb == OFFERED_ROLE,
        Entry.details["holding"].as_integer() == assignment.id,
    )
    number = db.session.scalar(offered.order_by(Entry.number.desc()).limit(1))
    send_after_all(NotificationKind.ROLE, assignment.membership_id, key=str(number))
    if assignment.reminded_at:
        key = _reminder_key(assignment, assignment.reminded_at.date())
        send_after_all(NotificationKind.ROLE, assignment.membership_id, key=key)


def _reminder_key(assignment: RoleAssignment, day: date) -> str:
    return f"{assignment.id}:reminder:{day}"
