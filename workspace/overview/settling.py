"""Settling what waits for me where it is listed: a press, and it is gone."""

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import clock, htmx
from workspace.access import Action, NotAllowed, members_may, public
from workspace.htmx import announce
from workspace.languages import short_date
from workspace.overview.views import blueprint
from workspace.overview.waiting import waiting
from workspace.partnerships import log
from workspace.partnerships.models import Membership
from workspace.posts import queries as posts
from workspace.roles import answering
from workspace.roles import queries as roles
from workspace.texts import queries as texts


@blueprint.get("/waiting")
@public
def count_waiting() -> ResponseReturnValue:
    """How much waits, for the top bar; without HTMX, where it stands.

    Pages ask for it by themselves: a session that has ended gets nothing here, and is not thrown out of its page.
    """
    if not htmx.is_partial():
        return htmx.seen_elsewhere("/")
    return render_template("overview/_count.html", waits=len(waiting(g.user))) if g.user else ""


@blueprint.post("/partnerships/<slug:slug>/waiting/challenges/<number:number>")
@members_may(Action.MOVE_CHALLENGES)
def take_challenge(membership: Membership, number: int) -> ResponseReturnValue:
    """Take the challenge that one is asked to take."""
    posts.post(membership, number).accept(membership)
    announce(_("You have taken the challenge."))
    return _settled(membership)


@blueprint.post("/partnerships/<slug:slug>/waiting/roles/<number:role_id>/<number:holding_id>")
@members_may(Action.TAKE_ROLES)
def take_role(membership: Membership, role_id: int, holding_id: int) -> ResponseReturnValue:
    """Accept the role that one is offered."""
    holding = roles.holding(membership, role_id, holding_id)
    if holding.membership_id != membership.id:
        raise NotAllowed(_("This is not yours to answer."))
    answering.accept(holding, membership)
    if holding.since and holding.since > clock.now():
        announce(_("The role changes hands on %(date)s.", date=short_date(holding.since)))
    else:
        announce(_("You have the role »%(name)s« now.", name=holding.role.name))
    return _settled(membership)


@blueprint.post("/partnerships/<slug:slug>/waiting/mentions/<number:number>")
@members_may(Action.READ)
def see_mention(membership: Membership, number: int) -> ResponseReturnValue:
    """Know of being mentioned in a text, without opening it."""
    log.see_mention(membership, texts.text(membership, number).writing.number)
    announce(_("It is marked as read."))
    return _settled(membership)


def _settled(membership: Membership) -> ResponseReturnValue:
    """What still waits, in place; without HTMX the overview."""
    return htmx.partial_or_redirect(
        "overview/settled.htmx.html", to="/", focus="#waiting", waiting=waiting(membership.user)
    )
