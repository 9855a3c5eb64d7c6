"""Closing and reopening a person's account, for administrators."""

from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db.transactions import begin_write
from workspace.members.blueprint import blueprint
from workspace.members.moderation import closing
from workspace.organisations.queries import person
from workspace.permissions import Conflict, administrators_only
from workspace.web.htmx import Undo, flash_live, redirect_client


@blueprint.post("/people/<number:user_id>/closing")
@administrators_only
def close_account(user: User, user_id: int) -> ResponseReturnValue:
    """Close the account at once, and say which partnerships have no moderator now."""
    closed = person(user_id)
    if closed.id == user.id:
        raise Conflict(_("You can't close your own account."))
    closing.close(closed, by=user)
    undo = Undo(f"/people/{closed.id}/opening")
    flash_live(_("The account of %(name)s is closed.", name=closed.name), undo=undo)
    return redirect_client(f"/people/{closed.id}/memberships")


@blueprint.post("/people/<number:user_id>/opening")
@administrators_only
def open_account(user: User, user_id: int) -> ResponseReturnValue:
    """Reopen the account."""
    opened = person(user_id)
    begin_write()
    if not opened.is_active:
        opened.deactivated_at = None
        record_audit(AuditAction.REACTIVATED, actor=user, subject=opened)
    flash_live(_("%(name)s can sign in again.", name=opened.name))
    return redirect_client(f"/people/{opened.id}/edit")
