"""What of the roles waits for a person, in all of their partnerships. Each is one statement, the oldest first.

Everything is derived: an offer counts while both its seat and its partnership are open, a role is vacant while nobody
with an active seat is accountable for it.
"""

from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from workspace import clock
from workspace.access import Level
from workspace.accounts.models import User
from workspace.database import AnyRow, AnySelect, db
from workspace.organisations.models import Organisation, Side
from workspace.partnerships.models import Membership, Participation, Partnership
from workspace.partnerships.models import State as SeatState
from workspace.partnerships.queries import of_seat
from workspace.roles.holdings import Holding, State, is_held
from workspace.roles.models import Role
from workspace.roles.queries import has_accountable

MOST = 50
PLACE = (Partnership.slug, Partnership.name.label("partnership_name"), Role.id.label("role_id"), Role.name)


def offers_to(user: User) -> list[AnyRow]:
    """Roles that are offered to me: `id` is the holding's, `offered_by` whoever offers, `since` a later beginning."""
    offerer, person = aliased(Membership), aliased(User)
    query = (
        select(Holding.id, Holding.kind, Holding.since, Holding.created_at, person.name.label("offered_by"), *PLACE)
        .join(Role, Role.id == Holding.role_id)
        .join(Partnership, Partnership.id == Holding.partnership_id)
        .join(Membership, Membership.id == Holding.membership_id)
        .join(offerer, offerer.id == Holding.offered_by_id)
        .join(person, person.id == offerer.user_id)
        .where(*_is_mine(user), Membership.level != Level.OBSERVER, Holding.state == State.OFFERED)
    )
    return list(db.session.execute(query.order_by(Holding.created_at, Holding.id).limit(MOST)))


def requests_for_roles(user: User) -> list[AnyRow]:
    """Who asks for a role in the partnerships that I moderate: `id` is the holding's."""
    asker, person, organisation = aliased(Membership), aliased(User), aliased(Organisation)
    query = (
        select(
            Holding.id,
            Holding.kind,
            Holding.created_at,
            Holding.notes,
            person.name.label("asked_by"),
            organisation.name.label("organisation_name"),
            *PLACE,
        )
        .join(Role, Role.id == Holding.role_id)
        .join(Partnership, Partnership.id == Holding.partnership_id)
        .join(Membership, Membership.partnership_id == Partnership.id)
        .join(asker, and_(asker.id == Holding.membership_id, asker.state == SeatState.ACTIVE))
        .join(person, person.id == asker.user_id)
        .join(organisation, organisation.id == asker.organisation_id)
        .where(*_is_moderated(user), Holding.state == State.REQUESTED)
    )
    return list(db.session.execute(query.order_by(Holding.created_at, Holding.id).limit(MOST)))


def vacant_roles_of_moderator(user: User) -> list[AnyRow]:
    """Roles without an accountable holder in the partnerships that I moderate."""
    query = _roles().where(*_is_moderated(user), Role.retired_at.is_(None), ~has_accountable())
    return list(db.session.execute(query.order_by(Role.created_at, Role.id).limit(MOST)))


def one_sided_roles_of_moderator(user: User) -> list[AnyRow]:
    """Roles held by one `side` only, in the partnerships that I moderate and that have several sides."""
    mine = select(Membership.partnership_id).where(*_is_mine_alone(user))
    sides: Any = func.coalesce(Participation.side, Side.OTHERS)
    held = (
        select(Holding.role_id, func.min(sides).label("side"))
        .join(Membership, Membership.id == Holding.membership_id)
        .outerjoin(Participation, of_seat())
        .where(Holding.partnership_id.in_(mine), is_held(clock.now()), Membership.state == SeatState.ACTIVE)
        .group_by(Holding.role_id)
        .having(func.count(sides.distinct()) == 1)
        .subquery()
    )
    partner = aliased(Participation)
    several = (
        select(func.count(partner.side.distinct()))
        .where(partner.partnership_id == Role.partnership_id)
        .correlate(Role)
        .scalar_subquery()
    )
    query = (
        _roles()
        .add_columns(held.c.side)
        .join(held, held.c.role_id == Role.id)
        .where(*_is_moderated(user), Role.retired_at.is_(None), several > 1)
    )
    return list(db.session.execute(query.order_by(Role.created_at, Role.id).limit(MOST)))


def _roles() -> AnySelect:
    return (
        select(*PLACE)
        .join(Partnership, Partnership.id == Role.partnership_id)
        .join(Membership, Membership.partnership_id == Partnership.id)
    )


def _is_mine(user: User) -> tuple[Any, ...]:
    """The conditions that the seat is mine, and neither it nor the partnership is closed."""
    return (
        Membership.user_id == user.id,
        Membership.state == SeatState.ACTIVE,
        Partnership.archived_at.is_(None),
        Role.retired_at.is_(None),
    )


def _is_moderated(user: User) -> tuple[Any, ...]:
    return (*_is_mine(user), Membership.level == Level.MODERATOR)


def _is_mine_alone(user: User) -> tuple[Any, ...]:
    return Membership.user_id == user.id, Membership.state == SeatState.ACTIVE, Membership.level == Level.MODERATOR
