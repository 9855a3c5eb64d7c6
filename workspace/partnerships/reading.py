"""The bookmark: how far a member has read."""

from flask.typing import ResponseReturnValue

from workspace import htmx
from workspace.access import Action, members_may
from workspace.htmx import seen_elsewhere
from workspace.partnerships import log
from workspace.partnerships.forms import SeenForm
from workspace.partnerships.models import Membership
from workspace.partnerships.views import blueprint


@blueprint.post("/partnerships/<slug:slug>/seen")
@members_may(Action.READ)
def mark_seen(membership: Membership) -> ResponseReturnValue:
    """Move the bookmark to the entry that was rendered, never to “now”: nothing unseen is marked as seen."""
    form = SeenForm()
    if form.validate():
        if form.post.data:
            log.mark_post_seen(membership, form.post.data, form.number.data)
        else:
            log.mark_seen(membership, form.number.data)
    if htmx.is_partial():
        return "", 204
    return seen_elsewhere(membership.partnership.address)
