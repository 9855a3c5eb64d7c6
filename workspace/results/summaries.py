"""What a page says of an indicator at a glance: now, from where, to where, how far, and who is missing."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from workspace.i18n.formatting import short_day, today, zone
from workspace.partnerships.models import Membership
from workspace.results import chart, periods, pooling, queries, values
from workspace.results.kinds import IndicatorKind
from workspace.results.pooling import Total
from workspace.results.queries import References

MOST_LABELS = 3


@dataclass(frozen=True)
class Summary:
    """An indicator with its totals, the oldest first, and what they are compared with."""

    indicator: Any
    totals: list[Total]
    references: References
    now: Total | None

    @property
    def value(self) -> Decimal | None:
        """The newest complete value."""
        return self.now.value(self.indicator) if self.now else None

    @property
    def newest(self) -> Total | None:
        """The newest period of which there is anything, complete or not."""
        return self.totals[-1] if self.totals else None

    @property
    def progress(self) -> values.Progress:
        """How far it is on the way."""
        baseline, target = self.references.baseline, self.references.target
        return values.progress(self.value, baseline.value if baseline else None, target.value if target else None)

    @property
    def since_last(self) -> str:
        """What has changed since the complete period before: "+2 procentpoint siden 3. kvartal 2025"."""
        complete = [total for total in self.totals if total.is_complete]
        if len(complete) < 2 or self.now is not complete[-1] or self.value is None:
            return ""
        former = complete[-2].value(self.indicator)
        if former is None:
            return ""
        place = periods.label(self.indicator.rhythm, complete[-2].period)
        difference = round(self.value, self.indicator.decimals) - round(former, self.indicator.decimals)
        if not difference:
            return _("unchanged since %(period)s", period=place)
        return _("%(difference)s since %(period)s", difference=self.written_difference(difference), period=place)

    def written_difference(self, difference: Decimal) -> str:
        """A difference of two values."""
        return values.shown_difference(self.indicator, difference)

    @property
    def span(self) -> str:
        """From the lowest to the highest of the organisations."""
        return self.span_of(self.now) if self.now else ""

    @property
    def at_present(self) -> str:
        """The newest complete total."""
        return self.shown_total(self.now) if self.now else "–"

    def shown_total(self, total: Total) -> str:
        """What a period comes to; where the organisations stand for themselves, from the lowest to the highest."""
        value = total.value(self.indicator)
        return self.shown(value) if value is not None else self.span_of(total) or "–"

    def span_of(self, total: Total) -> str:
        """From the lowest to the highest of the organisations in a period; empty where there are not two."""
        if total.measured < 2 or total.lowest is None or total.highest is None:
            return ""
        return values.shown_span(self.indicator, total.lowest, total.highest)

    def shown(self, value: Decimal | None) -> str:
        """A value of this indicator, written."""
        return values.shown(self.indicator, value)

    def period(self, total: Total) -> str:
        """The name of a period."""
        return periods.label(self.indicator.rhythm, total.period)

    def parts(self, total: Any) -> str:
        """What a total, or what it is compared with, is made of."""
        return values.shown_parts(self.indicator, total.numerator, total.denominator)


def summaries(membership: Membership, *, charted: int | None = None) -> list[Summary]:
    """All indicators of the partnership at a glance, the main one first; of `charted`, or the main one, 40 periods.

    Always four statements, and one more where no period of the newest is complete.
    """
    found = queries.indicators(membership)
    numbers = [row.number for row in found]
    if not found:
        return []
    references = queries.references(membership, numbers)
    totals = pooling.totals(membership.partnership_id, numbers, charted=charted or numbers[0])
    return [_summary(membership, row, totals.get(row.number, []), references[row.number]) for row in found]


def summary(membership: Membership, number: int) -> Summary | None:
    """One indicator, with 40 periods; None where there is no such indicator."""
    row = next((row for row in queries.indicators(membership) if row.number == number), None)
    if row is None:
        return None
    totals = pooling.totals(membership.partnership_id, [number], charted=number)
    references = queries.references(membership, [number])
    return _summary(membership, row, totals.get(number, []), references[number])


def main_summary(membership: Membership) -> Summary | None:
    """The main indicator with its newest periods; None where there is none."""
    row = next((row for row in queries.indicators(membership) if row.is_main), None)
    if row is None:
        return None
    totals = pooling.totals(membership.partnership_id, [row.number])
    return _summary(
        membership, row, totals.get(row.number, []), queries.references(membership, [row.number])[row.number]
    )


def _summary(membership: Membership, row: Any, totals: list[Total], references: References) -> Summary:
    now = pooling.newest_complete(totals)
    if now is None and row.has_numbers:
        now = pooling.newest_complete(pooling.all_totals(membership.partnership_id, row.number))
    return Summary(row, totals, references, now)


def chart_of(summary: Summary, breaks: list[tuple[date, str]]) -> Markup:
    """The chart of an indicator's totals; nothing where there is no pooled value to draw."""
    points = _points(summary)
    if not points:
        return Markup()
    indicator = summary.indicator
    steps = _steps(summary, points[0].day, _until(points))
    drawn = [point.value for point in points] + [step.value for step in steps]
    drawn += [end for point in points for end in (point.lowest, point.highest) if end is not None]
    is_share = indicator.kind is IndicatorKind.SHARE
    axis = chart.axis(drawn, floor=Decimal(0), ceiling=Decimal(100) if is_share else None)
    return chart.draw(
        chart.Drawing(
            key=f"chart-{indicator.number}",
            title=indicator.name,
            description=description(summary, breaks),
            points=points,
            axis=axis,
            ticks=[_tick(summary, tick) for tick in axis.ticks],
            labels=_labels(summary, points),
            until=_until(points),
            targets=steps,
            breaks=[(day, _("New way to count")) for day, _before in breaks],
        )
    )


