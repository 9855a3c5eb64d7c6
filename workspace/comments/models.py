"""A comment on a post."""

from flask import abort
from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace.comments.verbs import COMMENTED
from workspace.db import Model, db
from workspace.files import attaching
from workspace.files.attaching import NOTHING as NO_FILES
from workspace.files.attaching import Attachments
from workspace.notifications.dispatch import NotificationKind, notify
from workspace.partnerships.activity_log import erase_texts, record_by
from workspace.partnerships.models import Membership
from workspace.permissions import Action
from workspace.posts import follows, mentions
from workspace.posts.authored_text import AlreadyShared, AuthoredText
from workspace.posts.models import Post
from workspace.posts.verbs import BROUGHT_BACK, EDITED, REDACTED, WITHDREW
from workspace.rich_text import RichText


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
    def write(
        cls, by: Membership, post_number: int, *, body: RichText, one_time_key: str, files: Attachments = NO_FILES
    ) -> "Comment":
        """Comment on the post, which lifts it; a comment may carry `files`. The same key makes the same comment.

        Raises AlreadyShared if that one says something else, or stands on another post. 404 for a number that is none
        of this partnership's posts.
        """
        typed, body = body, mentions.resolved(by.partnership_id, body)
        with by.locked():
            by.require(Action.COMMENT)
            post = db.session.get(Post, (by.partnership_id, post_number)) or abort(404)
            made = db.session.scalar(
                select(Comment).where(Comment.author_id == by.id, Comment.one_time_key == one_time_key)
            )
            if made:
                made._require_same(post_number, typed)
                if not attaching.is_attached(by, made.number, files):
                    raise AlreadyShared(made.number)
                return made
            post.require_open_thread()
            entry = record_by(by, COMMENTED, post_number=post_number)
            comment = cls(
                partnership_id=by.partnership_id,
                number=entry.number,
                post_number=post_number,
                author_id=by.id,
                body_html=body.html,
                body_text=body.text,
                one_time_key=one_time_key,
                created_at=entry.at,
            )
            post.comment_count += 1
            post.bump(entry)
            db.session.add(comment)
            db.session.flush()
            if body.mentions:
                mentions.keep(comment.partnership_id, comment.number, body)
            attaching.attach(by, comment.number, files)
            followers = follows.auto_follow(
                comment.partnership_id, post_number, {by.id} | body.mentions | post.owner_ids
            )
            told = {
                NotificationKind.MENTIONED: body.mentions,
                NotificationKind.ANSWER: followers & post.owner_ids,
                NotificationKind.REPLY: followers - post.owner_ids,
            }
            notify(told, entry, text=comment.number)
            return comment

    def edit(self, by: Membership, *, body: RichText, version: int, files: Attachments = NO_FILES) -> None:
        """Correct the text, and what it carries.

        Raises StaleText when `version` is not the current one; the same text changes nothing.
        """
        body = mentions.resolved(by.partnership_id, body, number=self.number)
        with by.partnership.locked():
            self.require_editable(by)
            if self.body_html != body.html:
                self.require_version(version)
                mentioned = self.rewrite(body)
                follows.auto_follow(self.partnership_id, self.post_number, body.mentions)
                entry = record_by(by, EDITED, post_number=self.post_number, comment=self.number)
                notify({NotificationKind.MENTIONED: mentioned}, entry, text=self.number)
            if files and (attached := attaching.change(by, self.number, files)):
                db.session.get_one(Post, (self.partnership_id, self.post_number)).bump(attached)

    def withdraw(self, by: Membership, post: Post, reason: str = "", *, tells_author: bool = True) -> None:
        """Take the comment back; its place in the thread of `post` stays, marked.

        Its author is told, unless that is done elsewhere.
        """
        with by.partnership.locked():
            if self.mark_withdrawn(by, reason):
                post.comment_count -= 1
                entry = record_by(by, WITHDREW, post_number=self.post_number, comment=self.number, reason=reason)
                if tells_author:
                    self.tell_author(by, entry)

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

    def _require_same(self, post_number: int, body: RichText) -> None:
        """Raise AlreadyShared unless this comment was made with all of it, whatever it has been corrected to since."""
        body = mentions.resolved(self.partnership_id, body, number=self.number)
        if self.post_number != post_number or self.first_said() != ("", body.html):
            raise AlreadyShared(self.number)
