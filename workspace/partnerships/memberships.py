"""Finding and creating memberships, however a person joins."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from workspace import clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.partnerships.activity_log import record, record_by
from workspace.partnerships.models import Membership, MembershipState, Participation, Partnership
from workspace.partnerships.verbs import ACCEPTED_ORGANISATION, JOINED
from workspace.permissions import Level

# What is done about a membership through which somebody has just come in. Features above add to it.
on_admission: list[Callable[[Membership], None]] = []


def find(partnership: Partnership, user: User) -> Membership | None:
    """The person's membership of the partnership, in whatever state."""
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
    accepted: bool = True,
    decided_at: datetime | None = None,
) -> Membership:
    """Make `user` a member of the partnership, whose row is locked. An active membership stays as it is.

    `accepted` says whether the person has asked for it, or said yes; somebody whom a moderator adds has not yet.
    A former member gets the membership back, with its bookmark. `by` is who admitted the person; without it they came
    by themselves, in the `way` that the audit log names; `helps` is an administrator's reason, which the log tells.
    `decided_at` is when a moderator decided on it who is not `by`: whoever invited the person.
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
    if seat.joined_at is None:  # What came while they waited for approval is not news to them.
        seat.joined_at, seat.seen_number = clock.now(), partnership.last_number
    seat.transition_to(MembershipState.ACTIVE, by=by)
    seat.accepted_at = None
    if by or decided_at:
        seat.decide(level, at=decided_at)
    db.session.flush()
    for settle in on_admission:
        settle(seat)
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
    if accepted:
        accept(seat)
    return seat


def accept(seat: Membership) -> None:
    """The person says yes to being in. The partnership is locked.

    If their account belonged to the organisation that they represent, not because a stranger said so, then the
    organisation takes part from now on.
    """
    seat.accepted_at = seat.accepted_at or clock.now()
    person = seat.user
    if person.organisation_id != seat.organisation_id or not person.organisation_confirmed:
        return
    invited = db.session.get(Participation, (seat.partnership_id, seat.organisation_id))
    if invited is not None and invited.accepted_at is None and not seat.partnership.is_archived:
        invited.accepted_at = clock.now()
        record_by(seat, ACCEPTED_ORGANISATION, name=seat.organisation.name)
        record_audit(
            AuditAction.ACCEPTED_PARTICIPATION,
            actor=person,
            partnership=seat.partnership,
            after=seat.organisation.name,
        )


def _tell(seat: Membership, by: Membership | None, helps: str) -> None:
    """Log it. New members start with both bookmarks at the current number; what was unread before stays unread."""
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
