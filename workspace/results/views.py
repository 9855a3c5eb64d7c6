"""The results of a partnership: how far it is, and a page for each indicator."""

from typing import Any

from flask import Response, abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.i18n.formatting import today
from workspace.organisations.models import Side
from workspace.partnerships.context import partnership_context
from workspace.partnerships.labels import SIDES
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import participating_organisations
from workspace.permissions import Action, Level, members_with
from workspace.results import figures, labels, pages, periods, queries, summaries, values
from workspace.results.blueprint import blueprint
from workspace.results.forms import IndicatorEditForm, IndicatorForm
from workspace.results.models import Indicator, IndicatorAlreadyAdded, SeveralReporters, StaleIndicator, side_of
from workspace.roles.queries import choices
from workspace.web import htmx, pagination
from workspace.web.htmx import flash_live, page_or_partial

for name in ("PERIOD_NAMES", "REFERENCE_KINDS"):
    blueprint.add_app_template_global(getattr(labels, name), name)

blueprint.add_app_template_global(values.number_of, "number_of")
blueprint.add_app_template_global(figures.figures_of, "figures_of")

PLACE = "/partnerships/<slug:slug>/results"


@blueprint.get(PLACE)
@members_with(Action.READ)
def index(membership: Membership) -> ResponseReturnValue:
    """The main indicator with its chart, and all of them with how far each is."""
    found = summaries.summaries(membership)
    main = next((one for one in found if one.indicator.is_main), None)
    return page_or_partial(
        "results/index.html",
        "results/_list.html",
        summaries=found,
        main=main,
        chart=pages.chart_context(membership, main) if main else None,
        missing_lines=pages.missing_lines(membership, main) if main else [],
        writes=membership.may(Action.MEASURE),
        **partnership_context(membership),
    )


@blueprint.get(f"{PLACE}/new")
@members_with(Action.ADD_INDICATORS)
def new(membership: Membership) -> ResponseReturnValue:
    """The form for a new indicator."""
    form = IndicatorForm(data={"sides": [Side.MUNICIPALITIES.value]})
    return page_or_partial("results/new.html", "results/_new.html", **_form_context(membership, form))


@blueprint.post(PLACE)
@members_with(Action.ADD_INDICATORS)
def create(membership: Membership) -> ResponseReturnValue:
    """Add an indicator."""
    form = IndicatorForm()
    context = _form_context(membership, form)
    if not form.validate():
        return htmx.form_error("results/_new.html", page="results/new.html", **context)
    try:
        added = Indicator.add(
            membership,
            one_time_key=form.one_time_key.data,
            organisations=_organisations(membership, form),
            **form.described,
        )
    except IndicatorAlreadyAdded as already:
        form.take_new_key()
        earlier = queries.indicator(membership, already.number)
        return htmx.form_error("results/_new.html", page="results/new.html", status=409, earlier=earlier, **context)
    flash_live(_("The indicator is added. Set a baseline and a target, and let both sides agree on it."))
    return htmx.redirect_client(address_of(membership, added.number))


