"""What is read of comments. Every query starts from a membership."""

from typing import Any

from flask import abort
from sqlalchemy import null, select

from workspace.comments.models import Comment
from workspace.database import AnyRow, AnySelect, db
from workspace.organisations.models import Organisation
from workspace.partnerships.log import Entry
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.queries import of_seat
from workspace.posts import queries as posts
from workspace.posts.queries import author, shown

PAGE = 50
# The longer the thread, the shorter the part of each comment that is shown at once: the page stays small.
SHOWN_OF_EACH = ((8, 2000), (20, 800))
SHOWN_IN_LONG_THREADS = 200


def comment(membership: Membership, post_number: int, number: int) -> Comment:
    """The comment, to be changed; 404 for one that is not on this post."""
    found = db.session.get(Comment, (membership.partnership_id, number))
    return found if found and found.post_number == post_number else abort(404)


def line(membership: Membership, post_number: int, number: int) -> AnyRow:
    """The comment as the thread shows it, whole; 404 for none."""
    query = _lines(Comment.body_html, null().label("excerpt")).where(
        Comment.partnership_id == membership.partnership_id,
        Comment.post_number == post_number,
        Comment.number == number,
    )
    return db.session.execute(query).first() or abort(404)


def thread(membership: Membership, post: AnyRow, before: int | None) -> dict[str, Any]:
    """A page of the thread, oldest first: the latest comments, or those before the number `before`.

    How a challenge has moved stands between the comments.
    """
    found: list[Any] = [*_comments(membership, post, before)]
    if post.status:
        found += posts.moves(membership, post.number, most=PAGE + 1, before=before)
        found.sort(key=lambda item: item.number, reverse=True)
    page = found[:PAGE]
    return {
        "thread": page[::-1],
        "older": page[-1].number if len(found) > PAGE else None,
        "is_latest": before is None,
        "latest": f"#{'event' if isinstance(page[0], Entry) else 'comment'}-{page[0].number}" if page else "",
    }


def _comments(membership: Membership, post: AnyRow, before: int | None) -> list[AnyRow]:
    longest = next((most for count, most in SHOWN_OF_EACH if post.comment_count <= count), SHOWN_IN_LONG_THREADS)
    query = _lines(*shown(Comment, longest)).where(
        Comment.partnership_id == membership.partnership_id, Comment.post_number == post.number
    )
    if before:
        query = query.where(Comment.number < before)
    return list(db.session.execute(query.order_by(Comment.number.desc()).limit(PAGE + 1)))


def _lines(*body: Any) -> AnySelect:
    return (
        select(
            Comment.number,
            Comment.author_id,
            Comment.created_at,
            Comment.edited_at,
            Comment.withdrawn_at,
            Comment.withdrawn_by_id,
            Comment.withdrawn_reason,
            *body,
            *author(),
        )
        .join(Membership, Membership.id == Comment.author_id)
        .join(Membership.user)
        .join(Organisation, Membership.organisation_id == Organisation.id)
        .outerjoin(Participation, of_seat())
    )
