"""The one builder of digests: the mail, the preview and the page of what could not be delivered all come from here."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from flask_babel import get_locale, ngettext, pgettext
from flask_babel import gettext as _

from workspace.access import Level
from workspace.accounts.choices import Soon
from workspace.accounts.models import User
from workspace.database import AnyRow
from workspace.digests import selection
from workspace.digests.content import Block, Digest, Line
from workspace.digests.selection import Group, Period
from workspace.digests.spans import Span
from workspace.failures import told as raised
from workspace.languages import short_date, short_day, today, zone
from workspace.mail.alike import made_once
from workspace.overview.waiting import Item, waiting
from workspace.partnerships.log import Verb
from workspace.partnerships.models import Digested
from workspace.partnerships.news import carries_titles_only
from workspace.partnerships.notices import hears_of
from workspace.partnerships.words import STAGES
from workspace.posts.models import Kind
from workspace.posts.moving import Status

MOST_WAITING = 8
MOST_MODERATING = 8
MOST_NAMED = 3

# The language, the zone and the day in which a digest is told.
Reader = tuple[str, str, date]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A digest before anything is read: whose it is, and what it covers.

    `spans` are (after, last) by the ids of seats; `since` is the moment of the digest before it that
    covered as much, `daily_since` that of the last which covered what one hears of daily. `reminds` says that
    what waits for the reader is reason enough to send it: once a week, and when it is asked for.
    """

    user: User
    spans: Mapping[int, tuple[int, int]]
    since: datetime
    daily_since: datetime
    until: datetime
    reminds: bool


def build(edition: Edition) -> Digest:
    """What `edition` says to its reader at this moment, in the language and zone that are in force."""
    user = edition.user
    seats = {row.id: row for row in selection.seats(user) if row.id in edition.spans}
    by_partnership = {row.partnership_id: row for row in seats.values()}
    period = Period(edition.since, edition.daily_since, edition.until)
    spans = _unread(edition, seats.values())
    found = selection.news(user, spans, period)
    mine, moderated = _waiting(user, seats.values())
    moderating = [Line(text=f"{item.title} ({item.meta})", address=item.address) for item in moderated]
    moderating += list(_absent(seats))
    trouble: list[str] = []
    reader = str(get_locale()), str(zone()), today()
    shown = [_block_of_any(row, by_partnership[row.partnership_id], reader, trouble) for row in found.posts]
    return Digest(
        user=user,
        since=edition.since,
        until=edition.until,
        reminds=edition.reminds,
        sender=next(iter(seats.values())).name if len(seats) == 1 else "",
        waiting=mine[:MOST_WAITING],
        more_waiting=max(0, len(mine) - MOST_WAITING),
        blocks=shown,
        more=found.blocks - len(shown),
        new=found.new,
        partnerships=len({row.partnership_id for row in found.posts}),
        lines=list(_events(by_partnership, found.events)),
        comments=found.comments,
        commented=found.commented,
        moderating=moderating[:MOST_MODERATING],
        more_moderating=max(0, len(moderating) - MOST_MODERATING),
        requests=sum(item.is_request for item in moderated),
        memberships=len(seats),
        trouble="; ".join(trouble),
    )


def _unread(edition: Edition, seats: Iterable[AnyRow]) -> Iterator[Span]:
    """What of each span its reader has not read in the meantime."""
    for seat in seats:
        after, last = edition.spans[seat.id]
        after = max(after, seat.seen_number)
        has_own = (seat.wrote_number or 0) > after or (seat.mailed_at and seat.mailed_at > edition.since)
        yield Span(
            seat_id=seat.id if has_own else 0,
            partnership_id=seat.partnership_id,
            after=after,
            last=last,
            is_daily=seat.digested is Digested.DAILY,
            read_at=seat.last_number,
        )


def _block_of_any(row: AnyRow, seat: AnyRow, reader: Reader, trouble: list[str]) -> Block:
    """The block of a post; of one that can't be told no more than where it is, so that the others go out."""
    try:
        return _block(row, Home(seat.slug, seat.name, carries_titles_only(seat)), reader)
    except Exception as error:
        log.error("Post %s of partnership %s can't be told: %s", row.number, row.partnership_id, raised(error))
        trouble.append(f"Post {row.number} of {seat.slug} could not be told: {type(error).__name__}")
        return Block(
            group=Group(row.place),
            kind=row.kind.value,
            title=row.title,
            text="",
            turn="",
            meta=_("This post can't be shown here."),
            partnership=seat.name,
            address=f"/partnerships/{seat.slug}/posts/{row.number}",
            button=_("Read it"),
        )


