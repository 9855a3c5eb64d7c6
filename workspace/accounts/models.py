"""A person's account."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from workspace import clock, names
from workspace.database import Model, Moment, SortKey, db

if TYPE_CHECKING:
    from workspace.organisations.models import Organisation


class User(Model):
    """A person who can sign in. An address is one account's, however it is spelt."""

    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(SortKey)
    name_folded: Mapped[str] = mapped_column(SortKey)
    title: Mapped[str] = mapped_column(String(100), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(5), default="da")
    time_zone: Mapped[str] = mapped_column(String(50), default="Europe/Copenhagen")
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_administrator: Mapped[bool] = mapped_column(default=False)
    deactivated_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)

    organisation: Mapped["Organisation | None"] = relationship()

    @validates("email")
    def _key_email(self, key: str, email: str) -> str:
        self.email_key = email_key(email)
        return email

    @validates("name")
    def _key_name(self, key: str, name: str) -> str:
        self.name_key, self.name_folded = names.sort_key(name), names.fold(name)
        return name

    @property
    def is_active(self) -> bool:
        """Whether this account may be used."""
        return self.deactivated_at is None


def email_key(email: str) -> str:
    """What two spellings of one address have in common."""
    return email.strip().casefold()


def user_with(email: str) -> User | None:
    """The account with the address `email`, in any spelling."""
    return db.session.scalar(select(User).where(User.email_key == email_key(email)))
