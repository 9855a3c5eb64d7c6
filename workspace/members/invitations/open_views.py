"""The invitations without a yes: what became of each, and what moderators do about one or several of them."""

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace.i18n.formatting import listed
from workspace.members import pending
from workspace.members.blueprint import blueprint
from workspace.members.forms import invitations_typed
from workspace.members.invitations import service as invitations_service
from workspace.members.invitations.limits import TooManyInvitations
from workspace.members.pending import InvitationFilter
from workspace.partnerships import queries as partnership_queries
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.web import pagination
from workspace.web.htmx import Undo, flash_live, redirect_client

MOST_NAMED = 5


@blueprint.get("/partnerships/<slug:slug>/invitations/open")
@members_with(Action.ADD_MEMBERS)
def open_invitations(membership: Membership) -> ResponseReturnValue:
    """Who was invited and has not said yes, with filters."""
    return make_response(_page_html(membership))


@blueprint.post("/partnerships/<slug:slug>/invitations/resending")
@members_with(Action.ADD_MEMBERS)
def resend_several(membership: Membership) -> ResponseReturnValue:
    """Send those again that are ticked."""
    sent, tired = invitations_service.resend_several(membership, invitations_typed(request.form))
    flash_live(ngettext("%(num)s invitation is sent again.", "%(num)s invitations are sent again.", len(sent)))
    if tired:
        names = listed((invitation.email for invitation in tired[:MOST_NAMED]), len(tired) - MOST_NAMED)
        flash_live(_("These have had several e-mails this week without answering: %(names)s", names=names))
    return redirect_client(_address(membership))


@blueprint.post("/partnerships/<slug:slug>/invitations/withdrawal")
@members_with(Action.ADD_MEMBERS)
def withdraw_several(membership: Membership) -> ResponseReturnValue:
    """Take those back that are ticked."""
    ids = invitations_typed(request.form)
    withdrawn = [str(invitation.id) for invitation in invitations_service.withdraw_several(membership, ids)]
    told = ngettext("%(num)s invitation is withdrawn.", "%(num)s invitations are withdrawn.", len(withdrawn))
    undo = Undo(f"{membership.partnership.address}invitations/reopening", {"invitation": withdrawn})
    flash_live(told, undo=undo if withdrawn else None)
    return redirect_client(_address(membership))


@blueprint.post("/partnerships/<slug:slug>/invitations/<number:invitation_id>/organisation")
@members_with(Action.ADD_MEMBERS)
def correct_organisation(membership: Membership, invitation_id: int) -> ResponseReturnValue:
    """Let an invitation be for another organisation, and send it again."""
    organisation_id = pagination.parse_int(request.form.get("organisation", "")) or 0
    try:
        invitation = invitations_service.correct(membership, invitation_id, organisation_id)
    except TooManyInvitations as over:
        return over.answer(_page_html(membership, refused=over.message))
    flash_live(_("The invitation to %(email)s is sent again.", email=invitation.email))
    return redirect_client(_address(membership))


def _page_html(membership: Membership, *, refused: str = "") -> str:
    wanted = request.args.get("state", "")
    shown = InvitationFilter(wanted) if wanted in list(InvitationFilter) else InvitationFilter.ALL
    organisation_id = pagination.parse_int(request.args.get("organisation", ""))
    before = pagination.parse_int(request.args.get("before", ""))
    page, last = pagination.split_page(pending.invitations(membership, before, shown, organisation_id), pending.PAGE)
    return render_template(
        "members/open_invitations.html",
        invitations=page,
        older=last.id if last else None,
        counts=pending.counts_of_invitations(membership),
        shown=shown,
        organisation_id=organisation_id,
        organisations=partnership_queries.participating_organisations(membership.partnership),
        refused=refused,
        **partnership_context(membership),
    )


def _address(membership: Membership) -> str:
    return f"{membership.partnership.address}invitations/open"
