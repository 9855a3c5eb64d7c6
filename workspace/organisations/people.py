"""The people of an organisation, kept by administrators."""

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.access import administrators_only
from workspace.accounts.models import User
from workspace.htmx import announce, go, invalid
from workspace.organisations import changes, queries
from workspace.organisations.forms import EditPersonForm, PersonForm

blueprint = Blueprint("people", __name__)


@blueprint.get("/organisations/<number:organisation_id>/people/new")
@administrators_only
def new(user: User, organisation_id: int) -> ResponseReturnValue:
    """The form for a new person."""
    organisation = queries.organisation(organisation_id)
    return render_template("organisations/new_person.html", form=PersonForm(), organisation=organisation)


@blueprint.post("/organisations/<number:organisation_id>/people")
@administrators_only
def create(user: User, organisation_id: int) -> ResponseReturnValue:
    """Make an account for a person, who cannot sign in before a password is set."""
    organisation, form = queries.organisation(organisation_id), PersonForm()
    context: dict[str, Any] = {"form": form, "organisation": organisation}
    page, partial = "organisations/new_person.html", "organisations/_person_form.html"
    if not form.validate():
        return invalid(partial, page=page, **context)
    try:
        person = changes.take_in(organisation, **form.facts)
    except changes.Taken as taken:
        form.refuse(form[taken.field], taken.message)
        return invalid(partial, page=page, **context)
    announce(_("%(name)s is added, and has no password yet.", name=person.name))
    return go(f"/organisations/{organisation.id}")


@blueprint.get("/people/<number:user_id>/edit")
@administrators_only
def edit(user: User, user_id: int) -> ResponseReturnValue:
    """The form that what is said of a person is corrected in."""
    person = queries.person(user_id)
    belongs_to = person.organisation.name if person.organisation else ""
    form = EditPersonForm(obj=person, data={"organisation": belongs_to, "version": changes.version_of(person)})
    form.organisation.data = belongs_to
    return render_template("organisations/edit_person.html", form=form, person=person)


@blueprint.post("/people/<number:user_id>/edit")
@administrators_only
def save(user: User, user_id: int) -> ResponseReturnValue:
    """Correct what is said of a person; what another has corrected meanwhile is shown first."""
    person, form = queries.person(user_id), EditPersonForm()
    context: dict[str, Any] = {"form": form, "person": person}
    page, partial = "organisations/edit_person.html", "organisations/_person_form.html"
    if not form.validate() or not form.belong(person):
        return invalid(partial, page=page, **context)
    try:
        changes.describe_person(person, version=form.version.data or "", **form.facts)
    except changes.Stale as stale:
        form.version.data = changes.version_of(person)
        return invalid(partial, page=page, status=409, stale=stale.message, **context)
    except changes.Taken as taken:
        form.refuse(form[taken.field], taken.message)
        return invalid(partial, page=page, **context)
    announce(_("The changes are saved."))
    return go(f"/organisations/{person.organisation_id}" if person.organisation_id else "/organisations")
