"""What is read of the trail."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from werkzeug.datastructures import MultiDict

from workspace import cursors
from workspace.database import db
from workspace.trail.models import Act, Line

PAGE = 50
MOST_EXPORTED = 100_000


@dataclass(frozen=True)
class Choice:
    """Which lines are wanted, as it stands in the address."""

    act: Act | None = None
    name: str = ""
    day_from: date | None = None
    day_to: date | None = None

    @classmethod
    def typed(cls, arguments: MultiDict[str, str]) -> "Choice":
        """What the address says; what it can't mean is left out."""
        act = arguments.get("act", "")
        name = arguments.get("name", "")[:100].replace("\0", "").strip()
        return cls(
            act=Act(act) if act in list(Act) else None,
            name=name,
            day_from=_day(arguments.get("from", "")),
            day_to=_day(arguments.get("to", "")),
        )

    def conditions(self) -> Iterator[Any]:
        """The same for the database. Days are days in UTC, as the trail tells them."""
        if self.act:
            yield Line.act == self.act
        if self.name:
            named = (column.icontains(self.name, autoescape=True) for column in (Line.actor_name, Line.subject_name))
            yield or_(*named)
        if self.day_from:
            yield Line.at >= datetime.combine(self.day_from, time(), UTC)
        if self.day_to:
            yield Line.at < datetime.combine(self.day_to, time(), UTC) + timedelta(days=1)


def of_partnership(partnership_id: int, choice: Choice) -> Select[Line]:
    """What concerns one partnership."""
    return _latest(choice).where(Line.partnership_id == partnership_id)


def of_all(choice: Choice) -> Select[Line]:
    """Everything."""
    return _latest(choice)


def of_person(user_id: int) -> Select[Line]:
    """What a person did, and what was done about them."""
    return _latest(Choice()).where(or_(Line.actor_id == user_id, Line.subject_id == user_id))


def page(query: Select[Line], before: str) -> list[Line]:
    """A page, the latest first, and one more line if there are older ones."""
    number = cursors.number(before)
    if number:
        query = query.where(Line.id < number)
    return list(db.session.scalars(query.limit(PAGE + 1)))


def _latest(choice: Choice) -> Select[Line]:
    return select(Line).where(*choice.conditions()).order_by(Line.id.desc())


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 < found.year < 9999 else None
