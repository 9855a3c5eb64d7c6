"""Offering to hand moderation over, and the answer to it."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.members.blueprint import blueprint
from workspace.members.moderation import handover
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.web.forms import WorkspaceForm
from workspace.web.htmx import Undo, flash_live, redirect_303, redirect_client


@blueprint.post("/partnerships/<slug:slug>/members/<number:membership_id>/handover")
@members_with(Action.MANAGE_MEMBERS)
def offer_handover(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Offer somebody to become moderator in one's place."""
    member = handover.offer(membership, membership_id)
    page = f"{membership.partnership.address}members/{member.id}"
    told = _("%(name)s is asked to take over as moderator. You stay moderator until then.", name=member.user.name)
    flash_live(told, undo=Undo(f"{page}/handover/withdrawal"))
    return redirect_client(page)


@blueprint.post("/partnerships/<slug:slug>/members/<number:membership_id>/handover/withdrawal")
@members_with(Action.MANAGE_MEMBERS)
def withdraw_handover(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Take the offer back."""
    member = handover.withdraw(membership, membership_id)
    flash_live(_("%(name)s is no longer asked to take over as moderator.", name=member.user.name))
    return redirect_client(f"{membership.partnership.address}members/{member.id}")


@blueprint.get("/partnerships/<slug:slug>/members/handover")
@members_with(Action.READ)
def show_handover(membership: Membership) -> ResponseReturnValue:
    """The offer to oneself, with what a moderator does."""
    former = handover.offered_by(membership)
    if former is None:
        flash_live(_("Nobody offers to hand the moderator role over any more."), "info")
        return redirect_303(f"{membership.partnership.address}members")
    heading = _("%(name)s offers you to take over as moderator", name=former.user.name)
    context = {"heading": heading, "part": "members/_handover.html", "former": former}
    return render_template("members/form.html", form=WorkspaceForm(), **context, **partnership_context(membership))


@blueprint.post("/partnerships/<slug:slug>/members/handover/acceptance")
@members_with(Action.READ)
def accept_handover(membership: Membership) -> ResponseReturnValue:
    """Become moderator."""
    former = handover.accept(membership)
    flash_live(_("You are a moderator now, in place of %(name)s.", name=former.user.name))
    return redirect_client(f"{membership.partnership.address}members")


@blueprint.post("/partnerships/<slug:slug>/members/handover/refusal")
@members_with(Action.READ)
def decline_handover(membership: Membership) -> ResponseReturnValue:
    """Say no."""
    former = handover.decline(membership)
    flash_live(_("You have declined, and %(name)s is told.", name=former.user.name))
    return redirect_client(membership.partnership.address)
