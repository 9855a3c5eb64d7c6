"""Queries of comments. Every query starts from a membership."""

from collections.abc import Iterable
from typing import Any

from flask import abort
from sqlalchemy import and_, bindparam, func, null, select

from workspace.comments.models import Comment
from workspace.comments.verbs import COMMENTED
from workspace.db import db
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnyRow, AnySelect
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import with_person
from workspace.partnerships.query_params import MEMBERSHIP, params_of
from workspace.partnerships.reading import ReadingPosition
from workspace.partnerships.verbs import thread_verbs
from workspace.posts import queries as posts
from workspace.posts.mentions import mentioned
from workspace.posts.queries import author, body_columns, withdrawn_by
from workspace.posts.reactions import reactions_column
from workspace.web.pagination import LARGEST, split_page

PAGE = 50
# Under a post that is a large part of its page, such as one of nothing but links, fewer comments stand at once: as
# many as there is room for, in characters of HTML.
HEAVY, ROOM, ONE_COMMENT = 8_000, 46_000, 920
AROUND = 10
# The longer the thread, the shorter the part of each comment that is shown at once: the page stays small.
SHOWN_OF_EACH = ((8, 2000), (20, 800))
SHOWN_IN_LONG_THREADS = 140


def comment(membership: Membership, post_number: int, number: int) -> Comment:
    """The comment, to be changed; 404 for one that is not on this post."""
    found = db.session.get(Comment, (membership.partnership_id, number))
    return found if found and found.post_number == post_number else abort(404)


def comment_row(membership: Membership, post_number: int, number: int) -> AnyRow:
    """The comment as the thread shows it, whole; 404 for none."""
    given = params_of(membership) | {"post_number": post_number, "number": number}
    return next(iter(fetch_rows(_line(), **given)), None) or abort(404)


def comment_rows(membership: Membership, post_number: int, numbers: Iterable[int]) -> list[AnyRow]:
    """Some comments of a post, in part where they are long."""
    return fetch_rows(_some(), **params_of(membership), post_number=post_number, numbers=list(numbers))


def thread(membership: Membership, post: AnyRow, *, before: int | None, marked: int | None = None) -> dict[str, Any]:
    """A page of the thread, oldest first: the latest, those before the number `before`, or those around `marked`.

    What else was done stands between the comments: moves of a challenge, and changes of files. The comment `marked` is
    whole; 404 where there is none.
    """
    end = _end_of_page_around(membership, post, marked) if marked else before
    size = PAGE if len(post.body_html) <= HEAVY else max((ROOM - len(post.body_html)) // ONE_COMMENT, AROUND + 1)
    found: list[Any] = [*_comments(membership, post, size, end, marked)]
    found += posts.moves(membership, post.number, most=size + 1, before=end)
    found.sort(key=lambda item: item.number, reverse=True)
    page, last = split_page(found, size)
    if marked and not any(item.number == marked and not isinstance(item, Entry) for item in page):
        abort(404)
    later = [item for item in page if marked and item.number > marked]
    return {
        "thread": page[::-1],
        "older": last.number if last else None,
        "is_latest": before is None and len(later) < AROUND,
        "latest": f"#{'event' if isinstance(page[0], Entry) else 'comment'}-{page[0].number}" if page else "",
        "marked": marked,
    }


def _end_of_page_around(membership: Membership, post: AnyRow, marked: int) -> Any:
    """The number before which a page ends that has `AROUND` items after the comment `marked`."""
    after = (
        select(Entry.number)
        .where(
            Entry.partnership_id == membership.partnership_id,
            Entry.post_number == post.number,
            Entry.verb.in_((COMMENTED, *thread_verbs())),
            Entry.number > marked,
        )
        .order_by(Entry.number)
        .offset(AROUND)
        .limit(1)
    )
    return func.coalesce(after.scalar_subquery(), LARGEST)


def _comments(membership: Membership, post: AnyRow, size: int, before: Any, whole: int | None) -> list[AnyRow]:
    longest = next((most for count, most in SHOWN_OF_EACH if post.comment_count <= count), SHOWN_IN_LONG_THREADS)
    if before is None and whole is None:
        return fetch_rows(_latest(longest), **params_of(membership), post_number=post.number, most=size + 1)
    query = _of_post(membership, post.number, longest, whole)
    if before is not None:
        query = query.where(Comment.number < before)
    return list(db.session.execute(query.limit(size + 1)))


@cached_statement
def _latest(longest: int) -> AnySelect:
    return _of_post(MEMBERSHIP, bindparam("post_number"), longest, None).limit(bindparam("most"))


def _of_post(membership: Membership, post_number: Any, longest: int, whole: int | None) -> AnySelect:
    return (
        _lines(membership, *body_columns(Comment, longest, whole))
        .where(Comment.partnership_id == membership.partnership_id, Comment.post_number == post_number)
        .order_by(Comment.number.desc())
    )


@cached_statement
def _line() -> AnySelect:
    query = _of_asked_post(Comment.body_html, null().label("excerpt"))
    return query.where(Comment.number == bindparam("number"))


@cached_statement
def _some() -> AnySelect:
    query = _of_asked_post(*body_columns(Comment, SHOWN_OF_EACH[0][1]))
    return query.where(Comment.number.in_(bindparam("numbers", expanding=True)))


def _of_asked_post(*body: Any) -> AnySelect:
    return _lines(MEMBERSHIP, *body).where(
        Comment.partnership_id == MEMBERSHIP.partnership_id, Comment.post_number == bindparam("post_number")
    )


def _lines(membership: Membership, *body: Any) -> AnySelect:
    read_to = select(ReadingPosition.number).where(
        ReadingPosition.membership_id == membership.id, ReadingPosition.post_number == Comment.post_number
    )
    is_new = and_(
        Comment.number > membership.seen_number,
        Comment.number > func.coalesce(read_to.scalar_subquery(), 0),
        Comment.author_id != membership.id,
        Comment.withdrawn_at.is_(None),
    )
    return with_person(
        select(
            Comment.number,
            Comment.author_id,
            Comment.created_at,
            Comment.edited_at,
            Comment.withdrawn_at,
            Comment.withdrawn_by_id,
            Comment.withdrawn_reason,
            Comment.kept_reason,
            Comment.correction_reason,
            Comment.redacted_at,
            withdrawn_by(Comment),
            mentioned(Comment.partnership_id, Comment.number),
            reactions_column(membership.id, Comment.partnership_id, Comment.number),
            is_new.label("is_new"),
            *body,
            *author(),
        ).join(Membership, Membership.id == Comment.author_id)
    )
