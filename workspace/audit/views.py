"""Pages of the audit log: all of it for administrators, one's own for everybody. Moderators have theirs in members/."""

from typing import TYPE_CHECKING

from flask import request
from flask.typing import ResponseReturnValue

from workspace.audit import labels, queries, tables
from workspace.audit.blueprint import blueprint
from workspace.audit.models import AuditAction, AuditEvent, record_audit
from workspace.audit.queries import AuditFilter
from workspace.audit.sentences import ToldEvent, tell
from workspace.permissions import administrators_only, signed_in

if TYPE_CHECKING:
    from workspace.accounts.models import User


@blueprint.get("/admin/trail")
@administrators_only
def show_all(user: "User") -> ResponseReturnValue:
    """All events."""
    choice = AuditFilter.typed(request.args)
    return tables.page(
        "audit/show_all.html", queries.of_all(choice), choice, _tell_all, action="/admin/trail", actions=labels.ACTIONS
    )


@blueprint.post("/admin/trail")
@administrators_only
def export_all(user: "User") -> ResponseReturnValue:
    """All events as CSV. The export is itself recorded, so this is a POST."""
    record_audit(AuditAction.EXPORTED, actor=user)
    return tables.download(queries.of_all(AuditFilter.typed(request.form)), _tell_all)


@blueprint.post("/settings/trail")
@signed_in
def export_own(user: "User") -> ResponseReturnValue:
    """Events about oneself, as CSV. Nobody learns from where others did them."""
    record_audit(AuditAction.EXPORTED, actor=user, subject=user)

    def told(events: list[AuditEvent]) -> list[ToldEvent]:
        return [tell(event, {}, shows_address=event.actor_id in (None, user.id)) for event in events]

    return tables.download(queries.of_person(user.id), told)


def _tell_all(events: list[AuditEvent]) -> list[ToldEvent]:
    people = {person for event in events for person in (event.actor_id, event.subject_id) if person}
    return [tell(event, {person: f"/people/{person}/edit" for person in people}) for event in events]
