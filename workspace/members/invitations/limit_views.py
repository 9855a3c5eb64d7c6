"""How many new addresses a person, or a partnership, may invite a day: administrators raise the limit, or lower it."""

from typing import Any

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.db import db
from workspace.members.blueprint import blueprint
from workspace.members.forms import InvitationLimitForm
from workspace.members.invitations import limits
from workspace.organisations.queries import person
from workspace.partnerships.models import Partnership
from workspace.permissions import administrators_only
from workspace.web.htmx import flash_live, form_error, redirect_client


@blueprint.get("/people/<number:user_id>/invitation-limit")
@administrators_only
def show_person_limit(user: User, user_id: int) -> ResponseReturnValue:
    """How much a person may invite, and has invited today."""
    return _page("members/person_limit.html", _of_person(person(user_id)))


@blueprint.post("/people/<number:user_id>/invitation-limit")
@administrators_only
def set_person_limit(user: User, user_id: int) -> ResponseReturnValue:
    """Decide how much a person may invite."""
    whose = person(user_id)
    return _set("members/person_limit.html", whose, _of_person(whose), by=user, to=f"/people/{whose.id}/memberships")


@blueprint.get("/admin/partnerships/<number:partnership_id>/invitation-limit")
@administrators_only
def show_partnership_limit(user: User, partnership_id: int) -> ResponseReturnValue:
    """How much may be invited to a partnership, and has been today."""
    return _page("members/partnership_limit.html", _of_partnership(db.get_or_404(Partnership, partnership_id)))


@blueprint.post("/admin/partnerships/<number:partnership_id>/invitation-limit")
@administrators_only
def set_partnership_limit(user: User, partnership_id: int) -> ResponseReturnValue:
    """Decide how much may be invited to a partnership."""
    partnership: Partnership = db.get_or_404(Partnership, partnership_id)
    context = _of_partnership(partnership)
    return _set("members/partnership_limit.html", partnership, context, by=user, to="/admin/partnerships")


def _of_person(whose: User) -> dict[str, Any]:
    address = f"/people/{whose.id}/invitation-limit"
    return {"what": whose, "address": address, "allowance": limits.of_person(whose)}


def _of_partnership(partnership: Partnership) -> dict[str, Any]:
    address = f"/admin/partnerships/{partnership.id}/invitation-limit"
    return {"what": partnership, "address": address, "allowance": limits.of_partnership(partnership)}


def _page(page: str, context: dict[str, Any]) -> str:
    form = InvitationLimitForm(data={"limit": context["what"].invitation_limit})
    return render_template(page, form=form, **context)


def _set(page: str, what: User | Partnership, context: dict[str, Any], *, by: User, to: str) -> ResponseReturnValue:
    form = InvitationLimitForm()
    if not form.validate():
        return form_error("members/_invitation_limit.html", page=page, form=form, **context)
    limits.change(what, form.limit.data, by)
    flash_live(_("The limit is changed."))
    return redirect_client(to)
