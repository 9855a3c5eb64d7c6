"""The list of challenges, its filters, and its figures. Every query starts from a membership."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from workspace import clock
from workspace.accounts.models import User
from workspace.db.statements import fetch_rows, inline_literal, now_param
from workspace.db.types import AnyRow, AnySelect
from workspace.organisations.models import Side
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.queries import SIDE, participation_of, with_person
from workspace.partnerships.query_params import MEMBERSHIP, params_of
from workspace.posts.challenge_workflow import STALLED_AFTER, UNSOLVED, ChallengeStatus
from workspace.posts.models import Post, PostKind
from workspace.posts.queries import author, news_columns, of_author, with_reading
from workspace.web import pagination

PAGE = 50
PERIODS = (30, 90, 365)
MAX_CACHED = 512  # the most recently used partnerships


STATES: dict[str, tuple[ChallengeStatus, ...]] = {
    "unsolved": UNSOLVED,
    "still": UNSOLVED,
    **{status.value: (status,) for status in ChallengeStatus},
    "all": tuple(ChallengeStatus),
}


@dataclass(frozen=True)
class Filters:
    """The filters of the list, as they are in the address. Unknown values filter nothing."""

    state: str = "unsolved"
    taker: int | None = None
    side: str = ""
    role: int | None = None
    days: int = 90
    before: int | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "Filters":
        """The filters that an address names."""
        state, side, days = arguments.get("state", ""), arguments.get("side", ""), arguments.get("days", "")
        return cls(
            state=state if state in STATES else cls.state,
            taker=pagination.parse_int(arguments.get("taker", "")),
            side=side if side in list(Side) else cls.side,
            role=pagination.parse_int(arguments.get("role", "")),
            days=int(days) if days in map(str, PERIODS) else cls.days,
            before=pagination.parse_int(arguments.get("before", "")),
        )

    def address(self, **changed: Any) -> str:
        """The query string with some filters changed, for the first page of the list."""
        named = {
            "state": self.state,
            "taker": self.taker,
            "side": self.side,
            "role": self.role,
            "days": self.days,
        } | changed
        chosen = {name: value for name, value in named.items() if value and value != getattr(Filters, name)}
        return f"?{urlencode(chosen)}" if chosen else ""


UNFILTERED = Filters(state="all", days=0)


def challenges(membership: Membership, filters: Filters) -> list[AnyRow]:
    """A page of the challenges, the latest activity first, and one more if there are others after them."""
    query = _challenges(replace(filters, before=None), has_news=membership.has_news, goes_on=bool(filters.before))
    return fetch_rows(query, **params_of(membership), before=filters.before)


@lru_cache
def _challenges(filters: Filters, *, has_news: bool, goes_on: bool) -> AnySelect:
    member, concerned = aliased(Membership), aliased(User)
    asker = MEMBERSHIP if has_news else None
    challenges = select(
        Post.number,
        Post.title,
        Post.status,
        Post.status_at,
        Post.created_at,
        Post.activity_at,
        Post.activity_number,
        Post.answer_by,
        Post.parked_until,
        Post.taker_id,
        Post.asked_id,
        Post.affected_count,
        Post.comment_count,
        concerned.name.label("concerned_name"),
        *news_columns(asker),
        *author(),
    ).join(Membership, Membership.id == Post.author_id)
    query: AnySelect = (
        with_reading(with_person(challenges), asker)
        .outerjoin(member, member.id == func.coalesce(Post.asked_id, Post.taker_id))
        .outerjoin(concerned, concerned.id == member.user_id)
        .where(Post.partnership_id == MEMBERSHIP.partnership_id, Post.withdrawn_at.is_(None))
        .order_by(Post.activity_number.desc())
        .limit(PAGE + 1)
    )
    query = _of(query, filters).where(_in_state(filters.state))
    return query.where(Post.activity_number < bindparam("before")) if goes_on else query


def counts(membership: Membership, filters: Filters) -> dict[str, int]:
    """How many challenges each state would show with the other filters."""
    filters = replace(filters, state="all", days=0, before=None)
    found = _counted(membership) if filters == UNFILTERED else _count(membership, filters)
    return {
        state: sum(found.of.get(status, 0) for status in statuses) if state != "still" else found.still
        for state, statuses in STATES.items()
    }


def _counted(membership: Membership) -> "_Counted":
    """All that there are, counted once for each entry in the log: a busy partnership has many."""
    partnership = membership.partnership
    cached = _cached_counts(partnership.id, partnership.one_time_key, partnership.last_number)
    found = cached.get("counted")
    if found is None or not found.since <= clock.now() <= found.until:
        found = cached["counted"] = _count(membership, UNFILTERED)
    return found


@lru_cache(maxsize=MAX_CACHED)
def _cached_counts(_partnership_id: int, _one_time_key: str, _last_number: int) -> dict[str, "_Counted"]:
    """What is kept of a partnership up to this entry. Other databases have partnerships of the same id."""
    return {}


@dataclass(frozen=True)
class _Counted:
    """How many challenges are in each state, and how many stand still: so from `since` `until` another one does."""

    of: dict[ChallengeStatus, int]
    still: int
    since: datetime
    until: datetime


def _count(membership: Membership, filters: Filters) -> _Counted:
    now = clock.now()
    found = fetch_rows(_counts(filters), **params_of(membership))
    touched = [row.touched_at for row in found if row.touched_at]
    return _Counted(
        of={row.status: row.how_many for row in found},
        still=sum(row.still for row in found),
        since=now,
        until=min(touched, default=now) + STALLED_AFTER,
    )


@lru_cache
def _counts(filters: Filters) -> AnySelect:
    is_unsolved, is_quiet = Post.status.in_(inline_literal(UNSOLVED)), _is_quiet()
    query: AnySelect = (
        select(
            Post.status,
            func.count().label("how_many"),
            func.sum(case((and_(is_unsolved, is_quiet), 1), else_=0)).label("still"),
            func.min(case((and_(is_unsolved, ~is_quiet), Post.activity_at))).label("touched_at"),
        )
        .where(Post.partnership_id == MEMBERSHIP.partnership_id, Post.status.is_not(None), Post.withdrawn_at.is_(None))
        .group_by(Post.status)
    )
    if filters.side:
        query = query.join(Membership, of_author()).outerjoin(Participation, participation_of(Membership))
    return _of(query, filters)


def takers(membership: Membership) -> list[AnyRow]:
    """Who has taken a challenge, or has been asked to, in Danish order."""
    return fetch_rows(_takers(), **params_of(membership))


def _takers() -> AnySelect:
    theirs = (Post.partnership_id == MEMBERSHIP.partnership_id, Post.status.is_not(None), Post.withdrawn_at.is_(None))
    # Not EXISTS, for which PostgreSQL may read all challenges at once instead of one for each member.
    one = select(Post.number).where(*theirs).limit(1)
    is_asked = one.where(Post.asked_id == Membership.id).scalar_subquery().is_not(None)
    has_taken = one.where(Post.taker_id == Membership.id, Post.asked_id.is_(None)).scalar_subquery().is_not(None)
    return (
        select(Membership.id, User.name)
        .join(Membership.user)
        .where(Membership.partnership_id == MEMBERSHIP.partnership_id, or_(is_asked, has_taken))
        .order_by(User.name_key, Membership.id)
    )


def _of(query: AnySelect, filters: Filters) -> AnySelect:
    """Only the challenges of the taker, the side and the role that are wanted."""
    if filters.taker:
        has_taken = and_(Post.taker_id == filters.taker, Post.asked_id.is_(None))
        query = query.where(or_(Post.asked_id == filters.taker, has_taken))
    if filters.side:
        query = query.where(SIDE == Side(filters.side))  # noqa: SIM300 (a column)
    if filters.role:
        query = query.where(Post.role_id == filters.role)
    return query


def _in_state(state: str) -> Any:
    """The condition of a state, worded so that an index is in the order of the list."""
    if state == "all":
        return Post.kind == PostKind.CHALLENGE
    if state == "unsolved":
        return Post.is_unsolved
    return (
        and_(Post.is_unsolved, _is_quiet())
        if state == "still"
        else Post.status == inline_literal(ChallengeStatus(state))
    )


def _is_quiet() -> ColumnElement[bool]:
    return Post.activity_at < now_param(before=STALLED_AFTER)
