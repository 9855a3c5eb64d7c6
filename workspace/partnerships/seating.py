"""Giving a person a seat, by whatever way they come in."""

from sqlalchemy import select

from workspace import clock
from workspace.access import Level
from workspace.accounts.models import User
from workspace.database import db
from workspace.partnerships.log import Verb, append, record
from workspace.partnerships.models import Membership, Partnership, State
from workspace.trail.models import Act, note


def seat_of(partnership: Partnership, user: User) -> Membership | None:
    """The person's seat in the partnership, whatever its state."""
    return db.session.scalar(
        select(Membership).where(
            Membership.partnership_id == partnership.id, Membership.user_id == user.id, Membership.is_present
        )
    )


def let_in(
    partnership: Partnership,
    user: User,
    *,
    level: Level,
    organisation_id: int,
    by: Membership | None = None,
    way: str = "",
    link_id: int | None = None,
) -> Membership:
    """Give `user` a seat, in the partnership whose row is locked. One who is in keeps the seat as it is.

    Who had one gets it back, with the bookmark where it was. `by` let the person in; without, they came by
    themselves, by the `way` that the trail names.
    """
    seat = seat_of(partnership, user)
    if seat and seat.is_active:
        return seat
    if seat is None:
        seat = Membership(partnership=partnership, user=user, seen_number=partnership.last_number)
        db.session.add(seat)
    if seat.state is State.REQUESTED or seat.has_ended or seat.id is None:
        seat.organisation_id = organisation_id
    seat.level, seat.ends_at, seat.link_id, seat.asked = level, None, link_id, ""
    if seat.joined_at is None:  # What came while they waited to be let in is not news to them.
        seat.joined_at, seat.seen_number = clock.now(), partnership.last_number
    seat.become(State.ACTIVE, by=by)
    db.session.flush()
    _tell(seat, by)
    note(
        Act.JOINED,
        actor=by.user if by else user,
        subject=user,
        partnership=partnership,
        after=level.value,
        way=way or ("added" if by else ""),
    )
    return seat


def _tell(seat: Membership, by: Membership | None) -> None:
    """Say it in the log. Who joins starts with both bookmarks at the present number; unread news of before stay."""
    partnership = seat.partnership
    was_up_to_date = seat.seen_number == partnership.last_number
    if by:
        entry = record(by, Verb.JOINED, subject=seat, level=seat.level.value)
    else:
        entry = append(partnership, Verb.JOINED, actor=seat, subject=seat, level=seat.level.value)
    if was_up_to_date:
        seat.seen_number, seat.own_unseen = entry.number, 0
    elif not by:
        seat.own_unseen += 1
    seat.digested_number = entry.number
