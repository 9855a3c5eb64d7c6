"""Action items that a person has put off."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.db import Model
from workspace.db.types import UtcDateTime


class Postponement(Model):
    """An action item that a person does not want to see now: until a moment, or else until it changes.

    `key` is the item's, `version` the one that it was put off in.
    """

    __tablename__ = "postponement"
    __table_args__ = (Index("ix_postponement_created_at", "created_at"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    version: Mapped[str] = mapped_column(String(80))
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
