"""Reactions to a text: noted, thanks, a good idea. They are logged, but don't count as activity."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, String, case, func, select
from sqlalchemy.orm import Mapped, mapped_column

from workspace.accounts.models import User
from workspace.db import Model, db
from workspace.db.types import enum_column_type
from workspace.organisations.models import Side
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import ORGANISATION_AND_SIDE, with_person
from workspace.permissions import Action
from workspace.posts.authored_text import AuthoredText
from workspace.posts.verbs import REACTED

# Marks the reader's own among the reactions of a text.
OWN = "*"


class ReactionKind(StrEnum):
    """What a reaction says."""

    NOTED = "noted"
    THANKS = "thanks"
    GOOD_IDEA = "good_idea"


class Reaction(Model):
    """A member's reaction to a post or a comment; taken back, it stays, and giving it again makes no new entry."""

    __tablename__ = "reaction"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "number"], ["entry.partnership_id", "entry.number"]),
        ForeignKeyConstraint(["partnership_id", "membership_id"], ["membership.partnership_id", "membership.id"]),
    )

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    membership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[ReactionKind] = mapped_column(
        enum_column_type(ReactionKind, otherwise=ReactionKind.NOTED), primary_key=True
    )
    is_given: Mapped[bool] = mapped_column(default=True)


@dataclass(frozen=True)
class ReactionSummary:
    """How many gave each reaction to a text, and which of them the reader gave."""

    counts: dict[ReactionKind, int]
    own: set[ReactionKind]


def react(by: Membership, writing: AuthoredText, post_number: int, kind: ReactionKind, *, given: bool) -> None:
    """Give a reaction to `writing`, which is the post `post_number` or in its thread, or take it back."""
    with by.partnership.locked():
        by.require(Action.REACT)
        writing.require_present()
        reaction = db.session.get(Reaction, (by.partnership_id, writing.number, by.id, kind))
        if reaction:
            reaction.is_given = given
        elif given:
            db.session.add(
                Reaction(partnership_id=by.partnership_id, number=writing.number, membership_id=by.id, kind=kind)
            )
            about = {} if writing.number == post_number else {"comment": writing.number}
            record_by(by, REACTED, post_number=post_number, kind=kind, **about)


def reactions_column(membership_id: Any, partnership_id: Any, number: Any) -> Any:
    """The column `reacted`: the reactions to the text with the columns `partnership_id` and `number`, one's own marked.

    `summarise` reads it, so a page of texts needs no further query.
    """
    own = case((Reaction.membership_id == membership_id, OWN), else_="")
    query = select(func.aggregate_strings(Reaction.kind.cast(String) + own, " ")).where(
        Reaction.partnership_id == partnership_id,
        Reaction.number == number,
        Reaction.is_given.is_(True),
    )
    return query.correlate_except(Reaction).scalar_subquery().label("reacted")


def summarise(reacted: str | None) -> ReactionSummary:
    """The summary that the column `reacted` contains."""
    words = (reacted or "").split()
    counts = Counter(word.removesuffix(OWN) for word in words)
    own = {kind for kind in ReactionKind if f"{kind}{OWN}" in words}
    return ReactionSummary({kind: counts[kind] for kind in ReactionKind if counts[kind]}, own)


def reacted_to(membership: Membership, number: int) -> str | None:
    """The same for one text, by its number."""
    found: str | None = db.session.scalar(select(reactions_column(membership.id, membership.partnership_id, number)))
    return found


def given(membership: Membership, number: int) -> dict[ReactionKind, dict[Side, list[str]]]:
    """Who gave which reaction to a text: names with organisations, by side, in Danish order."""
    reactions = select(Reaction.kind, User.name, *ORGANISATION_AND_SIDE).join(
        Membership, Membership.id == Reaction.membership_id
    )
    query = (
        with_person(reactions)
        .where(
            Reaction.partnership_id == membership.partnership_id,
            Reaction.number == number,
            Reaction.is_given.is_(True),
        )
        .order_by(User.name_key, Membership.id)
    )
    found: dict[ReactionKind, dict[Side, list[str]]] = {}
    for kind, name, organisation, side in db.session.execute(query):
        found.setdefault(kind, {}).setdefault(side, []).append(f"{name}, {organisation}")
    return found
