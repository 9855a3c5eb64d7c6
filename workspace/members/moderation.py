"""What moderators do with the seats of others, and everybody with their own: each a verb under the partnership's lock.

A partnership always keeps an active moderator. The check stands under the lock, so it holds as well when the last two
are lowered at the same moment.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from flask import abort
from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from workspace import clock
from workspace.access import Action, Conflict, Level
from workspace.accounts.models import User
from workspace.database import db
from workspace.mail.models import post, post_all, row
from workspace.partnerships.log import Verb, append, record
from workspace.partnerships.models import Ending, Membership, Participation, Partnership, State
from workspace.trail.models import Act, note

MOST_AT_ONCE = 100


class LastModerator(Conflict):
    """Without this person the partnership would have no active moderator."""

    def __init__(self) -> None:
        super().__init__(_("A partnership always has a moderator. Make somebody else a moderator first."))


class LastOfSide(Conflict):
    """Without this person a side would have no moderator: it can be done, but has to be confirmed."""

    def __init__(self) -> None:
        super().__init__(_("Then only one side has moderators. Confirm it if that is what you want."))


def change_levels(by: Membership, levels: Mapping[int, Level], *, confirmed: bool = False) -> dict[int, Level]:
    """Give seats (by id) new levels; what those that changed had before.

    Raises LastModerator, and LastOfSide unless `confirmed`.
    """
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        changed = [seat for seat in seats(by.partnership, levels) if seat.level is not levels[seat.id]]
        if any(seat.ends_at for seat in changed if levels[seat.id] is Level.MODERATOR):
            raise Conflict(_("A moderator's access has no end. Take away the end date first."))
        raised = {seat.id for seat in changed if levels[seat.id] is Level.MODERATOR}
        _require_moderators(by.partnership, without=_moderators(changed), plus=raised, confirmed=confirmed)
        before = {seat.id: seat.level for seat in changed}
        for seat in changed:
            seat.level = levels[seat.id]
            note(
                Act.CHANGED_LEVEL,
                actor=by.user,
                subject=seat.user,
                partnership=by.partnership,
                before=before[seat.id].value,
                after=seat.level.value,
            )
        _tell_levels([seat for seat in changed if seat.is_active and seat.id != by.id])
        return before


def suspend(
    by: Membership, ids: Collection[int], *, until: datetime | None, reason: str, confirmed: bool = False
) -> list[Membership]:
    """Keep members out until a moment, or until somebody lets them in again; those to whom it happened."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        found = [seat for seat in seats(by.partnership, ids) if seat.is_active]
        _require_others(by, found)
        _require_moderators(by.partnership, without=_moderators(found), confirmed=confirmed)
        for seat in found:
            seat.become(State.SUSPENDED, by=by, reason=reason)
            seat.suspended_until = until
            _tell(Act.SUSPENDED, seat, by, reason=reason, until=until.isoformat() if until else "")
        return found


def lift(by: Membership, seat_id: int) -> Membership:
    """Let a suspended member in again."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        seat = seat_with(by.partnership, seat_id)
        if seat.state is State.SUSPENDED:
            seat.become(State.ACTIVE, by=by)
            # Who comes back from a suspension gets no mail about what was written meanwhile.
            seat.digested_number = by.partnership.last_number
            _tell(Act.LIFTED, seat, by)
        return seat


def remove(by: Membership, ids: Collection[int], *, reason: str, confirmed: bool = False) -> list[Membership]:
    """End memberships. What they wrote stays under their names, and their roles are vacant from now on."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        found = [seat for seat in seats(by.partnership, ids) if seat.state in (State.ACTIVE, State.SUSPENDED)]
        _require_others(by, found)
        _require_moderators(by.partnership, without=_moderators(found), confirmed=confirmed)
        for seat in found:
            end(seat, Ending.REMOVED, by=by, reason=reason)
        return found


def end(seat: Membership, how: Ending, *, by: Membership, reason: str = "") -> None:
    """End the membership, and put it on record. The partnership is locked."""
    seat.become(State.ENDED, by=by, reason=reason)
    seat.ending = how
    record(by, Verb.REMOVED, subject=seat)
    _tell(Act.REMOVED, seat, by, reason=reason)


def leave(seat: Membership, *, confirmed: bool = False) -> None:
    """End one's own membership."""
    with seat.partnership.locked():
        seat.require(Action.LEAVE)
        _require_moderators(seat.partnership, without=_moderators([seat]), confirmed=confirmed)
        seat.become(State.ENDED)
        seat.ending = Ending.LEFT
        append(seat.partnership, Verb.LEFT, actor=seat, subject=seat)
        note(Act.LEFT, actor=seat.user, subject=seat.user, partnership=seat.partnership)


