"""Settling an action item where it is listed, by a single button."""

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.accounts.models import User
from workspace.i18n.formatting import today, zone
from workspace.overview import action_items
from workspace.overview.action_items import action_list
from workspace.overview.blueprint import blueprint
from workspace.overview.notices import unread_count
from workspace.partnerships import activity_log
from workspace.partnerships.models import Membership
from workspace.permissions import Action, NotAllowed, members_with, public, signed_in
from workspace.posts import authored_text_queries as texts
from workspace.posts import queries as posts
from workspace.roles import answers, offers
from workspace.roles import queries as roles
from workspace.roles.labels import accepted
from workspace.web import htmx
from workspace.web.htmx import Undo, flash_live

MOST_UNDONE = 20  # what a message can name in a cookie


class Until(StrEnum):
    """Until when an item is put off: until a day, or until it changes."""

    TOMORROW = "tomorrow"
    NEXT_WEEK = "week"
    CHANGE = "change"

    @property
    def moment(self) -> datetime | None:
        """Midnight before the day, where the reader is; None for until it changes."""
        days = {Until.TOMORROW: 1, Until.NEXT_WEEK: 7}.get(self)
        return datetime.combine(today() + timedelta(days=days), time(), zone()).astimezone(UTC) if days else None


POSTPONED = {
    Until.TOMORROW: _l("shown again tomorrow."),
    Until.NEXT_WEEK: _l("shown again in a week."),
    Until.CHANGE: _l("shown again when something changes."),
}


@blueprint.get("/waiting")
@public
def count_waiting() -> ResponseReturnValue:
    """The number of action items, for the top bar; without HTMX, a redirect to the list.

    Pages request it by themselves: after a session has ended the response is empty, and no redirect to sign-in.
    """
    if not htmx.is_partial():
        return htmx.redirect_303("/")
    if not g.user:
        return ""
    counts = {"waits": len(action_list(g.user)), "unread_notices": unread_count(g.user)}
    return render_template("overview/_counts.html", **counts)


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


@blueprint.post("/partnerships/<slug:slug>/waiting/challenges/<number:number>/reminder")
@members_with(Action.MOVE_CHALLENGES)
def remind_of_challenge(membership: Membership, number: int) -> ResponseReturnValue:
    """Remind whoever was asked to take a challenge."""
    flash_live(_("%(name)s is reminded.", name=posts.post(membership, number).remind(membership).user.name))
    return _settled(membership)


@blueprint.post("/partnerships/<slug:slug>/waiting/roles/<number:role_id>/<number:assignment_id>/reminder")
@members_with(Action.TAKE_ROLES)
def remind_of_role(membership: Membership, role_id: int, assignment_id: int) -> ResponseReturnValue:
    """Remind whoever was offered a role."""
    assignment = roles.assignment(membership, role_id, assignment_id)
    offers.remind(assignment, membership)
    flash_live(_("%(name)s is reminded.", name=assignment.membership.user.name))
    return _settled(membership)


@blueprint.post("/waiting/postponements")
@signed_in
def postpone(user: User) -> ResponseReturnValue:
    """Put off one item, or several that are told as one; what no longer waits needs no putting off."""
    found = action_items.action_list(user)
    until = next((until for until in Until if until in request.form), Until.TOMORROW)
    key = request.form.get(until, "")
    item = next((item for item in (*found.waiting, *found.asked) if item.key == key), None)
    if item:
        action_items.postpone(user, item, until.moment)
        undo = Undo("/waiting/postponements/removal", {"key": list(item.keys)[:MOST_UNDONE]})
        flash_live(f"{item.title}: {POSTPONED[until]}", undo=undo if item.count <= MOST_UNDONE else None)
    return _remaining(user)


@blueprint.post("/waiting/postponements/removal")
@signed_in
def bring_back(user: User) -> ResponseReturnValue:
    """Show again what was put off."""
    action_items.bring_back(user, request.form.getlist("key")[: action_items.MOST_POSTPONED])
    flash_live(_("It is among what waits for you again."))
    return _remaining(user)


def _settled(membership: Membership) -> ResponseReturnValue:
    return _remaining(membership.user)


def _remaining(user: User) -> ResponseReturnValue:
    """The remaining items, in place; without HTMX the overview."""
    return htmx.partial_or_redirect(
        "overview/settled.htmx.html", to="/", focus="#waiting", waiting=action_items.action_list(user)
    )
