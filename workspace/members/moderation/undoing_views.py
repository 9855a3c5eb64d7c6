"""The buttons ‘Undo’ beside what a moderator did by one press."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace.members.blueprint import blueprint
from workspace.members.forms import invitations_typed
from workspace.members.invitations import service as invitations_service
from workspace.members.invitations.views import batch_typed
from workspace.members.moderation import undoing
from workspace.partnerships.models import Membership, MembershipState
from workspace.permissions import Action, members_with
from workspace.web.htmx import flash_live, redirect_client


@blueprint.post("/partnerships/<slug:slug>/members/<number:membership_id>/undoing")
@members_with(Action.MANAGE_MEMBERS)
def undo_decision(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Take back what was just decided about somebody."""
    member = undoing.undo_decision(membership, membership_id)
    names = {"name": member.user.name}
    told = {
        MembershipState.REQUESTED: _("It is undone: the request of %(name)s waits for an answer again.", **names),
        MembershipState.SUSPENDED: _("It is undone: the access of %(name)s is on hold.", **names),
        MembershipState.ENDED: _("It is undone: %(name)s has no access.", **names),
    }
    flash_live(told[member.state])
    return redirect_client(f"{membership.partnership.address}members")


@blueprint.post("/partnerships/<slug:slug>/invitations/reopening")
@members_with(Action.ADD_MEMBERS)
def reopen_invitations(membership: Membership) -> ResponseReturnValue:
    """Let invitations stand again that were just withdrawn: a whole batch, or those that are named."""
    ids = invitations_typed(request.form)
    batch = batch_typed(request.form)
    found = invitations_service.of_batch(membership, batch) if batch else invitations_service.with_ids(membership, ids)
    count = len(undoing.reopen_invitations(membership, found))
    flash_live(ngettext("The invitation stands again.", "%(num)s invitations stand again.", count))
    return redirect_client(f"{membership.partnership.address}invitations/open")
