"""Closing a person's account, and opening it again: for administrators."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import clock
from workspace.access import Conflict, administrators_only
from workspace.accounts import sessions
from workspace.accounts.models import User
from workspace.database import begin_writing
from workspace.htmx import announce, go
from workspace.members.moderation import require_moderator_without
from workspace.members.views import blueprint
from workspace.organisations.queries import person
from workspace.trail.models import Act, note


@blueprint.post("/people/<number:user_id>/closing")
@administrators_only
def close_account(user: User, user_id: int) -> ResponseReturnValue:
    """Let nobody sign in with it, and sign the person out everywhere."""
    closed = person(user_id)
    begin_writing()
    if closed.id == user.id:
        raise Conflict(_("You can't close your own account."))
    require_moderator_without(closed)
    if closed.is_active:
        closed.deactivated_at = clock.now()
        sessions.end_all(closed)
        note(Act.DEACTIVATED, actor=user, subject=closed)
    announce(_("%(name)s can no longer sign in.", name=closed.name))
    return go(f"/people/{closed.id}/edit")


@blueprint.post("/people/<number:user_id>/opening")
@administrators_only
def open_account(user: User, user_id: int) -> ResponseReturnValue:
    """Let the person sign in again."""
    opened = person(user_id)
    begin_writing()
    if not opened.is_active:
        opened.deactivated_at = None
        note(Act.REACTIVATED, actor=user, subject=opened)
    announce(_("%(name)s can sign in again.", name=opened.name))
    return go(f"/people/{opened.id}/edit")
