"""Removing members, leaving, and handing over moderation before."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace.members.blueprint import blueprint
from workspace.members.forms import ConfirmedForm, RemovalForm, members_typed
from workspace.members.moderation import duties
from workspace.members.moderation import service as moderation_service
from workspace.members.moderation.service import LastOfSide
from workspace.members.moderation.suspension_views import ask_again, chosen
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.web.htmx import flash_live, form_error, redirect_303, redirect_client


@blueprint.get("/partnerships/<slug:slug>/members/removal")
@members_with(Action.MANAGE_MEMBERS)
def ask_to_remove(membership: Membership) -> ResponseReturnValue:
    """Ask for the reason, and show the consequences."""
    if not members_typed(request.args):
        flash_live(_("Choose members in the table first."), "error")
        return redirect_303(f"{membership.partnership.address}members")
    return render_template("members/form.html", form=RemovalForm(), **_chosen(membership))


@blueprint.post("/partnerships/<slug:slug>/members/removal")
@members_with(Action.MANAGE_MEMBERS)
def remove(membership: Membership) -> ResponseReturnValue:
    """End their memberships."""
    form, context = RemovalForm(), _chosen(membership)
    if not form.validate():
        return form_error(context["part"], page="members/form.html", form=form, **context)
    try:
        found = moderation_service.remove(
            membership,
            members_typed(request.form),
            reason=form.reason.data,
            confirmed=form.confirmed.data,
            retained=form.retained,
        )
    except LastOfSide as question:
        return ask_again(form, question, context)
    flash_live(
        _("%(name)s is removed.", name=found[0].user.name)
        if len(found) == 1
        else ngettext("The member is removed.", "%(num)s members are removed.", len(found))
        if found
        else _("Nothing was changed: none of them is a member now.")
    )
    return redirect_client(f"{membership.partnership.address}members")


@blueprint.get("/partnerships/<slug:slug>/members/leaving")
@members_with(Action.LEAVE)
def ask_to_leave(membership: Membership) -> ResponseReturnValue:
    """Ask before somebody leaves."""
    return render_template("members/form.html", form=ConfirmedForm(), **_own(membership))


@blueprint.post("/partnerships/<slug:slug>/members/leaving")
@members_with(Action.LEAVE)
def leave(membership: Membership) -> ResponseReturnValue:
    """End one's own membership."""
    form = ConfirmedForm()
    try:
        moderation_service.leave(membership, confirmed=form.confirmed.data)
    except LastOfSide as question:
        return ask_again(form, question, _own(membership))
    flash_live(_("You have left ‘%(name)s’.", name=membership.partnership.name))
    return redirect_client("/partnerships")


def _own(membership: Membership) -> dict[str, Any]:
    """One's own membership, and what would be missing without it."""
    return {
        "heading": _("Leave the partnership"),
        "part": "members/_leaving.html",
        "duties": duties.of(membership, [membership.id]),
        **partnership_context(membership),
    }


def _chosen(membership: Membership) -> dict[str, Any]:
    """The chosen members, and what would be missing without them."""
    return {"heading": _("Remove from the partnership"), "part": "members/_removal.html", **chosen(membership)}
