"""Laying a role down, and using a role no longer, or again."""

from flask_babel import gettext as _
from sqlalchemy import select

from workspace import clock
from workspace.access import Action, NotAllowed
from workspace.database import db
from workspace.partnerships.log import Verb, record
from workspace.partnerships.models import Membership
from workspace.roles.holdings import OPEN, Holding, State
from workspace.roles.models import Role


def end(holding: Holding, by: Membership, reason: str) -> None:
    """Lay down one's own, or as a moderator take somebody out of a role. What is over stays as it is."""
    with by.partnership.locked():
        by.require(Action.TAKE_ROLES)
        if not holding.may_be_ended_by(by):
            raise NotAllowed(_("Only the person, or a moderator, can end this."))
        if holding.state is State.HELD and not holding.is_over:
            holding.stop(clock.now())
            holding.reason = reason
            holding.log(by, Verb.LEFT_ROLE, reason=reason)


def retire(role: Role, by: Membership) -> None:
    """Use a role no longer: what waits is withdrawn, who holds it holds it no more, and its history stays."""
    with by.partnership.locked():
        by.require(Action.ASSIGN_ROLES)
        if role.retired_at is not None:
            return
        role.retired_at = clock.now()
        for holding in db.session.scalars(select(Holding).where(Holding.role_id == role.id)).all():
            if holding.state in OPEN:
                holding.settle(by, State.WITHDRAWN)
            elif holding.state is State.HELD and not holding.is_over:
                holding.stop(role.retired_at)
        record(by, Verb.RETIRED_ROLE, role=role.id, name=role.name)


def resume(role: Role, by: Membership) -> None:
    """Use a retired role again. It is vacant: who held it before was told that they don't, and may be gone."""
    with by.partnership.locked():
        by.require(Action.ASSIGN_ROLES)
        if role.retired_at is not None:
            role.retired_at = None
            record(by, Verb.RESUMED_ROLE, role=role.id, name=role.name)
