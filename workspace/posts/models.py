"""A post: progress or a challenge, the two things that partners share."""

from datetime import date, datetime
from enum import StrEnum

from flask_babel import gettext as _
from sqlalchemy import ForeignKeyConstraint, Index, String, UniqueConstraint, func, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace import clock
from workspace.db import Model, db
from workspace.db.types import UtcDateTime, enum_column_type
from workspace.files import attaching
from workspace.files.attaching import NOTHING as NO_FILES
from workspace.files.attaching import Attachments
from workspace.notifications.dispatch import NotificationKind, notify
from workspace.partnerships.activity_log import erase_texts, record_by
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict
from workspace.posts import follows, mentions
from workspace.posts.authored_text import AlreadyShared
from workspace.posts.challenge_workflow import UNSOLVED, ChallengeMixin
from workspace.posts.verbs import (
    BROUGHT_BACK,
    CLOSED_THREAD,
    EDITED,
    OPENED_THREAD,
    PINNED,
    REDACTED,
    SHARED_CHALLENGE,
    SHARED_PROGRESS,
    UNPINNED,
    WITHDREW,
)
from workspace.rich_text import RichText
from workspace.roles.models import USES, Role

MOST_PINNED = 3


class PostKind(StrEnum):
    """What a post is."""

    PROGRESS = "progress"
    CHALLENGE = "challenge"


CHALLENGES = "status IS NOT NULL AND withdrawn_at IS NULL"
SHARED = {PostKind.PROGRESS: SHARED_PROGRESS, PostKind.CHALLENGE: SHARED_CHALLENGE}


def _some(name: str, *columns: str, where: str) -> Index:
    """An index of some of the posts of each partnership."""
    return Index(name, "partnership_id", *columns, sqlite_where=text(where), postgresql_where=text(where))


