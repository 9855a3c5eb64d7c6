"""Sets of roles to begin with, and to change freely."""

from uuid import uuid4

from sqlalchemy import select

from workspace.db import db
from workspace.partnerships.models import Membership
from workspace.permissions import Action
from workspace.roles.labels import ROLES, RoleSet
from workspace.roles.models import Role

MOST_COPIED = 50


def begin_as(by: Membership, earlier: Membership) -> None:
    """Add the roles that are in use in the partnership of `earlier`, without anybody who holds them."""
    here = Role.partnership_id == earlier.partnership_id
    roles = (
        select(Role.name, Role.responsibility).where(here, Role.retired_at.is_(None)).order_by(Role.position, Role.id)
    )
    found = db.session.execute(roles.limit(MOST_COPIED)).all()
    with by.partnership.locked():
        for name, responsibility in found:
            Role.add(by, name=name, responsibility=responsibility, one_time_key=str(uuid4()))


def begin_with(by: Membership, role_set: RoleSet) -> None:
    """Add the roles of `role_set`, in `by`'s language. Does nothing if there are roles already."""
    with by.partnership.locked():
        by.require(Action.ASSIGN_ROLES)
        if db.session.scalar(select(Role.id).where(Role.partnership_id == by.partnership_id).limit(1)):
            return
        for name, responsibility in ROLES[role_set]:
            Role.add(by, name=str(name), responsibility=str(responsibility), one_time_key=str(uuid4()))
