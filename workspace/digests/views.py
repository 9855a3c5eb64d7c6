"""When one's digest comes, what the next will look like, and sending it now."""

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import cursors
from workspace.access import signed_in
from workspace.accounts.models import User
from workspace.digests import choosing, planning, queries, writing
from workspace.digests.building import build
from workspace.digests.forms import DIGESTED, RHYTHM_HINTS, DigestForm, SendingForm, choices_typed
from workspace.htmx import announce, go, invalid, seen_elsewhere
from workspace.languages import date_in_full, time_of_day

blueprint = Blueprint("digests", __name__)


@blueprint.get("/settings/digest")
@signed_in
def show(user: User) -> ResponseReturnValue:
    """When one's digest comes, and what the next one will look like."""
    return render_template("digests/settings.html", **_page(user, DigestForm(obj=user)))


@blueprint.post("/settings/digest")
@signed_in
def save(user: User) -> ResponseReturnValue:
    """Keep what was chosen, and say when the next digest comes."""
    form = DigestForm(obj=user)
    if not form.validate():
        return invalid("digests/_form.html", page="digests/settings.html", **_page(user, form))
    choosing.choose_digest(
        user,
        rhythm=form.digest_rhythm.data,
        weekday=form.digest_weekday.data,
        hour=form.digest_hour.data,
        paused_until=form.pause,
        digested=choices_typed(request.form, "digested", DIGESTED),
    )
    announce(_("Your choices are saved.") + " " + _next(user))
    return go("/settings/digest")


@blueprint.post("/settings/digest/sending")
@signed_in
def send(user: User) -> ResponseReturnValue:
    """Send the next digest now; what is in it is not repeated in the one after it."""
    form = SendingForm()
    if not form.validate() or build(planning.coming(user)).is_empty:
        announce(_("There is nothing new for you, so there is nothing to send."))
    else:
        planning.send_now(user, form.one_time_key.data)
        announce(_("Your digest is on its way to %(email)s.", email=user.email))
    return seen_elsewhere("/settings/digest")


def _page(user: User, form: DigestForm) -> dict[str, Any]:
    seats = queries.seats(user, cursors.number(request.args.get("after", "")))
    digest = build(planning.coming(user))
    return {
        "form": form,
        "sending": SendingForm(),
        "rhythm_hints": RHYTHM_HINTS,
        "digested": DIGESTED,
        "seats": seats[: queries.PAGE],
        "after": seats[queries.PAGE - 1].id if len(seats) > queries.PAGE else None,
        "next": _next(user),
        **writing.told(digest),
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


from workspace.digests import hearing, leaving, letters, undelivered  # noqa: E402, F401 (on the same blueprint; the kinds of mail)
