"""How soon one hears by mail of each kind of news, and of each partnership: one page."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.digests import mail_settings_queries, preferences
from workspace.digests.blueprint import blueprint
from workspace.digests.forms import SOON, MailForm, choices_typed
from workspace.notifications.dispatch import NotificationKind, preferred_timing
from workspace.permissions import signed_in
from workspace.web import pagination
from workspace.web.htmx import flash_live, form_error, redirect_client


@blueprint.get("/settings/mail")
@signed_in
def show_mail(user: User) -> ResponseReturnValue:
    """What one has chosen."""
    form = MailForm(data={notice.value: preferred_timing(user, notice) for notice in NotificationKind})
    return render_template("digests/mail.html", **_page(user, form))


@blueprint.post("/settings/mail")
@signed_in
def save_mail(user: User) -> ResponseReturnValue:
    """Keep what is chosen."""
    form = MailForm()
    if not form.validate():
        return form_error("digests/_mail_form.html", page="digests/mail.html", **_page(user, form))
    kinds = {notice: form[notice.value].data for notice in NotificationKind}
    preferences.choose_kinds(user, kinds, choices_typed(request.form, "mail_timing", SOON))
    flash_live(_("Your choices are saved."))
    return redirect_client("/settings/mail")


def _page(user: User, form: MailForm) -> dict[str, Any]:
    found = mail_settings_queries.memberships(user, pagination.parse_int(request.args.get("after", "")))
    memberships, last = pagination.split_page(found, mail_settings_queries.PAGE)
    return {
        "form": form,
        "notices": list(NotificationKind),
        "soon": SOON,
        "memberships": memberships,
        "after": last.id if last else None,
    }
