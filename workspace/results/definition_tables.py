"""Indicators as a table: what is downloaded of their definitions, baselines and targets, and the same read back.

A partnership takes over the indicators of another in this way. What the sides agreed on there is not taken over, since
they have not agreed on it here.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.i18n import danish, numbers
from workspace.i18n.formatting import LANGUAGES
from workspace.organisations.models import Side
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import participating_organisations
from workspace.results import labels, queries
from workspace.results.forms import GOAL_TARGET, LONGEST_DEFINITION, LONGEST_NAME, LONGEST_NOTE
from workspace.results.kinds import Direction, IndicatorKind, Measures, Pooling, ReferenceKind
from workspace.results.measurements import share
from workspace.results.models import MOST_INDICATORS, Indicator
from workspace.results.periods import Rhythm
from workspace.rich_text import replace_control_chars
from workspace.web import pasted_tables
from workspace.web.forms import read_date

MOST_LINES = 1_000
MOST_GOALS = 17
COLUMNS: dict[str, Any] = {
    "name": _l("Indicator"),
    "number": _l("Indicator number"),
    "what": _l("What"),
    "organisation": _l("Organisation"),
    "numerator": _l("Numerator"),
    "denominator": _l("Denominator"),
    "value": _l("Value"),
    "unit": _l("Unit"),
    "day": _l("Date"),
    "text": _l("Text"),
    "person": _l("By"),
    "at": _l("At"),
    "kind": _l("What kind of number is it?"),
    "decimals": _l("Decimals"),
    "direction": _l("Where should it go?"),
    "measures": _l("When is it counted?"),
    "rhythm": _l("How often?"),
    "pooling": _l("The organisations' numbers"),
    "goal": _l("Goal"),
    "goal_target": _l("The goal's target"),
}
DEFINITION, AGREED = "definition", "agreed"
WHAT: dict[Any, Any] = {DEFINITION: _l("Definition"), AGREED: _l("Agreed"), **labels.REFERENCE_KINDS}
WORDS: dict[str, Mapping[Any, Any]] = {
    "what": WHAT,
    "kind": labels.INDICATOR_KINDS,
    "direction": labels.DIRECTIONS,
    "measures": labels.MEASURES,
    "rhythm": labels.RHYTHMS,
    "pooling": labels.POOLINGS,
}
USUALLY: dict[str, StrEnum] = {
    "kind": IndicatorKind.SHARE,
    "direction": Direction.UP,
    "measures": Measures.FLOW,
    "rhythm": Rhythm.QUARTER,
    "pooling": Pooling.TOGETHER,
}


class Unreadable(ValueError):
    """A cell that can't be what it should be; the message says why."""


class PastedReference(NamedTuple):
    """A baseline or a target of the table."""

    kind: ReferenceKind
    value: Decimal
    parts: tuple[Decimal, Decimal] | None
    day: date
    note: str
    organisation_id: int | None


@dataclass
class PastedIndicator:
    """An indicator of the table, and what stands against adding it, if anything."""

    place: int
    name: str
    described: dict[str, Any] = field(default_factory=dict)
    references: list[PastedReference] = field(default_factory=list)
    problem: str = ""
    is_known: bool = False

    @property
    def is_good(self) -> bool:
        """Whether it would be added."""
        return not self.problem and not self.is_known


def row(**cells: Any) -> Sequence[Any]:
    """A line of the table that is downloaded, with these cells."""
    return [cells.get(name) for name in COLUMNS]


def read(membership: Membership, pasted: str) -> list[PastedIndicator]:
    """The indicators of a table that was downloaded from a partnership, in either language; none without headings."""
    rows = pasted_tables.split(pasted)
    titles: dict[str, list[str]] = defaultdict(list)
    for title, name in _in_all_languages(COLUMNS).items():
        titles[name].append(title)
    columns = pasted_tables.columns(rows[0], titles) if rows else {}
    if not {"name", "what", "text"} <= columns.keys():
        return []
    meanings = {name: _in_all_languages(words) for name, words in WORDS.items()}
    partners = {danish.search_key(one.name): one.id for one in participating_organisations(membership.partnership)}
    known = {danish.search_key(one.name) for one in queries.indicators_in_use(membership)}
    found: dict[str, PastedIndicator] = {}
    for place, cells in enumerate(rows[1 : MOST_LINES + 1], 2):
        line = _Line(columns, cells, meanings)
        key, what = line["number"] or danish.search_key(line["name"]), line.meaning("what")
        if what == DEFINITION:
            made = _definition(place, line, found.get(key))
            made.is_known = danish.search_key(made.name) in known
            found[key if key not in found else f"line {place}"] = made
        elif isinstance(what, ReferenceKind) and key in found:
            _add_reference(found[key], place, line, what, partners)
    return list(found.values())


def add(membership: Membership, made: Iterable[PastedIndicator], one_time_key: str) -> list[Indicator]:
    """Add the indicators that can be, each an entry of its own, since that gives it its number; twice is once."""
    added = []
    for one in made:
        if not one.is_good:
            continue
        is_once = one.described["pooling"] is Pooling.ONCE_FOR_ALL
        indicator = Indicator.add(
            membership,
            one_time_key=str(uuid5(NAMESPACE_URL, f"{one_time_key}/{one.place}")),
            organisations=[membership.organisation_id] if is_once else _owing(membership),
            **one.described,
        )
        if indicator.terms == 1:
            for reference in one.references:
                indicator.set_reference(membership, version=indicator.version, **reference._asdict())
        added.append(indicator)
    return added


