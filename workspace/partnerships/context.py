"""Template context of pages within a partnership."""

from typing import Any

from workspace.partnerships.models import Membership


def partnership_context(membership: Membership) -> dict[str, Any]:
    """What every page within a partnership knows: the reader's membership, and the partnership."""
    return {"membership": membership, "partnership": membership.partnership}
