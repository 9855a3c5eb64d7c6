"""Offers, requests and vacant roles that wait for a person, in all partnerships: one statement each, oldest first.

Everything is derived: an offer counts while its membership is active and its partnership open, a role is vacant while
no active member is accountable for it. Every overview and every digest needs all of them.
"""

from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.db.statements import cached_statement, fetch_rows, inline_literal, now_param
from workspace.db.types import AnyRow, AnySelect
from workspace.organisations.models import Organisation
from workspace.partnerships.models import Membership, Participation, Partnership
from workspace.partnerships.queries import SIDE, participation_of_membership
from workspace.permissions import Level
from workspace.roles.assignments import AssignmentState, RoleAssignment, is_held
from workspace.roles.models import Role
from workspace.roles.queries import has_accountable

MOST = 50
PLACE = (Partnership.slug, Partnership.name.label("partnership_name"), Role.id.label("role_id"), Role.name)


def offers_to(user: User) -> list[AnyRow]:
    """Roles offered to me: `id` is the assignment's, `offered_by` who offers it, `since` a later beginning."""
    return fetch_rows(_offers(), user_id=user.id)


def requests_for_roles(user: User) -> list[AnyRow]:
    """Requests for roles in the partnerships that I moderate: `id` is the assignment's."""
    return fetch_rows(_requests(), user_id=user.id)


def lacking_roles_of_moderator(user: User) -> list[AnyRow]:
    """Roles that lack a holder, in the partnerships that I moderate.

    Nobody is accountable for those that are `vacant`; those that have a `side` are held by that one only, in a
    partnership that has several.
    """
    return fetch_rows(_lacking(), user_id=user.id)


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
    return query.order_by(RoleAssignment.created_at, RoleAssignment.id).limit(MOST)


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
    return query.order_by(RoleAssignment.created_at, RoleAssignment.id).limit(MOST)


@cached_statement
def _lacking() -> AnySelect:
    mine = select(Membership.partnership_id).where(*_is_mine_alone())
    held = (
        select(RoleAssignment.role_id, func.min(SIDE).label("side"))
        .join(Membership, Membership.id == RoleAssignment.membership_id)
        .outerjoin(Participation, participation_of_membership())
        .where(RoleAssignment.partnership_id.in_(mine), is_held(now_param()), Membership.is_active)
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
    query = (
        select(*PLACE, vacant.label("vacant"), held.c.side)
        .join(Partnership, Partnership.id == Role.partnership_id)
        .join(Membership, Membership.partnership_id == Partnership.id)
        .outerjoin(held, held.c.role_id == Role.id)
        .where(*_is_moderated(), Role.retired_at.is_(None), or_(vacant, and_(held.c.side.is_not(None), several > 1)))
    )
    return query.order_by(has_accountable(), Role.created_at, Role.id).limit(MOST)


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
