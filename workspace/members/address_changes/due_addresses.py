"""New addresses whose three days are over, and those that nobody has confirmed."""

from sqlalchemy import and_, or_, select

from workspace import clock
from workspace.db import db
from workspace.db.failures import Key, each, rests
from workspace.members.address_changes import service as address_changes_service
from workspace.members.address_changes.models import OBJECTION, VALID, AddressChange, AddressChangeOutcome

JOB = "due_addresses"


def apply_due_addresses() -> int:
    """Settle the changes whose time has come, one at a time; returns how many."""
    now = clock.now()
    is_due = and_(
        AddressChange.confirmed_at.is_not(None),
        or_(AddressChange.agreed_at.is_not(None), AddressChange.asked_at <= now - OBJECTION),
    )
    query = select(AddressChange.id).where(
        AddressChange.outcome == AddressChangeOutcome.OPEN,
        or_(is_due, AddressChange.asked_at <= now - VALID),
        ~rests(JOB, AddressChange.id),
    )
    found: list[Key] = [(change_id, 0) for change_id in db.session.scalars(query).all()]
    db.session.commit()
    return each(JOB, found, _settle)


def _settle(change_id: int, _number: int) -> int:
    address_changes_service.settle(db.session.get_one(AddressChange, change_id))
    return 1
