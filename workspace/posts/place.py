"""What the pages of a post show: where it stands, and for a challenge how it has moved."""

from typing import Any

from workspace.database import AnyRow
from workspace.partnerships.log import Entry, Verb
from workspace.partnerships.models import Membership
from workspace.posts import queries
from workspace.posts.moving import Status


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
        "people": queries.people_of(membership, [post.taker_id, post.asked_id]),
        "moved_by": queries.moved_by(membership, post.number),
        "solved_by": queries.titles(membership, _solving(moves)) if post.status is Status.SOLVED else [],
        "affected": queries.affected(membership, post.number) if post.affected_count else [],
    }


def _solving(moves: list[Entry]) -> list[int]:
    """The numbers of the progress that the last solution points to."""
    solved = [entry for entry in moves if entry.verb is Verb.SOLVED]
    return solved[-1].details["posts"] if solved else []
