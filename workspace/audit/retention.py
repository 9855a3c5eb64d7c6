"""Retention of the audit log, and the only way to delete from it."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from workspace import clock
from workspace.audit.models import AuditAction, AuditEvent
from workspace.db import db

DAYS_A_MONTH = 30.4375


def cutoff(months: int) -> datetime:
    """The moment before which events are too old."""
    return clock.now() - timedelta(days=months * DAYS_A_MONTH)


def prune(months: int) -> int:
    """Delete the events older than `months`; returns how many. The database allows it once an event records it."""
    before = cutoff(months)
    db.session.add(
        AuditEvent(at=clock.now(), action=AuditAction.PRUNED, pruned_before=before, details={"months": months})
    )
    db.session.flush()
    deleted = db.session.execute(delete(AuditEvent).where(AuditEvent.at < before)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(deleted)
