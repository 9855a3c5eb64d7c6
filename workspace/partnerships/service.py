"""What moderators change in a partnership: its description, its stage, who takes part, whether it is archived."""

from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from workspace import clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.mail.models import enqueue
from workspace.organisations.models import Organisation, Side
from workspace.partnerships.activity_log import record, record_by
from workspace.partnerships.memberships import accept, admit, find
from workspace.partnerships.models import Membership, Participation, Partnership, Stage
from workspace.partnerships.verbs import (
    ACCEPTED_ORGANISATION,
    ARCHIVED,
    CHANGED_GOALS,
    CHANGED_MAILS,
    CHANGED_PURPOSE,
    CHANGED_STAGE,
    INVITED_ORGANISATION,
    RENAMED,
    UNARCHIVED,
    Verb,
)
from workspace.permissions import Action, Conflict, Level


class StalePartnership(Conflict):
    """Somebody else has changed it since the form was opened."""


def update(by: Membership, *, name: str, purpose: str, goals: list[int], version: int) -> None:
    """Change name, purpose and goals, one entry for each that differs. The slug stays.

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
        partnership.version += 1


def set_mail_content(by: Membership, *, titles_only: bool) -> None:
    """Let mails about the partnership carry titles only, or text as well."""
    with by.partnership.locked():
        by.require(Action.EDIT_PARTNERSHIP)
        _set(by, CHANGED_MAILS, "titles_only", titles_only)


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
    """Invite the organisations in `sides` (by id), each on its side. One that is there already may change side."""
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
                record_by(by, INVITED_ORGANISATION, name=organisation.name)


def add_person(by: Membership, user: User, level: Level) -> Membership:
    """Make `user`, of an organisation that takes part or is invited, a member, who has yet to say yes.

    A member stays one; a former one is one again. Raises Conflict when the person's organisation is not there.
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
        membership = admit(partnership, user, level=level, organisation_id=user.organisation_id, by=by, accepted=False)
        enqueue("added", key=f"added:{membership.id}:{partnership.last_number}", to=user.id, membership=membership.id)
        return membership


def accept_membership(by: Membership) -> None:
    """Say yes to being in: from now on the others see how to reach this member."""
    with by.locked():
        accept(by)


def accept_participations(partnership: Partnership, organisation_ids: Collection[int], by: User) -> list[str]:
    """Let an administrator say yes for invited organisations; the names of those that take part from now on."""
    accepted = []
    with partnership.locked():
        if partnership.is_archived:
            raise Conflict(_("The partnership is archived, so nothing in it can be changed."))
        for participation in participations(partnership).values():
            if participation.organisation_id in organisation_ids and participation.accepted_at is None:
                participation.accepted_at = clock.now()
                name = participation.organisation.name
                record(partnership, ACCEPTED_ORGANISATION, name=name)
                record_audit(AuditAction.ACCEPTED_PARTICIPATION, actor=by, partnership=partnership, after=name)
                accepted.append(name)
    return accepted


def participations(partnership: Partnership) -> dict[int, Participation]:
    """The participations, by the organisation's id."""
    found = db.session.scalars(select(Participation).where(Participation.partnership_id == partnership.id))
    return {participation.organisation_id: participation for participation in found}


def _set(by: Membership, verb: Verb, field: str, value: Any) -> None:
    before = getattr(by.partnership, field)
    if before != value:
        setattr(by.partnership, field, value)
        record_by(by, verb, before=before, after=value)
