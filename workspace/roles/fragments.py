"""The cached fragments that show roles, and the values that each depends on."""

from typing import Any

from flask_babel import ngettext
from markupsafe import Markup

from workspace.partnerships.models import Membership
from workspace.partnerships.rail import RailBlock, rail_block
from workspace.permissions import Action
from workspace.roles import queries
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


@rail_block(30)
def vacant(membership: Membership) -> RailBlock | None:
    """The roles that lack an accountable holder."""
    roles = queries.vacant(membership)
    if not roles:
        return None
    count = roles[0].how_many
    html = cached_fragment("roles/_vacant.html", partnership=membership.partnership.link, roles=tuple(roles))
    words = ngettext("%(num)s role without anybody", "%(num)s roles without anybody", count)
    return RailBlock(html, words, "warning", warns=True)