class Home(NamedTuple):
    """What the block of a post says of its partnership."""

    slug: str
    name: str
    titles_only: bool


@made_once
def _block(row: AnyRow, home: Home, _reader: Reader) -> Block:
    """The block, as it is for each reader of that language and zone on that day."""
    group = Group(row.place)
    is_challenge = row.kind is Kind.CHALLENGE
    parts = [f"{row.author_name}, {row.organisation_name}"]
    if row.comments:
        parts.append(ngettext("%(num)s new comment", "%(num)s new comments", row.comments))
    text = row.outcome if group is Group.SOLVED else row.beginning
    return Block(
        group=group,
        kind=row.kind.value,
        title=row.title,
        text="" if home.titles_only else _shortened(text),
        turn=_turn(row) if is_challenge else "",
        meta=" · ".join(parts),
        partnership=home.name,
        address=f"/partnerships/{home.slug}/posts/{row.number}",
        button=_("Answer") if is_challenge and group is Group.CHALLENGES else _("Write a comment"),
    )


def _turn(row: AnyRow) -> str:
    """How far a challenge is, in a word or two."""
    if row.status is Status.SOLVED:
        return _("Solved %(date)s", date=short_date(row.status_at))
    if row.status is Status.PARKED:
        if row.parked_until:
            return _("Parked until %(date)s", date=short_day(row.parked_until))
        return pgettext("status", "Parked")
    if row.is_still:
        return _("Stands still since %(date)s", date=short_date(row.activity_at))
    if row.status is Status.ONGOING:
        return pgettext("status", "In progress")
    if row.answer_by:
        return _("Answer by %(date)s", date=short_day(row.answer_by))
    return ""


def _shortened(text: str) -> str:
    """The beginning of a text, on one line, up to a word's end."""
    line = " ".join(text.split())
    if len(text) <= selection.SHOWN:
        return line
    return line.rpartition(" ")[0].rstrip(",.;:–-") + " …"


def _events(seats: Mapping[int, AnyRow], found: Iterable[tuple[int, Verb, int]]) -> Iterator[Line]:
    """What happened to the partnerships themselves."""
    for partnership_id, verb, count in found:
        seat = seats[partnership_id]
        about = f"/partnerships/{seat.slug}/about"
        if verb is Verb.CHANGED_STAGE:
            yield Line(
                text=_("%(name)s is in the stage »%(stage)s« now", name=seat.name, stage=STAGES[seat.stage]),
                address=about,
            )
        else:
            told = ngettext("%(num)s new member in %(name)s", "%(num)s new members in %(name)s", count, name=seat.name)
            yield Line(text=told, address=about)


def _waiting(user: User, seats: Collection[AnyRow]) -> tuple[list[Item], list[Item]]:
    """What waits for the reader in these partnerships, and what waits for a moderator.

    What they have chosen to hear of not at all is left out.
    """
    if not seats:
        return [], []
    hears = {seat.slug: seat.hears for seat in seats}
    moderates = any(seat.level is Level.MODERATOR for seat in seats)
    found = [item for item in waiting(user, moderates=moderates) if item.place in hears]
    wanted = [
        item for item in found if not item.notice or hears_of(user, hears[item.place], item.notice) is not Soon.NEVER
    ]
    return [item for item in wanted if not item.moderates], [item for item in wanted if item.moderates]


def _absent(seats: Mapping[int, AnyRow]) -> Iterator[Line]:
    """Who has not been here for a month, a line for each partnership that the reader moderates."""
    moderated = [seat.id for seat in seats.values() if seat.level is Level.MODERATOR]
    rows = selection.absent(moderated) if moderated else []
    for seat_id, people in groupby(rows, key=lambda row: row.seat_id):
        names = [row.name for row in people]
        seat = seats[seat_id]
        yield Line(
            text=_("Not here for a month: %(names)s (%(partnership)s)", names=_named(names), partnership=seat.name),
            address=f"/partnerships/{seat.slug}/about",
        )


def _named(names: Sequence[str]) -> str:
    """ "Anna, Bo, Carl og 4 andre"."""
    if len(names) <= MOST_NAMED:
        return ", ".join(names)
    rest = ngettext("%(num)s other", "%(num)s others", len(names) - MOST_NAMED)
    return _("%(names)s and %(rest)s", names=", ".join(names[:MOST_NAMED]), rest=rest)
