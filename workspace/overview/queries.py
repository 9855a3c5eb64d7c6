"""The merged feed of all my partnerships.

Numbers don't compare across partnerships, so its bookmark is (activity_at, partnership_id, number). The newest 21
posts (a page, and one that says that there is another) lie in at most 21 partnerships: those whose own latest activity
is the latest. So the first page looks into 21 of them only, and takes the newest posts of each by an index. Later pages
look into all, as cheaply; so does the first where young partnerships without posts stand among the latest.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, func, literal, select, true, tuple_
from sqlalchemy.orm import aliased, joinedload

from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnyRow, AnySelect, UtcDateTime
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Partnership
from workspace.partnerships.queries import HISTORY_COLUMNS, my_memberships, with_person
from workspace.partnerships.query_params import USER, params_of
from workspace.partnerships.verbs import history_verbs
from workspace.posts.models import Post, PostKind
from workspace.posts.queries import act_columns, author, news_columns, with_act, with_reading
from workspace.web.pagination import Cursor

PAGE = 20
PARTNERSHIPS_LISTED = 20
SHOWN = 150
EVENTS_OF_EACH = 5
MOST_EVENTS = 10
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class _Reader(NamedTuple):
    """My membership in the partnership of each post, as columns."""

    id: Any
    seen_number: Any


def latest_partnerships(user: User) -> list[AnyRow]:
    """My 20 partnerships with the latest activity, and one more if there are others."""
    return fetch_rows(_latest(), **params_of(user))


@cached_statement
def _latest() -> AnySelect:
    return my_memberships(USER).where(Partnership.archived_at.is_(None)).limit(PARTNERSHIPS_LISTED + 1)


def feed(
    user: User, partnerships: Sequence[AnyRow], before: Cursor | None, kind: PostKind | None = None
) -> list[AnyRow]:
    """A page of the merged feed, and one more post if there are older ones. `partnerships` are my latest 21."""
    if before is None:
        query = _newest_cards(db.engine.dialect.name, of_kind=kind is not None)
        found = fetch_rows(query, **params_of(user), among=[row.id for row in partnerships], kind=kind)
        if _are_newest(found, partnerships):
            return found
    return list(db.session.execute(_cards(_newest(user, None, before, of_kind=kind is not None)), {"kind": kind}))


@cached_statement
def _newest_cards(dialect: str, *, of_kind: bool) -> AnySelect:
    """Those in the partnerships of the ids `among`, on a database of this dialect."""
    return _cards(_newest(USER, bindparam("among", expanding=True), None, of_kind=of_kind))


def _are_newest(found: Sequence[AnyRow], partnerships: Sequence[AnyRow]) -> bool:
    """Whether the posts `found` in my latest `partnerships` are the newest of all: the others hold only older ones."""
    if len(partnerships) <= PARTNERSHIPS_LISTED:
        return True
    return len(found) > PAGE and bool(found[-1].activity_at >= partnerships[-1].last_activity_at)


def _cards(keys: AnySelect) -> AnySelect:
    """What the feed shows of the posts with these `keys`, and whether others have done something about them since."""
    newest = keys.subquery()
    reader = _Reader(newest.c.membership_id, newest.c.seen_number)
    shown = (
        select(
            Post.partnership_id,
            Post.number,
            Post.kind,
            Post.author_id,
            Post.title,
            func.substr(Post.body_text, 1, SHOWN + 1).label("beginning"),
            Post.status,
            Post.created_at,
            Post.activity_at,
            Post.comment_count,
            Post.withdrawn_at,
            Partnership.slug,
            Partnership.name.label("partnership_name"),
            *act_columns(),
            *news_columns(reader),
            *author(),
        )
        .join(newest, and_(Post.partnership_id == newest.c.partnership_id, Post.number == newest.c.number))
        .join(Partnership, Partnership.id == Post.partnership_id)
        .join(Membership, Membership.id == Post.author_id)
    )
    return with_reading(with_act(with_person(shown)), reader).order_by(
        Post.activity_at.desc(), Post.partnership_id.desc(), Post.number.desc()
    )


def events(user: User, partnerships: Sequence[AnyRow], since: datetime | None, until: datetime | None) -> list[Entry]:
    """What happened to these of my partnerships themselves after `since` and up to `until`: the latest few of each."""
    given = {"among": [row.id for row in partnerships], "since": since or EARLIEST, "until": until or clock.now()}
    return list(db.session.scalars(_events(db.engine.dialect.name), params_of(user) | given))


@cached_statement
def _events(dialect: str) -> AnySelect:
    mine = (
        select(Membership.partnership_id)
        .where(
            Membership.user_id == USER.id,
            Membership.is_active,
            Membership.partnership_id.in_(bindparam("among", expanding=True)),
        )
        .subquery()
    )
    found = aliased(Entry)
    of_one = (
        select(found.partnership_id, found.number)
        .where(
            found.partnership_id == mine.c.partnership_id,
            found.post_number.is_(None),
            found.verb.in_(history_verbs()),
            found.at > bindparam("since", type_=UtcDateTime),
            found.at <= bindparam("until", type_=UtcDateTime),
        )
        .order_by(found.number.desc())
        .limit(EVENTS_OF_EACH)
        .correlate(mine)
    )
    entries = select(Entry).options(*HISTORY_COLUMNS, joinedload(Entry.partnership)).select_from(mine)
    if dialect == "postgresql":
        keys = of_one.lateral()
        here = and_(Entry.partnership_id == keys.c.partnership_id, Entry.number == keys.c.number)
        found_here = entries.join(keys, true()).join(Entry, here)
    else:
        found_here = entries.join(Entry, tuple_(Entry.partnership_id, Entry.number).in_(of_one))
    return found_here.order_by(Entry.at.desc()).limit(MOST_EVENTS)


def memberships(user: User, partnership_ids: Sequence[int]) -> list[Membership]:
    """My active memberships in the partnerships with these ids, in their order."""
    query = (
        select(Membership)
        .where(
            Membership.user_id == user.id,
            Membership.is_active,
            Membership.partnership_id.in_(partnership_ids),
        )
        .order_by(Membership.partnership_id)
    )
    return list(db.session.scalars(query))


def empty_notices(membership: Membership, number: int) -> None:
    """Let what concerns the member up to the entry `number` be no notice any more; never past the end."""
    with membership.locked():
        number = min(number, membership.partnership.last_number)
        membership.notices_after = max(membership.notices_after, number)


def _newest(user: User, among: Any, before: Cursor | None, *, of_kind: bool) -> AnySelect:
    """The keys of the newest posts, `among` these partnerships or in all of mine, each with my membership there.

    The newest few of each partnership are found by the index (partnership_id, activity_at, number): on PostgreSQL
    with LATERAL, which SQLite lacks; there a correlated list takes the same way.
    """
    own = (
        select(Membership.partnership_id, Membership.id.label("membership_id"), Membership.seen_number)
        .join(Membership.partnership)
        .where(
            Membership.user_id == user.id,
            Membership.is_active,
            Partnership.archived_at.is_(None),
        )
    )
    if among is not None:
        own = own.where(Membership.partnership_id.in_(among))
    mine = own.subquery()
    membership = mine.c.membership_id, mine.c.seen_number
    found: Any = aliased(Post)
    post: Any = Post
    of_one = (
        select(found.partnership_id, found.number, found.activity_at)
        .where(found.partnership_id == mine.c.partnership_id)
        .order_by(found.activity_at.desc(), found.number.desc())
        .limit(PAGE + 1)
        .correlate(mine)
    )
    if of_kind:  # Numbers and moments sort alike within a partnership, so the index of each kind serves.
        of_one = of_one.where(found.kind == bindparam("kind", type_=Post.kind.type))
        of_one = of_one.order_by(None).order_by(found.activity_number.desc())
    if before:
        key = tuple_(found.activity_at, found.partnership_id, found.number)
        of_one = of_one.where(found.activity_at <= before[0], key < _bound(before))
    if db.engine.dialect.name == "postgresql":
        post = of_one.lateral().c
        keys = select(post.partnership_id, post.number, *membership).select_from(mine.join(post.number.table, true()))
    else:
        newest = of_one.with_only_columns(found.partnership_id, found.number)
        keys = (
            select(Post.partnership_id, Post.number, *membership)
            .select_from(mine)
            .join(Post, tuple_(Post.partnership_id, Post.number).in_(newest))
        )
    return keys.order_by(post.activity_at.desc(), post.partnership_id.desc(), post.number.desc()).limit(PAGE + 1)


def _bound(before: Cursor) -> Any:
    moment, *numbers = before
    return tuple_(literal(moment, UtcDateTime), *numbers)
