"""The order of the indicators, which moderators choose."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, members_with
from workspace.results import queries
from workspace.results.blueprint import blueprint
from workspace.results.views import PLACE
from workspace.web import htmx, pagination
from workspace.web.htmx import flash_live, page_or_partial

UP, DOWN = "up", "down"


@blueprint.get(f"{PLACE}/order")
@members_with(Action.ADD_INDICATORS)
def edit_order(membership: Membership) -> ResponseReturnValue:
    """The indicators in use, each to be moved up or down."""
    return page_or_partial("results/order.html", "results/_order.html", **_context(membership))


@blueprint.post(f"{PLACE}/order")
@members_with(Action.ADD_INDICATORS)
def move(membership: Membership) -> ResponseReturnValue:
    """Move the indicator whose button was pressed by one place. Raises Conflict if it is no longer in use."""
    direction = UP if UP in request.form else DOWN
    number = pagination.parse_int(request.form.get(direction, "")) or 0
    if number not in {row.number for row in queries.indicators_in_use(membership)}:
        raise Conflict(_("Somebody else has changed the indicator in the meantime"))
    indicator = queries.indicator(membership, number)
    place, count = indicator.move(membership, by_places=-1 if direction == UP else 1)
    flash_live(_("‘%(name)s’ is number %(place)s of %(count)s.", name=indicator.name, place=place, count=count))
    # At an end that button is gone, and the focus goes to the other one.
    is_at_end = place == (2 if direction == UP else count)
    focus = direction if not is_at_end else DOWN if direction == UP else UP
    to = f"{membership.partnership.address}results/order"
    return htmx.partial_or_redirect("results/_order.html", to=to, focus=f"#{focus}-{number}", **_context(membership))


def _context(membership: Membership) -> dict[str, Any]:
    return {"indicators": queries.indicators_in_use(membership), **partnership_context(membership)}
