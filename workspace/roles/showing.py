"""The piece of a page that shows roles (workspace/pieces.py), and what it is made of."""

from typing import Any

from markupsafe import Markup

from workspace.access import Action
from workspace.partnerships.models import Membership
from workspace.pieces import piece


def rows(membership: Membership, matrix: dict[str, Any]) -> Markup:
    """The rows of a page of the matrix."""
    roles, people = matrix["roles"], matrix["people"]
    return piece(
        "roles/_rows.html",
        partnership=membership.partnership.place,
        assigns=membership.may(Action.ASSIGN_ROLES),
        roles=tuple(roles),
        people=tuple(tuple(people.get(role.id, ())) for role in roles),
        sides=tuple(matrix["sides"]),
        following=matrix["following"],
        words=matrix["words"],
        shows_retired=matrix["shows_retired"],
    )
