"""The one builder of digests: the mail, the preview and the page of what could not be delivered all come from here."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from flask_babel import gettext as _
from flask_babel import ngettext, pgettext

from workspace.access import Level
from workspace.accounts.models import User
from workspace.database import AnyRow
from workspace.digests import selection
from workspace.digests.content import Block, Digest, Line
from workspace.digests.selection import Found, Group
from workspace.digests.spans import Span
from workspace.languages import short_date, short_day
from workspace.overview.waiting import Item, waiting
from workspace.partnerships.log import Verb
from workspace.partnerships.news import carries_titles_only
from workspace.partnerships.words import STAGES
from workspace.posts.models import Kind
from workspace.posts.moving import Status, stands_still

MOST_WAITING = 8
MOST_MODERATING = 8
MOST_NAMED = 3


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A digest before anything is read: whose it is, and what it covers.

    `spans` are (after, last) by the ids of seats; `since` is the moment of the digest before it. `reminds` says that
    what waits for the reader is reason enough to send it: once a week, and when it is asked for.
    """

    user: User
    spans: Mapping[int, tuple[int, int]]
    since: datetime
    until: datetime
    reminds: bool


def build(edition: Edition) -> Digest:
    """What `edition` says to its reader at this moment, in the language and zone that are in force."""
    user = edition.user
    seats = {row.id: row for row in selection.seats(user, list(edition.spans))}
    by_partnership = {row.partnership_id: row for row in seats.values()}
    spans = list(_unread(edition, seats.values()))
    found = selection.posts(spans, edition.since, but=selection.mailed(user, edition.since)) if seats else Found()
    lines = list(_events(seats, selection.events(spans))) if spans else []
    mine, moderating = _waiting(user, seats.values())
    moderating += list(_absent(seats))
    shown = [_block(row, by_partnership[row.partnership_id]) for row in found.posts]
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
        lines=lines,
        comments=found.comments,
        commented=found.commented,
        moderating=moderating[:MOST_MODERATING],
        more_moderating=max(0, len(moderating) - MOST_MODERATING),
        memberships=len(seats),
    )


def _unread(edition: Edition, seats: Iterable[AnyRow]) -> Iterator[Span]:
    """What of each span its reader has not read in the meantime."""
    for seat in seats:
        after, last = edition.spans[seat.id]
        yield Span(seat.id, seat.partnership_id, max(after, seat.seen_number), last)


def _block(row: AnyRow, seat: AnyRow) -> Block:
    address = f"/partnerships/{seat.slug}/posts/{row.number}"
    is_challenge = row.kind is Kind.CHALLENGE
    parts = [f"{row.author_name}, {row.organisation_name}"]
    if row.comments:
        parts.append(ngettext("%(num)s new comment", "%(num)s new comments", row.comments))
    return Block(
        group=Group(row.place),
        kind=row.kind.value,
        title=row.title,
        text=""
        if carries_titles_only(seat)
        else _shortened(row.outcome if row.place == Group.SOLVED else row.beginning),
        turn=_turn(row) if is_challenge else "",
        meta=" · ".join(parts),
        partnership=seat.name,
        address=address,
        button=_("Answer") if is_challenge and row.place == Group.CHALLENGES else _("Write a comment"),
    )


def _turn(row: AnyRow) -> str:
    """How far a challenge is, in a word or two."""
    if row.status is Status.SOLVED:
        return _("Solved %(date)s", date=short_date(row.status_at))
    if row.status is Status.PARKED:
        if row.parked_until:
            return _("Parked until %(date)s", date=short_day(row.parked_until))
        return pgettext("status", "Parked")
    if stands_still(row):
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


def _events(seats: Mapping[int, AnyRow], found: Mapping[tuple[int, Verb], int]) -> Iterator[Line]:
    """What happened to the partnerships themselves."""
    for (seat_id, verb), count in sorted(found.items()):
        seat = seats[seat_id]
        about = f"/partnerships/{seat.slug}/about"
        if verb is Verb.CHANGED_STAGE:
            yield Line(
                text=_("%(name)s is in the stage »%(stage)s« now", name=seat.name, stage=STAGES[seat.stage]),
                address=about,
            )
        else:
            told = ngettext("%(num)s new member in %(name)s", "%(num)s new members in %(name)s", count, name=seat.name)
            yield Line(text=told, address=about)


def _waiting(user: User, seats: Iterable[AnyRow]) -> tuple[list[Item], list[Line]]:
    """What waits for the reader in these partnerships, and what waits for a moderator."""
    homes = tuple(f"/partnerships/{seat.slug}/" for seat in seats)
    found = [item for item in waiting(user) if item.address.startswith(homes)] if homes else []
    mine = [item for item in found if not item.moderates]
    return mine, [Line(text=f"{item.title} ({item.meta})", address=item.address) for item in found if item.moderates]


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
