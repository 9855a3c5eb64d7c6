"""What the pages of a post show: where it stands, and for a challenge how far it is."""

from typing import Any

from workspace.db.types import AnyRow
from workspace.partnerships.models import Membership
from workspace.posts import queries
from workspace.posts.challenge_workflow import ChallengeStatus, may_move
from workspace.posts.verbs import SOLVED


def partnership_context(membership: Membership) -> dict[str, Any]:
    """Where every page within a partnership stands."""
    return {"membership": membership, "partnership": membership.partnership}


def post_context(membership: Membership, post: AnyRow) -> dict[str, Any]:
    """A post (a card) as its own page shows it."""
    return {
        "post": post,
        **partnership_context(membership),
        **(challenge_context(membership, post) if post.status else {}),
    }


def challenge_context(membership: Membership, post: AnyRow) -> dict[str, Any]:
    """How far a challenge is, who has to do with it, what the reader may do, and what belongs to it."""
    turns = queries.status_entries(membership, post.number)
    concerned = [post.taker_id, post.asked_id, *(turn.actor_id for turn in turns.values())]
    solved = turns.get(SOLVED) if post.status is ChallengeStatus.SOLVED else None
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
