"""What is read of posts. Every query starts from a membership."""

from collections.abc import Iterable
from typing import Any

from flask import abort
from sqlalchemy import and_, case, func, null, or_, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.database import AnyRow, AnySelect, db
from workspace.organisations.models import Organisation, Side
from workspace.partnerships.log import Entry
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.queries import of_seat
from workspace.posts.models import Kind, Post
from workspace.posts.writing import Writing

PAGE = 20
# Longer texts are shown in part in the feed, with a way to the whole: 20 of them still make a small page.
SHOWN_IN_FEED = 500


def post(membership: Membership, number: int) -> Post:
    """The post, to be changed; 404 for a number that is none of this partnership's posts."""
    found = db.session.get(Post, (membership.partnership_id, number))
    return found or abort(404)


def card(membership: Membership, number: int) -> AnyRow:
    """The post as its own page shows it, whole; 404 for none."""
    query = cards(Post.body_html, null().label("excerpt")).where(
        Post.partnership_id == membership.partnership_id, Post.number == number
    )
    return db.session.execute(query).first() or abort(404)


def feed(membership: Membership, *, kind: Kind | None, before: int | None) -> list[AnyRow]:
    """A page of the feed but for the pinned, the latest activity first, and one more if there are older posts."""
    query = in_part().where(Post.partnership_id == membership.partnership_id, Post.pinned_at.is_(None))
    if kind:
        query = query.where(Post.kind == kind)
    if before:
        query = query.where(Post.activity_number < before)
    return list(db.session.execute(query.order_by(Post.activity_number.desc()).limit(PAGE + 1)))


def pinned(membership: Membership, *, kind: Kind | None) -> list[AnyRow]:
    """The pinned posts, the latest pinned first."""
    query = in_part().where(Post.partnership_id == membership.partnership_id, Post.pinned_at.is_not(None))
    if kind:
        query = query.where(Post.kind == kind)
    return list(db.session.execute(query.order_by(Post.pinned_at.desc())))


def in_part() -> AnySelect:
    """Cards with the whole text where it is short, and else its beginning."""
    return cards(*shown(Post, SHOWN_IN_FEED))


def shown(writing: type[Writing], longest: int, whole: int | None = None) -> tuple[Any, Any]:
    """The columns `body_html`, for a text that is short enough, formatting included, or the `whole` one, and
    `excerpt` for others.
    """
    is_short = and_(func.length(writing.body_text) <= longest, func.length(writing.body_html) <= 3 * longest)
    is_short = or_(is_short, writing.number == whole) if whole else is_short
    return (
        case((is_short, writing.body_html)).label("body_html"),
        case((~is_short, func.substr(writing.body_text, 1, longest))).label("excerpt"),
    )


def cards(*body: Any) -> AnySelect:
    """What a card shows of a post, and of who wrote it."""
    return (
        select(
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
            Post.redacted_at,
            withdrawn_by(Post),
            *body,
            *author(),
        )
        .join(Membership, Membership.id == Post.author_id)
        .join(Membership.user)
        .join(Organisation, Membership.organisation_id == Organisation.id)
        .outerjoin(Participation, of_seat())
    )


def author() -> tuple[Any, ...]:
    """What is shown of who wrote something."""
    return (
        User.name.label("author_name"),
        Organisation.name.label("organisation_name"),
        func.coalesce(Participation.side, Side.OTHERS).label("side"),
    )


def withdrawn_by(writing: type[Writing]) -> Any:
    """The column `withdrawn_by_name`: of who withdrew or redacted it."""
    seat, person = aliased(Membership), aliased(User)
    name = select(person.name).join(seat, seat.user_id == person.id).where(seat.id == writing.withdrawn_by_id)
    return name.correlate(writing).scalar_subquery().label("withdrawn_by_name")


def news(membership: Membership, numbers: Iterable[int]) -> dict[int, int]:
    """How many events about each of the posts `numbers` are new to the member; those without any are left out."""
    wanted = list(numbers)
    if not wanted or not membership.unread:
        return {}
    query = (
        select(Entry.post_number, func.count())
        .where(
            Entry.partnership_id == membership.partnership_id,
            Entry.post_number.in_(wanted),
            Entry.number > membership.seen_number,
            Entry.actor_id.is_distinct_from(membership.id),
        )
        .group_by(Entry.post_number)
    )
    return {number: count for number, count in db.session.execute(query) if number}
