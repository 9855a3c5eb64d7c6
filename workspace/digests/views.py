"""When one's digest comes, what the next will look like, and sending it now."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.digests import mail_settings_queries, planning, preferences, render
from workspace.digests.blueprint import blueprint
from workspace.digests.compose import build
from workspace.digests.forms import FREQUENCY_HINTS, PARTNERSHIP_FREQUENCIES, DigestForm, SendingForm, choices_typed
from workspace.i18n.formatting import date_in_full, time_of_day
from workspace.permissions import signed_in
from workspace.web import pagination
from workspace.web.htmx import flash_live, form_error, redirect_303, redirect_client


@blueprint.get("/settings/digest")
@signed_in
def show(user: User) -> ResponseReturnValue:
    """When one's digest comes, and what the next one will look like."""
    return render_template("digests/show.html", **_page(user, DigestForm(obj=user)))


@blueprint.post("/settings/digest")
@signed_in
def save(user: User) -> ResponseReturnValue:
    """Keep what was chosen, and say when the next digest comes."""
    form = DigestForm(obj=user)
    if not form.validate():
        return form_error("digests/_form.html", page="digests/show.html", **_page(user, form))
    preferences.choose_digest(
        user,
        frequency=form.digest_frequency.data,
        weekday=form.digest_weekday.data,
        hour=form.digest_hour.data,
        paused_until=form.pause,
        frequencies=choices_typed(request.form, "partnership_frequency", PARTNERSHIP_FREQUENCIES),
    )
    flash_live(_("Your choices are saved.") + " " + _next(user))
    return redirect_client("/settings/digest")


@blueprint.post("/settings/digest/sending")
@signed_in
def send(user: User) -> ResponseReturnValue:
    """Send the next digest now; what is in it is not repeated in the one after it."""
    form = SendingForm()
    if not form.validate() or build(planning.coming(user)).is_empty:
        flash_live(_("There is nothing new for you, so there is nothing to send."), "info")
    else:
        planning.send_now(user, form.one_time_key.data)
        flash_live(_("Your digest is on its way to %(email)s.", email=user.email))
    return redirect_303("/settings/digest")


def _page(user: User, form: DigestForm) -> dict[str, Any]:
    found = mail_settings_queries.memberships(user, pagination.parse_int(request.args.get("after", "")))
    memberships, last = pagination.split_page(found, mail_settings_queries.PAGE)
    digest = build(planning.coming(user))
    return {
        "form": form,
        "sending": SendingForm(),
        "rhythm_hints": FREQUENCY_HINTS,
        "frequencies": PARTNERSHIP_FREQUENCIES,
        "memberships": memberships,
        "after": last.id if last else None,
        "next": _next(user),
        **render.told(digest),
    }


def _next(user: User) -> str:
    """When the next digest comes, as a sentence."""
    moment = user.next_digest_at and planning.next_moment(user)
    if not moment:
        return str(_("You get no digest."))
    day = date_in_full(moment)
    return str(
        _("The next digest comes on %(day)s at %(time)s.", day=day[0].lower() + day[1:], time=time_of_day(moment))
    )
