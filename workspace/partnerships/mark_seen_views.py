"""What a member has read: a card, a post, or everything."""

from flask import render_template
from flask.typing import ResponseReturnValue

from workspace.partnerships import reading
from workspace.partnerships.blueprint import blueprint
from workspace.partnerships.forms import SeenForm
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.web import htmx
from workspace.web.htmx import redirect_303


@blueprint.post("/partnerships/<slug:slug>/seen")
@members_with(Action.READ)
def mark_seen(membership: Membership) -> ResponseReturnValue:
    """Mark as read what was rendered, up to that entry, never to “now”: nothing unseen is marked as seen.

    That is the `cards` that stood on the screen, the thread of a `post`, or everything. HTMX gets the count in the tab.
    """
    form = SeenForm()
    if form.validate():
        if form.shown:
            reading.read_cards(membership, form.shown)
        elif form.post.data:
            reading.read_post(membership, form.post.data, form.number.data)
        else:
            reading.read_all(membership, form.number.data)
    if htmx.is_partial():
        return render_template("partnerships/_unread.html", unread=membership.unread)
    return redirect_303(membership.partnership.address)
