"""What the pages of a post show: where it stands, and for a challenge how far it is."""

from typing import Any

from workspace.database import AnyRow
from workspace.partnerships.log import Verb
from workspace.partnerships.models import Membership
from workspace.posts import queries
from workspace.posts.moving import Status, may_move


def place(membership: Membership) -> dict[str, Any]:
    """Where every page within a partnership stands."""
    return {"membership": membership, "partnership": membership.partnership}


def whole(membership: Membership, post: AnyRow) -> dict[str, Any]:
    """A post (a card) as its own page shows it."""
    return {"post": post, **place(membership), **(lifetime(membership, post) if post.status else {})}


def lifetime(membership: Membership, post: AnyRow) -> dict[str, Any]:
    """How far a challenge is, who has to do with it, what the reader may do, and what belongs to it."""
    turns = queries.turns(membership, post.number)
    concerned = [post.taker_id, post.asked_id, *(turn.actor_id for turn in turns.values())]
    solved = turns.get(Verb.SOLVED) if post.status is Status.SOLVED else None
    solving = solved.details.get("posts", []) if solved else []
    progress = queries.progress_of(membership, post.number, solving)
    return {
        "turns": turns,
        "people": queries.people_of(membership, concerned),
        "may_move": may_move(membership, post),
        "solved_by": [row for row in progress if row.number in solving],
        "moved_by": [row for row in progress if row.number not in solving],
        "affected": queries.affected(membership, post.number) if post.affected_count else [],
    }
