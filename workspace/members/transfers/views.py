"""Ending an organisation's participation, and changing the organisation that a member represents."""

from typing import Any

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.db import db
from workspace.members.blueprint import blueprint
from workspace.members.forms import DepartureForm, TransferForm
from workspace.members.moderation import duties
from workspace.members.moderation import service as moderation_service
from workspace.members.moderation.duties import Duties
from workspace.members.moderation.service import LastOfSide
from workspace.members.moderation.suspension_views import ask_again
from workspace.members.transfers import service as transfers_service
from workspace.organisations.models import Organisation
from workspace.partnerships import queries as partnership_queries
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.roles import removal_impact
from workspace.web.htmx import flash_live, form_error, redirect_client


@blueprint.get("/partnerships/<slug:slug>/organisations/<number:organisation_id>/departure")
@members_with(Action.MANAGE_MEMBERS)
def ask_to_let_go(membership: Membership, organisation_id: int) -> ResponseReturnValue:
    """Ask what happens to the members of an organisation whose participation is to end."""
    context = _departure(membership, organisation_id)
    return render_template("members/form.html", form=_departure_form(membership, organisation_id), **context)


@blueprint.post("/partnerships/<slug:slug>/organisations/<number:organisation_id>/departure")
@members_with(Action.MANAGE_MEMBERS)
def let_go(membership: Membership, organisation_id: int) -> ResponseReturnValue:
    """End an organisation's participation."""
    context, form = _departure(membership, organisation_id), _departure_form(membership, organisation_id)
    if context["members"] and not form.validate():
        return form_error(context["part"], page="members/form.html", form=form, **context)
    try:
        transfers_service.end_participation(
            membership,
            organisation_id,
            stay_for=form.stay_for.data if form.members.data == "stay" else None,
            reason=form.reason.data or "",
            confirmed=form.confirmed.data,
        )
    except LastOfSide as question:
        return ask_again(form, question, context)
    flash_live(_("%(name)s no longer takes part.", name=context["organisation"].name))
    return redirect_client(f"{membership.partnership.address}organisations")


@blueprint.get("/partnerships/<slug:slug>/members/<number:membership_id>/organisation")
@members_with(Action.MANAGE_MEMBERS)
def edit_organisation(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """The form for the organisation that a member represents."""
    context = _transfer_context(membership, membership_id)
    return render_template("members/form.html", form=_organisation_form(membership, context["member"]), **context)


@blueprint.post("/partnerships/<slug:slug>/members/<number:membership_id>/organisation")
@members_with(Action.MANAGE_MEMBERS)
def change_organisation(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Change the organisation that a member represents."""
    context = _transfer_context(membership, membership_id)
    form = _organisation_form(membership, context["member"])
    if not form.validate():
        return form_error(context["part"], page="members/form.html", form=form, **context)
    try:
        moved = transfers_service.move(membership, membership_id, form.organisation.data, confirmed=form.confirmed.data)
    except LastOfSide as question:
        return ask_again(form, question, context)
    flash_live(
        _("%(name)s now represents %(organisation)s.", name=moved.user.name, organisation=moved.organisation.name)
    )
    return redirect_client(f"{membership.partnership.address}members/{moved.id}")


def _departure(membership: Membership, organisation_id: int) -> dict[str, Any]:
    """The organisation, its members here, and what their leaving means for the roles."""
    here = partnership_queries.participating_organisations(membership.partnership)
    if organisation_id not in (row.id for row in here):
        abort(404)
    members = transfers_service.members_of(membership.partnership, organisation_id)
    organisation = db.session.get_one(Organisation, organisation_id)
    return {
        "heading": _("End the participation of %(name)s", name=organisation.name),
        "part": "members/_departure.html",
        "tab": "members",
        "organisation": organisation,
        "members": members,
        "duties": duties.of(membership, [member.id for member in members]),
        **partnership_context(membership),
    }


def _departure_form(membership: Membership, organisation_id: int) -> DepartureForm:
    form = DepartureForm()
    form.stay_for.choices = _others(membership, organisation_id)
    if organisation_id == membership.organisation_id:  # Nobody removes themselves here.
        form.members.choices = {"stay": _("They stay, for another organisation")}
        form.members.data = form.members.data or "stay"
    return form


def _transfer_context(membership: Membership, membership_id: int) -> dict[str, Any]:
    member = moderation_service.find_member(membership.partnership, membership_id)
    return {
        "heading": _("Change organisation"),
        "part": "members/_organisation.html",
        "member": member,
        "duties": Duties(removal_impact.impact_of_removing(membership, [member.id]), []),
        **partnership_context(membership),
    }


def _organisation_form(membership: Membership, member: Membership) -> TransferForm:
    form = TransferForm()
    form.organisation.choices = _others(membership, member.organisation_id)
    return form


def _others(membership: Membership, organisation_id: int) -> list[tuple[int, str]]:
    """The partner organisations but for one, by id and name."""
    found = partnership_queries.participating_organisations(membership.partnership)
    return [(row.id, row.name) for row in found if row.id != organisation_id]
