"""Memberships and suspensions that end on their date: announced a week before, and recorded afterwards.

Access follows from the dates themselves (Membership.is_active), so nobody waits for this. It tells the log and the
audit log what has happened already.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select

from workspace import clock
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.failures import Key, each, rests
from workspace.mail.models import enqueue, is_enqueued
from workspace.members.verbs import EXPIRED
from workspace.partnerships.activity_log import record
from workspace.partnerships.models import Ending, Membership, MembershipState

SETTLING, ANNOUNCING = "ending", "announcing"
ANNOUNCED_BEFORE = timedelta(days=7)


def apply_due_endings() -> int:
    """Record endings that are due and announce those to come, one membership at a time; returns how many."""
    met = each(SETTLING, _memberships(SETTLING, _is_over()), _settle)
    each(ANNOUNCING, _memberships(ANNOUNCING, _is_announced()), _announce)
    return met


def _settle(membership_id: int, _number: int) -> int:
    """Update the columns to what follows from the dates."""
    now, membership = clock.now(), db.session.get_one(Membership, membership_id)
    with membership.partnership.locked():
        if not _is_so(membership, _is_over()):
            return 0
        if membership.ends_at and membership.ends_at <= now:
            membership.transition_to(MembershipState.ENDED)
            membership.ending = Ending.EXPIRED
            record(membership.partnership, EXPIRED, subject=membership)
            record_audit(AuditAction.EXPIRED, subject=membership.user, partnership=membership.partnership)
        else:
            membership.transition_to(MembershipState.ACTIVE)
            membership.digested_number = membership.partnership.last_number
            record_audit(AuditAction.LIFTED, subject=membership.user, partnership=membership.partnership)
        return 1


def _announce(membership_id: int, _number: int) -> int:
    """Tell the person by mail that their access ends soon, once for each date."""
    membership = db.session.get_one(Membership, membership_id)
    if is_enqueued(_key(membership)):
        return 0
    with membership.partnership.locked():
        if _is_so(membership, _is_announced()):
            enqueue(
                "ending",
                key=_key(membership),
                to=membership.user_id,
                membership=membership.id,
                ends_at=_end(membership),
            )
        return 1


def _key(membership: Membership) -> str:
    return f"ending:{membership.id}:{_end(membership)}"


def _end(membership: Membership) -> str:
    return str(membership.ends_at and membership.ends_at.isoformat())


def _is_over() -> ColumnElement[bool]:
    now = clock.now()
    return and_(
        Membership.state.in_((MembershipState.ACTIVE, MembershipState.SUSPENDED)),
        or_(
            Membership.ends_at <= now,
            and_(Membership.state == MembershipState.SUSPENDED, Membership.suspended_until <= now),
        ),
    )


def _is_announced() -> ColumnElement[bool]:
    return and_(
        Membership.is_active,
        Membership.ends_at.is_not(None),
        Membership.ends_at <= clock.now() + ANNOUNCED_BEFORE,
    )


def _memberships(piece: str, condition: ColumnElement[bool]) -> list[Key]:
    """The ids of the memberships that are due."""
    query = select(Membership.id).where(condition, ~rests(piece, Membership.id))
    found = db.session.scalars(query.order_by(Membership.partnership_id, Membership.id)).all()
    db.session.commit()
    return [(membership_id, 0) for membership_id in found]


def _is_so(membership: Membership, condition: ColumnElement[bool]) -> bool:
    """Whether it is still due, under the lock."""
    return db.session.scalar(select(Membership.id).where(Membership.id == membership.id, condition)) is not None
