"""The organisations of a partnership: adding one, and the side that each is on."""

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.db import db
from workspace.organisations.models import Organisation
from workspace.partnerships import queries
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.blueprint import blueprint
from workspace.partnerships.context import partnership_context
from workspace.partnerships.forms import SideForm, words_typed
from workspace.partnerships.labels import SIDES
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, members_with
from workspace.web.htmx import Undo, flash_live, page_or_partial, redirect_client


@blueprint.get("/partnerships/<slug:slug>/organisations")
@members_with(Action.EDIT_PARTNERSHIP)
def organisations(membership: Membership) -> ResponseReturnValue:
    """The organisations on each side, and those that a search finds, with the side that they usually are on."""
    words, present = words_typed(request.args).strip(), queries.participations_with_members(membership)
    return page_or_partial(
        "partnerships/organisations.html",
        "partnerships/_organisations_found.html",
        organisations=present,
        present={row.id: row for row in present},
        words=words,
        found=queries.found_organisations(words, but=()) if words else [],
        **partnership_context(membership),
    )


@blueprint.post("/partnerships/<slug:slug>/organisations")
@members_with(Action.EDIT_PARTNERSHIP)
def add_organisation(membership: Membership) -> ResponseReturnValue:
    """Invite an organisation, on a side."""
    form = SideForm()
    organisation = db.session.get(Organisation, form.organisation.data or 0) if form.validate() else None
    if organisation is None:
        raise Conflict(_("Choose an organisation from the list."))
    name = organisation.name
    if organisation.id in partnerships_service.participations(membership.partnership):
        flash_live(_("%(name)s takes part or is invited already.", name=name))
    else:
        partnerships_service.set_sides(membership, {organisation.id: form.side.data})
        undo = Undo(f"{membership.partnership.address}organisations/{organisation.id}/departure")
        flash_live(_("%(name)s is invited. Its people can be invited now.", name=name), undo=undo)
    return redirect_client(f"{membership.partnership.address}organisations")


@blueprint.post("/partnerships/<slug:slug>/organisations/<number:organisation_id>/side")
@members_with(Action.EDIT_PARTNERSHIP)
def change_side(membership: Membership, organisation_id: int) -> ResponseReturnValue:
    """Put an organisation on another side."""
    present = partnerships_service.participations(membership.partnership)
    if organisation_id not in present:
        abort(404)
    form = SideForm()
    if not form.validate():
        raise Conflict(_("Choose one of the answers."))
    name, before = present[organisation_id].organisation.name, present[organisation_id].side
    partnerships_service.set_sides(membership, {organisation_id: form.side.data})
    undo = Undo(f"{membership.partnership.address}organisations/{organisation_id}/side", {"side": before.value})
    told = _("%(name)s is on this side now: %(side)s.", name=name, side=SIDES[form.side.data])
    flash_live(told, undo=undo if before is not form.side.data else None)
    return redirect_client(f"{membership.partnership.address}organisations")