def has_room(membership: Membership, made: Iterable[PastedIndicator]) -> bool:
    """Whether there may be so many indicators more."""
    return membership.partnership.indicator_count + sum(one.is_good for one in made) <= MOST_INDICATORS


class _Line:
    """The cells of a line by their names, empty where there are none."""

    def __init__(
        self, columns: Mapping[str, int], cells: Sequence[str], meanings: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.columns, self.cells, self.meanings = columns, cells, meanings

    def __getitem__(self, name: str) -> str:
        place = self.columns.get(name, len(self.cells))
        return replace_control_chars(self.cells[place]).strip() if place < len(self.cells) else ""

    def meaning(self, name: str) -> Any:
        """What the word in a cell means; None for an unknown word."""
        return self.meanings[name].get(pasted_tables.normal(self[name]))


def _definition(place: int, line: _Line, earlier: PastedIndicator | None) -> PastedIndicator:
    made = PastedIndicator(place, line["name"][:LONGEST_NAME])
    try:
        made.described = _described(line)
        if earlier:
            raise Unreadable(_("It is in line %(place)s already.", place=earlier.place))
    except Unreadable as problem:
        made.problem = str(problem)
    return made


def _described(line: _Line) -> dict[str, Any]:
    """What the line says of the indicator, as Indicator.add takes it. Raises Unreadable."""
    for name, longest in (("name", LONGEST_NAME), ("text", LONGEST_DEFINITION), ("unit", 20)):
        if len(line[name]) > longest:
            raise Unreadable(
                _("‘%(column)s’ has more than %(longest)s characters.", column=COLUMNS[name], longest=longest)
            )
        if not line[name] and name != "unit":
            raise Unreadable(_("‘%(column)s’ is empty.", column=COLUMNS[name]))
    words = {name: line.meaning(name) if line[name] else usual for name, usual in USUALLY.items()}
    if unknown := next((name for name, word in words.items() if word is None), None):
        raise Unreadable(_unknown(unknown, line))
    decimals, goal = line["decimals"] or "0", line["goal"]
    if decimals not in ("0", "1", "2"):
        raise Unreadable(_unknown("decimals", line))
    if goal and not (goal.isascii() and goal.isdecimal() and 1 <= int(goal[:3]) <= MOST_GOALS):
        raise Unreadable(_unknown("goal", line))
    if line["goal_target"] and not GOAL_TARGET.fullmatch(line["goal_target"][:6]):
        raise Unreadable(_unknown("goal_target", line))
    return {
        "name": line["name"],
        "definition": line["text"],
        "unit": "" if words["kind"] is IndicatorKind.SHARE else line["unit"],
        "decimals": int(decimals),
        "goal": int(goal) if goal else None,
        "goal_target": line["goal_target"],
        "role_id": None,
        **words,
    }


def _add_reference(
    made: PastedIndicator, place: int, line: _Line, kind: ReferenceKind, partners: Mapping[str, int]
) -> None:
    """Give the indicator a baseline or a target; one of an organisation that takes no part here is not for here."""
    organisation = danish.search_key(line["organisation"])
    if made.problem or (organisation and organisation not in partners):
        return
    try:
        parts = (_number(line, "numerator"), _number(line, "denominator")) if line["numerator"] else None
        if parts and not 0 <= parts[0] <= parts[1] != 0:
            raise Unreadable(_unknown("numerator", line))
        value = share(*parts) if parts else _number(line, "value")
        if made.described["kind"] is IndicatorKind.SHARE and value > 100:
            raise Unreadable(_unknown("value", line))
        note = line["text"][:LONGEST_NOTE]
        made.references.append(
            PastedReference(kind, value, parts, _day(line), note, partners.get(organisation) if organisation else None)
        )
    except Unreadable as problem:
        made.problem = _("Line %(place)s: %(problem)s", place=place, problem=problem)


def _number(line: _Line, name: str) -> Decimal:
    try:
        number = numbers.parse(line[name])
    except numbers.NotANumber as refusal:
        raise Unreadable(str(refusal)) from None
    if number < 0:
        raise Unreadable(_("The number can't be negative."))
    return number


def _day(line: _Line) -> date:
    day = read_date(line["day"][:10])
    if day is None or not 1990 <= day.year <= 2100:
        raise Unreadable(_("The date can't be read."))
    return day


def _unknown(name: str, line: _Line) -> str:
    return _("‘%(column)s’ can't be ‘%(word)s’.", column=COLUMNS[name], word=line[name][:60])


def _in_all_languages(words: Mapping[Any, Any]) -> dict[str, Any]:
    """What each of these words means, by the word in any language as `normal` writes it."""
    found: dict[str, Any] = {}
    for language in LANGUAGES:
        with force_locale(language):
            found |= {pasted_tables.normal(str(word)): meaning for meaning, word in words.items()}
    return found


def _owing(membership: Membership) -> list[int]:
    """The municipalities, as of an indicator that is added by hand."""
    return [row.id for row in participating_organisations(membership.partnership) if row.side is Side.MUNICIPALITIES]
