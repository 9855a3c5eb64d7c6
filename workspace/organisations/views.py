"""Organisations, kept by administrators."""

from typing import Any

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.organisations import queries
from workspace.organisations import service as organisations_service
from workspace.organisations.blueprint import blueprint
from workspace.organisations.forms import EditOrganisationForm, OrganisationForm
from workspace.organisations.labels import KINDS
from workspace.permissions import administrators_only
from workspace.web.htmx import (
    flash_live,
    form_error,
    is_partial,
    page_or_partial,
    redirect_303,
    redirect_client,
    with_focus,
)


@blueprint.get("/organisations")
@administrators_only
def index(user: User) -> ResponseReturnValue:
    """All organisations, or those that are searched for."""
    words, after = queries.typed(request.args), request.args.get("after", "")
    found, following = queries.organisations(words, after)
    context: dict[str, Any] = {"organisations": found, "following": following, "words": words, "kinds": KINDS}
    if after and is_partial():
        return _more("organisations/_organisation_rows.html", "organisation", found, context)
    return page_or_partial("organisations/index.html", "organisations/_organisations.html", **context)


@blueprint.get("/organisations/suggestions")
@administrators_only
def suggest(user: User) -> ResponseReturnValue:
    """Names that complete what is being typed; without a script, the list of them."""
    words = queries.typed(request.args, "organisation")
    if not is_partial():
        return redirect_303("/organisations")
    return render_template("organisations/_suggestions.html", organisations=queries.suggestions(words))


@blueprint.get("/organisations/new")
@administrators_only
def new(user: User) -> ResponseReturnValue:
    """The form for a new organisation."""
    return render_template("organisations/new.html", form=OrganisationForm())


@blueprint.post("/organisations")
@administrators_only
def create(user: User) -> ResponseReturnValue:
    """Make an organisation."""
    form = OrganisationForm()
    if not form.validate():
        return _invalid_new(form)
    try:
        organisation = organisations_service.create(**form.facts)
    except organisations_service.AlreadyTaken as taken:
        form.refuse(form[taken.field], taken.message)
        return _invalid_new(form)
    record_audit(AuditAction.MADE_ORGANISATION, actor=user, after=organisation.name)
    flash_live(_("%(name)s is created. Add its people.", name=organisation.name))
    return redirect_client(f"/organisations/{organisation.id}")


@blueprint.get("/organisations/<number:organisation_id>")
@administrators_only
def show(user: User, organisation_id: int) -> ResponseReturnValue:
    """An organisation, and its people."""
    organisation, after = queries.organisation(organisation_id), request.args.get("after", "")
    found, following = queries.people(organisation, after)
    context = {"organisation": organisation, "people": found, "following": following, "kinds": KINDS}
    if after and is_partial():
        return _more("organisations/_people_of_organisation.html", "person", found, context)
    return make_response(render_template("organisations/show.html", **context))


@blueprint.get("/organisations/<number:organisation_id>/edit")
@administrators_only
def edit(user: User, organisation_id: int) -> ResponseReturnValue:
    """The form for editing an organisation."""
    organisation = queries.organisation(organisation_id)
    return render_template(
        "organisations/edit.html", form=EditOrganisationForm(obj=organisation), organisation=organisation
    )


@blueprint.post("/organisations/<number:organisation_id>/edit")
@administrators_only
def save(user: User, organisation_id: int) -> ResponseReturnValue:
    """Save an organisation; if somebody else has changed it meanwhile, that is shown first."""
    organisation, form = queries.organisation(organisation_id), EditOrganisationForm()
    context: dict[str, Any] = {"form": form, "organisation": organisation, "kinds": KINDS}
    page, partial = "organisations/edit.html", "organisations/_form.html"
    if not form.validate():
        return form_error(partial, page=page, **context)
    try:
        organisations_service.update(organisation, version=form.version.data or 0, **form.facts)
    except organisations_service.StaleOrganisation as stale:
        form.set_base_version(organisation.version)
        return form_error(partial, page=page, status=409, stale=stale.message, **context)
    except organisations_service.AlreadyTaken as taken:
        form.refuse(form[taken.field], taken.message)
        return form_error(partial, page=page, **context)
    record_audit(AuditAction.EDITED_ORGANISATION, actor=user, after=organisation.name)
    flash_live(_("The changes are saved."))
    return redirect_client(f"/organisations/{organisation.id}")


def _invalid_new(form: OrganisationForm) -> ResponseReturnValue:
    return form_error("organisations/_form.html", page="organisations/new.html", form=form)


def _more(partial: str, noun: str, found: list[Any], context: dict[str, Any]) -> ResponseReturnValue:
    """The next rows of a list, with the focus on the first of them."""
    response = make_response(render_template(partial, **context))
    return with_focus(response, f"#{noun}-{found[0].id} a" if found else "")
