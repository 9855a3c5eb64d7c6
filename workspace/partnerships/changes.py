"""What a moderator changes in a partnership: what it is, its stage, who takes part, whether it is archived."""

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from workspace import clock
from workspace.access import Action, Conflict, Level
from workspace.accounts.models import User
from workspace.database import db
from workspace.organisations.models import Organisation, Side
from workspace.partnerships.log import Verb, record
from workspace.partnerships.models import Membership, Participation, Partnership, Stage, State


class Stale(Conflict):
    """Somebody else has changed it since the form was opened."""


def describe(by: Membership, *, name: str, purpose: str, goals: list[int], version: int) -> None:
    """Change name, purpose and goals, one entry for each that differs. The slug stays.

    Raises Stale when `version` is not the present one.
    """
    partnership = by.partnership
    with partnership.locked():
        by.require(Action.EDIT_PARTNERSHIP)
        if partnership.version != version:
            raise Stale(_("Somebody else has changed the partnership in the meantime."))
        _set(by, Verb.RENAMED, "name", name)
        _set(by, Verb.CHANGED_PURPOSE, "purpose", purpose)
        _set(by, Verb.CHANGED_GOALS, "goals", sorted(set(goals)))
        partnership.version += 1


def move_to(by: Membership, stage: Stage) -> None:
    """Change the partnership's stage; to the present one it changes nothing."""
    with by.partnership.locked():
        by.require(Action.EDIT_PARTNERSHIP)
        _set(by, Verb.CHANGED_STAGE, "stage", stage)


def archive(by: Membership) -> None:
    """Let the partnership only be read from now on."""
    with by.partnership.locked():
        by.require(Action.ARCHIVE)
        if not by.partnership.is_archived:
            by.partnership.archived_at = clock.now()
            record(by, Verb.ARCHIVED)


def unarchive(by: Membership) -> None:
    """Open an archived partnership again."""
    with by.partnership.locked():
        by.require(Action.ARCHIVE)
        if by.partnership.is_archived:
            by.partnership.archived_at = None
            record(by, Verb.UNARCHIVED)


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
                record(by, Verb.ADDED_ORGANISATION, name=organisation.name)


def add_person(by: Membership, user: User, level: Level) -> Membership:
    """Give `user`, of an organisation that takes part, a seat. One who has a seat keeps it; one who had gets it back.

    Raises Conflict when the person's organisation does not take part.
    """
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        partnership = by.partnership
        if user.organisation_id not in participations(partnership) or not user.is_active:
            raise Conflict(_("Nobody by that name belongs to an organisation that takes part here."))
        seat = db.session.scalar(
            select(Membership).where(Membership.partnership_id == partnership.id, Membership.user_id == user.id)
        )
        if seat and seat.is_active:
            return seat
        if seat is None:
            seat = Membership(
                partnership_id=partnership.id,
                user_id=user.id,
                organisation_id=user.organisation_id,
                seen_number=partnership.last_number,
            )
            db.session.add(seat)
        seat.level, seat.state = level, State.ACTIVE
        db.session.flush()
        entry = record(by, Verb.JOINED, subject=seat, level=level.value)
        # Who joins starts with both bookmarks at the present number.
        if seat.seen_number == entry.number - 1:
            seat.seen_number = entry.number
        seat.digested_number = entry.number
        return seat


def participations(partnership: Partnership) -> dict[int, Participation]:
    """Who takes part, by the organisation's id."""
    found = db.session.scalars(select(Participation).where(Participation.partnership_id == partnership.id))
    return {participation.organisation_id: participation for participation in found}


def _set(by: Membership, verb: Verb, field: str, value: Any) -> None:
    before = getattr(by.partnership, field)
    if before != value:
        setattr(by.partnership, field, value)
        record(by, verb, before=before, after=value)
