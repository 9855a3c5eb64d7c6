"""The list of challenges, its filters, and its figures. Every query starts from a membership."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import aliased

from workspace import clock, cursors
from workspace.accounts.models import User
from workspace.database import AnyRow, AnySelect, db
from workspace.organisations.models import Organisation, Side
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.queries import of_seat
from workspace.posts.models import Post
from workspace.posts.moving import STANDS_STILL_AFTER, UNSOLVED, Status
from workspace.posts.queries import author, is_new

PAGE = 50
PERIODS = (30, 90, 365)


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to, as it stands in the address. Words that are none of ours narrow nothing."""

    status: str = "unsolved"
    taker: int | None = None
    side: str = ""
    still: bool = False
    days: int = 90
    before: int | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "Filters":
        """The filters that an address names."""
        status, side, days = arguments.get("status", ""), arguments.get("side", ""), arguments.get("days", "")
        return cls(
            status=status if status in (*list(Status), "all") else "unsolved",
            taker=cursors.number(arguments.get("taker", "")),
            side=side if side in list(Side) else "",
            still=arguments.get("still") == "1",
            days=int(days) if days in map(str, PERIODS) else 90,
            before=cursors.number(arguments.get("before", "")),
        )

    def address(self, **changed: Any) -> str:
        """The query of an address with some of the filters changed; from its beginning."""
        named = {"status": self.status, "taker": self.taker, "side": self.side, "still": self.still, "days": self.days}
        usual = {"status": "unsolved", "days": 90}
        named |= {"before": None} | changed
        parts = [
            f"{name}={1 if value is True else value}"
            for name, value in named.items()
            if value and usual.get(name) != value
        ]
        return "?" + "&".join(parts) if parts else "?"


def challenges(membership: Membership, filters: Filters) -> list[AnyRow]:
    """A page of the challenges, the latest activity first, and one more if there are others after them."""
    seat, concerned = aliased(Membership), aliased(User)
    query = (
        select(
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
            is_new(membership),
            *author(),
        )
        .join(Membership, Membership.id == Post.author_id)
        .join(Membership.user)
        .join(Organisation, Membership.organisation_id == Organisation.id)
        .outerjoin(Participation, of_seat())
        .outerjoin(seat, seat.id == func.coalesce(Post.asked_id, Post.taker_id))
        .outerjoin(concerned, concerned.id == seat.user_id)
        .where(Post.partnership_id == membership.partnership_id, Post.withdrawn_at.is_(None))
        .order_by(Post.activity_number.desc())
        .limit(PAGE + 1)
    )
    if filters.before:
        query = query.where(Post.activity_number < filters.before)
    return list(db.session.execute(_narrowed(query, filters)))


def _narrowed(query: AnySelect, filters: Filters) -> AnySelect:
    statuses = {"unsolved": UNSOLVED, "all": tuple(Status)}.get(filters.status) or (Status(filters.status),)
    query = query.where(Post.status.in_(statuses))
    if filters.taker:
        query = query.where(or_(Post.taker_id == filters.taker, Post.asked_id == filters.taker))
    if filters.side:
        query = query.where(func.coalesce(Participation.side, Side.OTHERS) == Side(filters.side))
    if filters.still:
        query = query.where(_stands_still())
    return query


def counts(membership: Membership) -> dict[str, int]:
    """How many challenges there are of each status; `unsolved` and `still` among them."""
    query = (
        select(Post.status, func.count(), func.sum(case((_stands_still(), 1), else_=0)))
        .where(
            Post.partnership_id == membership.partnership_id,
            Post.status.is_not(None),
            Post.withdrawn_at.is_(None),
        )
        .group_by(Post.status)
    )
    found: dict[str, int] = defaultdict(int)
    for status, count, still in db.session.execute(query):
        found[str(status)] += count
        found["all"] += count
        found["still"] += int(still or 0)
        found["unsolved"] += count if status in UNSOLVED else 0
    return found


def takers(membership: Membership) -> list[AnyRow]:
    """Who has taken a challenge that is not solved, or has been asked to, in Danish order."""
    query = (
        select(Membership.id, User.name)
        .join(Membership.user)
        .where(
            Membership.partnership_id == membership.partnership_id,
            Membership.id.in_(_concerned(membership, Post.taker_id))
            | Membership.id.in_(_concerned(membership, Post.asked_id)),
        )
        .order_by(User.name_key, Membership.id)
    )
    return list(db.session.execute(query))


def _concerned(membership: Membership, column: Any) -> Any:
    return select(column).where(
        Post.partnership_id == membership.partnership_id, Post.status.in_((*UNSOLVED, Status.PARKED))
    )


def _stands_still() -> Any:
    return Post.status.in_(UNSOLVED) & (Post.activity_at < clock.now() - STANDS_STILL_AFTER)
