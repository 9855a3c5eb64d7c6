"""Setting the baseline and the target of an indicator."""

from decimal import Decimal
from typing import Any

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.i18n import numbers
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import participating_organisations
from workspace.permissions import Action, members_with
from workspace.results import queries
from workspace.results.blueprint import blueprint
from workspace.results.forms import ReferenceForm
from workspace.results.kinds import IndicatorKind, ReferenceKind
from workspace.results.measurements import share
from workspace.results.models import Indicator, StaleIndicator
from workspace.results.views import PLACE, address_of, led
from workspace.web import htmx
from workspace.web.htmx import flash_live, page_or_partial


@blueprint.get(f"{PLACE}/<number:indicator_number>/target")
@members_with(Action.MEASURE)
def edit_target(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """The form for a new target."""
    return _asked(membership, indicator_number, ReferenceKind.TARGET)


@blueprint.post(f"{PLACE}/<number:indicator_number>/target")
@members_with(Action.MEASURE)
def set_target(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """Set the target; the former one can still be seen. A stale form says what the target is now."""
    return _set(membership, indicator_number, ReferenceKind.TARGET)


@blueprint.get(f"{PLACE}/<number:indicator_number>/baseline")
@members_with(Action.MEASURE)
def edit_baseline(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """The form for a new baseline."""
    return _asked(membership, indicator_number, ReferenceKind.BASELINE)


@blueprint.post(f"{PLACE}/<number:indicator_number>/baseline")
@members_with(Action.MEASURE)
def set_baseline(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """Set the baseline, of all or of one organisation. A stale form says what it is now."""
    return _set(membership, indicator_number, ReferenceKind.BASELINE)


def _asked(membership: Membership, number: int, kind: ReferenceKind) -> ResponseReturnValue:
    indicator = led(membership, number)
    context = _context(membership, indicator, kind, ReferenceForm(data={"version": indicator.version}))
    return page_or_partial("results/reference.html", "results/_reference.html", **context)


def _set(membership: Membership, number: int, kind: ReferenceKind) -> ResponseReturnValue:
    indicator, form = led(membership, number), ReferenceForm()
    context = _context(membership, indicator, kind, form)
    if not form.validate() or not _is_right(form, indicator, context["former"]):
        return htmx.form_error("results/_reference.html", page="results/reference.html", **context)
    chosen = form.organisation.data if kind is ReferenceKind.BASELINE else 0
    partners = {row.id for row in participating_organisations(membership.partnership)}
    try:
        indicator.set_reference(
            membership,
            kind,
            version=form.version.data,
            value=_value(form),
            parts=_parts(form),
            day=form.day.data,
            note=form.note.data or "",
            organisation_id=chosen if chosen in partners else None,
        )
    except StaleIndicator:
        form.set_base_version(indicator.version)
        context |= _references(membership, indicator, kind, chosen)
        return htmx.form_error(
            "results/_reference.html", page="results/reference.html", status=409, stale=True, **context
        )
    told = _("The target is set.") if kind is ReferenceKind.TARGET else _("The baseline is set.")
    flash_live(" ".join([told, _("Both sides are asked to agree on it.")]))
    return htmx.redirect_client(address_of(membership, number))


def _is_right(form: ReferenceForm, indicator: Indicator, former: Any) -> bool:
    """Whether the value can be one of this indicator, and a change has its reason."""
    if not _is_share_right(form):
        return False
    if form.value.number is None and _parts(form) is None:
        return form.refuse(form.value, _("Write a number."))
    value = _value(form)
    if value < 0:
        return form.refuse(form.value, _("The number can't be negative."))
    if indicator.kind is IndicatorKind.SHARE and value > 100:
        return form.refuse(form.value, _("A share is at most %(most)s.", most=numbers.percent(100)))
    # A form that is stale, or was sent before, may not know of the former one: set_reference tells the two apart.
    if former and not form.note.data and form.version.data == indicator.version:
        return form.refuse(form.note, _("Write why it is changed. The former one can still be seen."))
    return True


def _is_share_right(form: ReferenceForm) -> bool:
    """Whether the two numbers that a share is made of can be that, or there are none."""
    if form.part is None or (form.part.number is None and form.whole.number is None):
        return True
    if form.value.number is not None:
        return form.refuse(form.value, _("Write either the per cent or the two numbers."))
    if form.part.number is None or form.whole.number is None:
        missing = form.part if form.part.number is None else form.whole
        return form.refuse(missing, _("Both numbers are needed."))
    if form.part.number < 0:
        return form.refuse(form.part, _("The number can't be negative."))
    if form.whole.number <= 0:
        return form.refuse(form.whole, _("The second number can't be zero."))
    if form.part.number > form.whole.number:
        return form.refuse(form.part, _("The first number is larger than the second. Have they been swapped?"))
    return True


def _parts(form: ReferenceForm) -> tuple[Decimal, Decimal] | None:
    if form.part is None or form.part.number is None or form.whole.number is None:
        return None
    return form.part.number, form.whole.number


def _value(form: ReferenceForm) -> Decimal:
    parts = _parts(form)
    return share(*parts) if parts else form.value.number or Decimal(0)


def _context(membership: Membership, indicator: Indicator, kind: ReferenceKind, form: ReferenceForm) -> dict[str, Any]:
    is_target = kind is ReferenceKind.TARGET
    form.value.unit = indicator.unit
    is_share = indicator.kind is IndicatorKind.SHARE
    form.value.description = _("In per cent, for example 70") if is_share else indicator.unit
    if not is_share:
        del form.part, form.whole
    form.day.label.text = _("To be reached by") if is_target else _("As of")
    partners = [(row.id, row.name) for row in participating_organisations(membership.partnership)]
    form.organisation.choices = [(0, _("All together")), *partners]
    return {
        "indicator": indicator,
        "kind": kind,
        "form": form,
        "action": "target" if is_target else "baseline",
        **_references(membership, indicator, kind),
        **partnership_context(membership),
    }


def _references(
    membership: Membership, indicator: Indicator, kind: ReferenceKind, organisation_id: int = 0
) -> dict[str, Any]:
    """The one that holds for all, and the one that holds for an organisation."""
    found = queries.references(membership, [indicator.number])[indicator.number]
    former = found.target if kind is ReferenceKind.TARGET else found.baseline
    return {"former": former, "standing": found.of_organisations.get(organisation_id) if organisation_id else former}
