"""Stepping down from a role, and retiring and resuming roles."""

from flask_babel import gettext as _
from sqlalchemy import select

from workspace import clock
from workspace.db import db
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, NotAllowed
from workspace.roles.assignments import OPEN, AssignmentState, RoleAssignment
from workspace.roles.models import Role, require_new_name
from workspace.roles.verbs import DELETED_ROLE, LEFT_ROLE, RESUMED_ROLE, RETIRED_ROLE


def end(assignment: RoleAssignment, by: Membership, reason: str) -> None:
    """Step down, or as a moderator remove somebody from a role. Does nothing if it is over."""
    with by.partnership.locked():
        by.require(Action.TAKE_ROLES)
        if not assignment.may_be_ended_by(by):
            raise NotAllowed(_("Only the person, or a moderator, can end this."))
        if assignment.state is AssignmentState.HELD and not assignment.is_over:
            assignment.end_at(clock.now())
            assignment.reason = reason
            assignment.log(by, LEFT_ROLE, reason=reason)


def retire(role: Role, by: Membership) -> None:
    """Retire a role: offers and requests are withdrawn, assignments end, and its history remains."""
    with by.partnership.locked():
        by.require(Action.ASSIGN_ROLES)
        if role.retired_at is not None:
            return
        role.retired_at = clock.now()
        for assignment in db.session.scalars(select(RoleAssignment).where(RoleAssignment.role_id == role.id)).all():
            if assignment.state in OPEN:
                assignment.resolve(by, AssignmentState.WITHDRAWN)
            elif assignment.state is AssignmentState.HELD and not assignment.is_over:
                assignment.end_at(role.retired_at)
        record_by(by, RETIRED_ROLE, role=role.id, name=role.name)


def delete(role: Role, by: Membership) -> None:
    """Delete a role that was never used. Raises Conflict for one that was: that has a history."""
    with by.partnership.locked():
        by.require(Action.ASSIGN_ROLES)
        role.require_unused()
        if role.deleted_at is None:
            role.deleted_at = clock.now()
            role.retired_at = role.retired_at or role.deleted_at
            record_by(by, DELETED_ROLE, role=role.id, name=role.name)


def resume(role: Role, by: Membership) -> None:
    """Use a retired role again. It is vacant: who held it before was told that they don't, and may be gone.

    Raises Conflict for one that is deleted.
    """
    with by.partnership.locked():
        by.require(Action.ASSIGN_ROLES)
        if role.deleted_at is not None:
            raise Conflict(_("The role has been deleted in the meantime."))
        if role.retired_at is not None:
            require_new_name(by, role.name)
            role.retired_at = None
            record_by(by, RESUMED_ROLE, role=role.id, name=role.name)
