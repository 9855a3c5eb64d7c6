"""The periods that an indicator is measured in: calendar months, quarters, halves and years, or any days."""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import NamedTuple

from babel.dates import format_date
from flask_babel import get_locale
from flask_babel import gettext as _

from workspace.i18n.formatting import short_day


class Rhythm(StrEnum):
    """How often an indicator is measured."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"
    IRREGULAR = "irregular"


MONTHS = {Rhythm.MONTH: 1, Rhythm.QUARTER: 3, Rhythm.HALF_YEAR: 6, Rhythm.YEAR: 12}
EARLIEST = date(1990, 1, 1)
MOST = 1_000  # As many are all there can be.


class ReportingPeriod(NamedTuple):
    """From the first day to the last, both in it."""

    first: date
    last: date


def containing(rhythm: Rhythm, day: date) -> ReportingPeriod:
    """The period that a day lies in; for what is measured irregularly the day alone."""
    if rhythm is Rhythm.IRREGULAR:
        return ReportingPeriod(day, day)
    months = MONTHS[rhythm]
    first = (day.month - 1) // months * months + 1
    last = first + months - 1
    return ReportingPeriod(date(day.year, first, 1), date(day.year, last, monthrange(day.year, last)[1]))


def latest_ended(rhythm: Rhythm, today: date) -> ReportingPeriod:
    """The newest period that is over. Of the irregular ones that is today: it can be measured at any time."""
    if rhythm is Rhythm.IRREGULAR:
        return ReportingPeriod(today, today)
    return before(rhythm, containing(rhythm, today))


def before(rhythm: Rhythm, period: ReportingPeriod) -> ReportingPeriod:
    """The period before this one."""
    return containing(rhythm, period.first - timedelta(days=1))


def ended(rhythm: Rhythm, today: date, count: int) -> list[ReportingPeriod]:
    """The newest `count` periods that are over, the newest first; none for what is measured irregularly."""
    return list(islice(_ended(rhythm, today), count)) if rhythm is not Rhythm.IRREGULAR else []


def _ended(rhythm: Rhythm, today: date) -> Iterator[ReportingPeriod]:
    period = latest_ended(rhythm, today)
    while period.first >= EARLIEST:
        yield period
        period = before(rhythm, period)


def since(rhythm: Rhythm, today: date, count: int) -> date:
    """The last day of the oldest of the newest `count` periods; for irregular ones, as many quarters ago."""
    regular = rhythm if rhythm is not Rhythm.IRREGULAR else Rhythm.QUARTER
    return ended(regular, today, count)[-1].last if count < MOST else EARLIEST


def label(rhythm: Rhythm, period: ReportingPeriod) -> str:
    """ "1. kvartal 2026", "marts 2026", "1. halvår 2026", "2026", or the days."""
    match rhythm:
        case Rhythm.MONTH:
            return format_date(period.last, "MMMM y", locale=get_locale() or "da")
        case Rhythm.QUARTER:
            return _("quarter %(number)s of %(year)s", number=_part(period, 3), year=period.last.year)
        case Rhythm.HALF_YEAR:
            return _("half %(number)s of %(year)s", number=_part(period, 6), year=period.last.year)
        case Rhythm.YEAR:
            return str(period.last.year)
    if period.first == period.last:
        return short_day(period.last)
    return _("%(first)s to %(last)s", first=short_day(period.first), last=short_day(period.last))


def short_label(rhythm: Rhythm, period: ReportingPeriod) -> str:
    """ "1. kv. 2026": as it stands below a chart."""
    match rhythm:
        case Rhythm.MONTH:
            return format_date(period.last, "MMM y", locale=get_locale() or "da")
        case Rhythm.QUARTER:
            return _("Q%(number)s %(year)s", number=_part(period, 3), year=period.last.year)
        case Rhythm.HALF_YEAR:
            return _("H%(number)s %(year)s", number=_part(period, 6), year=period.last.year)
        case Rhythm.YEAR:
            return str(period.last.year)
    return format_date(period.last, "MMM y", locale=get_locale() or "da")


def _part(period: ReportingPeriod, months: int) -> int:
    return (period.last.month - 1) // months + 1


def of_text(rhythm: Rhythm, text: str) -> ReportingPeriod | None:
    """The period that ends on a day such as "20260331", or None for no such day."""
    try:
        return containing(rhythm, datetime.strptime(text, "%Y%m%d").date())
    except ValueError:
        return None
