"""What moderators change in a partnership: its description, its stage, who takes part, whether it is archived."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.mail.models import enqueue
from workspace.organisations.models import Organisation, Side
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.memberships import admit, find
from workspace.partnerships.models import Membership, Participation, Partnership, Stage
from workspace.partnerships.verbs import (
    ADDED_ORGANISATION,
    ARCHIVED,
    CHANGED_GOALS,
    CHANGED_MAILS,
    CHANGED_PURPOSE,
    CHANGED_STAGE,
    RENAMED,
    UNARCHIVED,
    Verb,
)
from workspace.permissions import Action, Conflict, Level


class StalePartnership(Conflict):
    """Somebody else has changed it since the form was opened."""


def update(
    by: Membership, *, name: str, purpose: str, goals: list[int], version: int, titles_only: bool | None = None
) -> None:
    """Change name, purpose, goals, and what mails carry, one entry for each that differs. The slug stays.

    Raises StalePartnership if `version` is not the current one.
    """
    partnership = by.partnership
    with partnership.locked():
        by.require(Action.EDIT_PARTNERSHIP)
        if partnership.version != version:
            raise StalePartnership(_("Somebody else has changed the partnership in the meantime."))
        _set(by, RENAMED, "name", name)
        _set(by, CHANGED_PURPOSE, "purpose", purpose)
        _set(by, CHANGED_GOALS, "goals", sorted(set(goals)))
        if titles_only is not None:
            _set(by, CHANGED_MAILS, "titles_only", titles_only)
        partnership.version += 1


def change_stage(by: Membership, stage: Stage) -> None:
    """Change the partnership's stage; does nothing if it is the current one."""
    with by.partnership.locked():
        by.require(Action.EDIT_PARTNERSHIP)
        _set(by, CHANGED_STAGE, "stage", stage)


def archive(by: Membership) -> None:
    """Archive the partnership: from now on it can only be read."""
    with by.partnership.locked():
        by.require(Action.ARCHIVE)
        if not by.partnership.is_archived:
            by.partnership.archived_at = clock.now()
            record_by(by, ARCHIVED)


def unarchive(by: Membership) -> None:
    """Open an archived partnership again."""
    with by.partnership.locked():
        by.require(Action.ARCHIVE)
        if by.partnership.is_archived:
            by.partnership.archived_at = None
            record_by(by, UNARCHIVED)


def set_sides(by: Membership, sides: dict[int, Side]) -> None:
    """Let the organisations in `sides` (by id) take part, each on its side. One that does already may change side."""
    with by.partnership.locked():
        by.require(Action.EDIT_PARTNERSHIP)
        present = participations(by.partnership)
        for organisation in db.session.scalars(select(Organisation).where(Organisation.id.in_(sides))):
            side = sides[organisation.id]
            if organisation.id in present:
                present[organisation.id].side = side
            else:
                db.session.add(
                    Participation(partnership_id=by.partnership_id, organisation_id=organisation.id, side=side)
                )
                record_by(by, ADDED_ORGANISATION, name=organisation.name)


def add_person(by: Membership, user: User, level: Level) -> Membership:
    """Make `user`, of an organisation that takes part, a member. A member stays one; a former one is one again.

    Raises Conflict when the person's organisation does not take part.
    """
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        partnership = by.partnership
        present = participations(partnership)
        if user.organisation_id is None or user.organisation_id not in present or not user.is_active:
            raise Conflict(_("Nobody by that name belongs to an organisation that takes part here."))
        membership = find(partnership, user)
        if membership and membership.is_active:
            return membership
        membership = admit(partnership, user, level=level, organisation_id=user.organisation_id, by=by)
        enqueue("added", key=f"added:{membership.id}:{partnership.last_number}", to=user.id, membership=membership.id)
        return membership


def participations(partnership: Partnership) -> dict[int, Participation]:
    """The participations, by the organisation's id."""
    found = db.session.scalars(select(Participation).where(Participation.partnership_id == partnership.id))
    return {participation.organisation_id: participation for participation in found}


def _set(by: Membership, verb: Verb, field: str, value: Any) -> None:
    before = getattr(by.partnership, field)
    if before != value:
        setattr(by.partnership, field, value)
        record_by(by, verb, before=before, after=value)
