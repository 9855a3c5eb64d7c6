"""Pasting the indicators that another partnership has downloaded: looked at first, then added."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.results import definition_tables
from workspace.results.blueprint import blueprint
from workspace.results.forms import DefinitionsForm
from workspace.results.models import MOST_INDICATORS
from workspace.results.views import PLACE
from workspace.web import htmx
from workspace.web.htmx import flash_live, page_or_partial


@blueprint.get(f"{PLACE}/definitions/paste")
@members_with(Action.ADD_INDICATORS)
def paste_definitions(membership: Membership) -> ResponseReturnValue:
    """The field for the table."""
    context = _context(membership, DefinitionsForm())
    return page_or_partial("results/paste_definitions.html", "results/_paste_definitions.html", **context)


@blueprint.post(f"{PLACE}/definitions/paste")
@members_with(Action.ADD_INDICATORS)
def add_pasted(membership: Membership) -> ResponseReturnValue:
    """Show what would be added; or, once that has been looked at, add it."""
    form = DefinitionsForm()
    context, partial, page = (
        _context(membership, form),
        "results/_paste_definitions.html",
        "results/paste_definitions.html",
    )
    if not form.validate():
        return htmx.form_error(partial, page=page, **context)
    made = definition_tables.read(membership, form.pasted.data)
    context["made"] = made
    if not made:
        form.refuse(form.pasted, _("This is no table of indicators. Its headings must be on top."))
    elif not definition_tables.has_room(membership, made):
        form.refuse(form.pasted, _("There can be %(num)s indicators at most.", num=MOST_INDICATORS))
    if form.errors:
        return htmx.form_error(partial, page=page, **context)
    if "confirmed" not in request.form or all(one.problem for one in made):
        return page_or_partial(page, partial, focus="#preview", **context)
    count = len(definition_tables.add(membership, made, form.one_time_key.data))
    added = ngettext("The indicator is added.", "%(num)s indicators are added.", count)
    flash_live(added if count else _("The indicators are there already."))
    return htmx.redirect_client(f"{membership.partnership.address}results")


def _context(membership: Membership, form: DefinitionsForm) -> dict[str, Any]:
    return {"form": form, "made": [], **partnership_context(membership)}
