"""Figures that a moderator can act on, computed from the log: how fast challenges are answered and solved, by side."""

from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from workspace import clock
from workspace.database import AnySelect, db
from workspace.organisations.models import Side
from workspace.partnerships.log import Entry, Verb
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.queries import of_seat
from workspace.posts.models import Post
from workspace.posts.moving import UNSOLVED, Status

ANSWERS = (Verb.COMMENTED, Verb.TOOK, Verb.ASKED_TO_TAKE, Verb.SOLVED, Verb.PARKED, Verb.SHARES_CHALLENGE)


@dataclass
class Figures:
    """Of one side: medians of the challenges that it shared in the period, and how many wait for an answer from it."""

    side: Side
    shared: int = 0
    to_answer: timedelta | None = None
    to_solution: timedelta | None = None
    waiting: int = 0
    _answers: list[timedelta] = field(default_factory=list)
    _solutions: list[timedelta] = field(default_factory=list)


def figures(membership: Membership, days: int) -> list[Figures]:
    """The figures of each side, over the challenges shared in the last `days` days.

    An answer is the first thing that anybody but the author does about the challenge. A challenge waits for the side of
    whoever has taken it or has been asked to; until there is somebody, for the other sides than its author's, as long
    as none of them has answered.
    """
    taking_part = select(Participation.side).where(Participation.partnership_id == membership.partnership_id).distinct()
    sides = set(db.session.scalars(taking_part))
    found = {side: Figures(side) for side in Side if side in sides}
    for row in db.session.execute(_answered(membership, days)):
        of_side = found.setdefault(row.side, Figures(row.side))
        of_side.shared += 1
        if row.answered_at:
            of_side._answers.append(row.answered_at - row.created_at)
        if row.solved_at:
            of_side._solutions.append(row.solved_at - row.created_at)
    for of_side in found.values():
        of_side.to_answer = _median(of_side._answers)
        of_side.to_solution = _median(of_side._solutions)
    for row in db.session.execute(_waiting(membership)):
        for side in found:
            if row.concerned_side == side or (row.concerned_side is None and row.side != side):
                found[side].waiting += row.how_many
    return list(found.values())


def _median(durations: list[timedelta]) -> timedelta | None:
    if not durations:
        return None
    return timedelta(seconds=median(duration.total_seconds() for duration in durations))


def _answered(membership: Membership, days: int) -> AnySelect:
    answered = and_(Entry.actor_id != Post.author_id, Entry.verb.in_(ANSWERS))
    solved = and_(Entry.verb == Verb.SOLVED, Post.status == Status.SOLVED)
    side = func.coalesce(Participation.side, Side.OTHERS)
    return (
        select(
            side.label("side"),
            Post.created_at,
            func.min(case((answered, Entry.at))).label("answered_at"),
            func.max(case((solved, Entry.at))).label("solved_at"),
        )
        .join(Membership, Membership.id == Post.author_id)
        .outerjoin(Participation, of_seat())
        .outerjoin(Entry, and_(Entry.partnership_id == Post.partnership_id, Entry.post_number == Post.number))
        .where(
            Post.partnership_id == membership.partnership_id,
            Post.status.is_not(None),
            Post.withdrawn_at.is_(None),
            Post.created_at >= clock.now() - timedelta(days=days),
        )
        .group_by(Post.number, side, Post.created_at)
    )


def _waiting(membership: Membership) -> AnySelect:
    concerned, concerned_part = aliased(Membership), aliased(Participation)
    side = func.coalesce(Participation.side, Side.OTHERS)
    concerned_side = case((concerned.id.is_not(None), func.coalesce(concerned_part.side, Side.OTHERS)))
    return (
        select(side.label("side"), concerned_side.label("concerned_side"), func.count().label("how_many"))
        .select_from(Post)
        .join(Membership, Membership.id == Post.author_id)
        .outerjoin(Participation, of_seat())
        .outerjoin(concerned, concerned.id == func.coalesce(Post.asked_id, Post.taker_id))
        .outerjoin(
            concerned_part,
            and_(
                concerned_part.partnership_id == concerned.partnership_id,
                concerned_part.organisation_id == concerned.organisation_id,
            ),
        )
        .where(
            Post.partnership_id == membership.partnership_id,
            Post.status.in_(UNSOLVED),
            Post.withdrawn_at.is_(None),
            or_(concerned.id.is_not(None), ~_answered_by_another_side()),
        )
        .group_by(side, concerned_side)
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
            part.side != func.coalesce(Participation.side, Side.OTHERS),
        )
        .correlate(Post, Participation)
    )
