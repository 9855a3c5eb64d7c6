"""Measurements: what an organisation counted in a period. Corrections add; the present one is the one not replaced."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from workspace.db import Model
from workspace.db.types import FixedPoint, UtcDateTime, enum_column_type
from workspace.i18n import numbers
from workspace.organisations.models import Organisation
from workspace.partnerships.models import Membership
from workspace.results.kinds import IndicatorKind
from workspace.results.models import Indicator
from workspace.results.periods import ReportingPeriod

PRESENT = "replaced_by_number IS NULL"
STEP = Decimal("0.0001")
HUNDRED = Decimal(100)


def share(part: Decimal, whole: Decimal) -> Decimal:
    """So many of so many in per cent, to four decimals."""
    return (part * HUNDRED / whole).quantize(STEP, ROUND_HALF_UP)


class MeasurementState(StrEnum):
    """Whether there is a number, or a reason why there is none."""

    MEASURED = "measured"
    NOT_MEASURED = "not_measured"


class Measurement(Model):
    """One organisation's number for one period, by its last day; there is one present one.

    Of a share, numerator and denominator are what was counted; of a mean, the denominator is the count that it is of
    and the numerator the sum; of all else the numerator is the number. `value` is what it comes to, in per cent for a
    share, to four decimals: for spans and for single ones; what is pooled is calculated from the two. One that is not
    measured has none of them, and the `note` says why. `entry_number` is that of the entry that brought it,
    `replaced_by_number` that of the entry that replaced it, and `why` the reason for replacing the one before.
    """

    __tablename__ = "measurement"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "indicator_number"], ["indicator.partnership_id", "indicator.number"]),
        ForeignKeyConstraint(["partnership_id", "membership_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "entry_number"], ["entry.partnership_id", "entry.number"]),
        ForeignKeyConstraint(["partnership_id", "replaced_by_number"], ["entry.partnership_id", "entry.number"]),
        Index(
            "uq_measurement_present",
            "partnership_id",
            "indicator_number",
            "organisation_id",
            "to_day",
            unique=True,
            sqlite_where=text(PRESENT),
            postgresql_where=text(PRESENT),
        ),
        Index(
            "ix_measurement_present_to_day",
            "partnership_id",
            "indicator_number",
            "to_day",
            sqlite_where=text(PRESENT),
            postgresql_where=text(PRESENT),
        ),
        Index("ix_measurement_partnership_id_indicator_number_to_day", "partnership_id", "indicator_number", "to_day"),
        Index("ix_measurement_partnership_id_entry_number", "partnership_id", "entry_number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    partnership_id: Mapped[int]
    indicator_number: Mapped[int]
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    from_day: Mapped[date]
    to_day: Mapped[date]
    state: Mapped[MeasurementState] = mapped_column(
        enum_column_type(MeasurementState, otherwise=MeasurementState.NOT_MEASURED)
    )
    numerator: Mapped[Decimal | None] = mapped_column(FixedPoint)
    denominator: Mapped[Decimal | None] = mapped_column(FixedPoint)
    value: Mapped[Decimal | None] = mapped_column(FixedPoint)
    note: Mapped[str] = mapped_column(Text, default="")
    evidence: Mapped[str] = mapped_column(String(500), default="")
    why: Mapped[str] = mapped_column(Text, default="")
    membership_id: Mapped[int]
    entry_number: Mapped[int]
    replaced_by_number: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    organisation: Mapped[Organisation] = relationship()
    membership: Mapped[Membership] = relationship(
        primaryjoin=lambda: Measurement.membership_id == Membership.id,
        foreign_keys=lambda: Measurement.membership_id,
        viewonly=True,
    )

    @property
    def period(self) -> ReportingPeriod:
        """The days that it is about."""
        return ReportingPeriod(self.from_day, self.to_day)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A number as it is brought: the mean or the number itself in `numerator`; none with the reason in `note`."""

    indicator: Indicator
    organisation_id: int
    period: ReportingPeriod
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    note: str = ""
    evidence: str = ""

    @property
    def counted(self) -> tuple[Decimal | None, Decimal | None]:
        """Numerator and denominator as they are stored."""
        if self.numerator is not None and self.indicator.kind is IndicatorKind.MEAN:
            return self.numerator * (self.denominator or 0), self.denominator
        return self.numerator, self.denominator

    @property
    def is_too_large(self) -> bool:
        """Whether what would be stored is more than any number may be: of a mean that is a product."""
        return any(number is not None and number >= numbers.LARGEST for number in self.counted)

    @property
    def value(self) -> Decimal | None:
        """What it comes to, to four decimals."""
        if self.numerator is None or self.indicator.kind is not IndicatorKind.SHARE:
            return self.numerator
        return share(self.numerator, self.denominator or Decimal(1))

    @property
    def key(self) -> tuple[int, int, date]:
        """What there is one present measurement of."""
        return self.indicator.number, self.organisation_id, self.period.last

    def annotates(self, measurement: Measurement) -> bool:
        """Whether its note or evidence is another one."""
        return (self.note, self.evidence) != (measurement.note, measurement.evidence)

    def equals(self, measurement: Measurement) -> bool:
        """Whether it says the same as a measurement."""
        if self.numerator is None:
            return measurement.state is MeasurementState.NOT_MEASURED and measurement.note == self.note
        return (measurement.numerator, measurement.denominator) == self.counted
