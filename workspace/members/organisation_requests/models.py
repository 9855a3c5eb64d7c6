"""An organisation that a moderator misses."""

from datetime import datetime

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from workspace import clock
from workspace.db import Model
from workspace.db.types import SortKey, UtcDateTime
from workspace.i18n import danish
from workspace.partnerships.models import Membership, Partnership

WAITING = text("answered_at IS NULL")


class OrganisationRequest(Model):
    """A moderator asks the administrators for an organisation that is not in Samspil, for one partnership.

    `organisation_id` is the one that was created; None where the administrators said no, or have not answered.
    """

    __tablename__ = "organisation_request"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "asked_by_id"], ["membership.partnership_id", "membership.id"]),
        Index(
            "uq_organisation_request_partnership_id_name_key",
            "partnership_id",
            "name_key",
            unique=True,
            sqlite_where=WAITING,
            postgresql_where=WAITING,
        ),
        Index("ix_organisation_request_waiting", "id", sqlite_where=WAITING, postgresql_where=WAITING),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    partnership_id: Mapped[int] = mapped_column(ForeignKey("partnership.id", ondelete="CASCADE"))
    asked_by_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(SortKey)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))

    partnership: Mapped[Partnership] = relationship()
    asked_by: Mapped[Membership] = relationship(
        primaryjoin=lambda: OrganisationRequest.asked_by_id == Membership.id,
        foreign_keys=lambda: OrganisationRequest.asked_by_id,
        viewonly=True,
    )

    @validates("name")
    def _key_name(self, key: str, name: str) -> str:
        self.name_key = danish.search_key(name)
        return name
