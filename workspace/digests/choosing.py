"""A person's choices about mail, written down. Whoever turns something on again hears of what comes from then on."""

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import select

from workspace import clock
from workspace.accounts.choices import Rhythm, Soon
from workspace.accounts.models import User
from workspace.database import begin_writing, db
from workspace.digests.planning import next_moment
from workspace.partnerships.models import Digested, Membership
from workspace.partnerships.notices import Notice, chosen


def choose_digest(
    user: User,
    *,
    rhythm: Rhythm,
    weekday: int,
    hour: int,
    paused_until: date | None,
    digested: Mapping[int, Digested],
) -> None:
    """Let digests come so, and tell of partnerships (by the ids of one's seats) so often."""
    begin_writing()
    begins = user.digest_rhythm is Rhythm.OFF and rhythm is not Rhythm.OFF
    user.digest_rhythm, user.digest_weekday, user.digest_hour = rhythm, weekday, hour
    user.digest_paused_until = paused_until
    for seat in _seats(user):
        before, seat.digested = seat.digested, digested.get(seat.id, seat.digested)
        was_silent = before is Digested.NEVER or (begins and before is Digested.USUAL)
        if was_silent and seat.digested is not Digested.NEVER:
            seat.digested_number = seat.partnership.last_number
    if begins:
        user.digested_at = clock.now()
    db.session.flush()
    user.next_digest_at = next_moment(user)


def choose_kinds(user: User, kinds: Mapping[Notice, Soon], hears: Mapping[int, Soon]) -> None:
    """Hear of each kind of news so soon, and of partnerships (by the ids of one's seats) not sooner than so."""
    begin_writing()
    user.mail_choices = user.mail_choices | {notice.value: soon.value for notice, soon in kinds.items()}
    for seat in _seats(user):
        seat.hears = hears.get(seat.id, seat.hears)


def lower_digest(user: User, rhythm: Rhythm) -> None:
    """Let the digest come so often at most, for all partnerships."""
    begin_writing()
    user.digest_rhythm = min(user.digest_rhythm, rhythm, key=list(Rhythm).index)
    for seat in _seats(user):
        if seat.digested is Digested.DAILY:
            seat.digested = Digested.USUAL
    db.session.flush()
    user.next_digest_at = next_moment(user)


def lower_notices(user: User, notices: Collection[Notice], to: Soon) -> None:
    """Let the person hear of these kinds of news so soon at most."""
    begin_writing()
    lowered = {notice.value: chosen(user, notice).at_most(to).value for notice in notices}
    user.mail_choices = user.mail_choices | lowered


def _seats(user: User) -> list[Membership]:
    return list(db.session.scalars(select(Membership).where(Membership.user_id == user.id).order_by(Membership.id)))
