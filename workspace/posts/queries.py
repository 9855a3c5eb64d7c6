"""Queries of posts. Every query starts from a membership."""

from collections.abc import Iterable
from typing import Any

from flask import abort
from sqlalchemy import ColumnElement, Select, and_, bindparam, case, exists, false, func, null, or_, select

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.statements import cached_statement, fetch_rows, shared_alias
from workspace.db.types import AnyRow, AnySelect
from workspace.notifications.emails import shortened
from workspace.notifications.notices import Topic, read_to
from workspace.organisations.models import Organisation
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.queries import HISTORY_COLUMNS, ORGANISATION_AND_SIDE, SIDE, participation_of, with_person
from workspace.partnerships.query_params import MEMBERSHIP, params_of
from workspace.partnerships.reading import ReadingPosition, is_comment, is_news
from workspace.partnerships.verbs import Verb, thread_verbs
from workspace.permissions import Level
from workspace.posts import follows
from workspace.posts.authored_text import AuthoredText
from workspace.posts.challenge_workflow import STATUS_VERBS
from workspace.posts.co_affected import CoAffected
from workspace.posts.mentions import mentioned, unseen
from workspace.posts.models import Post, PostKind
from workspace.posts.reactions import reactions_column
from workspace.roles.models import Role
from workspace.roles.queries import accountable_name, is_held_by

PAGE = 20
# Longer texts are shown in part in the feed, with a way to the whole: 20 of them still make a small page.
SHOWN_IN_FEED = 280
# Of the progress that can have solved a challenge, and of the challenges that progress can move.
MOST_CHOICES = 50
MOST_UNSOLVED = 25
NAMED_BESIDE_FEED = 3
LONGEST_CHOICE = 60

# Aliases cost more to make than the statement they stand in, so these are shared.
MOVED, CONCERNED_MEMBERSHIP, CONCERNED = shared_alias(Post), shared_alias(Membership), shared_alias(User)
WITHDRAWER_MEMBERSHIP, WITHDRAWER = shared_alias(Membership), shared_alias(User)
ACT, ACTOR_MEMBERSHIP, ACTOR = shared_alias(Entry), shared_alias(Membership), shared_alias(User)


def challenge(membership: Membership, number: int) -> Post:
    """The challenge, to be moved; 404 for a number that is no post's, Conflict for progress."""
    found = post(membership, number)
    found.require_challenge()
    return found


def post(membership: Membership, number: int) -> Post:
    """The post, to be changed; 404 for a number that is none of this partnership's posts."""
    found = db.session.get(Post, (membership.partnership_id, number))
    return found or abort(404)


def card(membership: Membership, number: int) -> AnyRow:
    """The post as its own page shows it, whole; 404 for none."""
    return next(iter(fetch_rows(_card(), **params_of(membership), number=number)), None) or abort(404)


def feed(membership: Membership, *, kind: PostKind | None, before: int | None) -> list[AnyRow]:
    """A page of the feed but for the pinned, the latest activity first, and one more if there are older posts."""
    query = _feed(has_news=membership.has_news, of_kind=kind is not None, goes_on=bool(before))
    return fetch_rows(query, **params_of(membership), kind=kind, before=before)


def pinned(membership: Membership, *, kind: PostKind | None) -> list[AnyRow]:
    """The pinned posts, the latest pinned first."""
    query = _pinned(has_news=membership.has_news, of_kind=kind is not None)
    return fetch_rows(query, **params_of(membership), kind=kind)


@cached_statement
def _card() -> AnySelect:
    return card_select(
        null().label("act_verb"),
        *news_columns(None),
        Post.body_html,
        null().label("excerpt"),
        is_held_by(MEMBERSHIP, Post.role_id).label("holds_role"),
        reactions_column(MEMBERSHIP.id, Post.partnership_id, Post.number),
        unseen(MEMBERSHIP, Post.number),
        *follows.columns(MEMBERSHIP, Post.number),
        _has_notices(MEMBERSHIP).label("has_notices"),
    ).where(Post.partnership_id == MEMBERSHIP.partnership_id, Post.number == bindparam("number"))


