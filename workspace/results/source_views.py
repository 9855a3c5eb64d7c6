"""Who enters the numbers of an indicator."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import participating_organisations
from workspace.permissions import Action, members_with
from workspace.results import queries
from workspace.results.blueprint import blueprint
from workspace.results.forms import SourcesForm
from workspace.results.models import Indicator, SeveralReporters, StaleIndicator
from workspace.results.views import PLACE, address_of, led
from workspace.web import htmx, pagination
from workspace.web.htmx import flash_live, page_or_partial


@blueprint.get(f"{PLACE}/<number:indicator_number>/sources")
@members_with(Action.MEASURE)
def edit_sources(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """The organisations, each to be ticked, with who enters its numbers."""
    indicator = led(membership, indicator_number)
    context = _context(membership, indicator, SourcesForm(obj=indicator))
    return page_or_partial("results/sources.html", "results/_sources.html", **context)


@blueprint.post(f"{PLACE}/<number:indicator_number>/sources")
@members_with(Action.MEASURE)
def set_sources(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """Let the ticked organisations owe the numbers from now on; a stale form says who owes them now."""
    indicator, form = led(membership, indicator_number), SourcesForm()
    chosen: dict[int, int | None] = {
        organisation_id: pagination.parse_int(request.form.get(f"reporter-{organisation_id}", ""))
        for organisation_id in form.organisations.data or ()
        if organisation_id
    }
    if not chosen:
        form.refuse(form.organisations, _("Choose at least one organisation."))
        return _refused(membership, indicator, form, chosen)
    try:
        indicator.set_sources(membership, chosen, version=form.version.data)
    except SeveralReporters as refusal:
        form.refuse(form.organisations, str(refusal))
        return _refused(membership, indicator, form, chosen)
    except StaleIndicator:
        form.set_base_version(indicator.version)
        return _refused(membership, indicator, form, chosen, status=409, stale=True)
    flash_live(_("It is saved who enters the numbers."))
    return htmx.redirect_client(address_of(membership, indicator_number))


def _refused(
    membership: Membership, indicator: Indicator, form: SourcesForm, chosen: dict[int, int | None], **options: Any
) -> ResponseReturnValue:
    context = _context(membership, indicator, form, chosen)
    return htmx.form_error("results/_sources.html", page="results/sources.html", **options, **context)


def _context(
    membership: Membership, indicator: Indicator, form: SourcesForm, chosen: dict[int, int | None] | None = None
) -> dict[str, Any]:
    partners = participating_organisations(membership.partnership)
    owing = [row for row in queries.sources(membership, indicator.number) if row.is_owing]
    return {
        "indicator": indicator,
        "form": form,
        "partners": partners,
        "owing": owing,
        "chosen": {row.organisation_id: row.reporter_id for row in owing} if chosen is None else chosen,
        "people": queries.contributors(membership, [row.id for row in partners]),
        **partnership_context(membership),
    }
