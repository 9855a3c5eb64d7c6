"""Template context of pages of a post and of a challenge."""

from typing import Any

from workspace.db.types import AnyRow
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.posts import queries
from workspace.posts.challenge_workflow import ChallengeStatus, may_move
from workspace.posts.verbs import ASKED_TO_TAKE, SOLVED


def post_context(membership: Membership, post: AnyRow) -> dict[str, Any]:
    """The context of a post (a card) on its own page."""
    return {
        "post": post,
        **partnership_context(membership),
        **(challenge_context(membership, post) if post.status else {}),
    }


def challenge_context(membership: Membership, post: AnyRow) -> dict[str, Any]:
    """The context of a challenge: its status, who is involved, what the reader may do, and what belongs to it."""
    turns = queries.status_entries(membership, post.number)
    concerned = [post.taker_id, post.asked_id, *(turn.actor_id for turn in turns.values())]
    solved = turns.get(SOLVED) if post.status is ChallengeStatus.SOLVED else None
    solving = solved.details.get("posts", []) if solved else []
    progress = queries.progress_of(membership, post.number, solving)
    return {
        "turns": turns,
        "asking": turns.get(ASKED_TO_TAKE) if post.asked_id else None,
        "people": queries.people_of(membership, concerned),
        "may_move": may_move(membership, post),
        "solved_by": [row for row in progress if row.number in solving],
        "moved_by": [row for row in progress if row.number not in solving],
        "affected": queries.affected(membership, post.number) if post.affected_count else [],
    }