def _has_notices(member: Any) -> Any:
    """Whether others have done something about a post that concerns the member since they last opened it."""
    return and_(
        exists().where(
            follows.Follow.partnership_id == Post.partnership_id,
            follows.Follow.post_number == Post.number,
            follows.Follow.membership_id == member.id,
        ),
        exists().where(
            Entry.partnership_id == Post.partnership_id,
            Entry.post_number == Post.number,
            Entry.number > read_to(member, Topic.POST, Post.number),
            Entry.actor_id.is_distinct_from(member.id),
        ),
    )


@cached_statement
def _feed(*, has_news: bool, of_kind: bool, goes_on: bool) -> AnySelect:
    query = feed_select(has_news=has_news, of_kind=of_kind).where(Post.pinned_at.is_(None))
    if goes_on:
        query = query.where(Post.activity_number < bindparam("before"))
    return query.order_by(Post.activity_number.desc()).limit(PAGE + 1)


@cached_statement
def _pinned(*, has_news: bool, of_kind: bool) -> AnySelect:
    return (
        feed_select(has_news=has_news, of_kind=of_kind)
        .where(Post.pinned_at.is_not(None))
        .order_by(Post.pinned_at.desc())
    )


def feed_select(*, has_news: bool, of_kind: bool) -> AnySelect:
    """Cards with the whole text where it is short, and else its beginning; and whether there is news about them.

    Those of ASKER's partnership, with `of_kind` of the one `kind`; without `has_news` there is none in all of it.
    """
    asker = MEMBERSHIP if has_news else None
    columns = *act_columns(), *news_columns(asker), *body_columns(Post, SHOWN_IN_FEED)
    query = with_reading(with_act(card_select(*columns)), asker)
    query = query.where(Post.partnership_id == MEMBERSHIP.partnership_id)
    return query.where(Post.kind == bindparam("kind", type_=Post.kind.type)) if of_kind else query


def body_columns(writing: type[AuthoredText], longest: int, whole: int | None = None) -> tuple[Any, Any]:
    """The columns `body_html`, for a text that is short enough, formatting included, or the `whole` one, and
    `excerpt` for others.
    """
    is_short = and_(func.length(writing.body_text) <= longest, func.length(writing.body_html) <= 3 * longest)
    is_short = or_(is_short, writing.number == whole) if whole else is_short
    return (
        case((is_short, writing.body_html)).label("body_html"),
        case((~is_short, func.substr(writing.body_text, 1, longest))).label("excerpt"),
    )


def card_select(*body: Any) -> AnySelect:
    """What a card shows of a post, of who wrote it, and of who has been asked to take it, or has taken it."""
    member, concerned = CONCERNED_MEMBERSHIP, CONCERNED
    cards = select(
        Post.number,
        Post.kind,
        Post.title,
        Post.author_id,
        Post.created_at,
        Post.edited_at,
        Post.comment_count,
        Post.activity_number,
        Post.pinned_at,
        Post.withdrawn_at,
        Post.withdrawn_by_id,
        Post.withdrawn_reason,
        Post.kept_reason,
        Post.correction_reason,
        Post.closed_at,
        Post.role_id,
        Role.name.label("role_name"),
        Role.retired_at.label("role_retired_at"),
        accountable_name().label("accountable_name"),
        Post.status,
        Post.status_at,
        Post.activity_at,
        Post.answer_by,
        Post.parked_until,
        Post.outcome,
        Post.taker_id,
        Post.asked_id,
        Post.affected_count,
        Post.moves_number,
        Membership.organisation_id,
        _moved_title(),
        concerned.name.label("concerned_name"),
        Post.redacted_at,
        withdrawn_by(Post),
        mentioned(Post.partnership_id, Post.number),
        *body,
        *author(),
    ).join(Membership, Membership.id == Post.author_id)
    return (
        with_person(cards)
        .outerjoin(Role, Role.id == Post.role_id)
        .outerjoin(member, member.id == func.coalesce(Post.asked_id, Post.taker_id))
        .outerjoin(concerned, concerned.id == member.user_id)
    )


def _moved_title() -> Any:
    """The column `moves_title`, read for each post alone: a join may read the whole partnership for it."""
    title = select(MOVED.title).where(
        MOVED.partnership_id == Post.partnership_id,
        MOVED.number == Post.moves_number,
        MOVED.withdrawn_at.is_(None),
    )
    return title.correlate(Post).scalar_subquery().label("moves_title")


def author() -> tuple[Any, ...]:
    """What is shown of who wrote something."""
    return (
        User.name.label("author_name"),
        *ORGANISATION_AND_SIDE,
    )


