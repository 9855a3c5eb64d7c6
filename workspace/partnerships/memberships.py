"""Finding and creating memberships, however a person joins."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, select

from workspace import clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.partnerships import reading
from workspace.partnerships.activity_log import record, record_by
from workspace.partnerships.models import Ending, Membership, MembershipState, Participation, Partnership
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
    A former member gets the membership back, with its bookmark, as `represent` says. `by` is who admitted the person;
    without it they came by themselves, in the `way` that the audit log names; `helps` is an administrator's reason,
    which the log tells. `decided_at` is when a moderator decided on it who is not `by`: whoever invited the person.
    """
    membership = find(partnership, user)
    if membership and membership.is_active:
        return membership
    if membership is None:
        membership = Membership(partnership=partnership, user=user, organisation_id=organisation_id)
        membership.start_reading()
        db.session.add(membership)
    elif membership.state is MembershipState.REQUESTED or membership.has_ended:
        membership = represent(membership, organisation_id)
    membership.level, membership.ends_at, membership.link_id = level, None, link_id
    if membership.joined_at is None:  # What came while they waited for approval is not news to them.
        membership.joined_at = clock.now()
        membership.start_reading()
    membership.transition_to(MembershipState.ACTIVE, by=by)
    membership.accepted_at = None
    if by or decided_at:
        membership.decide(level, at=decided_at)
    db.session.flush()
    for settle in on_admission:
        settle(membership)
    _tell(membership, by, helps)
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
        accept(membership)
    return membership


def represent(membership: Membership, organisation_id: int) -> Membership:
    """The membership of somebody who is not in, for the organisation: a new one if they were in for another.

    What they wrote and held was for that one. The partnership is locked.
    """
    if membership.joined_at is not None and membership.organisation_id != organisation_id:
        return move(membership, organisation_id)
    membership.organisation_id = organisation_id
    return membership


def move(old: Membership, organisation_id: int, *, by: Membership | None = None) -> Membership:
    """A new membership of the same person, for another organisation. The old one ends as moved, with what it did."""
    db.session.flush()
    db.session.refresh(old)
    names = [column.key for column in inspect(Membership).column_attrs if column.key != "id"]
    columns = {name: getattr(old, name) for name in names}
    if old.state is not MembershipState.ENDED:
        old.transition_to(MembershipState.ENDED, by=by)
    old.ending = Ending.MOVED
    db.session.flush()  # A person has one present membership: the old one first.
    changed = {"organisation_id": organisation_id, "created_at": clock.now(), "before_decision": {}}
    new = Membership(**columns | changed)
    db.session.add(new)
    db.session.flush()
    reading.hand_on(old, new)
    return new


def accept(membership: Membership) -> None:
    """The person says yes to being in. The partnership is locked.

    If their account belonged to the organisation that they represent, not because a stranger said so, then the
    organisation takes part from now on.
    """
    membership.accepted_at = membership.accepted_at or clock.now()
    person = membership.user
    if person.organisation_id != membership.organisation_id or not person.organisation_confirmed:
        return
    invited = db.session.get(Participation, (membership.partnership_id, membership.organisation_id))
    if invited is not None and invited.accepted_at is None and not membership.partnership.is_archived:
        invited.accepted_at = clock.now()
        record_by(membership, ACCEPTED_ORGANISATION, name=membership.organisation.name)
        record_audit(
            AuditAction.ACCEPTED_PARTICIPATION,
            actor=person,
            partnership=membership.partnership,
            after=membership.organisation.name,
        )


def _tell(membership: Membership, by: Membership | None, helps: str) -> None:
    """Log it. New members start with both bookmarks at the current number; what was unread before stays unread."""
    partnership = membership.partnership
    was_up_to_date = membership.seen_number == partnership.last_number
    if by:
        entry = record_by(by, JOINED, subject=membership, level=membership.level.value)
    else:
        details: dict[str, Any] = {"level": membership.level.value} | ({"helps": helps} if helps else {})
        entry = record(partnership, JOINED, actor=membership, subject=membership, **details)
    if was_up_to_date:
        membership.seen_number = membership.read_number = entry.number
    membership.digested_number = entry.number