def end_on(by: Membership, seat_id: int, moment: datetime | None) -> Membership:
    """Let a membership end by itself at a moment, or take the end away. The person is told a week before."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        seat = seat_with(by.partnership, seat_id)
        if moment and seat.level is Level.MODERATOR:
            raise Conflict(_("A moderator's access has no end. Change the access first."))
        if seat.ends_at != moment and not seat.has_ended:
            before, seat.ends_at = seat.ends_at, moment
            note(
                Act.SET_END,
                actor=by.user,
                subject=seat.user,
                partnership=by.partnership,
                before=before.isoformat() if before else "",
                after=moment.isoformat() if moment else "",
            )
        return seat


def hand_over(by: Membership, to_id: int, *, confirmed: bool = False) -> Membership:
    """Make somebody else a moderator in one's own place."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        to = seat_with(by.partnership, to_id)
        if to.id == by.id or not to.is_active:
            raise Conflict(_("Choose another active member to hand over to."))
        change_levels(by, {to.id: Level.MODERATOR, by.id: Level.CONTRIBUTOR}, confirmed=confirmed)
        return to


def require_moderator_without(user: User) -> None:
    """Raise LastModerator if a partnership would be without an active moderator when `user`'s account is closed.

    Every partnership that the person moderates is locked, always in the same order.
    """
    moderated = select(Membership).where(
        Membership.user_id == user.id, Membership.level == Level.MODERATOR, Membership.is_active
    )
    for seat in db.session.scalars(moderated.order_by(Membership.partnership_id)).all():
        with seat.partnership.locked():
            if seat.is_active and seat.level is Level.MODERATOR:
                _require_moderators(seat.partnership, without={seat.id}, confirmed=True)


def seats(partnership: Partnership, ids: Collection[int]) -> list[Membership]:
    """The partnership's seats with these ids, at most a hundred."""
    wanted = sorted(ids)[:MOST_AT_ONCE]
    query = select(Membership).where(Membership.partnership_id == partnership.id, Membership.id.in_(wanted))
    return list(db.session.scalars(query.where(Membership.is_present).order_by(Membership.id)))


def seat_with(partnership: Partnership, seat_id: int) -> Membership:
    """The partnership's seat with that id; 404 for one that is none of its seats."""
    found = seats(partnership, [seat_id])
    if not found:
        abort(404)
    return found[0]


def moderating_sides(
    partnership: Partnership, *, without: Collection[int] = (), plus: Collection[int] = ()
) -> set[str]:
    """The sides that have an active moderator who can sign in, leaving out the seats `without`, counting in `plus`."""
    query = (
        select(func.coalesce(Participation.side, "others"))
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
        .distinct()
    )
    return {str(side) for side in db.session.scalars(query)}


def _require_moderators(
    partnership: Partnership, *, without: Collection[int], plus: Collection[int] = (), confirmed: bool
) -> None:
    if not without:
        return
    remaining = moderating_sides(partnership, without=without, plus=plus)
    if not remaining:
        raise LastModerator
    if not confirmed and moderating_sides(partnership) - remaining:
        raise LastOfSide


def _require_others(by: Membership, found: Collection[Membership]) -> None:
    if any(seat.id == by.id for seat in found):
        raise Conflict(_("You can't do this to yourself. Leave the partnership, or hand over first."))


def _moderators(found: Collection[Membership]) -> set[int]:
    return {seat.id for seat in found if seat.level is Level.MODERATOR}


def _tell_levels(changed: Collection[Membership]) -> None:
    """Tell those whose level is another now by mail."""
    moment = int(clock.now().timestamp() * 1000)
    post_all(
        [
            row(
                "level_changed",
                key=f"level_changed:{seat.id}:{moment}",
                to=seat.user_id,
                membership=seat.id,
                level=seat.level.value,
            )
            for seat in changed
        ]
    )


def _tell(act: Act, seat: Membership, by: Membership, **details: str) -> None:
    """Put it on record, and tell the person by mail."""
    note(act, actor=by.user, subject=seat.user, partnership=seat.partnership, **details)
    moment = int(clock.now().timestamp() * 1000)
    post(act.value, key=f"{act.value}:{seat.id}:{moment}", to=seat.user_id, membership=seat.id)
