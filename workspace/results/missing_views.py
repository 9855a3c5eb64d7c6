"""Who is missing: organisations by periods, for whoever answers for an indicator."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.db.types import AnyRow
from workspace.i18n.formatting import listed, today
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.results import periods, pooling, queries, values
from workspace.results.blueprint import blueprint
from workspace.results.measurements import MeasurementState
from workspace.results.models import Indicator
from workspace.results.periods import ReportingPeriod
from workspace.results.views import PLACE, led
from workspace.web.htmx import page_or_partial

# How a cell looks: filled, a bar, open, a dot.
CELLS = {"measured": "d", "not": "n", "missing": "m", "none": "o"}


@dataclass(frozen=True)
class MissingRow:
    """An organisation: its cells, the oldest first, what they say in words, who enters, and its newest value."""

    organisation_id: int
    name: str
    reporter_name: str | None
    cells: list[str]
    words: str
    last: str

    @property
    def is_missing(self) -> bool:
        """Whether it owes the newest period."""
        return bool(self.cells) and self.cells[-1] == "m"


@blueprint.get(f"{PLACE}/<number:indicator_number>/missing")
@members_with(Action.MEASURE)
def list_missing(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """The organisations that owe the newest period first, then the others."""
    indicator = led(membership, indicator_number)
    shown = list(reversed(periods.ended(indicator.rhythm, today(), pooling.LISTED)))
    rows = _rows(membership, indicator, shown)
    context = {
        "indicator": indicator,
        "period": periods.label(indicator.rhythm, shown[-1]) if shown else "",
        "count": len(shown),
        "missing": [row for row in rows if row.is_missing],
        "present": [row for row in rows if not row.is_missing],
        "measured": sum(bool(row.cells) and row.cells[-1] == "d" for row in rows),
        "not_measured": sum(bool(row.cells) and row.cells[-1] == "n" for row in rows),
        **partnership_context(membership),
    }
    return page_or_partial("results/missing.html", "results/_missing.html", **context)


def _rows(membership: Membership, indicator: Indicator, shown: list[ReportingPeriod]) -> list[MissingRow]:
    since = shown[0].last if shown else today()
    found: dict[int, dict[date, AnyRow]] = defaultdict(dict)
    for row in queries.measurements(membership, indicator.number, since=since):
        found[row.organisation_id][row.to_day] = row
    return [
        _row(indicator, source, found[source.organisation_id], shown)
        for source in queries.sources(membership, indicator.number)
        if source.is_owing
    ]


def _row(
    indicator: Indicator, source: AnyRow, measured: dict[date, AnyRow], shown: list[ReportingPeriod]
) -> MissingRow:
    states = [_state(source, measured.get(period.last), period) for period in shown]
    newest = next((row for _day, row in sorted(measured.items(), reverse=True) if row.value is not None), None)
    return MissingRow(
        source.organisation_id,
        source.organisation_name,
        source.reporter_name,
        [CELLS[state] for state in states],
        _words(indicator, states, shown),
        values.shown(indicator, newest.value) if newest else "",
    )


def _state(source: AnyRow, row: AnyRow | None, period: ReportingPeriod) -> str:
    if row is None:
        return "missing" if source.since <= period.last else "none"
    return "measured" if row.state is MeasurementState.MEASURED else "not"


def _words(indicator: Indicator, states: list[str], shown: list[ReportingPeriod]) -> str:
    """ "Målt i 4 af 8, ikke målt i 1, mangler 1. kv. 2025"."""
    expected = len(states) - states.count("none")
    told = [_("Measured in %(part)s of %(whole)s", part=states.count("measured"), whole=expected)]
    if states.count("not"):
        told.append(_("not measured in %(count)s", count=states.count("not")))
    missing = [
        periods.short_label(indicator.rhythm, period)
        for state, period in zip(states, shown, strict=True)
        if state == "missing"
    ]
    if missing:
        told.append(_("missing: %(periods)s", periods=listed(missing)))
    return ", ".join(told)
