"""The cached fragment that shows roles, and the values that it depends on."""

from typing import Any

from markupsafe import Markup

from workspace.partnerships.models import Membership
from workspace.permissions import Action
from workspace.web.fragment_cache import cached_fragment


def rows(membership: Membership, matrix: dict[str, Any]) -> Markup:
    """The rows of a page of the matrix."""
    roles, people = matrix["roles"], matrix["people"]
    return cached_fragment(
        "roles/_rows.html",
        partnership=membership.partnership.link,
        assigns=membership.may(Action.ASSIGN_ROLES),
        roles=tuple(roles),
        people=tuple(tuple(people.get(role.id, ())) for role in roles),
        sides=tuple(matrix["sides"]),
        following=matrix["following"],
        words=matrix["words"],
        shows_retired=matrix["shows_retired"],
    )
