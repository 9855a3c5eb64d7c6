"""A comment on a post."""

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace.access import Action
from workspace.database import Model, db
from workspace.partnerships.log import Verb, record
from workspace.partnerships.models import Membership
from workspace.posts.models import Post
from workspace.posts.writing import Writing
from workspace.prose import Prose


class Comment(Writing, Model):
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
    def write(cls, post: Post, by: Membership, *, body: Prose, one_time_key: str) -> "Comment":
        """Comment on `post`, which lifts it. The same key makes the same comment."""
        with by.partnership.locked():
            by.require(Action.COMMENT)
            made = db.session.scalar(
                select(Comment).where(Comment.author_id == by.id, Comment.one_time_key == one_time_key)
            )
            if made:
                return made
            post.require_present()
            entry = record(by, Verb.COMMENTED, post_number=post.number)
            comment = cls(
                partnership_id=by.partnership_id,
                number=entry.number,
                post_number=post.number,
                author_id=by.id,
                body_html=body.html,
                body_text=body.text,
                one_time_key=one_time_key,
                created_at=entry.at,
            )
            db.session.add(comment)
            post.comment_count += 1
            post.lift(by.partnership, entry.number)
            db.session.flush()
            return comment

    def edit(self, by: Membership, *, body: Prose, version: int) -> None:
        """Correct the text. Raises Stale when `version` is not the present one; the same text changes nothing."""
        with by.partnership.locked():
            self.require_editable(by)
            self.require_version(version)
            if self.body_text != body.text:
                self.rewrite(body)
                record(by, Verb.EDITED, post_number=self.post_number, comment=self.number)

    def withdraw(self, by: Membership, post: Post, reason: str = "") -> None:
        """Take the comment back; its place in the thread of `post` stays, marked."""
        with by.partnership.locked():
            if self.take_back(by, reason):
                post.comment_count -= 1
                record(by, Verb.WITHDREW, post_number=self.post_number, comment=self.number, reason=reason)