def of_author() -> ColumnElement[bool]:
    """Joins the membership of a post's author, where many posts are read: a partnership has few memberships."""
    return and_(Membership.partnership_id == Post.partnership_id, Membership.id == Post.author_id)


def withdrawn_by(writing: type[AuthoredText]) -> Any:
    """The column `withdrawn_by_name`: of who withdrew or redacted it."""
    member, person = WITHDRAWER_MEMBERSHIP, WITHDRAWER
    name = select(person.name).join(member, member.user_id == person.id).where(member.id == writing.withdrawn_by_id)
    return name.correlate(writing).scalar_subquery().label("withdrawn_by_name")


def act_columns() -> tuple[Any, ...]:
    """What the latest activity of a post is, and by whom: the columns `act_verb` and `act_name`.

    Both are None for a comment that is withdrawn, the name for what time does.
    """
    stands = ACT.stands.is_not(False)
    return case((stands, ACT.verb)).label("act_verb"), case((stands, ACTOR.name)).label("act_name")


def with_act(query: AnySelect) -> AnySelect:
    """`query` of posts with the entry that is the latest activity of each, and who did it."""
    return (
        query.outerjoin(ACT, and_(ACT.partnership_id == Post.partnership_id, ACT.number == Post.activity_number))
        .outerjoin(ACTOR_MEMBERSHIP, ACTOR_MEMBERSHIP.id == ACT.actor_id)
        .outerjoin(ACTOR, ACTOR.id == ACTOR_MEMBERSHIP.user_id)
    )


def news_columns(member: Any) -> tuple[Any, ...]:
    """What is new of a post to `member` (its id and seen_number), whose row stands beside it; None: nothing is.

    `is_new` says that the post itself is, `new_comments` how many comments are, `first_new` the number of the first of
    them, and `unread_to` that of the last entry whose reading its card shows.
    """
    names = ("is_new", "new_comments", "first_new", "unread_to")
    if member is None:
        return tuple(value.label(name) for name, value in zip(names, (false(), null(), null(), null()), strict=True))
    read_to, card_to = (func.coalesce(column, 0) for column in (ReadingPosition.number, ReadingPosition.card_number))
    here = (
        Entry.partnership_id == Post.partnership_id,
        Entry.post_number == Post.number,
        Entry.number > member.seen_number,
        Entry.actor_id.is_distinct_from(member.id),
    )
    comments = *here, is_comment(), Entry.stands.is_(True), Entry.number > read_to
    shown = *here, ~is_comment(), is_news(), Entry.number > card_to
    return (
        and_(
            Post.number > member.seen_number,
            Post.number > card_to,
            Post.author_id != member.id,
            Post.withdrawn_at.is_(None),
        ).label("is_new"),
        *(
            select(value).where(*conditions).correlate_except(Entry).scalar_subquery().label(name)
            for name, value, conditions in (
                ("new_comments", func.count(), comments),
                ("first_new", func.min(Entry.number), comments),
                ("unread_to", func.max(Entry.number), shown),
            )
        ),
    )


def with_reading(query: AnySelect, member: Any) -> AnySelect:
    """`query` of posts with the row of what `member` has read of each; as it is for None."""
    if member is None:
        return query
    mine = and_(ReadingPosition.membership_id == member.id, ReadingPosition.post_number == Post.number)
    return query.outerjoin(ReadingPosition, mine)


def moves(membership: Membership, number: int, *, most: int, before: Any = None) -> list[Entry]:
    """What stands in a post's thread beside its comments: how a challenge has moved, and what became of files.

    The latest first: at most so many entries, those before the number `before`.
    """
    query = (
        _entries(membership, number, thread_verbs()).options(*HISTORY_COLUMNS).order_by(Entry.number.desc()).limit(most)
    )
    if before is not None:
        query = query.where(Entry.number < before)
    return list(db.session.scalars(query))


def status_entries(membership: Membership, number: int) -> dict[Verb, Entry]:
    """The last entry of each verb that brought a challenge where it is."""
    last = _entries(membership, number, STATUS_VERBS).with_only_columns(func.max(Entry.number)).group_by(Entry.verb)
    query = _entries(membership, number, STATUS_VERBS).where(Entry.number.in_(last)).options(*HISTORY_COLUMNS)
    found: list[Entry] = list(db.session.scalars(query))
    return {entry.verb: entry for entry in found}


