"""Queries of the audit log."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import Select, or_, select
from werkzeug.datastructures import MultiDict

from workspace.audit.models import AuditAction, AuditEvent
from workspace.db import db
from workspace.i18n import formatting
from workspace.web import pagination

PAGE = 50
MOST_EXPORTED = 100_000


@dataclass(frozen=True)
class AuditFilter:
    """The filter in the address."""

    act: AuditAction | None = None
    name: str = ""
    day_from: date | None = None
    day_to: date | None = None

    @classmethod
    def typed(cls, arguments: MultiDict[str, str]) -> "AuditFilter":
        """The filter from the address; invalid values are left out."""
        act = arguments.get("act", "")
        name = arguments.get("name", "")[:100].strip()
        return cls(
            act=AuditAction(act) if act in list(AuditAction) else None,
            name=name,
            day_from=_day(arguments.get("from", "")),
            day_to=_day(arguments.get("to", "")),
        )

    def conditions(self) -> Iterator[Any]:
        """The same as SQL conditions. Days are the reader's."""
        if self.act:
            yield AuditEvent.action == self.act
        if self.name:
            named = (
                column.icontains(self.name, autoescape=True)
                for column in (AuditEvent.actor_name, AuditEvent.subject_name)
            )
            yield or_(*named)
        if self.day_from:
            yield AuditEvent.at >= datetime.combine(self.day_from, time(), formatting.zone())
        if self.day_to:
            yield AuditEvent.at < datetime.combine(self.day_to + timedelta(days=1), time(), formatting.zone())


def of_partnership(partnership_id: int, choice: AuditFilter) -> Select[AuditEvent]:
    """Events of one partnership."""
    return _latest(choice).where(AuditEvent.partnership_id == partnership_id)


def of_all(choice: AuditFilter) -> Select[AuditEvent]:
    """All events."""
    return _latest(choice)


def of_person(user_id: int) -> Select[AuditEvent]:
    """What a person did, and what was done to them."""
    return _latest(AuditFilter()).where(or_(AuditEvent.actor_id == user_id, AuditEvent.subject_id == user_id))


def page(query: Select[AuditEvent], before: str) -> list[AuditEvent]:
    """A page, the latest first, with one event more if there are older ones."""
    number = pagination.parse_int(before)
    if number:
        query = query.where(AuditEvent.id < number)
    return list(db.session.scalars(query.limit(PAGE + 1)))


def _latest(choice: AuditFilter) -> Select[AuditEvent]:
    return select(AuditEvent).where(*choice.conditions()).order_by(AuditEvent.id.desc())


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 1970 < found.year < 9999 else None
