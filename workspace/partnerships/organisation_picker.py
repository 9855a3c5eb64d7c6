"""Choosing which organisations take part, and on which side: a part of two forms that can be searched in place."""

from dataclasses import dataclass, field

from werkzeug.datastructures import MultiDict

from workspace.organisations.models import Organisation, Side
from workspace.partnerships import queries
from workspace.partnerships.forms import words_typed

FIELD = "side-"
BUTTONS = ("find", "add", "remove")


@dataclass
class Selection:
    """The organisations chosen so far, those that take part already, and those found by the words searched for."""

    sides: dict[int, Side]
    locked: frozenset[int]
    words: str = ""
    searches: bool = False
    found: list[Organisation] = field(default_factory=list)
    added: int | None = None

    @classmethod
    def from_form(cls, form: MultiDict[str, str], *, locked: dict[int, Side]) -> "Selection":
        """What the form says. Those in `fixed` stay; unknown words for a side leave an organisation out."""
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
        """Find organisations by the words typed. Words that have nothing more to find once one is added are done."""
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