@blueprint.get(f"{PLACE}/<number:indicator_number>")
@members_with(Action.READ)
def show(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """An indicator: its chart, organisation by organisation, all its numbers, and what was agreed on."""
    return page_or_partial("results/show.html", "results/_indicator.html", **whole(membership, indicator_number))


@blueprint.get(f"{PLACE}/<number:indicator_number>/edit")
@members_with(Action.MEASURE)
def edit(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """The form for editing an indicator."""
    indicator = led(membership, indicator_number)
    form = IndicatorEditForm(obj=indicator)
    return page_or_partial("results/edit.html", "results/_edit.html", **_edit_context(membership, indicator, form))


@blueprint.post(f"{PLACE}/<number:indicator_number>/edit")
@members_with(Action.MEASURE)
def update(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """Save an indicator; a stale form comes back with both texts."""
    indicator = led(membership, indicator_number)
    form = IndicatorEditForm()
    context = _edit_context(membership, indicator, form)
    if not form.validate():
        return htmx.form_error("results/_edit.html", page="results/edit.html", **context)
    try:
        indicator.edit(membership, version=form.version.data, **form.described)
    except StaleIndicator:
        form.set_base_version(indicator.version)
        return htmx.form_error("results/_edit.html", page="results/edit.html", status=409, stale=True, **context)
    except SeveralReporters:
        message = _(
            "One number for all needs one organisation that enters it. Choose it under ‘Who enters numbers’ first."
        )
        form.refuse(form.pooling, message)
        return htmx.form_error("results/_edit.html", page="results/edit.html", **context)
    flash_live(_("The indicator is changed."))
    return htmx.redirect_client(address_of(membership, indicator_number))


@blueprint.post(f"{PLACE}/<number:indicator_number>/agreement")
@members_with(Action.MEASURE)
def agree(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """Say good for the indicator on behalf of one's side."""
    indicator = queries.indicator(membership, indicator_number)
    side = side_of(membership) or abort(409)
    indicator.agree(membership, side, terms=pagination.parse_int(request.form.get("terms", "")) or 0)
    flash_live(_("You have agreed to the indicator for your side."))
    return _shown(membership, indicator_number)


@blueprint.post(f"{PLACE}/<number:indicator_number>/prominence")
@members_with(Action.MEASURE)
def make_main(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """Let the indicator stand first."""
    queries.indicator(membership, indicator_number).make_main(membership)
    flash_live(_("The indicator now comes first."))
    return _shown(membership, indicator_number)


@blueprint.post(f"{PLACE}/<number:indicator_number>/retirement")
@members_with(Action.MEASURE)
def retire(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """Measure it no longer."""
    queries.indicator(membership, indicator_number).retire(membership)
    flash_live(_("The indicator is no longer in use. Its numbers can still be read."))
    return _shown(membership, indicator_number)


@blueprint.post(f"{PLACE}/<number:indicator_number>/resumption")
@members_with(Action.MEASURE)
def resume(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """Measure it again."""
    queries.indicator(membership, indicator_number).resume(membership)
    flash_live(_("The indicator is in use again."))
    return _shown(membership, indicator_number)


def address_of(membership: Membership, number: int) -> str:
    """The page of an indicator."""
    return f"{membership.partnership.address}results/{number}"


def led(membership: Membership, number: int) -> Indicator:
    """An indicator about which the member may decide, in use."""
    indicator = queries.indicator(membership, number)
    indicator.require_led_by(membership)
    return indicator


def whole(membership: Membership, number: int) -> dict[str, Any]:
    """The context of an indicator's page."""
    found = summaries.summary(membership, number) or abort(404)
    chart = pages.chart_context(membership, found)
    leads = membership.may(Action.MEASURE) and (
        membership.level is Level.MODERATOR or bool(found.indicator.answers_for_it)
    )
    return {
        "summary": found,
        "indicator": found.indicator,
        "chart": chart,
        "leads": leads,
        "writes": membership.may(Action.MEASURE),
        "side": side_of(membership),
        "agreements": queries.agreements(membership, found.indicator),
        **pages.organisations_context(membership, found, request.args),
        **pages.readings_context(membership, found, request.args),
        **partnership_context(membership),
    }


def _shown(membership: Membership, number: int) -> Response:
    """The indicator as it is now."""
    to = address_of(membership, number)
    if not htmx.is_partial():
        return htmx.redirect_303(to)
    return htmx.partial_or_redirect(
        "results/_indicator.html", to=to, focus="#indicator-title", **whole(membership, number)
    )


def _form_context(membership: Membership, form: IndicatorForm, role_id: int | None = None) -> dict[str, Any]:
    """The context of the form; the role with this id may stay, though it is retired since."""
    here = {row.side for row in participating_organisations(membership.partnership)}
    sides = {side: str(SIDES[side]) for side in Side if side in here}
    form.offer(choices(membership, role_id), sides)
    return {"form": form, **partnership_context(membership)}


def _edit_context(membership: Membership, indicator: Indicator, form: IndicatorEditForm) -> dict[str, Any]:
    del form.sides
    if indicator.has_numbers:
        form.settle()
    return {"indicator": indicator, **_form_context(membership, form, indicator.role_id)}


def _organisations(membership: Membership, form: IndicatorForm) -> list[int]:
    """Who enters the numbers: the organisations of the chosen sides; of one number for all the member's own."""
    if form.pooling.data == "once_for_all":
        return [membership.organisation_id]
    chosen = set(form.sides.data or ())
    return [row.id for row in participating_organisations(membership.partnership) if row.side in chosen]


def period_choices(indicator: Any) -> list[tuple[str, str]]:
    """The newest periods that are over, by their last day."""
    found = periods.ended(indicator.rhythm, today(), 24)
    return [(period.last.isoformat(), periods.label(indicator.rhythm, period)) for period in found]
