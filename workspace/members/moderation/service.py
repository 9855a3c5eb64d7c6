"""Moderation of memberships, and what members do with their own; everything under the partnership's lock.

A partnership always keeps an active moderator. The check is made under the lock, so it also holds if the last two are
demoted at the same moment. Only closing an account can leave one without (closing.py, appointment.py).
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from flask import abort
from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from workspace import clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.types import AnyRow
from workspace.mail.models import enqueue, enqueue_all, mail_row
from workspace.members.moderation import ways_in
from workspace.members.moderation.ways_in import NOTHING, Retained
from workspace.members.verbs import LEFT, REMOVED
from workspace.partnerships.activity_log import record, record_by
from workspace.partnerships.models import Ending, Membership, MembershipState, Participation, Partnership
from workspace.permissions import LEVELS, Action, Conflict, Level

MOST_AT_ONCE = 100


class LastModerator(Conflict):
    """Without this person the partnership would have no active moderator."""

    def __init__(self) -> None:
        super().__init__(_("A partnership always has a moderator. Make somebody else a moderator first."))


class LastOfSide(Conflict):
    """Without this person a side would have no moderator: this is allowed, but must be confirmed."""

    def __init__(self) -> None:
        super().__init__(_("Then only one side has moderators. Confirm it if that is what you want."))


def change_levels(by: Membership, levels: Mapping[int, Level], *, confirmed: bool = False) -> dict[int, Level]:
    """Change the levels of memberships (by id); returns the earlier levels of those that changed.

    Raises LastModerator, and LastOfSide unless `confirmed`.
    """
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        changed = [seat for seat in find_members(by.partnership, levels) if seat.level is not levels[seat.id]]
        if any(seat.ends_at for seat in changed if levels[seat.id] is Level.MODERATOR):
            raise Conflict(_("A moderator's access has no end. Take away the end date first."))
        raised = {seat.id for seat in changed if levels[seat.id] is Level.MODERATOR}
        require_moderators(by.partnership, without=moderators(changed), plus=raised, confirmed=confirmed)
        before = {seat.id: seat.level for seat in changed}
        for seat in changed:
            seat.level = levels[seat.id]
            if not seat.is_barred:
                seat.decide(seat.level)
            record_audit(
                AuditAction.CHANGED_LEVEL,
                actor=by.user,
                subject=seat.user,
                partnership=by.partnership,
                before=before[seat.id].value,
                after=seat.level.value,
            )
        lowered = [seat for seat in changed if LEVELS.index(seat.level) < LEVELS.index(before[seat.id])]
        ways_in.close_above_level(by, lowered)
        _tell_levels([seat for seat in changed if seat.is_active and seat.id != by.id])
        return before


def suspend(
    by: Membership,
    ids: Collection[int],
    *,
    until: datetime | None,
    reason: str,
    confirmed: bool = False,
    retained: Retained = NOTHING,
) -> list[Membership]:
    """Suspend members until a moment, or until somebody lifts it; returns those who were suspended.

    The ways in that they made or may know are closed, except for what is `retained`.
    """
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        found = [seat for seat in find_members(by.partnership, ids) if seat.is_active]
        require_others(by, found)
        require_moderators(by.partnership, without=moderators(found), confirmed=confirmed)
        for seat in found:
            seat.transition_to(MembershipState.SUSPENDED, by=by, reason=reason)
            seat.suspended_until = until
            _tell(AuditAction.SUSPENDED, seat, by, reason=reason, until=until.isoformat() if until else "")
        ways_in.close(by, found, retained=retained)
        return found


def lift(by: Membership, seat_id: int) -> Membership:
    """Lift a suspension."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        seat = find_member(by.partnership, seat_id)
        if seat.state is MembershipState.SUSPENDED:
            seat.transition_to(MembershipState.ACTIVE, by=by)
            # Whoever comes back from a suspension gets no mail about what was written meanwhile.
            seat.digested_number = by.partnership.last_number
            _tell(AuditAction.LIFTED, seat, by)
        return seat


def remove(
    by: Membership, ids: Collection[int], *, reason: str, confirmed: bool = False, retained: Retained = NOTHING
) -> list[Membership]:
    """End memberships. What they wrote stays under their names; their roles become vacant.

    The ways in that they made or may know are closed, except for what is `retained`.
    """
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        found = [
            seat
            for seat in find_members(by.partnership, ids)
            if seat.state in (MembershipState.ACTIVE, MembershipState.SUSPENDED)
        ]
        require_others(by, found)
        require_moderators(by.partnership, without=moderators(found), confirmed=confirmed)
        for seat in found:
            end(seat, Ending.REMOVED, by=by, reason=reason)
        ways_in.close(by, found, retained=retained)
        return found


def end(seat: Membership, how: Ending, *, by: Membership, reason: str = "") -> None:
    """End the membership, and log it. The partnership is locked."""
    seat.transition_to(MembershipState.ENDED, by=by, reason=reason)
    seat.ending = how
    seat.decide(None)
    record_by(by, REMOVED, subject=seat)
    _tell(AuditAction.REMOVED, seat, by, reason=reason)


