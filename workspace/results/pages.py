"""The contexts of the parts of an indicator's page."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from workspace.db.types import AnyRow
from workspace.files.queries import files_of_entries
from workspace.i18n.formatting import today
from workspace.partnerships.models import Membership
from workspace.results import chart, periods, queries, summaries, values
from workspace.results.measurements import MeasurementState
from workspace.results.periods import ReportingPeriod
from workspace.results.summaries import Summary
from workspace.web import pagination

READINGS = 8
ORGANISATIONS = 30
NAMED = 4


@dataclass(frozen=True)
class ShownTotal:
    """A period in the table beside the chart."""

    name: str
    value: str
    span: str
    is_complete: bool
    part: str
    is_before_break: bool


def chart_context(membership: Membership, summary: Summary) -> dict[str, Any]:
    """The chart of an indicator with what stands around it."""
    breaks = summaries.break_days(membership, summary.indicator.number)
    rows = []
    for total in reversed(summary.totals):
        is_pooled = total.value(summary.indicator) is not None
        rows.append(
            ShownTotal(
                name=summary.period(total),
                value=summary.shown_total(total),
                span=summary.span_of(total) if is_pooled else "",
                is_complete=total.is_complete,
                part=_("%(part)s of %(whole)s", part=total.answered, whole=total.expected),
                is_before_break=any(total.period.last < day for day, _before in breaks),
            )
        )
    return {
        "svg": summaries.chart_of(summary, breaks),
        "axis": summaries.axis_begins(summary),
        "rows": rows,
        "breaks": breaks,
        "has_parts": any(not row.is_complete for row in rows),
        "has_spans": any(row.span for row in rows),
    }


def missing_lines(membership: Membership, summary: Summary) -> list[tuple[str, list[str], int]]:
    """Who is missing: for the newest period that is over, and the newest of which there is anything, its name, the
    first few organisations, and how many more there are.
    """
    indicator = summary.indicator
    if indicator.retired_at is not None:
        return []
    found = {period.last: period for period in periods.ended(indicator.rhythm, today(), 1)}
    if summary.newest and not summary.newest.is_complete and summary.newest.missing:
        found[summary.newest.period.last] = summary.newest.period
    missing = queries.missing(membership, indicator.number, found) if found else {}
    return [
        (periods.label(indicator.rhythm, found[last]), names[:NAMED], max(0, len(names) - NAMED))
        for last, names in sorted(missing.items(), reverse=True)
        if names
    ]


@dataclass(frozen=True)
class OrganisationRow:
    """An organisation in the table of an indicator: its course, and its numbers in the newest two periods."""

    organisation_id: int
    name: str
    side: Any
    is_owing: bool
    reporter_name: str | None
    spark: Markup
    cells: list[tuple[str, str, str]]


def organisations_context(membership: Membership, summary: Summary, asked: Mapping[str, str]) -> dict[str, Any]:
    """Organisation by organisation, all on the same scale: the reader's own first, 30 at a time."""
    indicator = summary.indicator
    sources = queries.sources(membership, indicator.number)
    columns = _newest_two(summary)
    since = periods.since(indicator.rhythm, today(), READINGS)
    by_organisation: dict[int, list[AnyRow]] = defaultdict(list)
    for row in queries.measurements(membership, indicator.number, since=since):
        by_organisation[row.organisation_id].append(row)
    found = [row.value for rows in by_organisation.values() for row in rows if row.value is not None]
    dates = [row.to_day for rows in by_organisation.values() for row in rows]
    axis = chart.axis(found, floor=Decimal(0)) if found else None
    days = (min(dates, default=since), max(dates, default=since))
    shown = [source for source in sources if source.is_owing or by_organisation[source.organisation_id]]
    shown.sort(key=lambda source: source.organisation_id != membership.organisation_id)
    first = pagination.parse_int(asked.get("from", "")) or 0
    rows = [
        _organisation_row(summary, source, by_organisation[source.organisation_id], columns, axis, days)
        for source in shown[first : first + ORGANISATIONS]
    ]
    last = columns[-1].last if columns else None
    is_over = last is not None and last < today()
    missing = [
        source
        for source in shown
        if is_over
        and source.is_owing
        and source.since <= last
        and all(row.to_day != last for row in by_organisation[source.organisation_id])
    ]
    scale = ""
    if axis is not None:
        scale = values.shown_span(indicator, axis.low, axis.high)
    return {
        "columns": [periods.label(indicator.rhythm, period) for period in columns],
        "organisations": rows,
        "scale": scale,
        "missing": missing,
        "next_organisation": first + ORGANISATIONS if first + ORGANISATIONS < len(shown) else None,
    }


