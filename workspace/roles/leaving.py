"""What the roles would lack if somebody left: to be seen before a member is let go."""

from dataclasses import dataclass

from sqlalchemy import select

from workspace import clock
from workspace.database import db
from workspace.partnerships.models import Membership
from workspace.roles import queries
from workspace.roles.holdings import Holding, Kind, is_held
from workspace.roles.models import Role


@dataclass(frozen=True)
class Without:
    """The roles, by id and name, that would be `vacant` or `one_sided` without somebody."""

    vacant: list[tuple[int, str]]
    one_sided: list[tuple[int, str]]


def without(membership: Membership, member_id: int) -> Without:
    """What would become of the roles without the member; two statements."""
    now = clock.now()
    held = (
        select(Role.id, Role.name)
        .join(Holding, Holding.role_id == Role.id)
        .where(
            Role.partnership_id == membership.partnership_id,
            Role.retired_at.is_(None),
            Holding.membership_id == member_id,
            is_held(now),
        )
        .order_by(Role.position, Role.id)
    )
    roles = [(row.id, row.name) for row in db.session.execute(held)]
    people = queries.people(membership, [role_id for role_id, _name in roles]) if roles else {}
    vacant, one_sided = [], []
    for role in roles:
        holders = [row for row in people.get(role[0], []) if row.state == "held" and not row.to_come]
        if any(row.membership_id == member_id and row.kind is Kind.ACCOUNTABLE for row in holders):
            vacant.append(role)
        sides = {row.side for row in holders}
        left = {row.side for row in holders if row.membership_id != member_id}
        if len(sides) > 1 and len(left) == 1:
            one_sided.append(role)
    return Without(vacant, one_sided)
