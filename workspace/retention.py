"""What grows by itself, and how long it is kept: the worker deletes what is older, and the privacy page says so.

Texts, roles and memberships are not here: people decide about those.
"""

from datetime import timedelta

from flask import current_app
from sqlalchemy import ColumnElement, and_, delete, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from workspace import clock
from workspace.accounts.sessions import IDLE, LONGEST, REMEMBERED, Session
from workspace.accounts.verification_codes import RETAINED_FOR, VerificationCode
from workspace.audit import retention as audit_log
from workspace.audit.models import AuditEvent
from workspace.config import Settings
from workspace.db import db
from workspace.mail.models import Mail, MailState
from workspace.mail.transports import path_of
from workspace.members.address_changes.models import AddressChange
from workspace.overview.models import Postponement

MAIL = timedelta(days=90)
CODES = RETAINED_FOR
ADDRESS_CHANGES = timedelta(days=90)  # after they took effect, or did not
POSTPONEMENTS = timedelta(days=180)  # after which what still waits is shown again
AT_ONCE = 1000  # of the oldest rows of each table, every minute: nobody waits long for the lock


def prune() -> int:
    """Delete what has been kept long enough; returns how many rows."""
    settings: Settings = current_app.settings  # type: ignore[attr-defined]
    pruned = _prune_sessions() + _prune_codes() + _prune_address_changes() + _prune_mail(settings)
    pruned += _prune_postponements()
    return pruned + _prune_audit_log(settings.audit_months)


def _prune_sessions() -> int:
    """Those that nobody can use any more."""
    now = clock.now()
    unused = and_(~Session.remembered, or_(Session.created_at < now - LONGEST, Session.last_used_at < now - IDLE))
    return len(_delete_oldest(Session.id, or_(Session.created_at < now - REMEMBERED, unused)))


def _prune_codes() -> int:
    return len(_delete_oldest(VerificationCode.id, VerificationCode.created_at < clock.now() - CODES))


def _prune_address_changes() -> int:
    return len(_delete_oldest(AddressChange.id, AddressChange.ended_at < clock.now() - ADDRESS_CHANGES))


def _prune_postponements() -> int:
    """Items that were put off until a moment that has passed, or long ago."""
    now = clock.now()
    oldest = select(Postponement.user_id, Postponement.key).where(
        or_(Postponement.until < now, Postponement.created_at < now - POSTPONEMENTS)
    )
    found = db.session.execute(oldest.order_by(Postponement.created_at).limit(AT_ONCE)).all()
    if found:
        key = tuple_(Postponement.user_id, Postponement.key)
        db.session.execute(delete(Postponement).where(key.in_([tuple(row) for row in found])))
    db.session.commit()
    return len(found)


def _prune_mail(settings: Settings) -> int:
    """Rows of the outbox that are done with, and their files where a folder takes the mail."""
    is_unfinished = Mail.state.in_((MailState.DUE, MailState.SENDING))
    deleted = _delete_oldest(Mail.id, and_(Mail.created_at < clock.now() - MAIL, ~is_unfinished))
    if settings.mail_folder:
        for number in deleted:
            path_of(settings.mail_folder, number).unlink(missing_ok=True)
    return len(deleted)


def _prune_audit_log(months: int) -> int:
    """Each time is an event itself, so it is done only where there is something to delete."""
    oldest = db.session.scalar(select(AuditEvent.at).order_by(AuditEvent.id).limit(1))
    return audit_log.prune(months) if oldest and oldest < audit_log.cutoff(months) - timedelta(days=1) else 0


def _delete_oldest(number: InstrumentedAttribute[int], condition: ColumnElement[bool]) -> list[int]:
    """Delete those of the oldest rows of a table that meet the condition, and commit; returns their numbers."""
    oldest = select(number).order_by(number).limit(AT_ONCE)
    found = list(db.session.scalars(select(number).where(number.in_(oldest), condition)))
    if found:
        db.session.execute(delete(number.class_).where(number.in_(found)))
    db.session.commit()
    return found
