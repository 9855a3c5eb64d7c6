"""The organisation picker, a searchable part of two forms: which organisations take part, and on which side."""

from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from workspace.organisations.models import Organisation, Side
from workspace.partnerships import queries
from workspace.partnerships.forms import words_typed

FIELD = "side-"
BUTTONS = ("find", "add", "remove")


@dataclass
class Selection:
    """The organisations chosen so far, those that take part already, and the search results."""

    sides: dict[int, Side]
    locked: frozenset[int]
    words: str = ""
    searches: bool = False
    found: list[Organisation] = field(default_factory=list)
    added: int | None = None

    @classmethod
    def from_form(cls, form: MultiDict[str, str], *, locked: dict[int, Side]) -> "Selection":
        """Read the form. Organisations in `locked` stay; one with an unknown side is left out."""
        sides = dict(locked)
        for name, value in form.items():
            number = name.removeprefix(FIELD)
            if name.startswith(FIELD) and number.isdecimal() and len(number) < 10 and value in list(Side):
                sides[int(number)] = Side(value)
        choice = cls(sides, frozenset(locked), words_typed(form), any(button in form for button in BUTTONS))
        choice._apply_button(form)
        return choice

    @property
    def organisations(self) -> list[Organisation]:
        """Those chosen, in Danish order."""
        return queries.organisations(self.sides)

    def search(self) -> None:
        """Search by the words typed. Once one is added and nothing else is found, the search text is cleared."""
        if self.words.strip():
            self.found = queries.found_organisations(self.words, but=self.sides)
        if self.added and not self.found:
            self.words = ""

    def existing(self) -> dict[int, Side]:
        """The chosen sides, of organisations that exist."""
        return {organisation.id: self.sides[organisation.id] for organisation in self.organisations}

    def _apply_button(self, form: MultiDict[str, str]) -> None:
        added, removed = form.get("add", ""), form.get("remove", "")
        if added.isdecimal() and len(added) < 10:
            for organisation in queries.organisations([int(added)]):
                self.sides.setdefault(organisation.id, organisation.usual_side)
                self.added = organisation.id
        elif removed.isdecimal() and len(removed) < 10 and int(removed) not in self.locked:
            self.sides.pop(int(removed), None)
