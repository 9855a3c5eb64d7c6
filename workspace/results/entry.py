"""The lines of a form of numbers: what an organisation owes, read field by field, each with what is wrong with it."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from urllib.parse import urlencode, urlsplit

from flask import current_app
from flask_babel import gettext as _

from workspace.db.types import AnyRow
from workspace.i18n import numbers
from workspace.i18n.formatting import today
from workspace.partnerships.models import Membership
from workspace.results import periods, pooling, queries, values
from workspace.results.forms import LONGEST_ADDRESS, LONGEST_NOTE
from workspace.results.kinds import IndicatorKind
from workspace.results.measurements import Measurement, MeasurementState, Reading
from workspace.results.models import Indicator
from workspace.results.periods import ReportingPeriod, Rhythm
from workspace.rich_text import replace_control_chars
from workspace.web.forms import read_date

MOST_LINES = 40
UNLIKELY = 3  # times as much as last time, or as little
CARRIED = ("a", "b", "na", "why", "note", "evidence")  # to the form that corrects a number


@dataclass
class EntryLine:
    """One number that is owed: its fields, what was typed into them, and what is wrong with it."""

    indicator: Indicator
    period: ReportingPeriod
    last: AnyRow | None = None
    typed: dict[str, str] = field(default_factory=dict)
    errors: list[tuple[str, str]] = field(default_factory=list)
    question: str = ""
    reading: Reading | None = None
    standing: Measurement | None = None

    @property
    def key(self) -> str:
        """What tells its fields from those of the others."""
        if self.is_irregular:
            return str(self.indicator.number)
        return f"{self.indicator.number}-{self.period.last:%Y%m%d}"

    @property
    def is_irregular(self) -> bool:
        """Whether its days are typed as well."""
        return self.indicator.rhythm is Rhythm.IRREGULAR

    @property
    def has_two(self) -> bool:
        """Whether two numbers are asked for."""
        return self.indicator.kind in (IndicatorKind.SHARE, IndicatorKind.MEAN)

    @property
    def period_name(self) -> str:
        """The period in words."""
        return periods.label(self.indicator.rhythm, self.period)

    @property
    def full_name(self) -> str:
        """The indicator, and the period where that is known: two lines of one indicator are not called alike."""
        return self.indicator.name if self.is_irregular else f"{self.indicator.name}, {self.period_name}"

    @property
    def is_touched(self) -> bool:
        """Whether there is anything in it to be saved."""
        return any(self.typed.get(name) for name in ("a", "b", "na"))

    @property
    def last_shown(self) -> str:
        """Last time's value."""
        if self.last is None:
            return ""
        if self.last.state is MeasurementState.NOT_MEASURED:
            return _("not measured")
        return values.shown(self.indicator, self.last.value)

    @property
    def last_parts(self) -> str:
        """What last time's value was made of, and when that was."""
        if self.last is None:
            return ""
        parts = values.shown_parts(self.indicator, self.last.numerator, self.last.denominator)
        when = periods.label(self.indicator.rhythm, ReportingPeriod(self.last.from_day, self.last.to_day))
        return ", ".join(filter(None, (parts, when)))

    @property
    def standing_shown(self) -> str:
        """The number that somebody else has entered in the meantime."""
        return values.number_of(self.indicator, self.standing) if self.standing else ""

    @property
    def reading_shown(self) -> str:
        """The number that was typed here."""
        return values.number_made_of(self.indicator, self.reading.value, *self.reading.counted) if self.reading else ""

    @property
    def typed_query(self) -> str:
        """What was typed, for the address of the form that corrects the number that stands there."""
        return urlencode({name: text for name, text in self.typed.items() if text and name in CARRIED})

    def field(self, name: str) -> str:
        """The name and id of one of its fields."""
        return f"{name}-{self.key}"

    def refuse(self, name: str, message: str) -> None:
        """Say that a field is wrong."""
        self.errors.append((self.field(name), message))

    def read(self, sent: Mapping[str, str], organisation_id: int) -> Reading | None:
        """What was typed, as a reading; None where there is nothing, or something is wrong or to be asked."""
        names = ("a", "b", "na", "why", "ok", "note", "evidence", "from", "to")
        self.typed = {name: (sent.get(self.field(name)) or "").strip() for name in names}
        if not self.is_touched:
            return None
        period = self._period()
        note, evidence = self._text("note"), self._address()
        if self.typed["na"]:
            why = self._text("why")
            if not why:
                self.refuse("why", _("Write why it was not measured."))
            counted: tuple[Decimal | None, Decimal | None] = (None, None)
            note = why
        else:
            counted = self._numbers()
        if self.errors:
            return None
        reading = self.reading = Reading(
            indicator=self.indicator,
            organisation_id=organisation_id,
            period=period,
            numerator=counted[0],
            denominator=counted[1],
            note=note,
            evidence=evidence,
        )
        if not self.typed["ok"] and (asked := self._doubt(reading)):
            self.question = asked
            return None
        return reading

    def _numbers(self) -> tuple[Decimal | None, Decimal | None]:
        kind = self.indicator.kind
        first = self._number("a")
        second = self._number("b") if self.has_two else None
        if self.errors or first is None:
            return None, None
        if kind is IndicatorKind.SHARE and second is not None:
            if second == 0:
                message = _("0 of 0 is no share. Tick ‘Not measured’ instead.") if first == 0 else _zero()
                self.refuse("b", message)
            elif first > second:
                self.refuse("a", _("The first number is larger than the second. Have they been swapped?"))
        if kind is IndicatorKind.MEAN and second is not None:
            if second == 0:
                self.refuse("b", _("An average of none is no number. Tick ‘Not measured’ instead."))
            elif second % 1:
                self.refuse("b", _("Write a whole number."))
            elif first * second >= numbers.LARGEST:
                largest = numbers.written(numbers.LARGEST)
                message = _("The average times the count must be below %(largest)s.", largest=largest)
                self.refuse("a", message)
        if kind is IndicatorKind.COUNT and self.indicator.decimals == 0 and first % 1:
            self.refuse("a", _("Write a whole number."))
        return first, second

    def _number(self, name: str) -> Decimal | None:
        text = self.typed[name]
        if not text:
            self.refuse(name, _("Both numbers are needed.") if self.has_two else _("Write a number."))
            return None
        unit = self.indicator.unit if name == "a" else ""
        if self.indicator.kind is IndicatorKind.SHARE and re.search(r"%|\bpct", text):
            self.refuse(name, _("Write how many there are, not the per cent."))
            return None
        try:
            number = numbers.parse(text, unit=unit)
        except numbers.NotANumber as refusal:
            self.refuse(name, str(refusal))
            return None
        if number < 0:
            self.refuse(name, _("The number can't be negative."))
            return None
        return number

    def _period(self) -> ReportingPeriod:
        if not self.is_irregular:
            return self.period
        last = self._day("to")
        first = self._day("from") if self.typed["from"] else last
        if first and last and first > last:
            self.refuse("from", _("The first day comes after the last."))
        elif last and last > today():
            self.refuse("to", _("Choose a day that has been."))
        elif first and first < periods.EARLIEST:
            self.refuse("from", _("Choose a day after 1989."))
        return ReportingPeriod(first or self.period.first, last or self.period.last)

    def _day(self, name: str) -> date | None:
        day = read_date(self.typed[name])
        if day is None:
            self.refuse(name, _("Write a date, for example 31-12-2026."))
        return day

    def _text(self, name: str) -> str:
        text = replace_control_chars(self.typed[name])
        if len(text) > LONGEST_NOTE:
            self.refuse(name, _("Use at most %(longest)s characters.", longest=LONGEST_NOTE))
        elif "\ufffd" in text:
            self.refuse(name, _("Some of the characters can't be kept. Type them again."))
        return text

    def _address(self) -> str:
        text = self.typed["evidence"]
        try:
            parts = urlsplit(text)
        except ValueError:
            parts = urlsplit("")
        is_sound = text.isascii() and text.isprintable() and " " not in text and len(text) <= LONGEST_ADDRESS
        base: str = current_app.settings.base_url  # type: ignore[attr-defined]
        is_ours = text.startswith(f"{base}/")  # a post here, or a file
        if text and not (is_sound and (is_ours or (parts.scheme == "https" and parts.netloc))):
            self.refuse("evidence", _("Write an address that begins with https://."))
        return text

    def _doubt(self, reading: Reading) -> str:
        """What to ask about a number that is far from last time's; empty for a likely one."""
        value, last = reading.value, self.last.value if self.last is not None else None
        if not value or not last or last / UNLIKELY <= value <= last * UNLIKELY:
            return ""
        shown, before = values.shown(self.indicator, value), values.shown(self.indicator, last)
        return _("%(value)s is far from last time's %(before)s. Is it right?", value=shown, before=before)


