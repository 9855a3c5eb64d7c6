"""What the pages of a post show: where it stands, and for a challenge how it has moved."""

from typing import Any

from workspace.access import Action
from workspace.database import AnyRow
from workspace.partnerships.log import Entry, Verb
from workspace.partnerships.models import Membership
from workspace.posts import queries
from workspace.posts.moving import Status
from workspace.roles.queries import holds


def place(membership: Membership) -> dict[str, Any]:
    """Where every page within a partnership stands."""
    return {"membership": membership, "partnership": membership.partnership}


def whole(membership: Membership, number: int) -> dict[str, Any]:
    """A post as its own page shows it, whole; 404 for none."""
    post = queries.card(membership, number)
    context = {"post": post, **place(membership)}
    if post.status is None:
        return context
    return context | lifetime(membership, post)


def lifetime(membership: Membership, post: AnyRow) -> dict[str, Any]:
    """How a challenge has moved, who has to do with it, and what belongs to it."""
    moves = queries.moves(membership, post.number)
    return {
        "moves": moves,
        "may_move": _may_move(membership, post),
        "people": queries.people_of(membership, [post.taker_id, post.asked_id]),
        "moved_by": queries.moved_by(membership, post.number),
        "solved_by": queries.titles(membership, _solving(moves)) if post.status is Status.SOLVED else [],
        "affected": queries.affected(membership, post.number) if post.affected_count else [],
    }


def _may_move(membership: Membership, post: AnyRow) -> bool:
    """As Moving.may_be_moved_by, for a row."""
    if post.withdrawn_at or not membership.may(Action.MOVE_CHALLENGES):
        return False
    concerned = membership.id in (post.author_id, post.taker_id) or membership.may(Action.MOVE_ANY_CHALLENGE)
    return concerned or holds(membership, post.role_id)


def _solving(moves: list[Entry]) -> list[int]:
    """The numbers of the progress that the last solution points to."""
    solved = [entry for entry in moves if entry.verb is Verb.SOLVED]
    return solved[-1].details["posts"] if solved else []
