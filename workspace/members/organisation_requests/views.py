"""Asking for an organisation, for moderators; answering, for administrators."""

from flask import make_response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.db import db
from workspace.members.blueprint import blueprint
from workspace.members.forms import AskForOrganisationForm, GrantOrganisationForm
from workspace.members.organisation_requests import service as organisation_requests_service
from workspace.members.organisation_requests.models import OrganisationRequest
from workspace.partnerships.models import Membership
from workspace.permissions import Action, administrators_only, members_with
from workspace.web.htmx import flash_live, redirect_client


@blueprint.post("/partnerships/<slug:slug>/organisation-requests")
@members_with(Action.EDIT_PARTNERSHIP)
def ask_for_organisation(membership: Membership) -> ResponseReturnValue:
    """Ask the administrators for an organisation that is missing."""
    form = AskForOrganisationForm()
    if form.validate():
        flash_live(asked(membership, form.missing.data))
    else:
        flash_live(_("Write the name of the organisation."))
    return redirect_client(f"{membership.partnership.address}invitations")


@blueprint.get("/admin/organisation-requests")
@administrators_only
def organisation_requests(user: User) -> ResponseReturnValue:
    """The organisations that moderators miss."""
    return _page({})


@blueprint.post("/admin/organisation-requests/<number:request_id>/organisation")
@administrators_only
def grant_organisation(user: User, request_id: int) -> ResponseReturnValue:
    """Create the organisation, and invite it to the partnership that missed it."""
    wanted: OrganisationRequest = db.get_or_404(OrganisationRequest, request_id)
    form = GrantOrganisationForm()
    if not form.validate():
        return make_response(_page({request_id: form}), 422)
    made = organisation_requests_service.grant(wanted, user, name=form.name.data, kind=form.kind.data)
    flash_live(_("%(name)s is in the partnership now, and whoever asked is told.", name=made.name))
    return redirect_client("/admin/organisation-requests")


@blueprint.post("/admin/organisation-requests/<number:request_id>/refusal")
@administrators_only
def refuse_organisation(user: User, request_id: int) -> ResponseReturnValue:
    """Say no; whoever asked is told."""
    wanted: OrganisationRequest = db.get_or_404(OrganisationRequest, request_id)
    organisation_requests_service.refuse(wanted)
    flash_live(_("No to ‘%(name)s’: %(who)s is told.", name=wanted.name, who=wanted.asked_by.user.name))
    return redirect_client("/admin/organisation-requests")


def asked(membership: Membership, name: str) -> str:
    """Ask, and say what came of it."""
    known = organisation_requests_service.ask_for(membership, name)
    if known:
        return _("%(name)s was there already, and is invited to the partnership now.", name=known.name)
    return _("The administrators are asked for %(name)s. You get an e-mail when it is there.", name=name)


def _page(typed: dict[int, GrantOrganisationForm]) -> str:
    waiting = organisation_requests_service.waiting()
    forms = {
        wanted.id: typed.get(wanted.id) or GrantOrganisationForm(formdata=None, data={"name": wanted.name})
        for wanted in waiting
    }
    return render_template("members/organisation_requests.html", waiting=waiting, forms=forms)
