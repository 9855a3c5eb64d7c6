"""A person's new e-mail address, which somebody else asked for."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace import clock
from workspace.accounts.models import User
from workspace.db import Model
from workspace.db.types import UtcDateTime, enum_column_type

# How long the old address has to object, and how long the new one has to confirm.
OBJECTION = timedelta(days=3)
VALID = timedelta(days=14)
OPEN = text("outcome = 'open'")


class AddressChangeOutcome(StrEnum):
    """What became of it."""

    OPEN = "open"
    DONE = "done"
    OBJECTED = "objected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class AddressChange(Model):
    """The account of `user` is to get `address` instead of `before`. A person has one open change.

    It takes effect once the new address is confirmed by a code, and the old one has agreed or three days have passed
    without its objection. `asked_by` is the administrator; None where it was done on the command line.
    """

    __tablename__ = "address_change"
    __table_args__ = (
        Index("uq_address_change_user_id", "user_id", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    before: Mapped[str] = mapped_column(String(254))
    address: Mapped[str] = mapped_column(String(254))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="SET NULL"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    agreed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    outcome: Mapped[AddressChangeOutcome] = mapped_column(
        enum_column_type(AddressChangeOutcome, otherwise=AddressChangeOutcome.WITHDRAWN),
        default=AddressChangeOutcome.OPEN,
    )

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    asked_by: Mapped[User | None] = relationship(foreign_keys=[asked_by_id])

    @property
    def is_open(self) -> bool:
        """Whether it can still take effect."""
        return self.outcome is AddressChangeOutcome.OPEN and clock.now() < self.asked_at + VALID

    @property
    def objection_until(self) -> datetime:
        """Until when the old address can object. Before that it must agree."""
        return self.asked_at + OBJECTION

    @property
    def is_due(self) -> bool:
        """Whether it takes effect now."""
        is_agreed = self.agreed_at is not None or clock.now() >= self.objection_until
        return self.is_open and self.confirmed_at is not None and is_agreed
