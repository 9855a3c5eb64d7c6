"""What removing members would mean for the roles, shown before it is confirmed."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from workspace import clock
from workspace.db import db
from workspace.partnerships.models import Membership
from workspace.roles import queries
from workspace.roles.assignments import AssignmentKind, RoleAssignment, is_held
from workspace.roles.models import Role


@dataclass(frozen=True)
class Impact:
    """The roles, by id and name, that would be `vacant` or `one_sided` without somebody."""

    vacant: list[tuple[int, str]]
    one_sided: list[tuple[int, str]]


def impact_of_removing(membership: Membership, member_ids: Collection[int]) -> Impact:
    """The impact of removing these members, in two statements."""
    now = clock.now()
    theirs = select(RoleAssignment.role_id).where(RoleAssignment.membership_id.in_(member_ids), is_held(now))
    held = (
        select(Role.id, Role.name)
        .where(
            Role.partnership_id == membership.partnership_id,
            Role.retired_at.is_(None),
            Role.id.in_(theirs),
        )
        .order_by(Role.position, Role.id)
    )
    roles = [(row.id, row.name) for row in db.session.execute(held)]
    people = queries.people(membership, [role_id for role_id, _name in roles]) if roles else {}
    vacant, one_sided = [], []
    for role in roles:
        holders = [row for row in people.get(role[0], []) if queries.counts_as_holder(row)]
        if any(row.membership_id in member_ids and row.kind is AssignmentKind.ACCOUNTABLE for row in holders):
            vacant.append(role)
        sides = {row.side for row in holders}
        left = {row.side for row in holders if row.membership_id not in member_ids}
        if len(sides) > 1 and len(left) == 1:
            one_sided.append(role)
    return Impact(vacant, one_sided)
