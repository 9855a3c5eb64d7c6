"""The values of an indicator, written for the reader; and how far one is on the way from the baseline to the target."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from flask_babel import gettext as _

from workspace.i18n import numbers
from workspace.results.kinds import IndicatorKind


class Counted(Protocol):
    """What says how a value is written: an indicator, or a row of one."""

    kind: IndicatorKind
    unit: str
    decimals: int


def shown(indicator: Counted, value: Decimal | None) -> str:
    """ "64 %", "38", "48.500 kr.", "6,5 timer"; a dash for none."""
    return "–" if value is None else shown_with(indicator, value, indicator.decimals)


def shown_with(indicator: Counted, value: Decimal, decimals: int) -> str:
    """The same with so many decimals."""
    if indicator.kind is IndicatorKind.SHARE:
        return numbers.percent(value, decimals)
    text = numbers.written(value, decimals)
    return f"{text}\u00a0{indicator.unit}" if indicator.unit else text


def shown_span(indicator: Counted, lowest: Decimal, highest: Decimal) -> str:
    """ "50–70 %"."""
    if lowest == highest:
        return shown(indicator, lowest)
    low = numbers.written(lowest, indicator.decimals)
    return f"{low}–{shown(indicator, highest)}"


def shown_parts(indicator: Counted, numerator: Decimal | None, denominator: Decimal | None) -> str:
    """What a value is made of: "308 af 482"; empty for what is one number."""
    if numerator is None or denominator is None:
        return ""
    if indicator.kind is IndicatorKind.MEAN:
        return _("mean of %(count)s", count=as_typed(denominator))
    return _("%(part)s of %(whole)s", part=as_typed(numerator), whole=as_typed(denominator))


def number_of(indicator: Counted, row: Any) -> str:
    """A measurement in a table: "63 % (79 af 126)", "ikke målt"."""
    return number_made_of(indicator, row.value, row.numerator, row.denominator)


def number_made_of(
    indicator: Counted, value: Decimal | None, numerator: Decimal | None, denominator: Decimal | None
) -> str:
    """The same of a value and what it is made of, as they are stored."""
    if value is None:
        return _("not measured")
    parts = shown_parts(indicator, numerator, denominator)
    return f"{shown(indicator, value)} ({parts})" if parts else shown(indicator, value)


def shown_difference(indicator: Counted, difference: Decimal) -> str:
    """ "+3 procentpoint", "−1,5 timer"."""
    sign = "+" if difference > 0 else ""
    text = f"{sign}{numbers.written(difference, indicator.decimals)}"
    if indicator.kind is IndicatorKind.SHARE:
        return _("%(number)s percentage points", number=text)
    return f"{text}\u00a0{indicator.unit}" if indicator.unit else text


def as_typed(value: Decimal) -> str:
    """A number as it was typed, in groups: "1.206", "6,5"."""
    return numbers.written(value, max(0, -int(value.normalize().as_tuple().exponent)))


@dataclass
class _Told:
    kind: IndicatorKind
    unit: str
    decimals: int


def told(details: Mapping[str, Any], key: str) -> str:
    """The value that stands in an entry's details, for the reader; empty for none."""
    text = details.get(key)
    if not text:
        return ""
    kind = details.get("kind", "")
    form = _Told(
        IndicatorKind(kind) if kind in list(IndicatorKind) else IndicatorKind.COUNT,
        str(details.get("unit", "")),
        min(2, int(details.get("decimals", 0))),
    )
    return shown(form, Decimal(text))


@dataclass(frozen=True)
class Progress:
    """How far it is: the `part` of the way, 0 at the baseline and 1 at the target; None where there is no way to go."""

    part: Decimal | None

    @property
    def percent(self) -> int:
        """For the drawn track: 0 to 100."""
        return int(max(Decimal(0), min(Decimal(1), self.part or Decimal(0))) * 100)

    @property
    def is_reached(self) -> bool:
        """Whether the target is reached or passed."""
        return self.part is not None and self.part >= 1

    @property
    def is_worse(self) -> bool:
        """Whether it is further from the target than at the baseline."""
        return self.part is not None and self.part < 0

    @property
    def words(self) -> str:
        """The same, to be read."""
        if self.part is None:
            return ""
        if self.is_reached:
            return _("The target is reached")
        if self.is_worse:
            return _("Further from the target than at the baseline")
        return _("%(percent)s of the way", percent=numbers.percent(self.percent))


def progress(now: Decimal | None, baseline: Decimal | None, target: Decimal | None) -> Progress:
    """Where `now` is between `baseline` and `target`, whether it should rise or fall."""
    if now is None or baseline is None or target is None or baseline == target:
        return Progress(None)
    return Progress((now - baseline) / (target - baseline))
