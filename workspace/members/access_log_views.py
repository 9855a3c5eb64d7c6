"""The audit log of a partnership, for its moderators."""

from collections.abc import Collection

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from workspace.audit import labels, queries, tables
from workspace.audit.models import AuditAction, AuditEvent, record_audit
from workspace.audit.queries import AuditFilter
from workspace.audit.sentences import ToldEvent, tell
from workspace.db import db
from workspace.db.types import AnyRow
from workspace.members.blueprint import blueprint
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.queries import SIDE, participation_of
from workspace.permissions import Action, members_with

MOST_IN_A_STATEMENT = 200


@blueprint.get("/partnerships/<slug:slug>/members/trail")
@members_with(Action.READ_AUDIT_LOG)
def access_log(membership: Membership) -> ResponseReturnValue:
    """Events of the partnership."""
    choice = AuditFilter.typed(request.args)
    return tables.page(
        "members/access_log.html",
        queries.of_partnership(membership.partnership_id, choice),
        choice,
        lambda events: _tell(membership, events),
        action=f"{membership.partnership.address}members/trail",
        actions={action: labels.ACTIONS[action] for action in labels.OF_A_PARTNERSHIP},
        **partnership_context(membership),
    )


@blueprint.post("/partnerships/<slug:slug>/members/trail")
@members_with(Action.READ_AUDIT_LOG)
def export_access_log(membership: Membership) -> ResponseReturnValue:
    """The same as CSV. The export is itself recorded, so this is a POST."""
    choice = AuditFilter.typed(request.form)
    record_audit(AuditAction.EXPORTED, actor=membership.user, partnership=membership.partnership)
    query = queries.of_partnership(membership.partnership_id, choice)
    return tables.download(query, lambda events: _tell(membership, events))


def _tell(membership: Membership, events: list[AuditEvent]) -> list[ToldEvent]:
    """Names lead to the members' pages. From where the other side's people did it is theirs, as is a stranger's."""
    mentioned = {person for event in events for person in (event.actor_id, event.subject_id) if person}
    members = {row.user_id: row for row in _members(membership, mentioned)}
    own_side = members[membership.user_id].side if membership.user_id in members else None
    pages = {user_id: f"{membership.partnership.address}members/{row.id}" for user_id, row in members.items()}
    return [
        tell(
            event,
            pages,
            shows_address=event.actor_id == membership.user_id
            or (event.actor_id in members and members[event.actor_id].side == own_side),
        )
        for event in events
    ]


def _members(membership: Membership, user_ids: Collection[int]) -> list[AnyRow]:
    """Present and former members among these people, with their sides, and always the reader."""
    query = (
        select(Membership.user_id, Membership.id, SIDE.label("side"))
        .outerjoin(Participation, participation_of(Membership))
        .where(
            Membership.partnership_id == membership.partnership_id,
            Membership.is_present,
            Membership.joined_at.is_not(None),
        )
    )
    if len(user_ids) <= MOST_IN_A_STATEMENT:
        query = query.where(Membership.user_id.in_([membership.user_id, *user_ids]))
    return list(db.session.execute(query))