def leave(seat: Membership, *, confirmed: bool = False) -> None:
    """End one's own membership."""
    with seat.partnership.locked():
        seat.require(Action.LEAVE)
        require_moderators(seat.partnership, without=moderators([seat]), confirmed=confirmed)
        seat.transition_to(MembershipState.ENDED)
        seat.ending = Ending.LEFT
        record(seat.partnership, LEFT, actor=seat, subject=seat)
        record_audit(AuditAction.LEFT, actor=seat.user, subject=seat.user, partnership=seat.partnership)


def end_on(by: Membership, seat_id: int, moment: datetime | None) -> Membership:
    """Set or clear the moment at which a membership ends. The person is told a week before."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        seat = find_member(by.partnership, seat_id)
        if moment and seat.level is Level.MODERATOR:
            raise Conflict(_("A moderator's access has no end. Change the access first."))
        if seat.ends_at != moment and not seat.has_ended:
            before, seat.ends_at = seat.ends_at, moment
            record_audit(
                AuditAction.SET_END,
                actor=by.user,
                subject=seat.user,
                partnership=by.partnership,
                before=before.isoformat() if before else "",
                after=moment.isoformat() if moment else "",
            )
        return seat


def hand_over(by: Membership, to_id: int, *, confirmed: bool = False) -> Membership:
    """Make somebody else moderator in one's place."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        to = find_member(by.partnership, to_id)
        if to.id == by.id or not to.is_active:
            raise Conflict(_("Choose another active member to hand over to."))
        change_levels(by, {to.id: Level.MODERATOR, by.id: Level.CONTRIBUTOR}, confirmed=confirmed)
        return to


def find_members(partnership: Partnership, ids: Collection[int]) -> list[Membership]:
    """The partnership's memberships with these ids, at most a hundred."""
    wanted = sorted(ids)[:MOST_AT_ONCE]
    query = select(Membership).where(Membership.partnership_id == partnership.id, Membership.id.in_(wanted))
    return list(db.session.scalars(query.where(Membership.is_present).order_by(Membership.id)))


def find_member(partnership: Partnership, seat_id: int) -> Membership:
    """The partnership's membership with that id; 404 for one of another partnership."""
    found = find_members(partnership, [seat_id])
    if not found:
        abort(404)
    return found[0]


def other_moderators(seat: Membership) -> list[AnyRow]:
    """The other active moderators who can sign in: the ids of their memberships and accounts."""
    query = (
        select(Membership.id, Membership.user_id)
        .join(Membership.user)
        .where(
            Membership.partnership_id == seat.partnership_id,
            Membership.level == Level.MODERATOR,
            Membership.is_active,
            Membership.id != seat.id,
            User.deactivated_at.is_(None),
        )
    )
    return list(db.session.execute(query))


def moderating_sides(
    partnership: Partnership, *, without: Collection[int] = (), plus: Collection[int] = ()
) -> dict[str, int]:
    """The number of active moderators who can sign in, by side; sides without any are left out.

    The memberships `without` don't count; those in `plus` do.
    """
    side = func.coalesce(Participation.side, "others")
    query = (
        select(side, func.count())
        .select_from(Membership)
        .join(Membership.user)
        .outerjoin(
            Participation,
            (Participation.partnership_id == Membership.partnership_id)
            & (Participation.organisation_id == Membership.organisation_id),
        )
        .where(
            Membership.partnership_id == partnership.id,
            or_(Membership.level == Level.MODERATOR, Membership.id.in_(list(plus))),
            Membership.id.not_in(list(without)),
            Membership.is_active,
            User.deactivated_at.is_(None),
        )
        .group_by(side)
    )
    return {str(side): count for side, count in db.session.execute(query)}


def require_moderators(
    partnership: Partnership, *, without: Collection[int], plus: Collection[int] = (), confirmed: bool
) -> None:
    """Raise LastModerator if none is left without these seats, and LastOfSide for a side unless it is `confirmed`."""
    if not without:
        return
    remaining = moderating_sides(partnership, without=without, plus=plus)
    if not remaining:
        raise LastModerator
    if not confirmed and moderating_sides(partnership).keys() - remaining.keys():
        raise LastOfSide


def require_others(by: Membership, found: Collection[Membership]) -> None:
    """Raise Conflict if the actor is among those whom it is done to."""
    if any(seat.id == by.id for seat in found):
        raise Conflict(_("You can't do this to yourself. Leave the partnership, or hand over first."))


def moderators(found: Collection[Membership]) -> set[int]:
    """The ids of the moderators among these memberships."""
    return {seat.id for seat in found if seat.level is Level.MODERATOR}


def _tell_levels(changed: Collection[Membership]) -> None:
    """Mail those whose level has changed."""
    moment = int(clock.now().timestamp() * 1000)
    enqueue_all(
        [
            mail_row(
                "level_changed",
                key=f"level_changed:{seat.id}:{moment}",
                to=seat.user_id,
                membership=seat.id,
                level=seat.level.value,
            )
            for seat in changed
        ]
    )


def _tell(act: AuditAction, seat: Membership, by: Membership, **details: str) -> None:
    """Record it in the audit log, and mail the person."""
    record_audit(act, actor=by.user, subject=seat.user, partnership=seat.partnership, **details)
    moment = int(clock.now().timestamp() * 1000)
    enqueue(act.value, key=f"{act.value}:{seat.id}:{moment}", to=seat.user_id, membership=seat.id)