def axis_begins(summary: Summary) -> str:
    """Where the axis of the chart begins, unless that is at zero: a part of it looks like a leap."""
    points = _points(summary)
    steps = _steps(summary, points[0].day, _until(points)) if points else []
    drawn = [point.value for point in points] + [step.value for step in steps]
    drawn += [end for point in points for end in (point.lowest, point.highest) if end is not None]
    if not drawn:
        return ""
    low = chart.axis(drawn, floor=Decimal(0)).low
    return _("The axis begins at %(value)s.", value=_tick(summary, low).removesuffix(".")) if low else ""


def description(summary: Summary, breaks: list[tuple[date, str]]) -> str:
    """What the chart shows, in sentences written from the data."""
    complete = [(total, total.value(summary.indicator)) for total in summary.totals if total.is_complete]
    told = [(total, value) for total, value in complete if value is not None]
    sentences = []
    if told:
        (first, begin), (last, end) = told[0], told[-1]
        about = {
            "first": summary.shown(begin),
            "then": summary.period(first),
            "last": summary.shown(end),
            "now": summary.period(last),
        }
        if len(told) == 1 or summary.shown(begin) == summary.shown(end):
            sentences.append(_("%(last)s in %(now)s.", **about))
        elif end > begin:
            sentences.append(_("Risen from %(first)s in %(then)s to %(last)s in %(now)s.", **about))
        else:
            sentences.append(_("Fallen from %(first)s in %(then)s to %(last)s in %(now)s.", **about))
    if target := summary.references.target:
        if first_target := summary.references.first_target:
            at_first = summary.shown(first_target.value)
            sentences.append(
                _(
                    "The target was %(first)s at first and is %(value)s now.",
                    first=at_first,
                    value=summary.shown(target.value),
                )
            )
        else:
            sentences.append(_("The target is %(value)s.", value=summary.shown(target.value)))
    for day, _before in breaks:
        sentences.append(_("On %(day)s the way to count was changed.", day=short_day(day)))
    newest = summary.newest
    if newest and not newest.is_complete and newest.missing:
        missing = ngettext(
            "In %(period)s %(num)s organisation is missing.",
            "In %(period)s %(num)s organisations are missing.",
            newest.missing,
            period=summary.period(newest),
        )
        sentences.append(missing)
    return " ".join(sentences)


def break_days(membership: Membership, number: int) -> list[tuple[date, str]]:
    """The days on which what is counted was changed, with the definition before each."""
    return [(row.at.astimezone(zone()).date(), row.before) for row in queries.breaks(membership, number)]


def _points(summary: Summary) -> list[chart.Point]:
    found = []
    valued = [(total, total.value(summary.indicator)) for total in summary.totals]
    whole = [total for total, value in valued if total.is_complete and value is not None]
    for total, value in valued:
        if value is None:
            continue
        has_span = total.measured > 1
        is_told = bool(whole) and total in (whole[0], whole[-1])
        found.append(
            chart.Point(
                day=total.period.last,
                value=value,
                lowest=total.lowest if has_span else None,
                highest=total.highest if has_span else None,
                part="" if total.is_complete else _("%(part)s of %(whole)s", part=total.answered, whole=total.expected),
                label=summary.shown(value) if is_told or not total.is_complete else "",
            )
        )
    return found


def _until(points: list[chart.Point]) -> date:
    """A chart reaches until today, so that what has not been measured since shows."""
    return max(points[-1].day, today())


def _steps(summary: Summary, first: date, last: date) -> list[chart.Step]:
    """The targets, each from the day on which it was set until the next one was."""
    steps: list[chart.Step] = []
    chain = list(reversed(summary.references.targets))
    for place, target in enumerate(chain):
        since = max(first, target.at.astimezone(zone()).date()) if place else first
        until = chain[place + 1].at.astimezone(zone()).date() if place + 1 < len(chain) else last
        until = max(first, min(until, last))
        if until > since or place == len(chain) - 1:
            words = _("Target %(value)s", value=summary.shown(target.value))
            steps.append(chart.Step(min(since, last), max(until, since), target.value, words))
    return steps


def _labels(summary: Summary, points: list[chart.Point]) -> list[tuple[date, str]]:
    rhythm = summary.indicator.rhythm
    shown = [points[0], points[len(points) // 2], points[-1]] if len(points) > MOST_LABELS else [points[0], points[-1]]
    shown = shown if len(points) > 1 else points
    return [(point.day, periods.short_label(rhythm, periods.containing(rhythm, point.day))) for point in shown]


def _tick(summary: Summary, tick: Decimal) -> str:
    decimals = max(0, -int(tick.normalize().as_tuple().exponent))
    return values.shown_with(summary.indicator, tick, decimals)
