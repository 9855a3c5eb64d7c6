"""How long the trail is kept, and the one deletion there is."""

from datetime import timedelta

from sqlalchemy import delete

from workspace import clock
from workspace.audit.models import AuditAction, AuditEvent
from workspace.db import db

DAYS_A_MONTH = 30.4375


def prune(months: int) -> int:
    """Delete the lines older than `months`; how many. The database lets it happen because a line says so first."""
    before = clock.now() - timedelta(days=months * DAYS_A_MONTH)
    db.session.add(
        AuditEvent(at=clock.now(), action=AuditAction.PRUNED, pruned_before=before, details={"months": months})
    )
    db.session.flush()
    deleted = db.session.execute(delete(AuditEvent).where(AuditEvent.at < before)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(deleted)
