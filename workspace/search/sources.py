"""What can be found by its words: each kind of text says here how it is read, to be indexed and to be shown.

One more kind has a function that reads it for the index, and a select that reads it again for whoever searches.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import String, and_, cast, func, literal, null, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db.statements import fetch_rows
from workspace.db.types import AnySelect
from workspace.files.queries import names_column
from workspace.partnerships.models import Membership
from workspace.posts.models import Post
from workspace.results.models import Indicator


class FoundKind(StrEnum):
    """What a hit is. Roles, people and partnerships are found by their names (search/results.py)."""

    PROGRESS = "progress"
    CHALLENGE = "challenge"
    COMMENT = "comment"
    RESULT = "result"
    ROLE = "role"
    PERSON = "person"
    PARTNERSHIP = "partnership"


@dataclass(frozen=True)
class SearchDocument:
    """A text as it is indexed; `number` is that of the entry that made it, `author_id` the person."""

    number: int
    kind: FoundKind
    author_id: int
    at: datetime
    title: str
    text: str


@dataclass(frozen=True)
class TextSource:
    """Where texts of some kinds come from: the present ones of these numbers, and those that somebody may read.

    `shown` selects partnership_id, number, kind, title, text, status, post_number, at, author_id and author_name.
    """

    kinds: tuple[FoundKind, ...]
    read: Callable[[int, Collection[int]], list[SearchDocument]]
    shown: Callable[[], AnySelect]


def _posts(partnership_id: int, numbers: Collection[int]) -> list[SearchDocument]:
    query = (
        select(
            Post.number,
            Post.kind,
            Membership.user_id,
            Post.created_at,
            Post.title,
            Post.body_text,
            Post.outcome,
            names_column(Post.partnership_id, Post.number),
        )
        .join(Membership, Membership.id == Post.author_id)
        .where(Post.partnership_id == partnership_id, Post.number.in_(numbers), Post.withdrawn_at.is_(None))
    )
    return [
        SearchDocument(
            row.number,
            FoundKind(row.kind.value),
            row.user_id,
            row.created_at,
            row.title,
            f"{row.body_text}\n{row.outcome}\n{row.file_names or ''}",
        )
        for row in fetch_rows(query)
    ]


def _comments(partnership_id: int, numbers: Collection[int]) -> list[SearchDocument]:
    query = (
        select(
            Comment.number,
            Membership.user_id,
            Comment.created_at,
            Comment.body_text,
            names_column(Comment.partnership_id, Comment.number),
        )
        .join(Membership, Membership.id == Comment.author_id)
        .where(Comment.partnership_id == partnership_id, Comment.number.in_(numbers), Comment.withdrawn_at.is_(None))
    )
    return [
        SearchDocument(
            row.number,
            FoundKind.COMMENT,
            row.user_id,
            row.created_at,
            "",
            f"{row.body_text}\n{row.file_names or ''}",
        )
        for row in fetch_rows(query)
    ]


def _indicators(partnership_id: int, numbers: Collection[int]) -> list[SearchDocument]:
    query = (
        select(Indicator.number, Membership.user_id, Indicator.created_at, Indicator.name, Indicator.definition)
        .join(Membership, Membership.id == Indicator.created_by_id)
        .where(Indicator.partnership_id == partnership_id, Indicator.number.in_(numbers))
    )
    return [
        SearchDocument(row.number, FoundKind.RESULT, row.user_id, row.created_at, row.name, row.definition)
        for row in fetch_rows(query)
    ]


def _shown_posts() -> AnySelect:
    more = Post.outcome + "\n" + _names_of_files(Post)
    return _columns(Post, Post.author_id, cast(Post.kind, String), Post.title, Post.body_text, more, Post.status)


def _names_of_files(of: Any) -> Any:
    return func.coalesce(names_column(of.partnership_id, of.number).element, "")


def _columns(
    of: Any, author_id: Any, kind: Any, title: Any, text: Any, more: Any, status: Any, post_number: Any = None
) -> AnySelect:
    author_membership, author = aliased(Membership), aliased(User)
    return (
        select(
            of.partnership_id.label("partnership_id"),
            of.number.label("number"),
            kind.label("kind"),
            title.label("title"),
            text.label("text"),
            more.label("more"),
            cast(status, String).label("status"),
            (of.number if post_number is None else post_number).label("post_number"),
            of.created_at.label("at"),
            author.id.label("author_id"),
            author.name.label("author_name"),
        )
        .join(author_membership, author_membership.id == author_id)
        .join(author, author.id == author_membership.user_id)
    )


def _shown_comments() -> AnySelect:
    parent = aliased(Post)
    return (
        _columns(
            Comment,
            Comment.author_id,
            literal(FoundKind.COMMENT.value),
            parent.title,
            Comment.body_text,
            _names_of_files(Comment),
            null(),
            Comment.post_number,
        )
        .join(parent, and_(parent.partnership_id == Comment.partnership_id, parent.number == Comment.post_number))
        .where(Comment.withdrawn_at.is_(None))
    )


def _shown_indicators() -> AnySelect:
    kind, nothing = literal(FoundKind.RESULT.value), literal("")
    return _columns(Indicator, Indicator.created_by_id, kind, Indicator.name, Indicator.definition, nothing, null())


SOURCES = (
    TextSource(
        (FoundKind.PROGRESS, FoundKind.CHALLENGE), _posts, lambda: _shown_posts().where(Post.withdrawn_at.is_(None))
    ),
    TextSource((FoundKind.COMMENT,), _comments, _shown_comments),
    TextSource((FoundKind.RESULT,), _indicators, _shown_indicators),
)
