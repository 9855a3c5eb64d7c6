"""What the organisations' numbers make together: one total for each indicator and period, calculated when it is read.

An average of averages would be wrong, so shares are the sum of the numerators over that of the denominators, and means
the sum over the count. A period is complete when every organisation that owes its number has measured or said why not.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Date, and_, bindparam, case, func, select

from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnySelect
from workspace.i18n.formatting import today
from workspace.partnerships.models import Participation
from workspace.partnerships.queries import participation_of
from workspace.results import periods
from workspace.results.kinds import IndicatorKind, Pooling
from workspace.results.measurements import Measurement, MeasurementState
from workspace.results.models import Indicator, Source
from workspace.results.periods import ReportingPeriod, Rhythm

HUNDRED = Decimal(100)
LISTED = 8  # periods, of which the newest complete one is found
CHARTED = 40
EVERY = 10_000


@dataclass(frozen=True, slots=True)
class Total:
    """One indicator in one period, over all organisations: sums, how many have answered and how many still owe it."""

    indicator_number: int
    period: ReportingPeriod
    numerator: Decimal | None
    denominator: Decimal | None
    measured: int
    not_measured: int
    missing: int
    lowest: Decimal | None
    highest: Decimal | None

    @property
    def answered(self) -> int:
        """Of how many organisations it is known: those that measured or said why not."""
        return self.measured + self.not_measured

    @property
    def expected(self) -> int:
        """Of how many it would be known if it were complete."""
        return self.answered + self.missing

    @property
    def is_complete(self) -> bool:
        """Whether nobody owes a number any more, and there is one."""
        return self.missing == 0 and self.measured > 0

    def value(self, indicator: Any) -> Decimal | None:
        """The pooled value, in per cent for a share; None where the organisations stand for themselves."""
        if self.numerator is None or (indicator.pooling is Pooling.SEPARATELY and self.measured > 1):
            return None
        match indicator.kind:
            case IndicatorKind.SHARE:
                return self.numerator * HUNDRED / self.denominator if self.denominator else None
            case IndicatorKind.MEAN:
                return self.numerator / self.denominator if self.denominator else None
        return self.numerator


def present_sources(*columns: Any) -> AnySelect:
    """Sources that owe their numbers: not ended, and their organisation takes part."""
    return (
        select(*columns)
        .select_from(Source)
        .join(
            Participation,
            participation_of(Source),
        )
        .where(Source.ended_at.is_(None))
    )


def totals(
    partnership_id: int, numbers: Collection[int], *, back: int = LISTED, charted: int | None = None
) -> dict[int, list[Total]]:
    """The totals of these indicators in their newest `back` periods, the oldest first; of `charted` in 40.

    Always two statements, which read no more than those periods.
    """
    if not numbers:
        return {}
    now = today()
    cutoffs = {f"since_{rhythm.value}": periods.since(rhythm, now, back) for rhythm in Rhythm}
    charts = {f"charted_{rhythm.value}": periods.since(rhythm, now, CHARTED) for rhythm in Rhythm}
    asked = {"partnership_id": partnership_id, "numbers": list(numbers)}
    owing: dict[int, list[tuple[date, int]]] = defaultdict(list)
    for row in fetch_rows(_owing(), **asked):
        owing[row.indicator_number].append((row.since, row.how_many))
    found: dict[int, list[Total]] = defaultdict(list)
    for row in fetch_rows(_totals(), **asked, charted=charted or 0, **cutoffs, **charts):
        owed = sum(count for since, count in owing[row.indicator_number] if since <= row.to_day)
        found[row.indicator_number].append(
            Total(
                row.indicator_number,
                ReportingPeriod(row.from_day, row.to_day),
                row.numerator,
                row.denominator,
                int(row.measured),
                int(row.answered - row.measured),
                max(0, owed - int(row.answered_by_owing)),
                row.lowest,
                row.highest,
            )
        )
    return found


def newest_complete(found: Iterable[Total]) -> Total | None:
    """The newest period that is complete."""
    complete = [total for total in found if total.is_complete]
    return complete[-1] if complete else None


def all_totals(partnership_id: int, number: int) -> list[Total]:
    """Those of one indicator in all periods there are, the oldest first."""
    return totals(partnership_id, [number], back=EVERY).get(number, [])


@cached_statement
def _owing() -> AnySelect:
    return (
        present_sources(Source.indicator_number, Source.since, func.count().label("how_many"))
        .where(
            Source.partnership_id == bindparam("partnership_id"),
            Source.indicator_number.in_(bindparam("numbers", expanding=True)),
        )
        .group_by(Source.indicator_number, Source.since)
    )


@cached_statement
def _totals() -> AnySelect:
    by_rhythm: list[Any] = [
        (Indicator.rhythm == rhythm, bindparam(f"since_{rhythm.value}", type_=Date)) for rhythm in Rhythm
    ]
    charted: list[Any] = [
        (
            and_(Indicator.number == bindparam("charted"), Indicator.rhythm == rhythm),
            bindparam(f"charted_{rhythm.value}", type_=Date),
        )
        for rhythm in Rhythm
    ]
    owes = and_(
        Source.ended_at.is_(None), Participation.organisation_id.is_not(None), Source.since <= Measurement.to_day
    )
    measured = Measurement.state == MeasurementState.MEASURED
    return (
        select(
            Measurement.indicator_number,
            Measurement.to_day,
            func.min(Measurement.from_day).label("from_day"),
            func.sum(Measurement.numerator).label("numerator"),
            func.sum(Measurement.denominator).label("denominator"),
            func.min(Measurement.value).label("lowest"),
            func.max(Measurement.value).label("highest"),
            func.count().label("answered"),
            func.sum(case((measured, 1), else_=0)).label("measured"),
            func.sum(case((owes, 1), else_=0)).label("answered_by_owing"),
        )
        .select_from(Indicator)
        .join(
            Measurement,
            and_(
                Measurement.partnership_id == Indicator.partnership_id,
                Measurement.indicator_number == Indicator.number,
                Measurement.replaced_by_number.is_(None),
                Measurement.to_day >= case(*charted, *by_rhythm),
            ),
        )
        .outerjoin(
            Source,
            and_(
                Source.partnership_id == Measurement.partnership_id,
                Source.indicator_number == Measurement.indicator_number,
                Source.organisation_id == Measurement.organisation_id,
            ),
        )
        .outerjoin(
            Participation,
            participation_of(Measurement),
        )
        .where(
            Indicator.partnership_id == bindparam("partnership_id"),
            Indicator.number.in_(bindparam("numbers", expanding=True)),
        )
        .group_by(Measurement.indicator_number, Measurement.to_day)
        .order_by(Measurement.indicator_number, Measurement.to_day)
    )
