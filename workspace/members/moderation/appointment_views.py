"""Appointing a moderator where there is none, for administrators."""

from typing import Any

from flask import make_response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.db import db
from workspace.members.blueprint import blueprint
from workspace.members.forms import AppointmentForm
from workspace.members.moderation import appointment
from workspace.members.moderation.service import moderating_sides
from workspace.partnerships.labels import LEVELS
from workspace.partnerships.models import Partnership
from workspace.permissions import administrators_only
from workspace.web.htmx import flash_live, redirect_client


@blueprint.get("/admin/partnerships/<number:partnership_id>/appointment")
@administrators_only
def ask_to_appoint(user: User, partnership_id: int) -> ResponseReturnValue:
    """The members of a partnership without moderator, to choose one from."""
    context = _context(partnership_id)
    return render_template("members/ask_to_appoint.html", **context)


@blueprint.post("/admin/partnerships/<number:partnership_id>/appointment")
@administrators_only
def appoint(user: User, partnership_id: int) -> ResponseReturnValue:
    """Make the chosen one a moderator."""
    context = _context(partnership_id)
    if not context["has_moderator"] and not context["form"].validate():
        return make_response(render_template("members/ask_to_appoint.html", **context), 422)
    membership = appointment.appoint(context["partnership"], context["form"].member.data or 0, by=user)
    flash_live(_("%(name)s is a moderator now, and all members are told.", name=membership.user.name))
    return redirect_client("/admin/partnerships")


def _context(partnership_id: int) -> dict[str, Any]:
    """The partnership, and the form; while it has a moderator, nobody is on it."""
    partnership: Partnership = db.get_or_404(Partnership, partnership_id)
    has_moderator, form = bool(moderating_sides(partnership)), AppointmentForm()
    rows = [] if has_moderator else appointment.members_to_choose_from(partnership)
    form.member.choices = [
        (row.id, f"{row.name}, {row.organisation} ({str(LEVELS[row.level]).lower()})") for row in rows
    ]
    return {"partnership": partnership, "form": form, "has_moderator": has_moderator}
