"""What posts and comments have in common: somebody wrote them, may correct them, and may take them back."""

from datetime import datetime
from typing import ClassVar

from flask_babel import gettext as _
from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.access import Action, Conflict, NotAllowed
from workspace.database import Moment
from workspace.partnerships.models import Membership
from workspace.prose import Prose


class Stale(Conflict):
    """Somebody has changed the text since the form was opened."""


class Writing:
    """A text by a member: stored as it is shown (HTML) and as it is searched (plain), made once at writing.

    A second request with the same `one_time_key` by the same author makes nothing new. `version` counts edits.
    """

    written_by: ClassVar[Action]

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author_id: Mapped[int]
    body_html: Mapped[str] = mapped_column(Text)
    body_text: Mapped[str] = mapped_column(Text)
    one_time_key: Mapped[str] = mapped_column(String(36))
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(Moment)
    edited_at: Mapped[datetime | None] = mapped_column(Moment)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Moment)
    withdrawn_by_id: Mapped[int | None]
    withdrawn_reason: Mapped[str] = mapped_column(Text, default="")

    @property
    def is_withdrawn(self) -> bool:
        """Whether only its place is left."""
        return self.withdrawn_at is not None

    def may_be_edited_by(self, member: Membership) -> bool:
        """Whether `member` may correct the text: its author."""
        return self.author_id == member.id and not self.is_withdrawn and member.may(self.written_by)

    def may_be_withdrawn_by(self, member: Membership) -> bool:
        """Whether `member` may take it back: its author, or a moderator."""
        own = self.author_id == member.id and member.may(self.written_by)
        return (own or member.may(Action.WITHDRAW_OTHERS)) and not self.is_withdrawn

    def require_present(self) -> None:
        """Raise Conflict if it is withdrawn."""
        if self.is_withdrawn:
            raise Conflict(_("It has been withdrawn in the meantime."))

    def require_editable(self, by: Membership) -> None:
        """Raise the fitting refusal unless `by` may edit."""
        by.require(self.written_by)
        self.require_present()
        if not self.may_be_edited_by(by):
            raise NotAllowed(_("Only the author can edit this."))

    def require_version(self, version: int) -> None:
        """Raise Stale when `version` is not the present one."""
        if self.version != version:
            raise Stale(_("The text has been changed in the meantime."))

    def rewrite(self, body: Prose) -> None:
        """Give it a new text, and count the edit."""
        self.body_html, self.body_text = body.html, body.text
        self.version += 1
        self.edited_at = clock.now()

    def require_withdrawable(self, by: Membership) -> None:
        """Raise the fitting refusal unless `by` may withdraw it."""
        by.require(self.written_by)
        self.require_present()
        if not self.may_be_withdrawn_by(by):
            raise NotAllowed(_("Only the author or a moderator can withdraw this."))

    def take_back(self, by: Membership, reason: str) -> bool:
        """Mark it as withdrawn; False if it was already. Raises the fitting refusal unless `by` may."""
        by.require(self.written_by)
        if self.is_withdrawn:
            return False
        self.require_withdrawable(by)
        self.withdrawn_at, self.withdrawn_by_id, self.withdrawn_reason = clock.now(), by.id, reason
        return True