class Post(ChallengeMixin, Model):
    """Its number is that of the entry that made it; `activity_number` that of the last entry about it but edits."""

    __tablename__ = "post"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "number"], ["entry.partnership_id", "entry.number"]),
        ForeignKeyConstraint(["partnership_id", "author_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "role_id"], ["role.partnership_id", "role.id"]),
        UniqueConstraint("author_id", "one_time_key"),
        Index("ix_post_partnership_id_activity_number", "partnership_id", "activity_number"),
        Index("ix_post_partnership_id_kind_activity_number", "partnership_id", "kind", "activity_number"),
        Index("ix_post_partnership_id_activity_at_number", "partnership_id", "activity_at", "number"),
        _some("ix_post_challenges", "status", "activity_number", "activity_at", where=CHALLENGES),
        _some("ix_post_challenges_created_at", "created_at", where=CHALLENGES),
        _some("ix_post_unsolved", "activity_number", where="status IN ('open', 'ongoing') AND withdrawn_at IS NULL"),
        _some("ix_post_pinned", "pinned_at", where="pinned_at IS NOT NULL"),
        _some("ix_post_taker", "taker_id", where="taker_id IS NOT NULL"),
        _some("ix_post_role", "role_id", where="role_id IS NOT NULL"),
        _some("ix_post_asked", "asked_id", where="asked_id IS NOT NULL"),
        Index("ix_post_partnership_id_moves_number", "partnership_id", "moves_number"),
        Index("ix_post_parked_until", "parked_until"),
        ForeignKeyConstraint(["partnership_id", "taker_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "asked_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "moves_number"], ["post.partnership_id", "post.number"]),
    )
    written_by = Action.SHARE

    kind: Mapped[PostKind] = mapped_column(enum_column_type(PostKind, otherwise=PostKind.PROGRESS))
    title: Mapped[str] = mapped_column(String(120))
    # The challenge that this progress moves.
    moves_number: Mapped[int | None]
    affected_count: Mapped[int] = mapped_column(default=0)
    comment_count: Mapped[int] = mapped_column(default=0)
    pinned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Since when nobody can comment on it.
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    author: Mapped[Membership] = relationship(
        primaryjoin=lambda: Post.author_id == Membership.id,
        foreign_keys=lambda: Post.author_id,
        viewonly=True,
    )

    @classmethod
    def share(
        cls,
        by: Membership,
        *,
        kind: PostKind,
        title: str,
        body: RichText,
        one_time_key: str,
        answer_by: date | None = None,
        moves: int | None = None,
        role: Role | None = None,
        files: Attachments = NO_FILES,
    ) -> "Post":
        """Share progress, which may move a challenge (its number), or a challenge, with the day of a wished answer.

        Either may concern a `role`, and carry `files`. The same key makes the same post; raises AlreadyShared if that
        one says something else. Raises StateChanged if the challenge is no longer unsolved.
        """
        typed, body = body, mentions.resolved(by.partnership_id, body)
        moves = moves if kind is PostKind.PROGRESS else None
        with by.partnership.locked():
            by.require(Action.SHARE)
            made = db.session.scalar(select(Post).where(Post.author_id == by.id, Post.one_time_key == one_time_key))
            if made:
                made._require_same(kind, title, typed, moves, answer_by, role)
                if not attaching.is_attached(by, made.number, files):
                    raise AlreadyShared(made.number)
                return made
            if role:
                role.require_in_use()
            if moves:
                cls._challenge(by, moves).advance(by)
            entry = record_by(by, SHARED[kind])
            post = cls(
                partnership_id=by.partnership_id,
                number=entry.number,
                author_id=by.id,
                kind=kind,
                title=title,
                role_id=role.id if role else None,
                body_html=body.html,
                body_text=body.text,
                one_time_key=one_time_key,
                created_at=entry.at,
                moves_number=moves,
            )
            if kind is PostKind.CHALLENGE:
                post.begin(by.partnership, answer_by)
            post.bump(entry)
            db.session.add(post)
            db.session.flush()
            if body.mentions:
                mentions.keep(post.partnership_id, post.number, body)
            attaching.attach(by, post.number, files)
            follows.auto_follow(post.partnership_id, post.number, {by.id} | body.mentions)
            notify({NotificationKind.MENTIONED: body.mentions}, entry, text=post.number)
            return post

    def edit(
        self,
        by: Membership,
        *,
        title: str,
        body: RichText,
        version: int,
        answer_by: date | None = None,
        role: Role | None = None,
        files: Attachments = NO_FILES,
    ) -> None:
        """Correct the text, and what it carries.

        Raises StaleText when `version` is not the current one; the same text changes nothing.
        """
        body = mentions.resolved(by.partnership_id, body, number=self.number)
        with by.partnership.locked():
            self.require_editable(by)
            answer_by, role_id = answer_by if self.status else None, role.id if role else None
            if role and role_id != self.role_id:
                role.require_in_use()
            if (self.title, self.body_html, self.answer_by, self.role_id) != (title, body.html, answer_by, role_id):
                self.require_version(version)
                mentioned = self.rewrite(body, title=self.title)
                self.title, self.answer_by, self.role_id = title, answer_by, role_id
                follows.auto_follow(self.partnership_id, self.number, body.mentions)
                entry = record_by(by, EDITED, post_number=self.number)
                notify({NotificationKind.MENTIONED: mentioned}, entry, text=self.number)
            if files and (attached := attaching.change(by, self.number, files)):
                self.bump(attached)

    def withdraw(self, by: Membership, reason: str = "", *, tells_author: bool = True) -> None:
        """Take the post back; its place stays, marked. A moderator gives the reason for withdrawing another's.

        Its author is told, unless that is done elsewhere.
        """
        with by.partnership.locked():
            if self.mark_withdrawn(by, reason):
                self.pinned_at = None
                by.partnership.unsolved_count -= self.status in UNSOLVED
                entry = record_by(by, WITHDREW, post_number=self.number, reason=reason)
                if tells_author:
                    self.tell_author(by, entry)

    def bring_back(self, by: Membership) -> None:
        """Undo the withdrawal."""
        with by.partnership.locked():
            if self.restore(by):
                by.partnership.unsolved_count += self.status in UNSOLVED
                record_by(by, BROUGHT_BACK, post_number=self.number)

    def redact(self, by: Membership, reason: str) -> None:
        """Erase the text, wherever it is kept; that it was, by whom and why remains."""
        with by.partnership.locked():
            was_unsolved = self.is_unsolved
            if self.erase(by, reason):
                by.partnership.unsolved_count -= was_unsolved
                self.title, self.outcome, self.pinned_at = "", "", None
                erase_texts(self.partnership_id, post_number=self.number)
                record_by(by, REDACTED, post_number=self.number, reason=reason)

    @property
    def owner_ids(self) -> set[int]:
        """The memberships whose matter it is: its author's, and of a challenge whoever has taken it."""
        return {member_id for member_id in (self.author_id, self.taker_id) if member_id}

    def pin(self, by: Membership) -> None:
        """Keep the post first in the feed. Raises Conflict when three are pinned already."""
        with by.partnership.locked():
            by.require(Action.PIN)
            self.require_present()
            if self.pinned_at is None:
                self._require_room_for_a_pin()
                self.pinned_at = clock.now()
                record_by(by, PINNED, post_number=self.number)

    def close_thread(self, by: Membership) -> None:
        """Let nobody comment on it any more."""
        with by.partnership.locked():
            by.require(Action.CLOSE_THREADS)
            self.require_present()
            if self.closed_at is None:
                self.closed_at = clock.now()
                record_by(by, CLOSED_THREAD, post_number=self.number)

    def open_thread(self, by: Membership) -> None:
        """Let everybody comment on it again."""
        with by.partnership.locked():
            by.require(Action.CLOSE_THREADS)
            if self.closed_at is not None:
                self.closed_at = None
                record_by(by, OPENED_THREAD, post_number=self.number)

    def require_open_thread(self) -> None:
        """Raise Conflict if nobody can comment on it any more."""
        self.require_present()
        if self.closed_at is not None:
            raise Conflict(_("The moderators have closed the thread in the meantime, so nobody can comment."))

    def unpin(self, by: Membership) -> None:
        """Let the post take its place in the feed again."""
        with by.partnership.locked():
            by.require(Action.PIN)
            if self.pinned_at is not None:
                self.pinned_at = None
                record_by(by, UNPINNED, post_number=self.number)

    def _require_same(
        self, kind: PostKind, title: str, body: RichText, moves: int | None, answer_by: date | None, role: Role | None
    ) -> None:
        """Raise AlreadyShared unless this post was made with all of it, whatever it has been corrected to since."""
        body = mentions.resolved(self.partnership_id, body, number=self.number)
        choices = (answer_by if self.status else None, role.id if role else None)
        is_same = (self.kind, self.moves_number) == (kind, moves) and self.first_said(self.title) == (title, body.html)
        if not is_same or (self.version == 1 and choices != (self.answer_by, self.role_id)):
            raise AlreadyShared(self.number)

    @classmethod
    def _challenge(cls, by: Membership, number: int) -> "Post":
        found = db.session.get(cls, (by.partnership_id, number))
        if found is None:
            raise Conflict(_("The challenge that you chose is not here. Choose another, or none."))
        return found

    def _require_room_for_a_pin(self) -> None:
        pinned = select(func.count()).where(Post.partnership_id == self.partnership_id, Post.pinned_at.is_not(None))
        if (db.session.scalar(pinned) or 0) >= MOST_PINNED:
            raise Conflict(_("Three posts are pinned already. Unpin one of them first."))


USES.append((Post,))
