"""Correcting a number, with the reason."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.db import db
from workspace.i18n import numbers
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, NotAllowed, members_with
from workspace.results import periods, queries, recording
from workspace.results.blueprint import blueprint
from workspace.results.entry import CARRIED, EntryLine
from workspace.results.forms import LONGEST_NOTE, CorrectionForm
from workspace.results.kinds import IndicatorKind
from workspace.results.measurements import Measurement, MeasurementState
from workspace.results.models import Indicator
from workspace.results.recording import AlreadyMeasured
from workspace.results.views import PLACE, address_of
from workspace.web import htmx
from workspace.web.htmx import flash_live, page_or_partial
from workspace.web.request_bodies import takes_files


@blueprint.get(f"{PLACE}/measurements/<number:measurement_id>/correction")
@members_with(Action.MEASURE)
def edit_correction(membership: Membership, measurement_id: int) -> ResponseReturnValue:
    """The number in its fields, and the reason."""
    measurement, line = _found(membership, measurement_id)
    line.typed = _as_typed(measurement) | _carried()
    context = _context(membership, measurement, line, CorrectionForm())
    return page_or_partial("results/correction.html", "results/_correction.html", **context)


@blueprint.post(f"{PLACE}/measurements/<number:measurement_id>/correction")
@members_with(Action.MEASURE)
@takes_files
def correct(membership: Membership, measurement_id: int) -> ResponseReturnValue:
    """Replace the number; what it was can still be read."""
    measurement, line = _found(membership, measurement_id)
    form = CorrectionForm()
    reading = line.read(request.form, measurement.organisation_id)
    is_valid = form.validate_for(membership)
    context = _context(membership, measurement, line, form)
    if not is_valid or reading is None:
        if not line.is_touched:
            line.refuse("a", _("Write a number."))
        return htmx.form_error("results/_correction.html", page="results/correction.html", **context)
    try:
        recording.correct(measurement, membership, reading, form.why.data, form.attached())
    except AlreadyMeasured as already:
        # What is sent next corrects the number that stands there now, which the page shows beside the typed one.
        line.standing = already.present
        context |= {"measurement": already.present, "action": _address(membership, already.present)}
        return htmx.form_error("results/_correction.html", page="results/correction.html", status=409, **context)
    flash_live(_("The number is corrected. What it was before can still be seen."))
    shown = f"{address_of(membership, measurement.indicator_number)}?period={measurement.to_day}#readings"
    return htmx.redirect_client(shown)


def _found(membership: Membership, measurement_id: int) -> tuple[Measurement, EntryLine]:
    """The measurement, which the member may correct, and its line."""
    measurement = queries.measurement(membership, measurement_id)
    indicator = db.session.get_one(Indicator, (membership.partnership_id, measurement.indicator_number))
    if not membership.sits_for(measurement.organisation_id) and not indicator.is_led_by(membership):
        raise NotAllowed(_("You correct numbers of your own organisation only."))
    indicator.require_in_use()
    if measurement.replaced_by_number is not None and request.method == "GET":
        raise Conflict(_("The number has been corrected in the meantime. Reload the page, and try again."))
    return measurement, EntryLine(indicator, measurement.period)


def _carried() -> dict[str, str]:
    """What was typed where the number was already there: it is not to be typed again."""
    typed = {name: request.args[name][:LONGEST_NOTE] for name in CARRIED if request.args.get(name)}
    return {"na": ""} | typed if typed else {}


def _as_typed(measurement: Measurement) -> dict[str, str]:
    if measurement.state is MeasurementState.NOT_MEASURED:
        return {"na": "on", "why": measurement.note, "evidence": measurement.evidence}
    indicator = db.session.get_one(Indicator, (measurement.partnership_id, measurement.indicator_number))
    first = measurement.value if indicator.kind is IndicatorKind.MEAN else measurement.numerator
    days = {"from": measurement.from_day.isoformat(), "to": measurement.to_day.isoformat()}
    return {
        "a": numbers.typed_again(first) if first is not None else "",
        "b": numbers.typed_again(measurement.denominator) if measurement.denominator is not None else "",
        "note": measurement.note,
        "evidence": measurement.evidence,
        **days,
    }


def _address(membership: Membership, measurement: Measurement) -> str:
    return f"{membership.partnership.address}results/measurements/{measurement.id}/correction"


def _context(membership: Membership, measurement: Measurement, line: EntryLine, form: CorrectionForm) -> dict[str, Any]:
    return {
        "measurement": measurement,
        "line": line,
        "form": form,
        "period_name": periods.label(line.indicator.rhythm, measurement.period),
        "corrected": True,
        "action": _address(membership, measurement),
        **partnership_context(membership),
    }
