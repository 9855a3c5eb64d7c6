"""Queries of a partnership's members. Every query starts from a membership or a person."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, and_, case, func, select, tuple_
from sqlalchemy.orm import aliased
from werkzeug.datastructures import MultiDict

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.name_search import name_matches
from workspace.db.types import AnyRow
from workspace.organisations.models import Side
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.forms import words_typed
from workspace.partnerships.models import Membership, MembershipState, Participation
from workspace.partnerships.queries import (
    ORGANISATION_AND_SIDE,
    SIDE,
    participation_of,
    with_person,
)
from workspace.permissions import Level
from workspace.web import pagination

PAGE = 50
MOST_REQUESTS = 15
RANK = case({Level.MODERATOR: 0, Level.CONTRIBUTOR: 1}, value=Membership.level, else_=2)


class ShownMembers(StrEnum):
    """Which members the table shows."""

    IN = "in"
    SUSPENDED = "suspended"
    ENDED = "ended"


class MemberOrder(StrEnum):
    """What the table is sorted by."""

    NAME = "name"
    LEVEL = "level"
    SINCE = "since"


@dataclass(frozen=True)
class MemberFilter:
    """The filter of the table, as it is in the address."""

    words: str = ""
    side: Side | None = None
    organisation_id: int | None = None
    level: Level | None = None
    shown: ShownMembers = ShownMembers.IN
    order: MemberOrder = MemberOrder.NAME

    @classmethod
    def typed(cls, arguments: MultiDict[str, str]) -> "MemberFilter":
        """The filter from the address; invalid values are left out."""
        return cls(
            words=words_typed(arguments).strip(),
            side=_one(Side, arguments.get("side")),
            organisation_id=pagination.parse_int(arguments.get("organisation", "")),
            level=_one(Level, arguments.get("level")),
            shown=_one(ShownMembers, arguments.get("state")) or ShownMembers.IN,
            order=_one(MemberOrder, arguments.get("sort")) or MemberOrder.NAME,
        )

    def address(self, **other: Any) -> str:
        """The query string of this filter with some changes."""
        said = {
            "q": self.words,
            "side": self.side,
            "organisation": self.organisation_id,
            "level": self.level,
            "state": None if self.shown is ShownMembers.IN else self.shown,
            "sort": None if self.order is MemberOrder.NAME else self.order,
        } | other
        return "&".join(f"{name}={quote(str(value))}" for name, value in said.items() if value)

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves out any current member."""
        return bool(self.words or self.side or self.organisation_id or self.level or self.shown is not ShownMembers.IN)


def table(membership: Membership, choice: MemberFilter, after: int | None) -> list[AnyRow]:
    """A page of the table, and one more if there are others after them."""
    key = {
        MemberOrder.NAME: (User.name_key, Membership.id),
        MemberOrder.LEVEL: (RANK, User.name_key, Membership.id),
        MemberOrder.SINCE: (Membership.joined_at, Membership.id),
    }[choice.order]
    query = _rows().where(*_chosen(membership, choice)).order_by(*key).limit(PAGE + 1)
    if after:
        last = select(*key).select_from(Membership).join(Membership.user)
        found = db.session.execute(
            last.where(Membership.id == after, Membership.partnership_id == membership.partnership_id)
        ).first()
        query = query.where(tuple_(*key) > tuple_(*found)) if found else query
    return list(db.session.execute(query))


def row(membership: Membership, member_id: int) -> AnyRow | None:
    """One row of the table."""
    mine = Membership.partnership_id == membership.partnership_id
    return db.session.execute(_rows().where(mine, Membership.id == member_id)).first()


def counted(membership: Membership, choice: MemberFilter) -> int:
    """The number of rows."""
    query = (
        select(func.count())
        .select_from(Membership)
        .join(Membership.user)
        .outerjoin(Participation, participation_of(Membership))
        .where(*_chosen(membership, choice))
    )
    return db.session.scalar(query) or 0


def _rows() -> Any:
    """The columns of a row. `active_at` is the moment of the member's latest entry in the log."""
    wrote = aliased(Entry)
    active_at = (
        select(wrote.at)
        .where(wrote.partnership_id == Membership.partnership_id, wrote.actor_id == Membership.id)
        .order_by(wrote.number.desc())
        .limit(1)
        .correlate(Membership)
        .scalar_subquery()
    )
    return with_person(
        select(
            Membership.id,
            Membership.level,
            Membership.state,
            Membership.is_active.label("is_in"),
            Membership.has_ended.label("has_ended"),
            Membership.suspended_until,
            Membership.ends_at,
            Membership.ending,
            Membership.state_since,
            Membership.reason,
            User.name,
            User.title,
            User.deactivated_at,
            *ORGANISATION_AND_SIDE,
            active_at.label("active_at"),
        )
    )


def _chosen(membership: Membership, choice: MemberFilter) -> list[Any]:
    here = Membership.partnership_id == membership.partnership_id
    conditions: list[Any] = [here, Membership.is_present, _shown(choice.shown)]
    if choice.words:
        conditions += name_matches(User.name_search_key, choice.words)
    if choice.side:
        conditions.append(choice.side == SIDE)
    if choice.organisation_id:
        conditions.append(Membership.organisation_id == choice.organisation_id)
    if choice.level:
        conditions.append(Membership.level == choice.level)
    return conditions


def _shown(shown: ShownMembers) -> ColumnElement[bool]:
    """The condition for current members including suspended ones, only suspended ones, or former ones."""
    seated = and_(Membership.state.in_((MembershipState.ACTIVE, MembershipState.SUSPENDED)), ~Membership.has_ended)
    if shown is ShownMembers.IN:
        return seated
    if shown is ShownMembers.SUSPENDED:
        return and_(seated, ~Membership.is_active)
    return and_(Membership.has_ended, Membership.joined_at.is_not(None))


def requests(membership: Membership) -> list[AnyRow]:
    """Those who have asked to join, the first who asked first; at most a few of them."""
    asked = select(
        Membership.id,
        Membership.request_text,
        Membership.moderator_question,
        Membership.request_exchange,
        Membership.state_since,
        User.name,
        User.email,
        User.deactivated_at,
        *ORGANISATION_AND_SIDE,
        Participation.organisation_id.is_not(None).label("takes_part"),
    )
    query = (
        with_person(asked)
        .where(Membership.partnership_id == membership.partnership_id, Membership.state == MembershipState.REQUESTED)
        .order_by(Membership.state_since, Membership.id)
        .limit(MOST_REQUESTS)
    )
    return list(db.session.execute(query))


def _one(words: Any, said: str | None) -> Any:
    return words(said) if said in list(words) else None
