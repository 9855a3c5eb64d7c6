"""Planning digests: a row in the outbox for each that is due, and the bookmarks moved, in one transaction.

The row says which piece of each log it covers; what stands in it is read when it is sent. A person is planned by one
worker at a time, and a moment is planned once: the key of the row says whose it is and for which moment.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, select, update

from workspace import clock
from workspace.accounts.choices import Rhythm
from workspace.accounts.models import User
from workspace.database import AnyRow, begin_writing, db
from workspace.digests.building import Edition
from workspace.digests.schedule import LAST_DAY, Due, Schedule
from workspace.failures import rests, together
from workspace.languages import zone_of
from workspace.mail.models import Mail, is_posted, post_all, row
from workspace.partnerships.models import Digested, Membership, Partnership

PIECE = "planning"
AT_ONCE = 200
A_WEEK = timedelta(days=7)


def plan() -> int:
    """Plan every digest that is due by now; how many were. A person whose can't be planned holds up no other."""
    planned = 0
    while ids := _due():
        planned += together(PIECE, ids, _plan)
    return planned


def schedule(user: User, *, some_daily: bool) -> Schedule:
    """What the person has chosen."""
    return Schedule(
        rhythm=user.digest_rhythm,
        weekday=user.digest_weekday,
        hour=user.digest_hour,
        zone=zone_of(user.time_zone),
        paused_until=user.digest_paused_until and min(user.digest_paused_until, LAST_DAY),
        some_daily=some_daily,
    )


def next_moment(user: User) -> datetime | None:
    """When the person's next digest is planned for."""
    daily = select(Membership.id).where(
        Membership.user_id == user.id, Membership.is_active, Membership.digested == Digested.DAILY
    )
    some_daily = db.session.scalar(daily.limit(1)) is not None
    return schedule(user, some_daily=some_daily).next(clock.now())


def coming(user: User) -> Edition:
    """The next digest as it would be now, with all partnerships that any of them covers."""
    return _edition(user, _seats([user.id]), clock.now(), is_usual=True, reminds=True)


def send_now(user: User, one_time_key: str) -> None:
    """Plan a digest of all that is new, outside the rhythm. The same key makes the same one."""
    begin_writing()
    db.session.scalars(select(User).where(User.id == user.id).with_for_update(key_share=True)).one()
    key = f"digest:{user.id}:{one_time_key}"
    if not is_posted(key):
        now = clock.now()
        _post([(_edition(user, _seats([user.id]), now, is_usual=True, reminds=True), key)])
        user.digested_at = user.all_digested_at = now


def edition_of(mail: Mail) -> Edition:
    """What a row in the outbox covers."""
    about = mail.references
    return Edition(
        user=db.session.get_one(User, mail.user_id),
        spans={int(seat_id): (after, last) for seat_id, (after, last) in about["spans"].items()},
        since=datetime.fromisoformat(about["since"]),
        daily_since=datetime.fromisoformat(about["daily_since"]),
        until=datetime.fromisoformat(about["until"]),
        reminds=about["reminds"],
    )


def _due() -> list[int]:
    """Some of the people whose digest is due, by their ids, who are nobody else's to plan until the commit."""
    return list(db.session.scalars(_waiting(User.next_digest_at <= clock.now()).limit(AT_ONCE)))


def _waiting(*which: ColumnElement[bool]) -> Select[int]:
    """Who of these people is due and does not rest. Only ids are read: what else stands there may be wrong."""
    query = select(User.id).where(*which, ~rests(PIECE, User.id)).order_by(User.next_digest_at, User.id)
    return query.with_for_update(key_share=True, skip_locked=True, of=User)


def _plan(ids: Collection[int]) -> int:
    """Plan the digests of those of these people whose it still is time for; how many were."""
    now = clock.now()
    mine = list(db.session.scalars(_waiting(User.id.in_(ids), User.next_digest_at <= now)))
    people = db.session.scalars(select(User).where(User.id.in_(mine)).execution_options(populate_existing=True))
    by_user = defaultdict(list)
    for seat in _seats(mine):
        by_user[seat.user_id].append(seat)
    planned = []
    for user in people:
        seats = by_user[user.id]
        chosen = schedule(user, some_daily=any(seat.digested is Digested.DAILY for seat in seats))
        due = chosen.due(user.next_digest_at or now, now)
        if due and user.is_active:
            edition = _planned(user, seats, due)
            if edition.reminds or any(after < last for after, last in edition.spans.values()):
                planned.append((edition, f"digest:{user.id}:{due.moment:%Y%m%dT%H%MZ}"))
                user.digested_at = due.moment
                user.all_digested_at = due.moment if due.is_usual else user.all_digested_at
        user.next_digest_at = chosen.next(now)
    _post(planned)
    return len(planned)


def _planned(user: User, seats: Collection[AnyRow], due: Due) -> Edition:
    reminds = due.is_usual and user.digest_rhythm is Rhythm.WEEKLY
    return _edition(user, seats, due.moment, is_usual=due.is_usual, reminds=reminds)


def _edition(user: User, seats: Collection[AnyRow], until: datetime, *, is_usual: bool, reminds: bool) -> Edition:
    """All that is new in the seats that a digest at that moment covers: those of which one hears daily always."""
    return Edition(
        user=user,
        spans={
            seat.id: (max(seat.digested_number, seat.seen_number), seat.last_number)
            for seat in seats
            if is_usual or seat.digested is Digested.DAILY
        },
        since=(user.all_digested_at if is_usual else user.digested_at) or until - A_WEEK,
        daily_since=user.digested_at or until - A_WEEK,
        until=until,
        reminds=reminds,
    )


def _seats(user_ids: Collection[int]) -> list[AnyRow]:
    """The active seats of these people in partnerships of which they want to hear."""
    # Read for each seat: a join may read all partnerships for it.
    last = select(Partnership.last_number).where(Partnership.id == Membership.partnership_id).scalar_subquery()
    query = select(
        Membership.id,
        Membership.user_id,
        Membership.digested,
        Membership.digested_number,
        Membership.seen_number,
        last.label("last_number"),
    ).where(
        Membership.user_id.in_(user_ids),
        Membership.is_active,
        Membership.digested != Digested.NEVER,
    )
    return list(db.session.execute(query))


def _post(planned: Collection[tuple[Edition, str]]) -> None:
    """Write the rows, and move the bookmarks to the end of what they cover."""
    post_all([row("digest", key=key, to=edition.user.id, **_references(edition)) for edition, key in planned])
    moved = [
        {"seat_id": seat_id, "last": last}
        for edition, _key in planned
        for seat_id, (_after, last) in edition.spans.items()
    ]
    if moved:
        db.session.connection().execute(
            update(Membership.__table__)  # type: ignore[arg-type]
            .where(
                Membership.__table__.c.id == bindparam("seat_id"),
                Membership.__table__.c.digested_number < bindparam("last"),
            )
            .values(digested_number=bindparam("last")),
            sorted(moved, key=lambda one: one["seat_id"]),
        )


def _references(edition: Edition) -> dict[str, Any]:
    return {
        "spans": {str(seat_id): list(span) for seat_id, span in edition.spans.items()},
        "since": edition.since.isoformat(),
        "daily_since": edition.daily_since.isoformat(),
        "until": edition.until.isoformat(),
        "reminds": edition.reminds,
    }
