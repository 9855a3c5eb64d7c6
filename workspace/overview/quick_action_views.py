"""Settling an action item where it is listed, by a single button."""

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.overview.action_items import waiting
from workspace.overview.blueprint import blueprint
from workspace.partnerships import activity_log
from workspace.partnerships.models import Membership
from workspace.permissions import Action, NotAllowed, members_with, public
from workspace.posts import authored_text_queries as texts
from workspace.posts import queries as posts
from workspace.roles import answers
from workspace.roles import queries as roles
from workspace.roles.labels import accepted
from workspace.web import htmx
from workspace.web.htmx import flash_live


@blueprint.get("/waiting")
@public
def count_waiting() -> ResponseReturnValue:
    """The number of action items, for the top bar; without HTMX, a redirect to the list.

    Pages request it by themselves: after a session has ended the response is empty, and no redirect to sign-in.
    """
    if not htmx.is_partial():
        return htmx.redirect_303("/")
    return render_template("overview/_count.html", waits=len(waiting(g.user))) if g.user else ""


@blueprint.post("/partnerships/<slug:slug>/waiting/challenges/<number:number>")
@members_with(Action.MOVE_CHALLENGES)
def take_challenge(membership: Membership, number: int) -> ResponseReturnValue:
    """Take the challenge that one is asked to take."""
    posts.post(membership, number).accept(membership)
    flash_live(_("You have taken the challenge."))
    return _settled(membership)


@blueprint.post("/partnerships/<slug:slug>/waiting/roles/<number:role_id>/<number:assignment_id>")
@members_with(Action.TAKE_ROLES)
def take_role(membership: Membership, role_id: int, assignment_id: int) -> ResponseReturnValue:
    """Accept the role that one is offered."""
    assignment = roles.assignment(membership, role_id, assignment_id)
    if assignment.membership_id != membership.id:
        raise NotAllowed(_("This is not yours to answer."))
    answers.accept(assignment, membership)
    flash_live(accepted(assignment, membership))
    return _settled(membership)


@blueprint.post("/partnerships/<slug:slug>/waiting/mentions/<number:number>")
@members_with(Action.READ)
def see_mention(membership: Membership, number: int) -> ResponseReturnValue:
    """Mark a mention as seen without opening the text."""
    activity_log.see_mention(membership, texts.text(membership, number).authored.number)
    flash_live(_("It is marked as read."))
    return _settled(membership)


def _settled(membership: Membership) -> ResponseReturnValue:
    """The remaining items, in place; without HTMX the overview."""
    return htmx.partial_or_redirect(
        "overview/settled.htmx.html", to="/", focus="#waiting", waiting=waiting(membership.user)
    )
