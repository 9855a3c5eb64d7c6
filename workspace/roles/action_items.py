"""What waits for its reader about roles: offers, requests and vacant roles, in all partnerships, a statement each.

Everything is derived: an offer counts while its membership is active and its partnership open, a role is vacant while
no active member is accountable for it. Every overview and every digest needs all of them.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import and_, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.db.statements import cached_statement, fetch_rows, inline_literal, now_param
from workspace.db.types import AnyRow, AnySelect
from workspace.i18n.formatting import short_date
from workspace.notifications.action_items import (
    MOST_ITEMS,
    ActionItem,
    ActionKind,
    action_source,
    asked_when,
    moderator_source,
)
from workspace.notifications.action_items import PLACE as PARTNERSHIP
from workspace.notifications.dispatch import NotificationKind
from workspace.organisations.models import Organisation
from workspace.partnerships.labels import SIDES
from workspace.partnerships.models import Membership, Participation, Partnership
from workspace.partnerships.queries import SIDE, participation_of
from workspace.permissions import Level
from workspace.roles.assignments import AssignmentKind, AssignmentState, RoleAssignment, is_held
from workspace.roles.models import Role
from workspace.roles.queries import has_accountable, vacant_since

# A new partnership's roles find their holders while it gets going, so nothing is said of them so long.
QUIET_FOR = timedelta(days=14)
LONGEST_REASON = 120
PLACE = (*PARTNERSHIP, Role.id.label("role_id"), Role.name)

OFFERED_TO_ME = ActionKind(name="offer", rank=20, symbol="users", button=_l("Accept"), notice=NotificationKind.ROLE)
REQUESTED = ActionKind(
    name="role_request",
    rank=70,
    symbol="users",
    button=_l("Answer"),
    together=lambda count: ngettext("%(num)s person asks for a role", "%(num)s people ask for a role", count),
    together_button=_l("See the roles"),
    page="roles",
    moderating=True,
    is_request=True,
)
VACANT = ActionKind(
    name="vacant",
    rank=80,
    symbol="users",
    button=_l("Find somebody accountable"),
    together=lambda count: ngettext(
        "%(num)s role has nobody accountable", "%(num)s roles have nobody accountable", count
    ),
    together_button=_l("See the roles"),
    page="roles",
    moderating=True,
)
ONE_SIDED = ActionKind(
    name="one_sided",
    rank=100,
    symbol="users",
    button=_l("See the role"),
    together=lambda count: ngettext(
        "%(num)s role is held by one side only", "%(num)s roles are held by one side only", count
    ),
    together_button=_l("See the roles"),
    page="roles",
    moderating=True,
)
OFFERED_TO_ANOTHER = ActionKind(name="offered_to_another", rank=96, symbol="clock", button=_l("See the role"))


@action_source
def offers_to(user: User) -> Iterator[ActionItem]:
    """Roles offered to the person."""
    for row in fetch_rows(_offers(), user_id=user.id):
        names = {"name": row.offered_by, "role": row.name}
        kind = _("accountable") if row.kind is AssignmentKind.ACCOUNTABLE else _("helper")
        yield OFFERED_TO_ME.item(
            row.id,
            title=_("%(name)s offers you the role ‘%(role)s’ as %(kind)s", **names, kind=kind),
            address=_role(row),
            where=row,
            about=_("from %(date)s", date=short_date(row.since)) if row.since else "",
            quick_action_url=_waiting(row, row.id),
        )


@moderator_source
def requests_for_roles(user: User) -> Iterator[ActionItem]:
    """Requests for roles in the partnerships that the person moderates."""
    for row in fetch_rows(_requests(), user_id=user.id):
        yield REQUESTED.item(
            row.id,
            title=_("%(name)s asks for the role ‘%(role)s’", name=row.asked_by, role=row.name),
            address=_role(row),
            where=row,
            about=row.organisation_name,
        )


@moderator_source
def lacking_roles(user: User) -> Iterator[ActionItem]:
    """Roles that lack a holder, in the partnerships that the person moderates.

    Nobody is accountable for those that are vacant; the others are held by one side only, in a partnership that has
    several. Of a vacant role that is offered to somebody, it is their turn.
    """
    for row in fetch_rows(_lacking(), user_id=user.id):
        kind = ONE_SIDED if not row.vacant else VACANT if row.offer_id is None else OFFERED_TO_ANOTHER
        offered = kind is OFFERED_TO_ANOTHER
        title = {
            VACANT.name: _("‘%(role)s’ has nobody accountable", role=row.name),
            ONE_SIDED.name: _("‘%(role)s’ is held by one side only", role=row.name),
        }.get(kind.name, row.name)
        yield kind.item(
            row.role_id,
            title=title,
            address=_role(row),
            where=row,
            about=str(SIDES[row.side]) if kind is ONE_SIDED else _vacancy(row) if kind is VACANT else "",
            version=f"{row.latest_id}:{row.offer_id}",
            asked=asked_when(row.offered_to, row.offered_at, row.reminded_at) if offered else "",
            reminder_url=f"{_waiting(row, row.offer_id)}/reminder" if offered else "",
            another_url=f"{_role(row)}/offers/new?kind=accountable&instead={row.offer_id}" if offered else "",
        )


@cached_statement
def _offers() -> AnySelect:
    offerer, person = aliased(Membership), aliased(User)
    query = (
        select(
            RoleAssignment.id,
            RoleAssignment.kind,
            RoleAssignment.since,
            RoleAssignment.created_at,
            person.name.label("offered_by"),
            *PLACE,
        )
        .join(Role, Role.id == RoleAssignment.role_id)
        .join(Partnership, Partnership.id == RoleAssignment.partnership_id)
        .join(Membership, Membership.id == RoleAssignment.membership_id)
        .join(offerer, offerer.id == RoleAssignment.offered_by_id)
        .join(person, person.id == offerer.user_id)
        .where(
            *_is_mine(),
            Membership.level != Level.OBSERVER,
            RoleAssignment.state == inline_literal(AssignmentState.OFFERED),
        )
    )
    return query.order_by(RoleAssignment.created_at, RoleAssignment.id).limit(MOST_ITEMS)


@cached_statement
def _requests() -> AnySelect:
    asker, person, organisation = aliased(Membership), aliased(User), aliased(Organisation)
    query = (
        select(
            RoleAssignment.id,
            RoleAssignment.kind,
            RoleAssignment.created_at,
            RoleAssignment.notes,
            person.name.label("asked_by"),
            organisation.name.label("organisation_name"),
            *PLACE,
        )
        .join(Role, Role.id == RoleAssignment.role_id)
        .join(Partnership, Partnership.id == RoleAssignment.partnership_id)
        .join(Membership, Membership.partnership_id == Partnership.id)
        .join(asker, and_(asker.id == RoleAssignment.membership_id, asker.is_active))
        .join(person, person.id == asker.user_id)
        .join(organisation, organisation.id == asker.organisation_id)
        .where(*_is_moderated(), RoleAssignment.state == inline_literal(AssignmentState.REQUESTED))
    )
    return query.order_by(RoleAssignment.created_at, RoleAssignment.id).limit(MOST_ITEMS)


@cached_statement
def _lacking() -> AnySelect:
    mine = select(Membership.partnership_id).where(*_is_mine_alone())
    held = (
        select(RoleAssignment.role_id, func.min(SIDE).label("side"))
        .join(Membership, Membership.id == RoleAssignment.membership_id)
        .outerjoin(Participation, participation_of(Membership))
        .where(RoleAssignment.partnership_id.in_(mine), is_held(now_param()), Membership.can_hold_roles)
        .group_by(RoleAssignment.role_id)
        .having(func.count(SIDE.distinct()) == 1)
        .subquery()
    )
    partner = aliased(Participation)
    several = (
        select(func.count(partner.side.distinct()))
        .where(partner.partnership_id == Role.partnership_id)
        .correlate(Role)
        .scalar_subquery()
    )
    vacant = ~has_accountable()
    latest = (
        select(func.max(RoleAssignment.id))
        .where(RoleAssignment.partnership_id == Role.partnership_id, RoleAssignment.role_id == Role.id)
        .correlate(Role)
        .scalar_subquery()
    )
    last, decliner, decliner_person = aliased(RoleAssignment), aliased(Membership), aliased(User)
    offer, candidate, person = aliased(RoleAssignment), aliased(Membership), aliased(User)
    query = (
        select(
            *PLACE,
            vacant.label("vacant"),
            vacant_since(),
            held.c.side,
            latest.label("latest_id"),
            case((candidate.can_hold_roles, offer.id)).label("offer_id"),
            offer.created_at.label("offered_at"),
            offer.reminded_at,
            person.name.label("offered_to"),
            decliner_person.name.label("declined_by"),
            last.reason.label("declined_reason"),
        )
        .join(Partnership, Partnership.id == Role.partnership_id)
        .join(Membership, Membership.partnership_id == Partnership.id)
        .outerjoin(held, held.c.role_id == Role.id)
        .outerjoin(
            offer,
            and_(
                offer.role_id == Role.id,
                offer.kind == inline_literal(AssignmentKind.ACCOUNTABLE),
                offer.state == inline_literal(AssignmentState.OFFERED),
            ),
        )
        .outerjoin(
            last,
            and_(
                last.id == latest,
                last.state == inline_literal(AssignmentState.DECLINED),
                last.offered_by_id.is_not(None),
            ),
        )
        .outerjoin(decliner, decliner.id == last.membership_id)
        .outerjoin(decliner_person, decliner_person.id == decliner.user_id)
        .outerjoin(candidate, candidate.id == offer.membership_id)
        .outerjoin(person, person.id == candidate.user_id)
        .where(
            *_is_moderated(),
            Role.retired_at.is_(None),
            Partnership.created_at < now_param(before=QUIET_FOR),
            or_(vacant, and_(held.c.side.is_not(None), several > 1)),
        )
    )
    return query.order_by(has_accountable(), Role.created_at, Role.id).limit(MOST_ITEMS)


def _waiting(row: AnyRow, assignment_id: int) -> str:
    return f"/partnerships/{row.slug}/waiting/roles/{row.role_id}/{assignment_id}"


def _vacancy(row: AnyRow) -> str:
    """Who was asked last and said no, and why; or since when the role has been without."""
    if not row.declined_by:
        return _("vacant since %(date)s", date=short_date(row.vacant_since))
    return _("%(name)s declined: %(reason)s", name=row.declined_by, reason=row.declined_reason[:LONGEST_REASON])


def _role(row: AnyRow) -> str:
    return f"/partnerships/{row.slug}/roles/{row.role_id}"


def _is_mine() -> tuple[Any, ...]:
    """The conditions that the membership is mine and active, and the partnership not archived."""
    return (
        Membership.user_id == bindparam("user_id"),
        Membership.is_active,
        Partnership.archived_at.is_(None),
        Role.retired_at.is_(None),
    )


def _is_moderated() -> tuple[Any, ...]:
    return (*_is_mine(), Membership.level == Level.MODERATOR)


def _is_mine_alone() -> tuple[Any, ...]:
    return Membership.user_id == bindparam("user_id"), Membership.is_active, Membership.level == Level.MODERATOR