def _newest_two(summary: Summary) -> list[ReportingPeriod]:
    """The newest two periods: those that are over, or the newest measured where nothing is owed."""
    ended = periods.ended(summary.indicator.rhythm, today(), 2)
    return list(reversed(ended)) or [total.period for total in summary.totals[-2:]]


def _organisation_row(
    summary: Summary,
    source: AnyRow,
    rows: list[AnyRow],
    columns: list[ReportingPeriod],
    axis: Any,
    days: tuple[date, date],
) -> OrganisationRow:
    indicator = summary.indicator
    course = [(row.to_day, row.value) for row in rows if row.value is not None]
    spark = Markup()
    if course and axis is not None:
        ends = {"first": summary.shown(course[0][1]), "last": summary.shown(course[-1][1])}
        label = _("%(name)s: from %(first)s to %(last)s", name=source.organisation_name, **ends)
        goal = target.value if (target := summary.references.target) else None
        spark = chart.sparkline(course, axis, label, since=days[0], until=days[1], target=goal)
    by_day = {row.to_day: row for row in rows}
    cells = []
    for period in columns:
        row = by_day.get(period.last)
        if row is None:
            is_owed = source.is_owing and source.since <= period.last and period.last < today()
            cells.append(("missing" if is_owed else "none", "", ""))
        elif row.state is MeasurementState.NOT_MEASURED:
            cells.append(("not", "", ""))
        else:
            parts = values.shown_parts(indicator, row.numerator, row.denominator)
            cells.append(("measured", summary.shown(row.value), parts))
    return OrganisationRow(
        source.organisation_id,
        source.organisation_name,
        source.side,
        bool(source.is_owing),
        source.reporter_name,
        spark,
        cells,
    )


def readings_context(membership: Membership, summary: Summary, asked: Mapping[str, str]) -> dict[str, Any]:
    """The periods, the newest first; of the one that is asked for all numbers, with what they were before."""
    totals = list(reversed(summary.totals))
    corrected = (
        queries.corrected_periods(membership, summary.indicator.number, totals[-1].period.last) if totals else set()
    )
    try:
        opened = date.fromisoformat(asked.get("period", "")[:10])
    except ValueError:
        opened = None
    shows_all = "all" in asked
    shown = totals if shows_all else totals[:READINGS]
    readings = _readings(membership, summary, opened) if opened else []
    entries = {row.entry_number for present, replaced, _source in readings for row in (present, *replaced)}
    return {
        "periods": [(total, total.period.last in corrected, total.period.last == opened) for total in shown],
        "has_older": len(shown) < len(totals),
        "shows_all": shows_all,
        "opened": opened,
        "readings": readings,
        "evidence": files_of_entries(membership, entries),
    }


def _readings(membership: Membership, summary: Summary, last: date) -> list[tuple[AnyRow, list[AnyRow], AnyRow | None]]:
    """Each present measurement of a period with those that it replaced, the newest first, and its organisation."""
    number = summary.indicator.number
    names = {source.organisation_id: source for source in queries.sources(membership, number)}
    found: dict[int, tuple[list[AnyRow], list[AnyRow]]] = defaultdict(lambda: ([], []))
    for row in queries.measurements(membership, number, since=last, until=last, every=True):
        found[row.organisation_id][row.replaced_by_number is not None].append(row)
    order = {organisation_id: place for place, organisation_id in enumerate(names)}
    shown = [
        (present[0], replaced, names.get(organisation_id))
        for organisation_id, (present, replaced) in sorted(found.items(), key=lambda item: order.get(item[0], 0))
        if present
    ]
    return shown
