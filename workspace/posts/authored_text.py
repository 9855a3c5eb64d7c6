"""What posts and comments have in common: an author, edits, withdrawal and erasure."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar

from flask_babel import gettext as _
from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.db import db
from workspace.db.types import UtcDateTime
from workspace.mail.models import enqueue
from workspace.partnerships import reading
from workspace.partnerships.activity_log import RecordedEntry
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, NotAllowed
from workspace.posts import mentions, versions
from workspace.posts.versions import TextVersion
from workspace.rich_text import EMPTY, RichText

# How long undoing the withdrawal of a text or a file is offered, and for how long it is taken: a request may be slow.
UNDO = timedelta(seconds=30)
UNDO_TAKEN = UNDO + timedelta(seconds=15)

# Features above that keep words about texts: called with the key of one that is erased, in its transaction.
on_erase: list[Callable[[int, int], None]] = []
# Those that keep words of texts: called with the key of one that is withdrawn or erased.
on_removal: list[Callable[[int, int], None]] = []
# Those that wait for a text to be corrected: called with the key of one that was, in its transaction.
on_correction: list[Callable[[int, int], None]] = []


class StaleText(Conflict):
    """Somebody has changed the text since the form was opened."""


class AlreadyShared(Conflict):
    """The one-time key has already made the text `number`, with other words."""

    def __init__(self, number: int) -> None:
        super().__init__(_("You have already shared this, but with a different text."))
        self.number = number


class AuthoredText:
    """A text by a member, stored as HTML, which is shown, and as plain text, which is searched.

    A second request by the same author with the same `one_time_key` changes nothing, and is refused if its text
    differs. `version` counts edits.
    """

    written_by: ClassVar[Action]

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author_id: Mapped[int]
    body_html: Mapped[str] = mapped_column(Text)
    body_text: Mapped[str] = mapped_column(Text)
    one_time_key: Mapped[str] = mapped_column(String(36))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by_id: Mapped[int | None]
    withdrawn_reason: Mapped[str] = mapped_column(Text, default="")
    redacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Why a moderator kept it although it was reported; its author sees this.
    kept_reason: Mapped[str] = mapped_column(Text, default="")
    # What a moderator has asked its author to correct, until they edit it.
    correction_reason: Mapped[str] = mapped_column(Text, default="")

    @property
    def mentions(self) -> set[int]:
        """The ids of the memberships that it mentions."""
        return RichText(self.body_html, self.body_text).mentions

    @property
    def is_withdrawn(self) -> bool:
        """Whether it is withdrawn: only its place remains."""
        return self.withdrawn_at is not None

    def may_be_edited_by(self, member: Membership) -> bool:
        """Whether `member` may edit the text: only its author."""
        return self.author_id == member.id and not self.is_withdrawn and member.may(self.written_by)

    def may_be_withdrawn_by(self, member: Membership) -> bool:
        """Whether `member` may withdraw it: its author, or a moderator."""
        own = self.author_id == member.id and member.may(self.written_by)
        return (own or member.may(Action.WITHDRAW_OTHERS)) and not self.is_withdrawn

    def require_present(self) -> None:
        """Raise Conflict if it is withdrawn."""
        if self.withdrawn_at is not None:
            raise Conflict(_("It has been withdrawn in the meantime."))

    def require_editable(self, by: Membership) -> None:
        """Raise the appropriate error unless `by` may edit."""
        by.require(self.written_by)
        self.require_present()
        if not self.may_be_edited_by(by):
            raise NotAllowed(_("Only the author can edit this."))

    def require_version(self, version: int) -> None:
        """Raise StaleText when `version` is not the current one."""
        if self.version != version:
            raise StaleText(_("The text has been changed in the meantime."))

    def first_said(self, title: str = "") -> tuple[str, str]:
        """The title and the HTML that it was created with; `title` is the current title."""
        first = None if self.version == 1 else versions.first(self.partnership_id, self.number)
        return (first.title, first.body_html) if first else (title, self.body_html)

    def rewrite(self, body: RichText, *, title: str = "") -> set[int]:
        """Replace the text, count the edit, and store the earlier version, which had the `title`.

        Returns the ids of the memberships that it did not mention before.
        """
        version = TextVersion(
            partnership_id=self.partnership_id,
            number=self.number,
            version=self.version,
            title=title,
            body_html=self.body_html,
            body_text=self.body_text,
            written_at=self.edited_at or self.created_at,
        )
        db.session.add(version)
        self.body_html, self.body_text = body.html, body.text
        self.version += 1
        for tell in on_correction if self.correction_reason else ():
            tell(self.partnership_id, self.number)
        self.correction_reason = ""
        self.edited_at = clock.now()
        return mentions.keep(self.partnership_id, self.number, body)

    def require_withdrawable(self, by: Membership) -> None:
        """Raise the appropriate error unless `by` may withdraw it."""
        by.require(self.written_by)
        self.require_present()
        if not self.may_be_withdrawn_by(by):
            raise NotAllowed(_("Only the author or a moderator can withdraw this."))

    def mark_withdrawn(self, by: Membership, reason: str) -> bool:
        """Mark it as withdrawn; False if it was already. Raises the appropriate error unless `by` may."""
        by.require(self.written_by)
        if self.is_withdrawn:
            return False
        self.require_withdrawable(by)
        self.withdrawn_at, self.withdrawn_by_id, self.withdrawn_reason = clock.now(), by.id, reason
        reading.withdraw_text(self.partnership_id, self.number)
        for remove in on_removal:
            remove(self.partnership_id, self.number)
        return True

    def tell_author(self, by: Membership, entry: RecordedEntry) -> None:
        """Mail the author that a moderator has withdrawn it, and why."""
        author = db.session.get_one(Membership, self.author_id)
        if author.id != by.id:
            key = f"withdrawn_of_yours:{author.id}:{entry.number}"
            enqueue("withdrawn_of_yours", key=key, to=author.user_id, membership=author.id, text=self.number)

    def may_be_brought_back_by(self, member: Membership) -> bool:
        """Whether `member` may undo the withdrawal: who withdrew it, for a moment, or a moderator."""
        if self.withdrawn_at is None or self.redacted_at or not member.may(self.written_by):
            return False
        just_now = clock.now() - self.withdrawn_at <= UNDO_TAKEN
        return member.may(Action.WITHDRAW_OTHERS) or (self.withdrawn_by_id == member.id and just_now)

    def restore(self, by: Membership) -> bool:
        """Undo the withdrawal; False if there is none. Raises the appropriate error unless `by` may."""
        by.require(self.written_by)
        if not self.is_withdrawn:
            return False
        if self.redacted_at:
            raise Conflict(_("It has been deleted for good, so there is nothing to bring back."))
        if not self.may_be_brought_back_by(by):
            raise NotAllowed(_("It is too late to undo this. A moderator of the partnership can bring it back."))
        self.withdrawn_at, self.withdrawn_by_id, self.withdrawn_reason = None, None, ""
        reading.restore_text(self.partnership_id, self.number)
        return True

    def erase(self, by: Membership, reason: str) -> bool:
        """Erase the text, its earlier versions and whom it mentioned; False if it is gone already."""
        by.require(Action.REDACT)
        if self.redacted_at:
            return False
        mentions.keep(self.partnership_id, self.number, EMPTY)
        versions.forget(self.partnership_id, self.number)
        self.body_html, self.body_text = EMPTY.html, EMPTY.text
        self.redacted_at = clock.now()
        self.withdrawn_at = self.withdrawn_at or self.redacted_at
        self.withdrawn_by_id, self.withdrawn_reason = by.id, reason
        self.kept_reason = self.correction_reason = ""
        reading.withdraw_text(self.partnership_id, self.number)
        for forget in (*on_removal, *on_erase):
            forget(self.partnership_id, self.number)
        return True


def is_undoable(withdrawn_at: datetime) -> bool:
    """Whether who withdrew a text at that moment is still offered to undo it."""
    return clock.now() - withdrawn_at <= UNDO
