"""A pasted table of numbers, read line by line: what each line would do, or why it can't."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from flask_babel import gettext as _

from workspace.i18n import danish
from workspace.partnerships.models import Membership
from workspace.results import queries, recording, values
from workspace.results.entry import EntryLine
from workspace.results.kinds import IndicatorKind
from workspace.results.measurements import MeasurementState, Reading
from workspace.results.models import Indicator
from workspace.results.periods import ReportingPeriod, containing, label
from workspace.web import pasted_tables
from workspace.web.forms import read_date

MOST_LINES = 1_000
MOST_SHOWN = 80  # letters of a line
SUFFIXES = ("kommune", "a s", "aps")
TITLES = {
    "organisation": ("organisation", "organization", "kommune", "institution", "navn", "name"),
    "a": ("tæller", "numerator", "antal", "counted", "tal", "number"),
    "b": ("nævner", "denominator", "ud af", "out of", "af"),
    "value": ("værdi", "value", "gennemsnit", "average"),
    "to": ("til", "to", "til dato"),
    "indicator": ("indikatornummer", "indicator number"),
    "state": ("status",),
    "note": ("bemærkning", "note"),
    "replaced": ("erstattet af", "replaced by"),
}
NOT_MEASURED = ("ikke målt", "not measured")
DASHES = ("-", "–", "—")


@dataclass
class PastedLine:
    """A line: what stands in it, and the reading that it would make or why it makes none; its period if it says it."""

    place: int
    name: str
    text: str
    reading: Reading | None = None
    shown: str = ""
    before: str = ""
    problem: str = ""
    period_name: str = ""

    @property
    def is_good(self) -> bool:
        """Whether it would be saved."""
        return self.reading is not None and not self.problem


@dataclass
class PastedTable:
    """The lines of a table, and what is not among them: the line that was taken for headings, how many lines are of
    other indicators or have been replaced, and how many there are after the most that are read.
    """

    lines: list[PastedLine] = field(default_factory=list)
    headings: str = ""
    others: int = 0
    unread: int = 0


def read(membership: Membership, indicator: Indicator, pasted: str, period: ReportingPeriod) -> PastedTable:
    """The lines of a pasted table, 1,000 at most; of our own exports those of this indicator, in their periods."""
    rows = pasted_tables.split(pasted)
    owing = {row.organisation_id: row for row in queries.sources(membership, indicator.number)}
    known = _by_name({key: row.organisation_name for key, row in owing.items() if row.is_owing})
    titles = pasted_tables.columns(rows[0], TITLES) if rows else {}
    has_titles = bool(rows) and _is_heading(rows[0], titles, known)
    columns = _columns(indicator, titles if has_titles else {}, max(map(len, rows), default=0))
    table = PastedTable(unread=max(0, len(rows) - has_titles - MOST_LINES))
    if has_titles:
        table.headings = _in_a_row(rows[0])
    seen: dict[tuple[int, date], int] = {}
    for place, cells in enumerate(rows[has_titles : MOST_LINES + has_titles], 1 + has_titles):
        line = _line(indicator, place, cells, columns, known, period)
        if line is None:
            table.others += 1
            continue
        if line.reading:
            key = (line.reading.organisation_id, line.reading.period.last)
            if key in seen:
                line.problem = _("The same organisation is in line %(place)s already.", place=seen[key])
            seen.setdefault(key, place)
        table.lines.append(line)
    _compare(membership, indicator, table.lines)
    return table


def _in_a_row(cells: Iterable[str]) -> str:
    return " · ".join(filter(None, map(str.strip, cells)))[:MOST_SHOWN]


def _is_heading(cells: list[str], titles: Mapping[str, int], known: Mapping[str, int]) -> bool:
    """Whether the first line says what stands in the columns, and nothing of an organisation."""
    if "organisation" in titles and len(titles) > 1:
        return True
    if _key(cells[0]) in known or any(cell.strip().casefold() in NOT_MEASURED for cell in cells):
        return False
    if "organisation" in titles:
        return True
    filled = [cell.strip() for cell in cells if cell.strip()]
    # A misspelt organisation without numbers is told, not taken for a heading.
    is_of_one = cells[0].strip().casefold().endswith(" kommune") or any(cell in DASHES for cell in filled)
    return len(filled) > 1 and not is_of_one and not any(letter.isdigit() for cell in filled for letter in cell)


def _columns(indicator: Indicator, titles: Mapping[str, int], width: int) -> dict[str, int]:
    """Where the name and the numbers stand: as the headings say or, if they name too few, the numbers beside the one
    that they name, or after the name.
    """
    is_mean, is_share = indicator.kind is IndicatorKind.MEAN, indicator.kind is IndicatorKind.SHARE
    first = titles.get("value", titles.get("a")) if is_mean else titles.get("a", titles.get("value"))
    if first is not None and ("b" in titles or not (is_mean or is_share)):
        return {"organisation": 0, **titles}
    others = {name: place for name, place in titles.items() if name not in ("a", "b", "value")}
    name = others.setdefault("organisation", 0)
    free = [place for place in range(name + 1, width) if place not in others.values()]
    if first is None and "b" in titles:
        free = [place for place in free if place <= titles["b"]][-2:]
    elif first is not None and (is_mean or first in free[:-1]):
        after, before = [place for place in free if place > first], [place for place in free if place < first]
        free = [first, *(after[:1] or before[-1:])]
    return others | dict(zip(("a", "b"), free, strict=False))


def _line(
    indicator: Indicator,
    place: int,
    cells: list[str],
    columns: Mapping[str, int],
    known: Mapping[str, int],
    period: ReportingPeriod,
) -> PastedLine | None:
    """One line; None for one of another indicator, or that has been replaced."""

    def cell(name: str) -> str:
        column = columns.get(name)
        return cells[column].strip() if column is not None and column < len(cells) else ""

    if (cell("indicator") and cell("indicator") != str(indicator.number)) or cell("replaced"):
        return None
    line = PastedLine(place, cell("organisation")[:120], _in_a_row(cells[1:4]))
    organisation_id = known.get(_key(line.name))
    if organisation_id is None:
        line.problem = _("No organisation that enters this number is called so.")
        return line
    if cell("to"):
        if (day := read_date(cell("to")[:10])) is None:
            line.problem = _("The date can't be read.")
            return line
        period = containing(indicator.rhythm, day)
        line.period_name = label(indicator.rhythm, period)
    if not recording.is_measurable(indicator, period):
        line.problem = _("The period is not over yet. Choose another.")
        return line
    first = cell("value") if indicator.kind is IndicatorKind.MEAN and cell("value") else cell("a") or cell("value")
    is_hole = cell("state").casefold() in NOT_MEASURED or first.casefold() in NOT_MEASURED
    reader = EntryLine(indicator, period)
    key = reader.key
    sent = {f"a-{key}": first, f"b-{key}": cell("b"), f"note-{key}": cell("note"), f"ok-{key}": "on"}
    sent |= {f"to-{key}": period.last.isoformat(), f"from-{key}": period.first.isoformat()}
    if is_hole:
        sent |= {f"na-{key}": "on", f"why-{key}": cell("note") or _("Stated in a pasted table")}
    line.reading = reader.read(sent, organisation_id)
    if line.reading is None:
        line.problem = " ".join(message for _field, message in reader.errors) or _("There is no number.")
    else:
        line.shown = values.number_made_of(indicator, line.reading.value, *line.reading.counted)
    return line


def _compare(membership: Membership, indicator: Indicator, lines: list[PastedLine]) -> None:
    """What stands already where a line brings a number."""
    standing = recording.present(membership, {line.reading.key for line in lines if line.reading})
    for line in lines:
        row = standing.get(line.reading.key) if line.reading else None
        if row is not None and line.reading:
            is_hole = row.state is MeasurementState.NOT_MEASURED
            before = _("not measured") if is_hole else values.shown(indicator, row.value)
            line.before = "=" if line.reading.equals(row) else before


def _by_name(names: Mapping[int, str]) -> dict[str, int]:
    """The organisations by their names, and without "Kommune" and the like where that names one only."""
    found: dict[str, int] = {}
    doubled: set[str] = set()
    for organisation_id, name in names.items():
        for key in {_key(name), _short(name)}:
            if key in found and found[key] != organisation_id:
                doubled.add(key)
            found[key] = organisation_id
    for organisation_id, name in names.items():
        found[_key(name)] = organisation_id
    return {
        key: organisation_id
        for key, organisation_id in found.items()
        if key not in doubled or key in map(_key, names.values())
    }


def _key(name: str) -> str:
    return danish.search_key(" ".join(name.replace("-", " ").split()))


def _short(name: str) -> str:
    key = _key(name)
    for suffix in SUFFIXES:
        key = key.removesuffix(f" {suffix}")
    return key
