"""An organisation that partners come from."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, validates

from workspace import clock
from workspace.db import Model
from workspace.db.types import SortKey, UtcDateTime, enum_column_type
from workspace.i18n import danish


class OrganisationKind(StrEnum):
    """What an organisation is."""

    MUNICIPALITY = "municipality"
    COMPANY = "company"
    RESEARCH = "research"
    INSTITUTION = "institution"
    ASSOCIATION = "association"
    OTHER = "other"


class Side(StrEnum):
    """Which half of the answer an organisation brings; stored per partnership."""

    MUNICIPALITIES = "municipalities"
    COMPANY = "company"
    OTHERS = "others"


USUAL_SIDES = {OrganisationKind.MUNICIPALITY: Side.MUNICIPALITIES, OrganisationKind.COMPANY: Side.COMPANY}


class Organisation(Model):
    """A municipality, a company, a university, an institution, an association."""

    __tablename__ = "organisation"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    name_key: Mapped[str] = mapped_column(SortKey, index=True)
    name_search_key: Mapped[str] = mapped_column(SortKey, unique=True)
    kind: Mapped[OrganisationKind] = mapped_column(enum_column_type(OrganisationKind, otherwise=OrganisationKind.OTHER))
    cvr_number: Mapped[str | None] = mapped_column(String(8), unique=True)
    website: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @validates("name")
    def _key_name(self, key: str, name: str) -> str:
        self.name_key, self.name_search_key = danish.sort_key(name), danish.search_key(name)
        return name

    @property
    def usual_side(self) -> Side:
        """The side that such an organisation is usually on: a suggestion, and the shape of its people's avatars."""
        return USUAL_SIDES.get(self.kind, Side.OTHERS)
