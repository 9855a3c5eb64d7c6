"""Statistics from the log that moderators can act on: how fast challenges are answered and solved, by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from statistics import median
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from workspace import clock
from workspace.comments.verbs import COMMENTED
from workspace.db import db
from workspace.db.statements import fetch_rows
from workspace.db.types import AnySelect
from workspace.organisations.models import Side
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.queries import SIDE, participation_of
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import Post
from workspace.posts.queries import of_author
from workspace.posts.verbs import ASKED_TO_TAKE, PARKED, SHARES_CHALLENGE, SOLVED, TOOK

ANSWERS = (COMMENTED, TOOK, ASKED_TO_TAKE, SOLVED, PARKED, SHARES_CHALLENGE)
MAX_CACHED = 512  # the most recently used pairs of partnership and period


@dataclass(frozen=True)
class Figures:
    """Of one side: medians of the challenges that it shared in the period, and how many wait for an answer from it."""

    side: Side
    shared: int
    to_answer: timedelta | None
    to_solution: timedelta | None
    waiting: int


def figures(membership: Membership, days: int) -> Sequence[Figures]:
    """The figures of each side, over the challenges shared in the last `days` days, from a full hour on.

    An answer is the first thing that anybody but the author does about the challenge. A challenge waits for the side of
    whoever has taken it or has been asked to; until there is somebody, for the other sides than its author's, as long
    as none of them has answered.
    """
    partnership = membership.partnership
    begin = (clock.now() - timedelta(days=days)).replace(minute=0, second=0, microsecond=0)
    participations = (
        select(Participation.organisation_id, Participation.side)
        .where(Participation.partnership_id == partnership.id)
        .order_by(Participation.organisation_id)
    )
    taking_part = tuple((row.organisation_id, row.side) for row in fetch_rows(participations))
    return _figures(partnership.id, partnership.one_time_key, partnership.last_number, taking_part, begin)


@lru_cache(maxsize=MAX_CACHED)
def _figures(
    partnership_id: int,
    _one_time_key: str,  # since other databases have partnerships with the same id
    _last_number: int,
    taking_part: tuple[tuple[int, Side], ...],
    begin: datetime,
) -> Sequence[Figures]:
    """The same, kept: all that they depend on is in the log up to its last number, but for who is on which side."""
    sides = {side for _organisation_id, side in taking_part}
    shared = db.session.execute(_shared(partnership_id, begin)).all()
    waiting = db.session.execute(_waiting(partnership_id)).all()
    return tuple(
        Figures(
            side=side,
            shared=sum(row.side == side for row in shared),
            to_answer=_median(
                row.answered_at - row.created_at for row in shared if row.side == side and row.answered_at
            ),
            to_solution=_median(row.solved_at - row.created_at for row in shared if row.side == side and row.solved_at),
            waiting=sum(
                row.how_many
                for row in waiting
                if row.concerned_side == side or (row.concerned_side is None and row.side != side)
            ),
        )
        for side in Side
        if side in sides or any(row.side == side for row in shared)
    )


def _median(durations: Iterable[timedelta]) -> timedelta | None:
    seconds = [duration.total_seconds() for duration in durations]
    return timedelta(seconds=median(seconds)) if seconds else None


def _shared(partnership_id: int, begin: datetime) -> AnySelect:
    first_answer = (
        select(Entry.at)
        .where(
            Entry.partnership_id == Post.partnership_id,
            Entry.post_number == Post.number,
            Entry.actor_id != Post.author_id,
            Entry.verb.in_(ANSWERS),
        )
        .order_by(Entry.number)
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            SIDE.label("side"),
            Post.created_at,
            first_answer.label("answered_at"),
            case((Post.status == ChallengeStatus.SOLVED, Post.status_at)).label("solved_at"),
        )
        .join(Membership, of_author())
        .outerjoin(Participation, participation_of(Membership))
        .where(
            Post.partnership_id == partnership_id,
            Post.status.is_not(None),
            Post.withdrawn_at.is_(None),
            Post.created_at >= begin,
        )
    )


def _waiting(partnership_id: int) -> AnySelect:
    concerned, concerned_part = aliased(Membership), aliased(Participation)
    concerned_side = case((concerned.id.is_not(None), func.coalesce(concerned_part.side, Side.OTHERS)))
    return (
        select(SIDE.label("side"), concerned_side.label("concerned_side"), func.count().label("how_many"))
        .select_from(Post)
        .join(Membership, of_author())
        .outerjoin(Participation, participation_of(Membership))
        .outerjoin(
            concerned,
            and_(
                concerned.partnership_id == Post.partnership_id,
                concerned.id == func.coalesce(Post.asked_id, Post.taker_id),
            ),
        )
        .outerjoin(
            concerned_part,
            and_(
                concerned_part.partnership_id == concerned.partnership_id,
                concerned_part.organisation_id == concerned.organisation_id,
            ),
        )
        .where(
            Post.partnership_id == partnership_id,
            Post.is_unsolved,
            or_(concerned.id.is_not(None), ~_answered_by_another_side()),
        )
        .group_by(SIDE, concerned_side)
    )


def _answered_by_another_side() -> Any:
    actor, part = aliased(Membership), aliased(Participation)
    return (
        exists()
        .where(
            Entry.partnership_id == Post.partnership_id,
            Entry.post_number == Post.number,
            Entry.verb.in_(ANSWERS),
            actor.id == Entry.actor_id,
            part.partnership_id == actor.partnership_id,
            part.organisation_id == actor.organisation_id,
            part.side != SIDE,
        )
        .correlate(Post, Participation)
    )
