"""The one builder of digests: the mail, the preview and the page of what could not be delivered all come from here."""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import NamedTuple

from flask_babel import get_locale, ngettext, pgettext
from flask_babel import gettext as _

from workspace.accounts.mail_preferences import MailTiming
from workspace.accounts.models import User
from workspace.db.types import AnyRow
from workspace.digests import phrases, queries
from workspace.digests.log_ranges import LogRange
from workspace.digests.queries import Period, Section
from workspace.digests.view_model import Digest, DigestBlock, DigestLine, DigestPartnership
from workspace.i18n.formatting import listed, short_date, short_day, today, zone
from workspace.logs import told as raised
from workspace.mail.run_cache import batch_cached_per_run, cached_per_run
from workspace.notifications.action_items import ActionItem
from workspace.notifications.dispatch import timing_for
from workspace.notifications.emails import carries_titles_only
from workspace.overview.action_items import action_list
from workspace.partnerships.models import PartnershipDigest
from workspace.partnerships.queries import organisations_by_side
from workspace.partnerships.verbs import Verb
from workspace.permissions import Level
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import PostKind

MOST_WAITING = 8
MOST_MODERATING = 8
MOST_NAMED = 3
MOST_PLACES = 20
NAMED_OF_SIDE = 4

# The language, the zone and the day in which a digest is told.
Reader = tuple[str, str, date]

LONGEST_NAMES = 160  # of the files of a post

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class DigestRequest:
    """A digest before anything is read: whose it is, and what it covers.

    `ranges` are (after, last) by the ids of memberships; `since` is the moment of the digest before it that
    covered as much, `daily_since` that of the last which covered what one hears of daily. `includes_reminders` says
    that what waits for the reader is reason enough to send it: once a week, and when it is asked for.
    """

    user: User
    ranges: Mapping[int, tuple[int, int]]
    since: datetime
    daily_since: datetime
    until: datetime
    includes_reminders: bool


def build(request: DigestRequest) -> Digest:
    """What `request` says to its reader at this moment, in the language and zone that are in force."""
    user = request.user
    memberships = {row.id: row for row in queries.memberships(user) if row.id in request.ranges}
    by_partnership = {row.partnership_id: row for row in memberships.values()}
    period = Period(request.since, request.daily_since, request.until)
    spans = _unread(request, memberships.values())
    found = queries.news(user, spans, period)
    mine, moderated = _waiting(user, memberships.values())
    requests = sum(item.declared.is_request for item in moderated)
    moderating = list(_absent(memberships))
    trouble: list[str] = []
    places = list(_places(by_partnership, found, trouble))
    return Digest(
        user=user,
        since=request.since,
        until=request.until,
        includes_reminders=request.includes_reminders,
        sender=next(iter(memberships.values())).name if len(memberships) == 1 else "",
        waiting=[*mine, *moderated][:MOST_WAITING],
        more_waiting=max(0, len(mine) + len(moderated) - MOST_WAITING),
        requests=requests,
        reminders=len(mine) + requests,
        places=places[:MOST_PLACES],
        more_places=max(0, len(places) - MOST_PLACES),
        more=found.blocks - len(found.posts),
        new=found.new,
        partnerships=sum(bool(counted.blocks) for counted in found.counts),
        comments=found.comments,
        commented=found.commented,
        moderating=moderating[:MOST_MODERATING],
        more_moderating=max(0, len(moderating) - MOST_MODERATING),
        memberships=len(memberships),
        trouble="; ".join(trouble),
    )


def _unread(request: DigestRequest, memberships: Iterable[AnyRow]) -> Iterator[LogRange]:
    """What of each span its reader has not read in the meantime."""
    for membership in memberships:
        after, last = request.ranges[membership.id]
        after = max(after, membership.read_number)
        has_own = (
            membership.has_read_past
            or (membership.wrote_number or 0) > after
            or (membership.mailed_at and membership.mailed_at > request.since)
        )
        yield LogRange(
            membership_id=membership.id if has_own else 0,
            partnership_id=membership.partnership_id,
            after=after,
            last=last,
            is_daily=membership.digest_frequency is PartnershipDigest.DAILY,
            read_at=membership.last_number,
        )


def _places(
    memberships: Mapping[int, AnyRow], found: queries.DigestData, trouble: list[str]
) -> Iterator[DigestPartnership]:
    """What happened in each partnership. The one whose posts are the most important comes first."""
    reader = str(get_locale()), str(zone()), today()
    blocks, lines = defaultdict[int, list[DigestBlock]](list), defaultdict[int, list[DigestLine]](list)
    for row in found.posts:
        blocks[row.partnership_id].append(_block_of_any(row, memberships[row.partnership_id], reader, trouble))
    for partnership_id, line in _events(memberships, found.events):
        lines[partnership_id].append(line)
    counts = {counted.partnership_id: counted for counted in found.counts}
    places = list(dict.fromkeys((*blocks, *(one for one in memberships if one in counts or one in lines))))
    for partnership_id, organisations in zip(places, _organisations([(one, reader) for one in places]), strict=True):
        counted = counts.get(partnership_id)
        yield DigestPartnership(
            name=memberships[partnership_id].name,
            organisations=organisations,
            address=f"/partnerships/{memberships[partnership_id].slug}/",
            blocks=blocks[partnership_id],
            more=counted.blocks - len(blocks[partnership_id]) if counted else 0,
            comments=counted.comments if counted else 0,
            commented=counted.commented if counted else 0,
            lines=lines[partnership_id],
        )


