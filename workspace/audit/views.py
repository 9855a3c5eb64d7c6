"""Pages of the audit log: a partnership's for its moderators, all of it for administrators, one's own for everybody."""

import json
from typing import TYPE_CHECKING, Any

from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import Select

from workspace.audit import labels, queries
from workspace.audit.blueprint import blueprint
from workspace.audit.models import AuditAction, AuditEvent, record_audit
from workspace.audit.queries import AuditFilter
from workspace.db import db
from workspace.db.transactions import begin_write
from workspace.permissions import Action, administrators_only, members_with, signed_in
from workspace.web import csv_files, pagination
from workspace.web.htmx import page_or_partial

if TYPE_CHECKING:
    from workspace.accounts.models import User
    from workspace.partnerships.models import Membership

SHOWN_ACTIONS: dict[str, Any] = {"ACTIONS": labels.ACTIONS, "trail_details": labels.details}
for name, told in SHOWN_ACTIONS.items():
    blueprint.add_app_template_global(told, name)

COLUMNS = ("at", "act", "outcome", "actor", "subject", "partnership", "address", "details")


@blueprint.get("/partnerships/<slug:slug>/members/trail")
@members_with(Action.READ_AUDIT_LOG)
def show(membership: "Membership") -> ResponseReturnValue:
    """Events of the partnership, for its moderators."""
    choice = AuditFilter.typed(request.args)
    return _page(
        "audit/show.html",
        queries.of_partnership(membership.partnership_id, choice),
        choice,
        action=f"{membership.partnership.address}members/trail",
        membership=membership,
        partnership=membership.partnership,
    )


@blueprint.post("/partnerships/<slug:slug>/members/trail")
@members_with(Action.READ_AUDIT_LOG)
def export(membership: "Membership") -> ResponseReturnValue:
    """The same as CSV. The export is itself recorded, so this is a POST."""
    choice = AuditFilter.typed(request.form)
    record_audit(AuditAction.EXPORTED, actor=membership.user, partnership=membership.partnership)
    return _csv(queries.of_partnership(membership.partnership_id, choice), "trail.csv")


@blueprint.get("/admin/trail")
@administrators_only
def show_all(user: "User") -> ResponseReturnValue:
    """All events."""
    choice = AuditFilter.typed(request.args)
    return _page("audit/show_all.html", queries.of_all(choice), choice, action="/admin/trail")


@blueprint.post("/admin/trail")
@administrators_only
def export_all(user: "User") -> ResponseReturnValue:
    """All events as CSV."""
    record_audit(AuditAction.EXPORTED, actor=user)
    return _csv(queries.of_all(AuditFilter.typed(request.form)), "trail.csv")


@blueprint.post("/settings/trail")
@signed_in
def export_own(user: "User") -> ResponseReturnValue:
    """Events about oneself, as CSV."""
    record_audit(AuditAction.EXPORTED, actor=user, subject=user)
    return _csv(queries.of_person(user.id), "samspil.csv", about=user.id)


def _page(page: str, query: Select[AuditEvent], choice: AuditFilter, **context: Any) -> ResponseReturnValue:
    found = queries.page(query, request.args.get("before", ""))
    lines, last = pagination.split_page(found, queries.PAGE)
    return page_or_partial(
        page, "audit/_events.html", lines=lines, older=last.id if last else None, choice=choice, **context
    )


def _csv(query: Select[AuditEvent], name: str, about: int | None = None) -> Response:
    """One row per event, moments in UTC.

    A person who gets the events `about` themselves does not learn from where others did them.
    """
    begin_write()
    return csv_files.download(
        name,
        COLUMNS,
        [
            (
                line.at,
                line.action.value,
                line.outcome.value,
                line.actor_name,
                line.subject_name,
                line.partnership_name,
                line.address if about is None or line.actor_id in (None, about) else "",
                json.dumps(line.details, ensure_ascii=False) if line.details else "",
            )
            for line in db.session.scalars(query.limit(queries.MOST_EXPORTED))
        ],
    )
