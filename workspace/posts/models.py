"""A post: progress or a challenge, the two things that partners share."""

from datetime import datetime
from enum import StrEnum

from flask_babel import gettext as _
from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace import clock
from workspace.access import Action, Conflict
from workspace.database import Model, Moment, db, one_of
from workspace.partnerships.log import Verb, forget_words, record
from workspace.partnerships.models import Membership
from workspace.posts import following, mentions
from workspace.posts.writing import Writing
from workspace.prose import Prose

MOST_PINNED = 3


class Kind(StrEnum):
    """What a post is."""

    PROGRESS = "progress"
    CHALLENGE = "challenge"


SHARED = {Kind.PROGRESS: Verb.SHARED_PROGRESS, Kind.CHALLENGE: Verb.SHARED_CHALLENGE}


class Post(Writing, Model):
    """Its number is that of the entry that made it; `activity_number` that of the last entry about it but edits."""

    __tablename__ = "post"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "number"], ["entry.partnership_id", "entry.number"]),
        ForeignKeyConstraint(["partnership_id", "author_id"], ["membership.partnership_id", "membership.id"]),
        UniqueConstraint("author_id", "one_time_key"),
        Index("ix_post_partnership_id_activity_number", "partnership_id", "activity_number"),
        Index("ix_post_partnership_id_kind_activity_number", "partnership_id", "kind", "activity_number"),
        Index("ix_post_partnership_id_activity_at_number", "partnership_id", "activity_at", "number"),
    )
    written_by = Action.SHARE

    kind: Mapped[Kind] = mapped_column(one_of(Kind))
    title: Mapped[str] = mapped_column(String(120))
    activity_number: Mapped[int]
    activity_at: Mapped[datetime] = mapped_column(Moment)
    comment_count: Mapped[int] = mapped_column(default=0)
    pinned_at: Mapped[datetime | None] = mapped_column(Moment)

    author: Mapped[Membership] = relationship(
        primaryjoin=lambda: Post.author_id == Membership.id,
        foreign_keys=lambda: Post.author_id,
        viewonly=True,
    )

    @classmethod
    def share(cls, by: Membership, *, kind: Kind, title: str, body: Prose, one_time_key: str) -> "Post":
        """Share progress or a challenge. The same key makes the same post, corrected if the text has changed since."""
        body = mentions.resolved(by.partnership_id, body)
        with by.partnership.locked():
            by.require(Action.SHARE)
            made = db.session.scalar(select(Post).where(Post.author_id == by.id, Post.one_time_key == one_time_key))
            if made:
                made.edit(by, title=title, body=body, version=made.version)
                return made
            entry = record(by, SHARED[kind], makes_post=True)
            post = cls(
                partnership_id=by.partnership_id,
                number=entry.number,
                author_id=by.id,
                kind=kind,
                title=title,
                body_html=body.html,
                body_text=body.text,
                one_time_key=one_time_key,
                created_at=entry.at,
            )
            post.lift(by, entry.number)
            db.session.add(post)
            db.session.flush()
            mentions.keep(post.partnership_id, post.number, body)
            following.concern(post.partnership_id, post.number, {by.id} | body.mentions)
            return post

    def lift(self, by: Membership, number: int) -> None:
        """Make entry `number` the post's latest activity, and the partnership's. Its row is locked.

        The moment never runs back, whatever the clock does, so that numbers and moments sort alike.
        """
        self.activity_number = number
        self.activity_at = max(clock.now(), by.partnership.last_activity_at)
        by.partnership.last_activity_at = self.activity_at

    def edit(self, by: Membership, *, title: str, body: Prose, version: int) -> None:
        """Correct the text. Raises Stale when `version` is not the present one; the same text changes nothing."""
        body = mentions.resolved(by.partnership_id, body, number=self.number)
        with by.partnership.locked():
            self.require_editable(by)
            if (self.title, self.body_html) != (title, body.html):
                self.require_version(version)
                self.rewrite(body, title=self.title)
                self.title = title
                following.concern(self.partnership_id, self.number, body.mentions)
                record(by, Verb.EDITED, post_number=self.number)

    def withdraw(self, by: Membership, reason: str = "") -> None:
        """Take the post back; its place stays, marked. A moderator gives the reason for withdrawing another's."""
        with by.partnership.locked():
            if self.take_back(by, reason):
                self.pinned_at = None
                record(by, Verb.WITHDREW, post_number=self.number, reason=reason)

    def bring_back(self, by: Membership) -> None:
        """Undo the withdrawal."""
        with by.partnership.locked():
            if self.put_back(by):
                record(by, Verb.BROUGHT_BACK, post_number=self.number)

    def redact(self, by: Membership, reason: str) -> None:
        """Delete the text for good, wherever it is kept; that it was, by whom and why remains."""
        with by.partnership.locked():
            if self.blank(by, reason):
                self.title, self.pinned_at = "", None
                forget_words(self.partnership_id, post_number=self.number)
                record(by, Verb.REDACTED, post_number=self.number, reason=reason)

    def pin(self, by: Membership) -> None:
        """Keep the post first in the feed. Raises Conflict when three are pinned already."""
        with by.partnership.locked():
            by.require(Action.PIN)
            self.require_present()
            if self.pinned_at is None:
                self._require_room_for_a_pin()
                self.pinned_at = clock.now()
                record(by, Verb.PINNED, post_number=self.number)

    def unpin(self, by: Membership) -> None:
        """Let the post take its place in the feed again."""
        with by.partnership.locked():
            by.require(Action.PIN)
            if self.pinned_at is not None:
                self.pinned_at = None
                record(by, Verb.UNPINNED, post_number=self.number)

    def _require_room_for_a_pin(self) -> None:
        pinned = select(func.count()).where(Post.partnership_id == self.partnership_id, Post.pinned_at.is_not(None))
        if (db.session.scalar(pinned) or 0) >= MOST_PINNED:
            raise Conflict(_("Three posts are pinned already. Unpin one of them first."))
