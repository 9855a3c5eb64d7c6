"""The page of notices, under the bell."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.overview import queries
from workspace.overview.blueprint import blueprint
from workspace.overview.notices import notices
from workspace.overview.views import shown_numbers
from workspace.permissions import signed_in
from workspace.web.htmx import flash_live, redirect_303


@blueprint.get("/notices")
@signed_in
def show_notices(user: User) -> ResponseReturnValue:
    """What others did that concerns me, the latest first."""
    return render_template(
        "overview/notices.html", notices=notices(user), partnerships=queries.latest_partnerships(user)
    )


@blueprint.post("/notices/emptying")
@signed_in
def empty_notices(user: User) -> ResponseReturnValue:
    """Empty the list, up to the entries it was rendered with."""
    shown = dict(shown_numbers(request.form.get("seen", "")))
    for membership in queries.memberships(user, list(shown)):
        queries.empty_notices(membership, shown[membership.partnership_id])
    flash_live(_("The list is emptied."))
    return redirect_303("/notices")