def _zero() -> str:
    return _("The second number can't be zero.")


def owed_lines(membership: Membership, organisation_id: int) -> list[EntryLine]:
    """What the organisation owes now, and the member may enter: the newest periods first, 40 at most.

    What is measured irregularly is never owed; it can be entered at any time, and stands last.
    """
    indicators = queries.owed_by(membership, organisation_id)
    now = today()
    oldest = min(
        (
            periods.since(one.rhythm, now, pooling.LISTED + 1)
            for one in indicators
            if one.rhythm is not Rhythm.IRREGULAR
        ),
        default=now,
    )
    measured: dict[int, list[AnyRow]] = defaultdict(list)
    for row in queries.of_organisation(membership, organisation_id, oldest):
        measured[row.indicator_number].append(row)
    since = queries.since_when(membership, organisation_id)
    regular: list[tuple[int, EntryLine]] = []
    irregular: list[EntryLine] = []
    for place, indicator in enumerate(indicators):
        its = measured[indicator.number]
        if indicator.rhythm is Rhythm.IRREGULAR:
            irregular.append(EntryLine(indicator, ReportingPeriod(now, now), its[-1] if its else None))
            continue
        days = {row.to_day for row in its}
        for period in periods.ended(indicator.rhythm, now, pooling.LISTED):
            if period.last not in days and period.last >= since[indicator.number]:
                former = [row for row in its if row.to_day < period.last]
                regular.append((place, EntryLine(indicator, period, former[-1] if former else None)))
    regular.sort(key=lambda placed: (-placed[1].period.last.toordinal(), placed[0]))
    return [line for _place, line in regular][:MOST_LINES] + irregular
