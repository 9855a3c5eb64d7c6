"""The outbox: every mail is a row, written in the transaction that causes it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Index, String, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.database import Model, Moment, db, one_of


class Standing(StrEnum):
    """How far a mail is. A dropped one had nothing to say any more when its time came."""

    WAITING = "waiting"
    SENT = "sent"
    DROPPED = "dropped"


class Mail(Model):
    """A mail to be sent, not before `not_before`.

    `kind` says what it is; `references` what it is about, by ids, so that the words are made when it is sent and
    whether the addressee may still have it is asked then. `key` makes it one: whoever posts it again posts nothing.
    """

    __tablename__ = "mail"
    __table_args__ = (Index("ix_mail_state_not_before", "state", "not_before"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(120), unique=True)
    to: Mapped[str] = mapped_column(String(254))
    references: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    not_before: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    state: Mapped[Standing] = mapped_column(one_of(Standing), default=Standing.WAITING)
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    sent_at: Mapped[datetime | None] = mapped_column(Moment)


def post(kind: str, *, key: str, to: str, not_before: datetime | None = None, **references: Any) -> None:
    """Put a mail into the outbox, in the present transaction, unless one of that key is there."""
    if db.session.scalar(select(Mail.id).where(Mail.key == key)) is None:
        post_all([row(kind, key=key, to=to, not_before=not_before, **references)])


def post_all(rows: list[dict[str, Any]]) -> None:
    """Put many mails into the outbox at once, whose keys are known to be new."""
    if rows:
        db.session.execute(insert(Mail), rows)


def row(kind: str, *, key: str, to: str, not_before: datetime | None = None, **references: Any) -> dict[str, Any]:
    """A mail, for `post_all`."""
    return {"kind": kind, "key": key, "to": to, "references": references, "not_before": not_before or clock.now()}
