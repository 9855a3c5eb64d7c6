"""The state of the outbox, for administrators and for monitoring."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import joinedload, load_only

from workspace import clock
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.mail import outbox
from workspace.mail.models import UNFINISHED, Mail, MailState
from workspace.web import pagination

PAGE = 50
OVERDUE = timedelta(minutes=15)
SHOWN = (
    Mail.kind,
    Mail.user_id,
    Mail.address,
    Mail.state,
    Mail.attempts,
    Mail.uncertain_attempts,
    Mail.not_before,
    Mail.next_attempt_at,
    Mail.finished_at,
    Mail.last_error,
)


class OutboxFilter(StrEnum):
    """Which emails of the outbox are shown."""

    FAILED = "failed"
    WAITING = "waiting"
    PLANNED = "planned"
    SENT = "sent"
    SKIPPED = "empty"


STATES = {
    OutboxFilter.FAILED: (MailState.FAILED, MailState.REFUSED),
    OutboxFilter.WAITING: (MailState.DUE, MailState.SENDING),
    OutboxFilter.PLANNED: (MailState.DUE,),
    OutboxFilter.SENT: (MailState.SENT,),
    OutboxFilter.SKIPPED: (MailState.SKIPPED,),
}
FILTERS = {
    OutboxFilter.FAILED: _l("Not sent"),
    OutboxFilter.WAITING: _l("Waiting"),
    OutboxFilter.PLANNED: _l("Planned"),
    OutboxFilter.SENT: _l("Sent"),
    OutboxFilter.SKIPPED: _l("Nothing to say any more"),
}
STATE_WORDS = {
    MailState.DUE: _l("Waiting"),
    MailState.SENDING: _l("Being sent"),
    MailState.SENT: _l("Sent"),
    MailState.SKIPPED: _l("Nothing to say any more"),
    MailState.REFUSED: _l("Refused by the mail server"),
    MailState.FAILED: _l("Given up"),
}


# The names of what the worker does, row by row, for administrators.
WORK = {
    "planning": _l("Digest of person %(row)s"),
    "parking": _l("Parked challenge %(number)s in partnership %(row)s"),
    "ending": _l("End of membership %(row)s"),
    "announcing": _l("Notice that membership %(row)s ends"),
    "indexing": _l("Search index of partnership %(row)s"),
    "indexing_text": _l("Text %(number)s of partnership %(row)s in the search index"),
}
JOB_NAMES = {
    "planning": _l("Digests"),
    "parking": _l("Parked challenges"),
    "expiry": _l("Memberships that end"),
    "due_addresses": _l("New e-mail addresses"),
    "delivery": _l("Sending e-mail"),
    "refusals": _l("The mail server refuses every e-mail"),
    "bounce_views": _l("Digests that could not be delivered"),
    "indexing": _l("The search index"),
    "checking": _l("Checking uploaded files"),
    "removal": _l("Deleting files that nobody needs"),
    "retention": _l("Deleting what is no longer kept"),
}


@dataclass(frozen=True)
class OutboxStatus:
    """The state of the outbox: how many emails wait, how many are planned for later, how many were not sent, how many
    an administrator can send again at once, and since when one is overdue.
    """

    waiting: int
    planned: int
    failed: int
    retriable: int
    overdue_since: datetime | None


def status() -> OutboxStatus:
    """The state of the outbox. What was sent is not counted: that only ever grows."""
    is_planned = Mail.not_before > clock.now()
    counted = (
        select(func.count()).where(UNFINISHED, ~is_planned).select_from(Mail),
        select(func.count()).where(UNFINISHED, is_planned).select_from(Mail),
        select(func.count()).where(Mail.state.in_(inline_literal(STATES[OutboxFilter.FAILED]))),
        select(func.count()).where(outbox.is_retriable()).select_from(Mail),
    )
    found = db.session.execute(select(*(query.scalar_subquery() for query in counted))).one()
    waiting, planned, failed, retriable = found
    return OutboxStatus(waiting, planned, failed, retriable, overdue_since())


def overdue_since() -> datetime | None:
    """When the email that has waited longest should have been sent, if that is too long ago.

    A mail that a server has put off, or that can't be written, waits for its own reasons: it counts only when
    nobody has come for it again.
    """
    limit = clock.now() - OVERDUE
    late = or_(Mail.attempts == 0, Mail.next_attempt_at <= limit)
    return db.session.scalar(select(func.min(Mail.not_before)).where(UNFINISHED, and_(Mail.not_before <= limit, late)))


def list_mails(shown: OutboxFilter, before: int | None) -> tuple[list[Mail], int | None]:
    """A page of the emails that the filter shows, the newest first, and the number before which the next page begins.

    No more is read than is shown: what else stands in such rows may be what kept them from being sent.
    """
    person: Any = Mail.user.property.mapper.class_
    is_planned = Mail.not_before > clock.now()
    when = {OutboxFilter.WAITING: [~is_planned], OutboxFilter.PLANNED: [is_planned]}.get(shown, [])
    query = (
        select(Mail)
        .where(Mail.state.in_(inline_literal(STATES[shown])), *when)
        .options(load_only(*SHOWN), joinedload(Mail.user).load_only(person.email))
    )
    if before is not None:
        query = query.where(Mail.id < before)
    found = db.session.scalars(query.order_by(Mail.id.desc()).limit(PAGE + 1)).all()
    mails, last = pagination.split_page(found, PAGE)
    return mails, last.id if last else None
