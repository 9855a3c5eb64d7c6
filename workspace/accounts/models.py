"""A person's account."""

from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import idna
from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from workspace import clock
from workspace.accounts.mail_preferences import HOURS, USUAL_HOUR, USUAL_WEEKDAY, WEEKDAYS, DigestFrequency
from workspace.db import Model, db
from workspace.db.types import Among, Details, SortKey, UtcDateTime, enum_column_type
from workspace.i18n import danish
from workspace.i18n.visible import visible
from workspace.web.forms import LONGEST_EMAIL

if TYPE_CHECKING:
    from workspace.organisations.models import Organisation


class AccountSummary(NamedTuple):
    """Who is signed in, as every page shows it to them."""

    name: str
    organisation: str
    side: str
    is_administrator: bool


class User(Model):
    """A person who can sign in. An address belongs to one account, in whatever spelling.

    `next_digest_at` is when their next digest is due (digests/planning.py); None if they get none. `digested_at` is
    when the last one was due, `all_digested_at` the last one that covered all partnerships, not only those that they
    chose to get daily. `mail_choices` maps kinds of news to how soon the person gets mail about them (a `MailTiming`),
    where that is not the default. `undelivered_digest_id` is the row of the last digest that could not be delivered (0
    for none), `dismissed_digest_id` that of the last one which they have seen on a page instead.
    """

    __tablename__ = "user"
    __table_args__ = (Index("ix_user_email_domain_organisation_id", "email_domain", "organisation_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    # What stands behind the "@" of the key: an organisation's people are known by it.
    email_domain: Mapped[str] = mapped_column(String(254), default="")
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(SortKey)
    name_search_key: Mapped[str] = mapped_column(SortKey)
    title: Mapped[str] = mapped_column(String(100), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    language: Mapped[str] = mapped_column(String(5), default="da")
    time_zone: Mapped[str] = mapped_column(String(50), default="Europe/Copenhagen")
    password_hash: Mapped[str | None] = mapped_column(String(255))
    is_administrator: Mapped[bool] = mapped_column(default=False)
    deactivated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    # False where somebody of another organisation said so, who invited them: then they can't speak for it.
    organisation_confirmed: Mapped[bool] = mapped_column(default=True)
    digest_frequency: Mapped[DigestFrequency] = mapped_column(
        enum_column_type(DigestFrequency, otherwise=DigestFrequency.WEEKLY), default=DigestFrequency.WEEKLY
    )
    digest_weekday: Mapped[int] = mapped_column(Among(WEEKDAYS, USUAL_WEEKDAY), default=USUAL_WEEKDAY)
    digest_hour: Mapped[int] = mapped_column(Among(HOURS, USUAL_HOUR), default=USUAL_HOUR)
    digest_paused_until: Mapped[date | None]
    next_digest_at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=clock.now, index=True)
    last_digest_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_full_digest_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mail_preferences: Mapped[dict[str, Any]] = mapped_column(Details, default=dict)
    # How many new addresses they may invite a day, where an administrator has decided it.
    invitation_limit: Mapped[int | None]
    undelivered_digest_id: Mapped[int] = mapped_column(default=0)
    dismissed_digest_id: Mapped[int] = mapped_column(default=0)

    organisation: Mapped["Organisation | None"] = relationship()

    is_authenticated = True  # for Flask-Login
    session_token = ""  # Known only to the request that signs the person in.

    @validates("email")
    def _key_email(self, key: str, email: str) -> str:
        self.email_key = email_key(email)
        self.email_domain = domain_of(self.email_key)
        return email

    @validates("name")
    def _key_name(self, key: str, name: str) -> str:
        self.name_key, self.name_search_key = danish.sort_key(name), danish.search_key(name)
        return name

    @validates("time_zone")
    def _plan_again(self, key: str, time_zone: str) -> str:
        """Plan the next digest at the same hour in the new time zone."""
        if self.time_zone and self.time_zone != time_zone:
            self.next_digest_at = clock.now()
        return time_zone

    @property
    def misses_a_digest(self) -> bool:
        """Whether there is a digest that could not be delivered, and that they have not seen on a page."""
        return self.undelivered_digest_id > self.dismissed_digest_id

    @property
    def summary(self) -> AccountSummary:
        """Who this is, as a value for fragments."""
        organisation = self.organisation
        where = (organisation.name, organisation.usual_side) if organisation else ("", "others")
        return AccountSummary(self.name, *where, self.is_administrator)

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: the token of a session, which can be ended, not the person's id."""
        return self.session_token

    @property
    def is_active(self) -> bool:
        """Whether this account may be used."""
        return self.deactivated_at is None


def email_key(email: str) -> str:
    """The form that all spellings of one address share: visible letters, lower case, the domain as in DNS (RFC 5891).

    Text that is too long for an address is cut one letter beyond the limit: it matches nobody.
    """
    local, at, domain = visible(email[: LONGEST_EMAIL + 1]).casefold().rpartition("@")
    with suppress(UnicodeError):  # Also IDNA errors: an invalid domain is compared as it is.
        domain = idna.encode(domain, uts46=True).decode()
    return f"{local}{at}{domain}"


def domain_of(key: str) -> str:
    """The domain of an address, of which `key` is the form that all spellings share."""
    return key.rpartition("@")[2]


def administrators() -> list[User]:
    """All administrators, including closed accounts."""
    return list(db.session.scalars(select(User).where(User.is_administrator).order_by(User.name_key)))


def user_with(email: str) -> User | None:
    """The account with the address `email`, in any spelling."""
    return db.session.scalar(select(User).where(User.email_key == email_key(email)))
