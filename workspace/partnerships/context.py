"""Template context of pages within a partnership."""

from collections.abc import Callable
from functools import partial
from typing import Any

from workspace.partnerships.models import Membership
from workspace.permissions import Action

# What waits for moderators under the tab of members: functions that features above register.
moderation_counts: list[Callable[[Membership], int]] = []


def partnership_context(membership: Membership) -> dict[str, Any]:
    """What every page within a partnership knows: the reader's membership, and the partnership."""
    return {
        "membership": membership,
        "partnership": membership.partnership,
        "count_for_moderators": partial(_count_for_moderators, membership),
    }


def _count_for_moderators(membership: Membership) -> int:
    """How much waits for the reader as a moderator; whole pages ask, and parts of them don't."""
    if not membership.may(Action.ADD_MEMBERS):
        return 0
    return sum(count(membership) for count in moderation_counts)
