"""How soon one hears by mail of each kind of news, and of each partnership: one page."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import cursors
from workspace.access import signed_in
from workspace.accounts.models import User
from workspace.digests import choosing, queries
from workspace.digests.forms import SOON, MailForm, choices_typed
from workspace.digests.views import blueprint
from workspace.htmx import announce, go, invalid
from workspace.partnerships.notices import Notice, chosen


@blueprint.get("/settings/mail")
@signed_in
def show_mail(user: User) -> ResponseReturnValue:
    """What one has chosen."""
    form = MailForm(data={notice.value: chosen(user, notice) for notice in Notice})
    return render_template("digests/mail.html", **_page(user, form))


@blueprint.post("/settings/mail")
@signed_in
def save_mail(user: User) -> ResponseReturnValue:
    """Keep what is chosen."""
    form = MailForm()
    if not form.validate():
        return invalid("digests/_mail_form.html", page="digests/mail.html", **_page(user, form))
    kinds = {notice: form[notice.value].data for notice in Notice}
    choosing.choose_kinds(user, kinds, choices_typed(request.form, "hears", SOON))
    announce(_("Your choices are saved."))
    return go("/settings/mail")


def _page(user: User, form: MailForm) -> dict[str, Any]:
    seats = queries.seats(user, cursors.number(request.args.get("after", "")))
    return {
        "form": form,
        "notices": list(Notice),
        "soon": SOON,
        "seats": seats[: queries.PAGE],
        "after": seats[queries.PAGE - 1].id if len(seats) > queries.PAGE else None,
    }
