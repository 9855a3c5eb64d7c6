"""Pasting numbers of many organisations from a spreadsheet: looked at first, then saved as one entry."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace.i18n.formatting import today
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.results import pasting, periods, recording
from workspace.results.blueprint import blueprint
from workspace.results.forms import PasteForm
from workspace.results.models import Indicator
from workspace.results.pasting import PastedTable
from workspace.results.periods import ReportingPeriod, Rhythm
from workspace.results.views import PLACE, address_of, led, period_choices
from workspace.web import htmx
from workspace.web.htmx import flash_live, page_or_partial


@blueprint.get(f"{PLACE}/<number:indicator_number>/paste")
@members_with(Action.MEASURE)
def paste(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """The field for a table from a spreadsheet."""
    indicator = led(membership, indicator_number)
    return page_or_partial("results/paste.html", "results/_paste.html", **_context(membership, indicator, PasteForm()))


@blueprint.post(f"{PLACE}/<number:indicator_number>/paste")
@members_with(Action.MEASURE)
def save_pasted(membership: Membership, indicator_number: int) -> ResponseReturnValue:
    """Show what each line would do; or, once that has been looked at, save the lines that are right."""
    indicator, form = led(membership, indicator_number), PasteForm()
    context = _context(membership, indicator, form)
    if not form.validate():
        return htmx.form_error("results/_paste.html", page="results/paste.html", **context)
    context["table"] = table = pasting.read(membership, indicator, form.pasted.data, _period(indicator, form))
    good = [line for line in table.lines if line.is_good and line.before != "="]
    corrects = any(line.before for line in good)
    if not table.lines:
        form.refuse(form.pasted, _("There are no lines with an organisation and a number."))
        return htmx.form_error("results/_paste.html", page="results/paste.html", **context)
    if "confirmed" not in request.form or not good:
        return page_or_partial("results/paste.html", "results/_paste.html", focus="#preview", **context)
    if corrects and not form.why.data:
        form.refuse(form.why, _("Write why numbers that are there already are corrected."))
        return htmx.form_error("results/_paste.html", page="results/paste.html", **context)
    recorded = recording.record(
        membership, [line.reading for line in good if line.reading], why=form.why.data if corrects else ""
    )
    if recorded.conflicts:
        context["table"] = pasting.read(membership, indicator, form.pasted.data, _period(indicator, form))
        return htmx.form_error("results/_paste.html", page="results/paste.html", status=409, stale=True, **context)
    count = len(recorded.written)
    flash_live(ngettext("%(num)s number is saved.", "%(num)s numbers are saved.", count))
    return htmx.redirect_client(address_of(membership, indicator_number))


def _period(indicator: Indicator, form: PasteForm) -> ReportingPeriod:
    if indicator.rhythm is Rhythm.IRREGULAR:
        return ReportingPeriod(today(), today())
    text = str(form.period.data).replace("-", "")
    return periods.of_text(indicator.rhythm, text) or periods.latest_ended(indicator.rhythm, today())


def _context(membership: Membership, indicator: Indicator, form: PasteForm) -> dict[str, Any]:
    form.period.choices = period_choices(indicator) or [("", _("Today"))]
    return {
        "indicator": indicator,
        "form": form,
        "table": PastedTable(),
        "action": f"{address_of(membership, indicator.number)}/paste",
        **partnership_context(membership),
    }
