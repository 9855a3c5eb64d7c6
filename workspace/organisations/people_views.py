"""The people of an organisation, kept by administrators."""

from typing import Any

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.organisations import queries
from workspace.organisations import service as organisations_service
from workspace.organisations.blueprint import blueprint
from workspace.organisations.forms import EditPersonForm, NewPersonForm
from workspace.permissions import administrators_only
from workspace.web.htmx import (
    flash_live,
    form_error,
    is_partial,
    page_or_partial,
    redirect_client,
    with_focus,
)


@blueprint.get("/people")
@administrators_only
def people(user: User) -> ResponseReturnValue:
    """The people whom a search finds by name, address or organisation; all without one."""
    words, after = queries.typed(request.args), request.args.get("after", "")
    found, following = queries.found_people(words, after)
    context: dict[str, Any] = {"people": found, "following": following, "words": words}
    if after and is_partial():
        response = make_response(render_template("organisations/_people_rows.html", **context))
        return with_focus(response, f"#person-{found[0].id} a" if found else "")
    return page_or_partial("organisations/people.html", "organisations/_people.html", **context)


@blueprint.get("/organisations/<number:organisation_id>/people/new")
@administrators_only
def new_person(user: User, organisation_id: int) -> ResponseReturnValue:
    """The form for a new person."""
    organisation = queries.organisation(organisation_id)
    return render_template("organisations/new_person.html", form=NewPersonForm(), organisation=organisation)


@blueprint.post("/organisations/<number:organisation_id>/people")
@administrators_only
def create_person(user: User, organisation_id: int) -> ResponseReturnValue:
    """Make an account for a person, who signs in with a code by mail until they have chosen a password."""
    organisation, form = queries.organisation(organisation_id), NewPersonForm()
    context: dict[str, Any] = {"form": form, "organisation": organisation}
    page, partial = "organisations/new_person.html", "organisations/_person_form.html"
    if not form.validate():
        return form_error(partial, page=page, **context)
    try:
        person = organisations_service.create_person(organisation, **form.facts)
        record_audit(AuditAction.ADDED_PERSON, actor=user, subject=person, after=organisation.name)
    except organisations_service.AlreadyTaken as taken:
        form.refuse(form[taken.field], taken.message)
        return form_error(partial, page=page, **context)
    if form.welcome.data:
        organisations_service.welcome(person, by=user)
        flash_live(_("%(name)s is added, and gets an e-mail with a way in.", name=person.name))
    else:
        flash_live(_("%(name)s is added, and has no password yet.", name=person.name))
    return redirect_client(f"/organisations/{organisation.id}")


@blueprint.get("/people/<number:user_id>/edit")
@administrators_only
def edit_person(user: User, user_id: int) -> ResponseReturnValue:
    """The form for editing a person."""
    person = queries.person(user_id)
    belongs_to = person.organisation.name if person.organisation else ""
    form = EditPersonForm(
        obj=person, data={"organisation": belongs_to, "version": organisations_service.version_of(person)}
    )
    form.organisation.data = belongs_to
    return render_template("organisations/edit_person.html", form=form, person=person)


@blueprint.post("/people/<number:user_id>/edit")
@administrators_only
def save_person(user: User, user_id: int) -> ResponseReturnValue:
    """Save a person; if somebody else has changed them meanwhile, that is shown first."""
    person, form = queries.person(user_id), EditPersonForm()
    context: dict[str, Any] = {"form": form, "person": person}
    page, partial = "organisations/edit_person.html", "organisations/_person_form.html"
    if not form.validate() or not form.belong(person):
        return form_error(partial, page=page, **context)
    try:
        organisations_service.update_person(person, version=form.version.data or "", **form.facts)
    except organisations_service.StaleOrganisation as stale:
        form.version.data = organisations_service.version_of(person)
        return form_error(partial, page=page, status=409, stale=stale.message, **context)
    record_audit(AuditAction.CHANGED_PERSON, actor=user, subject=person)
    flash_live(_("The changes are saved."))
    return redirect_client(f"/organisations/{person.organisation_id}" if person.organisation_id else "/organisations")
