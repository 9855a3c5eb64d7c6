"""Offering a role, which is how it is assigned and handed over too; asking for one; and taking either back."""

from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select

from workspace import clock
from workspace.access import Action, Conflict, NotAllowed
from workspace.database import db
from workspace.partnerships.log import Verb
from workspace.partnerships.models import Membership
from workspace.roles.holdings import Holding, Kind, State, accountable, successor, waiting
from workspace.roles.models import Role


def offer(
    role: Role,
    by: Membership,
    *,
    to: Membership,
    kind: Kind,
    notes: str = "",
    starts_at: datetime | None = None,
    former_helps: bool = False,
) -> Holding:
    """Offer a role. Who is accountable for it hands that over when `to` accepts, from `starts_at`.

    With `former_helps` who hands over their own stays for a month to help. The same offer again is the same.
    Raises NotAllowed unless `by` is a moderator or hands over their own, Conflict when `to` can't take it.
    """
    with by.partnership.locked():
        role.require_in_use()
        hands_over = kind is Kind.ACCOUNTABLE and is_accountable(by, role)
        by.require(Action.TAKE_ROLES if hands_over else Action.ASSIGN_ROLES)
        require_able(to)
        _withdraw_from_those_who_left(role, by)
        for other in waiting(role):
            if other.membership_id == to.id:
                if (other.state, other.kind) == (State.OFFERED, kind):
                    return other
                raise Conflict(_("%(name)s is asked about this role already, or has asked.", name=to.user.name))
            if other.state is State.OFFERED and other.kind is kind is Kind.ACCOUNTABLE:
                name = other.membership.user.name
                raise Conflict(_("The role is offered to %(name)s already. Withdraw that offer first.", name=name))
        _require_not_in(role, to, kind)
        made = Holding(
            kind=kind,
            state=State.OFFERED,
            offered_by_id=by.id,
            notes=notes,
            since=starts_at,
            former_helps=former_helps and hands_over,
        )
        return _open(made, role, to, by, Verb.OFFERED_ROLE)


def ask(role: Role, by: Membership, *, kind: Kind, notes: str = "") -> Holding:
    """Ask for a role, which a moderator answers. The same question again is the same.

    Raises Conflict when somebody is accountable already: they hand it over, or a moderator does.
    """
    with by.partnership.locked():
        by.require(Action.TAKE_ROLES)
        role.require_in_use()
        for other in waiting(role):
            if other.membership_id == by.id:
                if other.state is State.REQUESTED:
                    return other
                raise Conflict(_("The role is offered to you already: accept it or decline it."))
        _require_not_in(role, by, kind)
        if kind is Kind.ACCOUNTABLE:
            require_vacant(role)
        made = Holding(kind=kind, state=State.REQUESTED, notes=notes)
        return _open(made, role, by, by, Verb.ASKED_FOR_ROLE)


def withdraw(holding: Holding, by: Membership) -> None:
    """Take back an offer or a question; what has been taken back stays so."""
    with by.partnership.locked():
        by.require(Action.TAKE_ROLES)
        if holding.state is State.WITHDRAWN:
            return
        holding.require_open()
        if not holding.may_be_withdrawn_by(by):
            raise NotAllowed(_("Only who made the offer, or a moderator, can withdraw it."))
        holding.settle(by, State.WITHDRAWN)
        holding.log(by, Verb.WITHDREW_ROLE)


def is_accountable(member: Membership, role: Role) -> bool:
    """Whether `member` is accountable for `role` now."""
    holder = accountable(role)
    return holder is not None and holder.membership_id == member.id


def require_able(member: Membership) -> None:
    """Raise Conflict unless `member` is here, and may hold roles."""
    if not member.is_active:
        raise Conflict(_("%(name)s is no longer in the partnership. Choose somebody else.", name=member.user.name))
    if not member.may(Action.TAKE_ROLES):
        raise Conflict(_("%(name)s can only read here. A moderator can change that.", name=member.user.name))


def require_vacant(role: Role) -> None:
    """Raise Conflict when somebody is accountable for `role`, or is going to be."""
    holder = accountable(role) or successor(role)
    if holder:
        name = holder.membership.user.name
        raise Conflict(_("%(name)s is accountable for the role now, and can hand it over.", name=name))


def _require_not_in(role: Role, member: Membership, kind: Kind) -> None:
    """Raise Conflict when `member` holds the role so already, or helping is less than they do."""
    held = select(Holding).where(
        Holding.role_id == role.id,
        Holding.membership_id == member.id,
        Holding.state == State.HELD,
        or_(Holding.until.is_(None), and_(Holding.until > clock.now(), Holding.until > Holding.since)),
    )
    for own in db.session.scalars(held):
        if (own.kind is kind and own.until is None) or own.kind is Kind.ACCOUNTABLE is not kind:
            raise Conflict(_("%(name)s holds this role already.", name=member.user.name))


def _withdraw_from_those_who_left(role: Role, by: Membership) -> None:
    for holding in waiting(role):
        if not holding.membership.is_active:
            holding.settle(by, State.WITHDRAWN)
            holding.log(by, Verb.WITHDREW_ROLE)


def _open(made: Holding, role: Role, member: Membership, by: Membership, verb: Verb) -> Holding:
    made.partnership_id, made.role_id, made.membership_id = role.partnership_id, role.id, member.id
    db.session.add(made)
    db.session.flush()
    made.log(by, verb)
    return made