def _entries(membership: Membership, number: int, verbs: Iterable[Verb]) -> Select[Entry]:
    return select(Entry).where(
        Entry.partnership_id == membership.partnership_id,
        Entry.post_number == number,
        Entry.verb.in_(verbs),
    )


def people_of(membership: Membership, ids: list[int | None]) -> dict[int, AnyRow]:
    """Members by their ids, with their organisations and sides."""
    wanted = [number for number in ids if number]
    if not wanted:
        return {}
    people = with_person(select(Membership.id, *author()))
    query = people.where(Membership.partnership_id == membership.partnership_id, Membership.id.in_(wanted))
    return {row.id: row for row in db.session.execute(query)}


def progress_of(membership: Membership, number: int, solving: list[int]) -> list[AnyRow]:
    """The progress that moves a challenge, and that of the numbers `solving`, the latest first."""
    query = (
        select(Post.number, Post.title, Post.created_at)
        .where(
            Post.partnership_id == membership.partnership_id,
            or_(Post.moves_number == number, Post.number.in_(solving)),
            Post.withdrawn_at.is_(None),
        )
        .order_by(Post.number.desc())
        .limit(MOST_CHOICES)
    )
    return list(db.session.execute(query))


def affected(membership: Membership, number: int) -> list[AnyRow]:
    """The organisations that have said that they meet the challenge too, in Danish order."""
    query = (
        select(Organisation.id, Organisation.name, SIDE.label("side"))
        .join(CoAffected, CoAffected.organisation_id == Organisation.id)
        .outerjoin(
            Participation,
            participation_of(CoAffected),
        )
        .where(CoAffected.partnership_id == membership.partnership_id, CoAffected.post_number == number)
        .order_by(Organisation.name_key)
    )
    return list(db.session.execute(query))


def unsolved(membership: Membership) -> list[tuple[int, str]]:
    """The challenges that progress can move, as (number, title), the latest activity first."""
    if not membership.partnership.unsolved_count:
        return []
    rows = fetch_rows(_unsolved(), **params_of(membership))
    return [(number, shortened(title, LONGEST_CHOICE)) for number, title in rows]


def last_unsolved(membership: Membership) -> list[AnyRow]:
    """The first of the unsolved challenges, the latest activity first."""
    return fetch_rows(_last_unsolved(), **params_of(membership))


@cached_statement
def _last_unsolved() -> AnySelect:
    return (
        select(Post.number, Post.title, Post.status, Post.created_at, Post.answer_by)
        .where(Post.partnership_id == MEMBERSHIP.partnership_id, Post.is_unsolved)
        .order_by(Post.activity_number.desc())
        .limit(NAMED_BESIDE_FEED)
    )


@cached_statement
def _unsolved() -> AnySelect:
    return (
        select(Post.number, Post.title)
        .where(
            Post.partnership_id == MEMBERSHIP.partnership_id,
            Post.is_unsolved,
        )
        .order_by(Post.activity_number.desc())
        .limit(MOST_UNSOLVED)
    )


def progress(membership: Membership) -> list[tuple[int, str]]:
    """The progress that can have solved a challenge, as (number, title), the latest first."""
    query = (
        select(Post.number, Post.title)
        .where(
            Post.partnership_id == membership.partnership_id,
            Post.kind == PostKind.PROGRESS,
            Post.withdrawn_at.is_(None),
        )
        .order_by(Post.number.desc())
        .limit(MOST_CHOICES)
    )
    return [(number, title) for number, title in db.session.execute(query)]


def who_can_take(membership: Membership) -> list[tuple[int, str]]:
    """The other members who can be asked to take a challenge, as (id, “name, organisation”), in Danish order."""
    query = (
        select(Membership.id, User.name, Organisation.name)
        .join(Membership.user)
        .join(Organisation, Membership.organisation_id == Organisation.id)
        .where(
            Membership.partnership_id == membership.partnership_id,
            Membership.is_active,
            Membership.level != Level.OBSERVER,
            Membership.id != membership.id,
            User.deactivated_at.is_(None),
        )
        .order_by(User.name_key, Membership.id)
    )
    return [(number, f"{name}, {organisation}") for number, name, organisation in db.session.execute(query)]
