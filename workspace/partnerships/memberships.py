"""Giving a person a seat, by whatever way they come in."""

from typing import Any

from sqlalchemy import select

from workspace import clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.partnerships.activity_log import record, record_by
from workspace.partnerships.models import Membership, MembershipState, Partnership
from workspace.partnerships.verbs import JOINED
from workspace.permissions import Level


def find(partnership: Partnership, user: User) -> Membership | None:
    """The person's seat in the partnership, whatever its state."""
    return db.session.scalar(
        select(Membership).where(
            Membership.partnership_id == partnership.id, Membership.user_id == user.id, Membership.is_present
        )
    )


def admit(
    partnership: Partnership,
    user: User,
    *,
    level: Level,
    organisation_id: int,
    by: Membership | None = None,
    way: str = "",
    helps: str = "",
    link_id: int | None = None,
) -> Membership:
    """Give `user` a seat, in the partnership whose row is locked. One who is in keeps the seat as it is.

    Who had one gets it back, with the bookmark where it was. `by` let the person in; without, they came by
    themselves, by the `way` that the trail names; `helps` is why an administrator did, which the log tells.
    """
    seat = find(partnership, user)
    if seat and seat.is_active:
        return seat
    if seat is None:
        seat = Membership(partnership=partnership, user=user, seen_number=partnership.last_number)
        db.session.add(seat)
    if seat.state is MembershipState.REQUESTED or seat.has_ended or seat.id is None:
        seat.organisation_id = organisation_id
    seat.level, seat.ends_at, seat.link_id, seat.request_text = level, None, link_id, ""
    if seat.joined_at is None:  # What came while they waited to be let in is not news to them.
        seat.joined_at, seat.seen_number = clock.now(), partnership.last_number
    seat.transition_to(MembershipState.ACTIVE, by=by)
    db.session.flush()
    _tell(seat, by, helps)
    record_audit(
        AuditAction.JOINED,
        actor=by.user if by else user,
        subject=user,
        partnership=partnership,
        after=level.value,
        way=way or ("added" if by else ""),
        reason=helps,
    )
    return seat


def _tell(seat: Membership, by: Membership | None, helps: str) -> None:
    """Say it in the log. Who joins starts with both bookmarks at the present number; unread news of before stay."""
    partnership = seat.partnership
    was_up_to_date = seat.seen_number == partnership.last_number
    if by:
        entry = record_by(by, JOINED, subject=seat, level=seat.level.value)
    else:
        details: dict[str, Any] = {"level": seat.level.value} | ({"helps": helps} if helps else {})
        entry = record(partnership, JOINED, actor=seat, subject=seat, **details)
    if was_up_to_date:
        seat.seen_number, seat.own_unseen = entry.number, 0
    elif not by:
        seat.own_unseen += 1
    seat.digested_number = entry.number
