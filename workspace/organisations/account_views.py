"""What administrators do about a person's account: welcoming, signing out, and who else administers."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace.accounts.models import User
from workspace.organisations import queries
from workspace.organisations import service as organisations_service
from workspace.organisations.blueprint import blueprint
from workspace.permissions import Conflict, administrators_only
from workspace.web.htmx import flash_live, redirect_client


@blueprint.post("/people/<number:user_id>/welcome")
@administrators_only
def send_welcome(user: User, user_id: int) -> ResponseReturnValue:
    """Mail somebody without a password how to get in."""
    person = queries.person(user_id)
    if not person.is_active or person.password_hash is not None:
        raise Conflict(_("%(name)s has a way in already, or a closed account.", name=person.name))
    if organisations_service.welcome(person, by=user):
        flash_live(_("%(name)s gets an e-mail with a way in.", name=person.name))
    else:
        flash_live(
            _("%(name)s has been sent this e-mail already. Another can be sent in an hour.", name=person.name), "info"
        )
    return redirect_client(f"/people/{person.id}/edit")


@blueprint.post("/people/<number:user_id>/sign-out")
@administrators_only
def end_sessions(user: User, user_id: int) -> ResponseReturnValue:
    """Sign a person out everywhere."""
    person = queries.person(user_id)
    ended = organisations_service.end_sessions(person, by=user)
    flash_live(
        ngettext(
            "%(name)s is signed out in one browser.",
            "%(name)s is signed out in %(num)s browsers.",
            ended,
            name=person.name,
        )
        if ended
        else _("%(name)s was not signed in anywhere.", name=person.name)
    )
    return redirect_client("/sign-in" if person.id == user.id else f"/people/{person.id}/edit")


@blueprint.post("/people/<number:user_id>/administrator")
@administrators_only
def make_administrator(user: User, user_id: int) -> ResponseReturnValue:
    """Make a person an administrator."""
    person = queries.person(user_id)
    organisations_service.set_administrator(person, by=user, administers=True)
    flash_live(_("%(name)s is an administrator now. All administrators are told.", name=person.name))
    return redirect_client(f"/people/{person.id}/edit")


@blueprint.post("/people/<number:user_id>/administrator/removal")
@administrators_only
def unmake_administrator(user: User, user_id: int) -> ResponseReturnValue:
    """Make an administrator an ordinary user again."""
    person = queries.person(user_id)
    organisations_service.set_administrator(person, by=user, administers=False)
    flash_live(_("%(name)s is no longer an administrator. All administrators are told.", name=person.name))
    return redirect_client(f"/people/{person.id}/edit")