@batch_cached_per_run
def _organisations(asked: Sequence[tuple[int, Reader]]) -> list[str]:
    """The organisations of each of these partnerships, in a line; empty where there is one."""
    sides = organisations_by_side([partnership_id for partnership_id, _reader in asked], NAMED_OF_SIDE)
    return [phrases.organisations(sides[partnership_id]) for partnership_id, _reader in asked]


def _block_of_any(row: AnyRow, membership: AnyRow, reader: Reader, trouble: list[str]) -> DigestBlock:
    """The block of a post; of one that can't be told no more than where it is, so that the others go out."""
    try:
        return _block(row, Home(membership.slug, carries_titles_only(membership)), reader)
    except Exception as error:
        log.error("Post %s of partnership %s can't be told: %s", row.number, row.partnership_id, raised(error))
        trouble.append(f"Post {row.number} of {membership.slug} could not be told: {type(error).__name__}")
        return DigestBlock(
            group=Section(row.place),
            kind=row.kind.value,
            title=row.title,
            text="",
            turn="",
            meta=_("This post can't be shown here."),
            address=f"/partnerships/{membership.slug}/posts/{row.number}",
        )


class Home(NamedTuple):
    """What the block of a post says of its partnership."""

    slug: str
    titles_only: bool


@cached_per_run
def _block(row: AnyRow, home: Home, _reader: Reader) -> DigestBlock:
    """The block, as it is for each reader of that language and zone on that day."""
    group = Section(row.place)
    parts = [_credit(row)]
    if row.comments:
        parts.append(ngettext("%(num)s new comment", "%(num)s new comments", row.comments))
    if row.file_names and not home.titles_only:
        parts.append(_("Files: %(names)s", names=phrases.shortened(row.file_names, LONGEST_NAMES)))
    text = row.outcome if group is Section.SOLVED else row.beginning
    return DigestBlock(
        group=group,
        kind=row.kind.value,
        title=row.title,
        text="" if home.titles_only else phrases.shortened(text, queries.SHOWN),
        turn=_turn(row) if row.kind is PostKind.CHALLENGE else "",
        meta=" · ".join(parts),
        address=f"/partnerships/{home.slug}/posts/{row.number}",
    )


def _credit(row: AnyRow) -> str:
    """Who did what is told of a post: who shared it, unless it is known and somebody gave it another status."""
    if row.turn and row.turn.credit and (not row.is_new or row.place == Section.SOLVED):
        who = f"{row.turner_name}, {row.turner_organisation_name}" if row.turner_name else "Samspil"
        return str(row.turn.credit) % {"who": who}
    return _("Shared by %(who)s", who=f"{row.author_name}, {row.organisation_name}")


def _turn(row: AnyRow) -> str:
    """How far a challenge is, in a word or two."""
    if row.status is ChallengeStatus.SOLVED:
        return _("Solved %(date)s", date=short_date(row.status_at))
    if row.status is ChallengeStatus.PARKED:
        if row.parked_until:
            return _("Parked until %(date)s", date=short_day(row.parked_until))
        return pgettext("status", "Parked")
    if row.is_still:
        return _("Stalled since %(date)s", date=short_date(row.activity_at))
    if row.status is ChallengeStatus.ONGOING:
        return pgettext("status", "In progress")
    if row.answer_by:
        return _("Answer by %(date)s", date=short_day(row.answer_by))
    return ""


def _events(
    memberships: Mapping[int, AnyRow], found: Iterable[tuple[int, Verb, int]]
) -> Iterator[tuple[int, DigestLine]]:
    """What happened to the partnerships themselves, with their ids."""
    for partnership_id, verb, count in found:
        membership = memberships[partnership_id]
        if verb.digest_line:
            line = verb.digest_line(membership, count)
            address = f"/partnerships/{membership.slug}/{verb.page}"
            yield partnership_id, DigestLine(text=line, address=address)


def _waiting(user: User, memberships: Collection[AnyRow]) -> tuple[list[ActionItem], list[ActionItem]]:
    """What waits for the reader in these partnerships, and what waits for a moderator.

    What they have chosen to hear of not at all is left out.
    """
    if not memberships:
        return [], []
    timings = {membership.slug: membership.mail_timing for membership in memberships}
    moderates = any(membership.level is Level.MODERATOR for membership in memberships)

    def is_wanted(item: ActionItem) -> bool:
        if item.slug not in timings:
            return False
        notice = item.declared.notice
        return notice is None or timing_for(user, timings[item.slug], notice) is not MailTiming.NEVER

    found = action_list(user, moderates=moderates, wanted=is_wanted).waiting
    mine = [item for item in found if not item.declared.moderating]
    return mine, [item for item in found if item.declared.moderating]


def _absent(memberships: Mapping[int, AnyRow]) -> Iterator[DigestLine]:
    """Who has not been here for a month, a line for each partnership that the reader moderates."""
    moderated = [membership.id for membership in memberships.values() if membership.level is Level.MODERATOR]
    rows = queries.absent(moderated) if moderated else []
    for membership_id, people in groupby(rows, key=lambda row: row.membership_id):
        names = [row.name for row in people]
        membership = memberships[membership_id]
        yield DigestLine(
            text=_(
                "Not here for a month: %(names)s (%(partnership)s)", names=_named(names), partnership=membership.name
            ),
            address=f"/partnerships/{membership.slug}/about",
        )


def _named(names: Sequence[str]) -> str:
    """ "Anna, Bo, Carl og 4 andre"."""
    if len(names) <= MOST_NAMED:
        return listed(names)
    return listed([*names[:MOST_NAMED], ngettext("%(num)s other", "%(num)s others", len(names) - MOST_NAMED)])
