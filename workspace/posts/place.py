"""What the pages of a post show: where it stands, and for a challenge how it has moved."""

from typing import Any

from workspace.database import AnyRow
from workspace.partnerships.models import Membership
from workspace.posts import queries


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
    return {
        "moves": queries.moves(membership, post.number),
        "people": queries.people_of(membership, [post.taker_id, post.asked_id]),
        "moved_by": queries.moved_by(membership, post.number),
        "affected": queries.affected(membership, post.number) if post.affected_count else [],
    }
