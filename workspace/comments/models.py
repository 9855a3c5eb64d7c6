"""A comment on a post."""

from datetime import datetime
from typing import NamedTuple

from flask import abort
from sqlalchemy import (
    ForeignKeyConstraint,
    Index,
    Insert,
    UniqueConstraint,
    Update,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace.comments.verbs import COMMENTED
from workspace.db import Model, db
from workspace.db.statements import core_connection, fetch_rows
from workspace.db.types import AnySelect, UtcDateTime
from workspace.notifications.dispatch import NotificationKind, notify
from workspace.partnerships.activity_log import erase_texts, record_by
from workspace.partnerships.models import Membership
from workspace.permissions import Action
from workspace.posts import follows, mentions
from workspace.posts.authored_text import AlreadyShared, AuthoredText, require_present
from workspace.posts.models import Post
from workspace.posts.verbs import BROUGHT_BACK, EDITED, REDACTED, WITHDREW
from workspace.rich_text import RichText


class Commented(NamedTuple):
    """What is shown of a post with a comment on it."""

    number: int
    comment_count: int
    withdrawn_at: datetime | None


class Written(NamedTuple):
    """The number of a comment, and its post."""

    number: int
    post: Commented


class Comment(AuthoredText, Model):
    """Its number is that of the entry that made it."""

    __tablename__ = "comment"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "number"], ["entry.partnership_id", "entry.number"]),
        ForeignKeyConstraint(["partnership_id", "post_number"], ["post.partnership_id", "post.number"]),
        ForeignKeyConstraint(["partnership_id", "author_id"], ["membership.partnership_id", "membership.id"]),
        UniqueConstraint("author_id", "one_time_key"),
        Index("ix_comment_partnership_id_post_number_number", "partnership_id", "post_number", "number"),
    )
    written_by = Action.COMMENT

    post_number: Mapped[int] = mapped_column()

    author: Mapped[Membership] = relationship(
        primaryjoin=lambda: Comment.author_id == Membership.id,
        foreign_keys=lambda: Comment.author_id,
        viewonly=True,
    )

    @classmethod
    def write(cls, by: Membership, post_number: int, *, body: RichText, one_time_key: str) -> Written:
        """Comment on the post, which lifts it. The same key makes the same comment.

        Raises AlreadyShared if that one says something else, or stands on another post. 404 for a number that is none
        of this partnership's posts.
        """
        typed, body = body, mentions.resolved(by.partnership_id, body)
        with by.locked():
            by.require(Action.COMMENT)
            asked = {"partnership_id": by.partnership_id, "number": post_number}
            post = next(iter(fetch_rows(_post(), **asked, author_id=by.id, one_time_key=one_time_key)), None) or abort(
                404
            )
            if post.made:
                made = db.session.get_one(cls, (by.partnership_id, post.made))
                typed = mentions.resolved(by.partnership_id, typed, number=made.number)
                if made.post_number != post_number or made.first_said() != ("", typed.html):
                    raise AlreadyShared(made.number)
                return Written(made.number, Commented(post_number, post.comment_count, post.withdrawn_at))
            require_present(post.withdrawn_at)
            entry = record_by(by, COMMENTED, post_number=post_number)
            comment = {
                "partnership_id": by.partnership_id,
                "number": entry.number,
                "post_number": post_number,
                "author_id": by.id,
                "body_html": body.html,
                "body_text": body.text,
                "one_time_key": one_time_key,
                "created_at": entry.at,
            }
            written = core_connection()
            written.execute(_comment(), comment)
            lifted = {"post": post_number, "entry": entry.number, "at": entry.activity_at}
            written.execute(_lift(), {"partnership": by.partnership_id} | lifted)
            mentioned, owners = body.mentions, {seat for seat in (post.author_id, post.taker_id) if seat}
            if mentioned:
                mentions.keep(by.partnership_id, entry.number, body)
            followers = follows.auto_follow(by.partnership_id, post_number, {by.id} | mentioned | owners)
            told = {
                NotificationKind.MENTIONED: mentioned,
                NotificationKind.ANSWER: followers & owners,
                NotificationKind.REPLY: followers - owners,
            }
            notify(told, entry, text=entry.number)
            return Written(entry.number, Commented(post_number, post.comment_count + 1, None))

    def edit(self, by: Membership, *, body: RichText, version: int) -> None:
        """Correct the text. Raises StaleText when `version` is not the current one; the same text changes nothing."""
        body = mentions.resolved(by.partnership_id, body, number=self.number)
        with by.partnership.locked():
            self.require_editable(by)
            if self.body_html != body.html:
                self.require_version(version)
                mentioned = self.rewrite(body)
                follows.auto_follow(self.partnership_id, self.post_number, body.mentions)
                entry = record_by(by, EDITED, post_number=self.post_number, comment=self.number)
                notify({NotificationKind.MENTIONED: mentioned}, entry, text=self.number)

    def withdraw(self, by: Membership, post: Post, reason: str = "") -> None:
        """Take the comment back; its place in the thread of `post` stays, marked."""
        with by.partnership.locked():
            if self.mark_withdrawn(by, reason):
                post.comment_count -= 1
                record_by(by, WITHDREW, post_number=self.post_number, comment=self.number, reason=reason)

    def bring_back(self, by: Membership, post: Post) -> None:
        """Undo the withdrawal, in the thread of `post`."""
        with by.partnership.locked():
            if self.restore(by):
                post.comment_count += 1
                record_by(by, BROUGHT_BACK, post_number=self.post_number, comment=self.number)

    def redact(self, by: Membership, post: Post, reason: str) -> None:
        """Erase the text, wherever it is kept; that it was, by whom and why remains."""
        with by.partnership.locked():
            was_there = not self.is_withdrawn
            if self.erase(by, reason):
                post.comment_count -= was_there
                erase_texts(self.partnership_id, post_number=self.post_number, comment=self.number)
                record_by(by, REDACTED, post_number=self.post_number, comment=self.number, reason=reason)


def _post() -> AnySelect:
    """Of the post what a comment on it needs to know; and the comment that the key has `made` before.

    Made once, as those below: making a statement takes longer than running it.
    """
    made = select(Comment.number).where(
        Comment.author_id == bindparam("author_id"), Comment.one_time_key == bindparam("one_time_key")
    )
    return select(
        Post.author_id, Post.taker_id, Post.withdrawn_at, Post.comment_count, made.scalar_subquery().label("made")
    ).where(Post.partnership_id == bindparam("partnership_id"), Post.number == bindparam("number"))


def _comment() -> Insert:
    return insert(Comment)


def _lift() -> Update:
    return (
        update(Post)
        .where(Post.partnership_id == bindparam("partnership"), Post.number == bindparam("post"))
        .values(
            comment_count=Post.comment_count + 1,
            activity_number=bindparam("entry"),
            activity_at=bindparam("at", type_=UtcDateTime),
        )
    )
