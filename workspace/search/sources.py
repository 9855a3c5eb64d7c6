"""What can be found by its words: each kind of text says here how it is read, to be indexed and to be shown.

One more kind has a function that reads it for the index, and a select that reads it again for whoever searches.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, String, and_, case, cast, func, literal, null, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.db.statements import fetch_rows
from workspace.db.types import AnySelect
from workspace.files.models import File, is_of_entry
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership
from workspace.posts.models import Post
from workspace.results.models import Indicator

NOTHING = literal("")


class FoundKind(StrEnum):
    """What a hit is. Roles, people, organisations and partnerships are found by their names (search/results.py)."""

    PROGRESS = "progress"
    CHALLENGE = "challenge"
    COMMENT = "comment"
    RESULT = "result"
    FILE = "file"
    ROLE = "role"
    PERSON = "person"
    ORGANISATION = "organisation"
    PARTNERSHIP = "partnership"


@dataclass(frozen=True)
class SearchDocument:
    """A text as it is indexed; `number` is that of the entry that made it, `author_id` the person.

    Of the names of its files there is one more document, with the same number.
    """

    number: int
    kind: FoundKind
    author_id: int
    at: datetime
    title: str
    text: str


@dataclass(frozen=True)
class TextSource:
    """Where texts of some kinds come from: the present ones of these numbers, and those that somebody may read.

    `shown` selects what `_columns` has. Several rows may have the same number: a text has several files.
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
            f"{row.body_text}\n{row.outcome}",
        )
        for row in fetch_rows(query)
    ]


def _comments(partnership_id: int, numbers: Collection[int]) -> list[SearchDocument]:
    query = (
        select(Comment.number, Membership.user_id, Comment.created_at, Comment.body_text)
        .join(Membership, Membership.id == Comment.author_id)
        .where(Comment.partnership_id == partnership_id, Comment.number.in_(numbers), Comment.withdrawn_at.is_(None))
    )
    return [
        SearchDocument(row.number, FoundKind.COMMENT, row.user_id, row.created_at, "", row.body_text)
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


def _files(partnership_id: int, numbers: Collection[int]) -> list[SearchDocument]:
    query = (
        select(Entry.number, Membership.user_id, Entry.at, func.aggregate_strings(File.name, "\n").label("names"))
        .join(Entry, is_of_entry())
        .join(Membership, Membership.id == Entry.actor_id)
        .where(File.partnership_id == partnership_id, File.entry_number.in_(numbers), File.withdrawn_at.is_(None))
        .group_by(Entry.number, Membership.user_id, Entry.at)
    )
    return [SearchDocument(row.number, FoundKind.FILE, row.user_id, row.at, "", row.names) for row in fetch_rows(query)]


def _shown_posts() -> AnySelect:
    more = Post.outcome + "\n" + _names_of_files(Post)
    kind = cast(Post.kind, String)
    return _columns(Post, Post.author_id, kind, Post.title, Post.body_text, more=more, status=Post.status)


def _names_of_files(of: Any) -> Any:
    """The names of what a text carries, so that it is found by its own words and these together."""
    names = select(func.aggregate_strings(File.name, ", ")).where(
        File.partnership_id == of.partnership_id, File.entry_number == of.number, *_is_shown()
    )
    return func.coalesce(names.scalar_subquery(), "")


def _columns(
    of: Any,
    author_id: Any,
    kind: Any,
    title: Any,
    text: Any,
    *,
    more: Any = NOTHING,
    status: Any = None,
    number: Any = None,
    address_number: Any = None,
    stands_in: Any = NOTHING,
) -> AnySelect:
    """`number` is that of the text, `address_number` the one that its page's address has.

    Found are the words of `title`, `text` and `more`; `stands_in` is the title of the post that a file belongs to.
    """
    number = of.number if number is None else number
    author_membership, author = aliased(Membership), aliased(User)
    return (
        select(
            of.partnership_id.label("partnership_id"),
            number.label("number"),
            kind.label("kind"),
            title.label("title"),
            text.label("text"),
            more.label("more"),
            cast(null() if status is None else status, String).label("status"),
            (number if address_number is None else address_number).label("address_number"),
            stands_in.label("stands_in"),
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
            _title_unless_withdrawn(parent),
            Comment.body_text,
            more=_names_of_files(Comment),
            address_number=Comment.post_number,
        )
        .join(parent, and_(parent.partnership_id == Comment.partnership_id, parent.number == Comment.post_number))
        .where(Comment.withdrawn_at.is_(None))
    )


def _shown_indicators() -> AnySelect:
    kind = literal(FoundKind.RESULT.value)
    return _columns(Indicator, Indicator.created_by_id, kind, Indicator.name, Indicator.definition)


def _shown_files() -> AnySelect:
    post = aliased(Post)
    return (
        _columns(
            File,
            File.uploader_id,
            literal(FoundKind.FILE.value),
            File.name,
            NOTHING,
            number=File.entry_number,
            address_number=File.number,
            stands_in=_title_unless_withdrawn(post),
        )
        .join(Entry, is_of_entry())
        .outerjoin(post, and_(post.partnership_id == Entry.partnership_id, post.number == Entry.post_number))
        .where(Entry.stands.is_not(False), *_is_shown())
    )


def _title_unless_withdrawn(post: Any) -> ColumnElement[str]:
    return func.coalesce(case((post.withdrawn_at.is_(None), post.title)), "")


def _is_shown() -> tuple[ColumnElement[bool], ...]:
    """A file that is removed, or that nobody can use yet, is not found."""
    return File.withdrawn_at.is_(None), File.shown.is_not(None)


SOURCES = (
    TextSource(
        (FoundKind.PROGRESS, FoundKind.CHALLENGE), _posts, lambda: _shown_posts().where(Post.withdrawn_at.is_(None))
    ),
    TextSource((FoundKind.COMMENT,), _comments, _shown_comments),
    TextSource((FoundKind.RESULT,), _indicators, _shown_indicators),
    TextSource((FoundKind.FILE,), _files, _shown_files),
)
