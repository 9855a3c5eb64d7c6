"""Planning digests: a row in the outbox for each that is due, and the bookmarks moved, in one transaction.

The row says which piece of each log it covers; what stands in it is read when it is sent. A person is planned by one
worker at a time, and a moment is planned once: the key of the row says whose it is and for which moment.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, select, update

from workspace import clock
from workspace.accounts.mail_preferences import DigestFrequency
from workspace.accounts.models import User
from workspace.db import db
from workspace.db.failures import rests, together
from workspace.db.transactions import begin_write
from workspace.db.types import AnyRow
from workspace.digests.compose import DigestRequest
from workspace.digests.schedule import A_DAY, FURTHEST, LAST_DAY, Due, Schedule
from workspace.i18n.formatting import zone_of
from workspace.mail.models import Mail, enqueue_all, is_enqueued, mail_row
from workspace.partnerships.models import Membership, Partnership, PartnershipDigest

JOB = "planning"
AT_ONCE = 200
A_WEEK = timedelta(days=7)


def plan() -> int:
    """Plan every digest that is due by now; how many were. A person whose can't be planned holds up no other."""
    _bring_nearer()
    planned = 0
    while ids := _due():
        planned += together(JOB, ids, _plan)
    return planned


def _bring_nearer() -> None:
    """Look again at whose next digest is further ahead than any can be: the clock was wrong when it was planned."""
    now = clock.now()
    is_paused = and_(User.digest_paused_until.is_not(None), User.digest_paused_until >= now.date())
    db.session.execute(
        update(User)
        .where(User.next_digest_at > now + FURTHEST * A_DAY + A_DAY, ~is_paused)
        .values(next_digest_at=now)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def schedule(user: User, *, some_daily: bool) -> Schedule:
    """What the person has chosen."""
    return Schedule(
        frequency=user.digest_frequency,
        weekday=user.digest_weekday,
        hour=user.digest_hour,
        zone=zone_of(user.time_zone),
        paused_until=user.digest_paused_until and min(user.digest_paused_until, LAST_DAY),
        some_daily=some_daily,
    )


def next_moment(user: User) -> datetime | None:
    """When the person's next digest is planned for."""
    daily = select(Membership.id).where(
        Membership.user_id == user.id, Membership.is_active, Membership.digest_frequency == PartnershipDigest.DAILY
    )
    some_daily = db.session.scalar(daily.limit(1)) is not None
    return schedule(user, some_daily=some_daily).next(clock.now())


def coming(user: User) -> DigestRequest:
    """The next digest as it would be now, with all partnerships that any of them covers."""
    return _request(user, _memberships([user.id]), clock.now(), is_usual=True, reminds=True)


def send_now(user: User, one_time_key: str) -> None:
    """Plan a digest of all that is new, outside the frequency. The same key makes the same one."""
    begin_write()
    db.session.scalars(select(User).where(User.id == user.id).with_for_update(key_share=True)).one()
    key = f"digest:{user.id}:{one_time_key}"
    if not is_enqueued(key):
        now = clock.now()
        _enqueue([(_request(user, _memberships([user.id]), now, is_usual=True, reminds=True), key)])
        user.last_digest_at = user.last_full_digest_at = now


def request_of(mail: Mail) -> DigestRequest:
    """What a row in the outbox covers."""
    about = mail.payload
    return DigestRequest(
        user=db.session.get_one(User, mail.user_id),
        ranges={int(membership_id): (after, last) for membership_id, (after, last) in about["spans"].items()},
        since=datetime.fromisoformat(about["since"]),
        daily_since=datetime.fromisoformat(about["daily_since"]),
        until=datetime.fromisoformat(about["until"]),
        includes_reminders=about["reminds"],
    )


def _due() -> list[int]:
    """Some of the people whose digest is due, by their ids, who are nobody else's to plan until the commit."""
    return list(db.session.scalars(_waiting(User.next_digest_at <= clock.now()).limit(AT_ONCE)))


def _waiting(*which: ColumnElement[bool]) -> Select[int]:
    """Who of these people is due and does not rest. Only ids are read: what else stands there may be wrong."""
    query = select(User.id).where(*which, ~rests(JOB, User.id)).order_by(User.next_digest_at, User.id)
    return query.with_for_update(key_share=True, skip_locked=True, of=User)


def _plan(ids: Collection[int]) -> int:
    """Plan the digests of those of these people whose it still is time for; how many were."""
    now = clock.now()
    mine = list(db.session.scalars(_waiting(User.id.in_(ids), User.next_digest_at <= now)))
    people = db.session.scalars(select(User).where(User.id.in_(mine)).execution_options(populate_existing=True))
    by_user = defaultdict(list)
    for membership in _memberships(mine):
        by_user[membership.user_id].append(membership)
    planned = []
    for user in people:
        memberships = by_user[user.id]
        chosen = schedule(
            user, some_daily=any(membership.digest_frequency is PartnershipDigest.DAILY for membership in memberships)
        )
        due = chosen.due(user.next_digest_at or now, now)
        if due and user.is_active:
            request = _planned(user, memberships, due)
            if request.includes_reminders or any(after < last for after, last in request.ranges.values()):
                planned.append((request, f"digest:{user.id}:{due.moment:%Y%m%dT%H%MZ}"))
                user.last_digest_at = due.moment
                user.last_full_digest_at = due.moment if due.is_usual else user.last_full_digest_at
        user.next_digest_at = chosen.next(now)
    _enqueue(planned)
    return len(planned)


def _planned(user: User, memberships: Collection[AnyRow], due: Due) -> DigestRequest:
    reminds = due.is_usual and user.digest_frequency is DigestFrequency.WEEKLY
    return _request(user, memberships, due.moment, is_usual=due.is_usual, reminds=reminds)


def _request(
    user: User, memberships: Collection[AnyRow], until: datetime, *, is_usual: bool, reminds: bool
) -> DigestRequest:
    """All that is new in the memberships that a digest at that moment covers: those of which one hears daily always."""
    return DigestRequest(
        user=user,
        ranges={
            membership.id: (max(membership.digested_number, membership.read_number), membership.last_number)
            for membership in memberships
            if is_usual or membership.digest_frequency is PartnershipDigest.DAILY
        },
        since=_before(until, user.last_full_digest_at if is_usual else user.last_digest_at),
        daily_since=_before(until, user.last_digest_at),
        until=until,
        includes_reminders=reminds,
    )


def _before(until: datetime, last: datetime | None) -> datetime:
    """When the last digest was; a week before where there was none, or where a wrong clock says that it is to come."""
    return last if last and last < until else until - A_WEEK


def _memberships(user_ids: Collection[int]) -> list[AnyRow]:
    """The active memberships of these people in partnerships of which they want to hear."""
    # Read for each membership: a join may read all partnerships for it.
    last = select(Partnership.last_number).where(Partnership.id == Membership.partnership_id).scalar_subquery()
    query = select(
        Membership.id,
        Membership.user_id,
        Membership.digest_frequency,
        Membership.digested_number,
        Membership.read_number,
        last.label("last_number"),
    ).where(
        Membership.user_id.in_(user_ids),
        Membership.is_active,
        Membership.digest_frequency != PartnershipDigest.NEVER,
    )
    return list(db.session.execute(query))


def _enqueue(planned: Collection[tuple[DigestRequest, str]]) -> None:
    """Write the rows, and move the bookmarks to the end of what they cover."""
    enqueue_all([mail_row("digest", key=key, to=request.user.id, **_references(request)) for request, key in planned])
    moved = [
        {"membership_id": membership_id, "last": last}
        for request, _key in planned
        for membership_id, (_after, last) in request.ranges.items()
    ]
    if moved:
        db.session.connection().execute(
            update(Membership.__table__)  # type: ignore[arg-type]
            .where(
                Membership.__table__.c.id == bindparam("membership_id"),
                Membership.__table__.c.digested_number < bindparam("last"),
            )
            .values(digested_number=bindparam("last")),
            sorted(moved, key=lambda one: one["membership_id"]),
        )


def _references(request: DigestRequest) -> dict[str, Any]:
    return {
        "spans": {str(membership_id): list(span) for membership_id, span in request.ranges.items()},
        "since": request.since.isoformat(),
        "daily_since": request.daily_since.isoformat(),
        "until": request.until.isoformat(),
        "reminds": request.includes_reminders,
    }
