"""The outbox: every email is a row, written in the transaction that causes it.

A row says what the mail is about, never what it says: the words are made when it is sent, by its kind
(mail/message_types.py), and whether the addressee may still have it is asked then.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from flask import current_app
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, insert, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace import clock
from workspace.db import Model, db
from workspace.db.statements import core_connection
from workspace.db.types import Details, UtcDateTime, enum_column_type
from workspace.mail.message_types import EMAIL_TYPES

if TYPE_CHECKING:
    from workspace.accounts.models import User

UNFINISHED = text("state IN ('due', 'sending')")


class MailState(StrEnum):
    """The state of an email. A skipped one had nothing left to say when it was due."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    SKIPPED = "empty"
    REFUSED = "refused"
    FAILED = "failed"


class Mail(Model):
    """An email to a person, or to the `address` of somebody without an account, to be sent at `not_before` or later.

    `key` makes it unique: enqueueing it again does nothing. `next_attempt_at` is when a worker may next claim it:
    it begins as `not_before`, and moves on with each lease and each pause. `lease` names the worker that has it.
    `uncertain_attempts` counts those that ended without a reply after all was sent: it may have arrived.
    """

    __tablename__ = "mail"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (address IS NULL)", name="one_addressee"),
        Index(
            "ix_mail_unfinished", "priority", "next_attempt_at", sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
        ),
        Index("ix_mail_state_id", "state", "id"),
        Index("ix_mail_user_id_kind", "user_id", "kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    address: Mapped[str | None] = mapped_column(String(254))
    payload: Mapped[dict[str, Any]] = mapped_column(Details)
    priority: Mapped[int]
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[MailState] = mapped_column(
        enum_column_type(MailState, otherwise=MailState.FAILED), default=MailState.DUE
    )
    next_attempt_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0)
    uncertain_attempts: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[str] = mapped_column(String(200))
    last_error: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped["User | None"] = relationship()

    @property
    def recipient(self) -> str:
        """The address that it goes to: a person's is their present one."""
        return self.user.email if self.user else self.address or ""

    @property
    def recipient_is_active(self) -> bool:
        """Whether there is anybody to read it: a closed account gets no email."""
        return self.user is None or self.user.is_active


def enqueue(kind: str, *, key: str, to: int | str, not_before: datetime | None = None, **payload: Any) -> bool:
    """Put an email into the outbox, in the present transaction, unless one with that key is there: whether it is new.

    `to` is a person's id, or the address of somebody without account; `payload` says what it is about, by ids.
    """
    if is_enqueued(key):
        return False
    enqueue_all([mail_row(kind, key=key, to=to, not_before=not_before, **payload)])
    return True


def moment_key(*about: str | int, at: datetime | None = None) -> str:
    """The key of an email about something that can happen again: what it is `about`, and the moment, which is now."""
    return ":".join(map(str, (*about, int((at or clock.now()).timestamp() * 1000))))


def is_enqueued(key: str) -> bool:
    """Whether an email with that key is in the outbox, or has been."""
    return db.session.scalar(select(Mail.id).where(Mail.key == key)) is not None


def enqueue_all(rows: Sequence[dict[str, Any]]) -> None:
    """Put many emails into the outbox at once, whose keys are known to be new."""
    if rows:
        core_connection().execute(insert(Mail), rows)


def mail_row(
    kind: str, *, key: str, to: int | str, not_before: datetime | None = None, **payload: Any
) -> dict[str, Any]:
    """An email, for `enqueue_all`. Raises KeyError for a kind that nobody has registered."""
    moment = not_before or clock.now()
    return {
        "kind": kind,
        "key": key,
        "user_id": to if isinstance(to, int) else None,
        "address": to if isinstance(to, str) else None,
        "payload": payload,
        "priority": EMAIL_TYPES[kind].priority,
        "not_before": moment,
        "next_attempt_at": moment,
        "message_id": message_id(key),
    }


def message_id(key: str) -> str:
    """The Message-ID of the email with this key, which gives nothing of the key away (RFC 5322, 3.6.4)."""
    settings = current_app.settings  # type: ignore[attr-defined]
    digest = hmac.new(settings.secret_key.encode(), f"mail:{key}".encode(), hashlib.sha256).hexdigest()
    return f"<{digest[:40]}@{settings.mail_domain}>"
