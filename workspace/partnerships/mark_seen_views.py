"""The bookmark: how far a member has read."""

from flask.typing import ResponseReturnValue

from workspace.partnerships import activity_log
from workspace.partnerships.blueprint import blueprint
from workspace.partnerships.forms import SeenForm
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.web import htmx
from workspace.web.htmx import redirect_303


@blueprint.post("/partnerships/<slug:slug>/seen")
@members_with(Action.READ)
def mark_seen(membership: Membership) -> ResponseReturnValue:
    """Move the bookmark to the entry that was rendered, never to “now”: nothing unseen is marked as seen."""
    form = SeenForm()
    if form.validate():
        if form.post.data:
            activity_log.mark_post_seen(membership, form.post.data, form.number.data)
        else:
            activity_log.mark_seen(membership, form.number.data)
    if htmx.is_partial():
        return "", 204
    return redirect_303(membership.partnership.address)
