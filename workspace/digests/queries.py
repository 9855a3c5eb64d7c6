"""What is new for the reader of a digest, read from the log: a fixed number of statements, whatever there is.

Access is asked here and now: only what memberships that are active at this moment may read is ever found. Colleagues
have much of the same to read, so a part of a log is read once a run (mail/run_cache.py), until that log goes on.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from heapq import merge
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Subquery,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from workspace import clock
from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db import db
from workspace.db.statements import cached_statement, fetch_rows, inline_literal, now_param
from workspace.db.types import AnyRow, AnySelect, UtcDateTime
from workspace.digests.log_ranges import LogRange, table, value
from workspace.files.models import File
from workspace.files.queries import names_column
from workspace.files.verbs import ATTACHED
from workspace.mail.models import Mail
from workspace.mail.models import MailState as Standing
from workspace.mail.run_cache import batch_cached_per_run
from workspace.notifications.dispatch import NotificationKind
from workspace.organisations.models import Organisation
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Partnership
from workspace.partnerships.reading import ReadingPosition, is_covered, is_news, is_of_row
from workspace.partnerships.verbs import DigestUse, Verb, verbs_that
from workspace.posts.challenge_workflow import STALLED_AFTER, ChallengeStatus
from workspace.posts.models import Post, PostKind

MOST_BLOCKS = 15
SHOWN = 140
A_MONTH = timedelta(days=30)


class Section(IntEnum):
    """Where a post stands in a digest. Those with comments only have no block of their own."""

    CHALLENGES = 1
    SOLVED = 2
    PROGRESS = 3
    COMMENTS = 4


SECTIONS = {PostKind.CHALLENGE: Section.CHALLENGES, PostKind.PROGRESS: Section.PROGRESS}


class PartnershipCounts(NamedTuple):
    """How many posts of a partnership have a block, and how many comments stand on how many that have none."""

    partnership_id: int
    blocks: int
    comments: int
    commented: int


@dataclass(frozen=True)
class DigestData:
    """The posts with a block, the first of them; how many there are in all, and what else there is to count.

    `events` says how often what is told of the partnerships themselves happened: (partnership, verb, times). `counts`
    has those partnerships about whose posts there is news.
    """

    posts: tuple[AnyRow, ...] = ()
    blocks: int = 0
    new: int = 0
    comments: int = 0
    commented: int = 0
    events: tuple[tuple[int, Verb, int], ...] = ()
    counts: tuple[PartnershipCounts, ...] = ()


class Period(NamedTuple):
    """The time that a digest covers: from `since` (for what its reader hears of daily from `daily_since`) on."""

    since: datetime
    daily_since: datetime
    until: datetime


def memberships(user: User) -> list[AnyRow]:
    """Those of the user's memberships that are active now, with what a digest says of their partnerships.

    `wrote_number` is that of their last entry in it, `mailed_at` when they last had a mail about something at once.
    """
    return fetch_rows(_memberships(), user_id=user.id)


def news(user: User, spans: Iterable[LogRange], period: Period) -> DigestData:
    """What happened in these spans, and which challenges have come to stand still in that time.

    Nothing by the reader counts, nor what they have had a mail about at once since then, or are having it.
    """
    spans = list(spans)
    pieces = _range_data([(span, user.id if span.membership_id else 0, period) for span in spans])
    return DigestData(
        posts=tuple(islice(merge(*(piece.posts for piece in pieces), key=_in_order), MOST_BLOCKS)),
        blocks=sum(piece.blocks for piece in pieces),
        new=sum(piece.new for piece in pieces),
        comments=sum(piece.comments for piece in pieces),
        commented=sum(piece.commented for piece in pieces),
        events=tuple(event for piece in pieces for event in piece.events),
        counts=tuple(
            PartnershipCounts(span.partnership_id, piece.blocks, piece.comments, piece.commented)
            for span, piece in zip(spans, pieces, strict=True)
            if piece.blocks or piece.comments
        ),
    )


@batch_cached_per_run
def _range_data(asked: Sequence[tuple[LogRange, int, Period]]) -> list[DigestData]:
    """What each span says by itself, to the reader with that id or to any."""
    spans, user_id, period = [span for span, _, _ in asked], max(user_id for _, user_id, _ in asked), asked[0][2]
    found = fetch_rows(
        _posts(_dialect()),
        user_id=user_id,
        spans=value(spans),
        since=period.since,
        moved_after=period.since - STALLED_AFTER,
        daily_moved_after=period.daily_since - STALLED_AFTER,
        moved_before=period.until - STALLED_AFTER,
    )
    posts, events = defaultdict(list), defaultdict(list)
    for row in found:
        posts[row.partnership_id].append(row)
    for partnership_id, verb, count in fetch_rows(_events(_dialect()), spans=value(spans)):
        events[partnership_id].append((partnership_id, verb, int(count)))
    return [_data_of(posts[span.partnership_id], sorted(events[span.partnership_id])) for span in spans]


def _data_of(found: list[AnyRow], events: list[tuple[int, Verb, int]]) -> DigestData:
    if not found:
        return DigestData(events=tuple(events))
    first = found[0]
    return DigestData(
        posts=tuple(row for row in found if row.place != Section.COMMENTS),
        blocks=int(first.blocks),  # PostgreSQL's sums are decimals.
        new=int(first.new),
        comments=int(first.all_comments),
        commented=int(first.commented),
        events=tuple(events),
    )


def _in_order(row: AnyRow) -> tuple[int, float, int, int]:
    """By group and then the newest first, as each piece is."""
    return row.place, -row.at.timestamp(), row.partnership_id, -row.number


def absent(membership_ids: Collection[int]) -> list[AnyRow]:
    """Who has not been where these members are moderators for a month; `membership_id` is the moderator's.

    Something has been new to them for so long, and they have read and written nothing since.
    """
    return fetch_rows(_absent(), ids=list(membership_ids), month_ago=clock.now() - A_MONTH)


def _dialect() -> str:
    return db.engine.dialect.name


@cached_statement
def _memberships() -> AnySelect:
    mine = Entry.partnership_id == Membership.partnership_id, Entry.actor_id == Membership.id
    return (
        select(
            Membership.id,
            Membership.level,
            Membership.digest_frequency,
            Membership.mail_timing,
            Membership.read_number,
            exists().where(ReadingPosition.membership_id == Membership.id).label("has_read_past"),
            Membership.partnership_id,
            Partnership.slug,
            Partnership.name,
            Partnership.stage,
            Partnership.titles_only,
            Partnership.last_number,
            select(func.max(Entry.number)).where(*mine).scalar_subquery().label("wrote_number"),
            select(func.max(Mail.created_at)).where(*_at_once()).scalar_subquery().label("mailed_at"),
        )
        .join(Membership.partnership)
        .where(
            Membership.user_id == bindparam("user_id"),
            Membership.is_active,
        )
        .order_by(Partnership.name_key, Partnership.id)
    )


@cached_statement
def _events(dialect: str) -> AnySelect:
    """How often what makes a line of its own was done. Files of a text that is new itself are told with that."""
    span, text = table(dialect), aliased(Entry)
    its_number = func.coalesce(Entry.details["comment"].as_integer(), Entry.post_number)
    still_there = exists().where(
        File.partnership_id == text.partnership_id, File.entry_number == text.number, File.withdrawn_at.is_(None)
    )
    return (
        select(Entry.partnership_id, Entry.verb, func.sum(func.coalesce(_files_of(Entry), 1)))
        .select_from(span)
        .join(Entry, _within(span))
        .outerjoin(text, and_(text.partnership_id == Entry.partnership_id, text.number == its_number))
        .outerjoin(ReadingPosition, and_(ReadingPosition.membership_id == span.c.membership_id, is_of_row()))
        .where(
            _is_unread(),
            or_(Entry.post_number.is_(None), and_(text.number <= span.c.after, text.stands.is_(True), still_there)),
            Entry.verb.in_(verbs_that(lambda verb: verb.digest_line)),
            Entry.actor_id.is_distinct_from(span.c.membership_id),
            Entry.subject_id.is_distinct_from(span.c.membership_id),
        )
        .group_by(Entry.partnership_id, Entry.verb)
    )


def _files_of(entry: type[Entry]) -> Any:
    """How many files an entry tells of; NULL for one that tells of something else."""
    return case((entry.verb == ATTACHED, entry.details["count"].as_integer()))


@cached_statement
def _absent() -> AnySelect:
    moderator, own = aliased(Membership), aliased(Entry)
    month_ago = bindparam("month_ago", type_=UtcDateTime)
    last_written = (
        select(func.max(own.at))
        .where(own.partnership_id == Membership.partnership_id, own.actor_id == Membership.id)
        .scalar_subquery()
    )
    # The bookmark lies before something unread, so this looks at an entry or two.
    first_unread = (
        select(Entry.at)
        .where(
            Entry.partnership_id == Membership.partnership_id,
            Entry.number > Membership.seen_number,
            Entry.actor_id.is_distinct_from(Membership.id),
            is_news(),
        )
        .order_by(Entry.number)
        .limit(1)
        .correlate(Membership)
        .scalar_subquery()
    )
    return (
        select(moderator.id.label("membership_id"), User.name)
        .select_from(moderator)
        .join(Membership, Membership.partnership_id == moderator.partnership_id)
        .join(User, User.id == Membership.user_id)
        .where(
            moderator.id.in_(bindparam("ids", expanding=True)),
            Membership.id != moderator.id,
            Membership.is_active,
            User.deactivated_at.is_(None),
            first_unread < month_ago,
            or_(Membership.read_at.is_(None), Membership.read_at < month_ago),
            or_(last_written.is_(None), last_written < month_ago),
        )
        .order_by(moderator.id, User.name_key)
    )


@cached_statement
def _posts(dialect: str) -> AnySelect:
    """The first posts of each partnership, by group and then the newest first; its rows carry the sums over all."""
    placed = _placed(table(dialect))
    place = placed.c.place
    turn, turner_membership = aliased(Entry), aliased(Membership)
    turner, turner_organisation = aliased(User), aliased(Organisation)
    ranked = select(
        placed,
        func.row_number()
        .over(partition_by=placed.c.partnership_id, order_by=(place, placed.c.at.desc(), placed.c.number.desc()))
        .label("rank"),
        _sum(placed, place != Section.COMMENTS).label("blocks"),
        _sum(placed, and_(placed.c.is_new == 1, place != Section.COMMENTS)).label("new"),
        _sum(placed, place == Section.COMMENTS).label("commented"),
        _sum(placed, place == Section.COMMENTS, placed.c.comments).label("all_comments"),
    ).subquery()
    return (
        select(
            *(ranked.c[name] for name in ("partnership_id", "number", "at", "comments", "place", "is_new")),
            *(ranked.c[name] for name in ("blocks", "new", "commented", "all_comments")),
            Post.kind,
            Post.title,
            func.substr(Post.body_text, 1, SHOWN + 1).label("beginning"),
            func.substr(Post.outcome, 1, SHOWN + 1).label("outcome"),
            Post.status,
            Post.status_at,
            names_column(Post.partnership_id, Post.number),
            Post.parked_until,
            Post.answer_by,
            Post.activity_at,
            and_(Post.is_unsolved, Post.activity_at < now_param(before=STALLED_AFTER)).label("is_still"),
            User.name.label("author_name"),
            Organisation.name.label("organisation_name"),
            turn.verb.label("turn"),
            turner.name.label("turner_name"),
            turner_organisation.name.label("turner_organisation_name"),
        )
        .join(Post, and_(Post.partnership_id == ranked.c.partnership_id, Post.number == ranked.c.number))
        .join(Membership, Membership.id == Post.author_id)
        .join(Membership.user)
        .join(Organisation, Membership.organisation_id == Organisation.id)
        .outerjoin(turn, and_(turn.partnership_id == ranked.c.partnership_id, turn.number == ranked.c.turn_number))
        .outerjoin(turner_membership, turner_membership.id == turn.actor_id)
        .outerjoin(turner, turner.id == turner_membership.user_id)
        .outerjoin(turner_organisation, turner_organisation.id == turner_membership.organisation_id)
        .where(ranked.c.rank <= MOST_BLOCKS)
        .order_by(ranked.c.partnership_id, ranked.c.rank)
    )


def _placed(span: CTE) -> CTE:
    """A row for each post that a digest of these spans tells of, with the group that it stands in, worked out once."""
    told = union_all(_news(span), _still(span)).subquery()
    place = _place(told)
    return (
        select(told, place.label("place"))
        .join(Post, and_(Post.partnership_id == told.c.partnership_id, Post.number == told.c.number))
        .where(or_(place != Section.COMMENTS, told.c.comments > 0))
        .cte("placed")
        .prefix_with("MATERIALIZED")
    )


def _news(span: CTE) -> AnySelect:
    """A row for each post about which others did something of which the reader has had no mail."""
    mailed = _mailed()
    turns = verbs_that(lambda verb: verb.digest is DigestUse.TURN)
    return (
        select(
            Entry.partnership_id,
            Entry.post_number.label("number"),
            func.max(Entry.at).label("at"),
            _any(Entry.verb.in_(verbs_that(lambda verb: verb.digest is DigestUse.NEW_POST))).label("is_new"),
            _any(Entry.verb.in_(turns)).label("is_turned"),
            func.count(Comment.number).label("comments"),
            func.max(case((Entry.verb.in_(turns), Entry.number), else_=0)).label("turn_number"),
        )
        .select_from(span)
        .join(Entry, _within(span))
        .outerjoin(ReadingPosition, and_(ReadingPosition.membership_id == span.c.membership_id, is_of_row()))
        .outerjoin(
            Comment,
            and_(
                Comment.partnership_id == Entry.partnership_id,
                Comment.number == Entry.number,
                Comment.withdrawn_at.is_(None),
            ),
        )
        .outerjoin(mailed, and_(mailed.c.partnership_id == Entry.partnership_id, mailed.c.number == Entry.number))
        .where(
            mailed.c.number.is_(None),
            _is_unread(),
            Entry.post_number.is_not(None),
            Entry.verb.in_(verbs_that(lambda verb: verb.digest)),
            Entry.actor_id.is_distinct_from(span.c.membership_id),
        )
        .group_by(Entry.partnership_id, Entry.post_number)
    )


def _mailed() -> CTE:
    """The entries of which the reader has had a mail at once, or is having it."""
    about = Mail.payload
    return (
        select(about["partnership"].as_integer().label("partnership_id"), about["entry"].as_integer().label("number"))
        .where(
            *_at_once(),
            Mail.created_at > bindparam("since", type_=UtcDateTime),
            Mail.state.in_(inline_literal((Standing.DUE, Standing.SENDING, Standing.SENT))),
        )
        .cte("mailed")
        .prefix_with("MATERIALIZED")
    )


def _at_once() -> tuple[ColumnElement[bool], ...]:
    """The conditions on a mail to the reader, about something that it tells at once."""
    return Mail.user_id == bindparam("user_id"), Mail.kind.in_(inline_literal(list(NotificationKind)))


def _still(span: CTE) -> AnySelect:
    """A row for each challenge that has come to stand still, without news of its own."""
    return (
        select(
            Post.partnership_id,
            Post.number,
            Post.activity_at,
            literal(0),
            literal(1),
            literal(0),
            literal(0),
        )
        .select_from(span)
        .join(Post, Post.partnership_id == span.c.partnership_id)
        .join(Partnership, Partnership.id == Post.partnership_id)
        .where(
            Post.is_unsolved,
            Post.activity_at
            > case(
                (span.c.is_daily == 1, bindparam("daily_moved_after", type_=UtcDateTime)),
                else_=bindparam("moved_after", type_=UtcDateTime),
            ),
            Post.activity_at <= bindparam("moved_before", type_=UtcDateTime),
            Post.activity_number <= span.c.after,
            Partnership.archived_at.is_(None),
        )
    )


def _place(told: Subquery) -> Any:
    is_news = told.c.is_turned + told.c.is_new > 0
    return case(
        (Post.withdrawn_at.is_not(None), Section.COMMENTS),
        (and_(told.c.is_turned == 1, Post.status == ChallengeStatus.SOLVED), Section.SOLVED),
        *((and_(is_news, Post.kind == kind), section) for kind, section in SECTIONS.items()),
        else_=Section.COMMENTS,
    )


def _within(span: CTE) -> Any:
    return and_(
        Entry.partnership_id == span.c.partnership_id,
        Entry.number > span.c.after,
        Entry.number <= span.c.last,
    )


def _is_unread() -> Any:
    return or_(ReadingPosition.membership_id.is_(None), ~is_covered())


def _any(condition: Any) -> Any:
    return func.max(case((condition, 1), else_=0))


def _sum(placed: CTE, condition: Any, value: Any = 1) -> Any:
    """The sum of `value` over the posts of a partnership that fulfil the condition."""
    return func.sum(case((condition, value), else_=0)).over(partition_by=placed.c.partnership_id)
