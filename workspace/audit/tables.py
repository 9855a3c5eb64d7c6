"""The audit log as a page and as a table for a spreadsheet. Whose log it is, the views say."""

from collections.abc import Callable
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from sqlalchemy import Select

from workspace.audit import queries
from workspace.audit.models import AuditEvent
from workspace.audit.queries import AuditFilter
from workspace.audit.sentences import ToldEvent
from workspace.db import db
from workspace.db.transactions import begin_write
from workspace.i18n import formatting
from workspace.web import csv_files, pagination
from workspace.web.htmx import page_or_partial

# All events of a page or a table, told at once: whoever tells them may ask the database about their people.
Teller = Callable[[list[AuditEvent]], list[ToldEvent]]


def page(template: str, query: Select[AuditEvent], choice: AuditFilter, tell: Teller, **context: Any) -> Response:
    """The page with its filters; for HTMX the events, or older ones to stand behind those that are there."""
    before = request.args.get("before", "")
    found = queries.page(query, before)
    events, last = pagination.split_page(found, queries.PAGE)
    partial = "audit/_event_rows.html" if before else "audit/_events.html"
    return page_or_partial(
        template, partial, events=tell(events), older=last.id if last else None, choice=choice, **context
    )


def download(query: Select[AuditEvent], tell: Teller) -> Response:
    """One row an event, in the reader's language and time zone."""
    begin_write()
    columns = (
        _("Time (%(zone)s)", zone=formatting.city(formatting.zone().key)),
        _("What happened"),
        _("More"),
        _("Who"),
        _("Whom"),
        _("Partnership"),
        _("Network address"),
        _("Carried out"),
    )
    events = tell(list(db.session.scalars(query.limit(queries.MOST_EXPORTED))))
    return csv_files.download(
        f"{_('Audit log')}.csv",
        columns,
        (
            (
                event.at,
                event.sentence.striptags(),
                event.further,
                event.actor_name,
                event.subject_name,
                event.partnership_name,
                event.address,
                _("yes") if event.is_done else _("no"),
            )
            for event in events
        ),
    )
