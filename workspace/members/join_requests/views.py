"""Asking to join a listed partnership, and the moderators' answers."""

from typing import Any

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import RateLimitItemPerDay

from workspace.accounts.models import User
from workspace.db import db
from workspace.members import pending
from workspace.members.blueprint import blueprint
from workspace.members.forms import DecisionForm, ReplyForm, RequestForm, VisibilityForm
from workspace.members.join_requests import service as join_requests_service
from workspace.members.moderation import service as moderation_service
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership, Partnership, Visibility
from workspace.partnerships.queries import organisations_by_side
from workspace.permissions import Action, Conflict, members_with, signed_in
from workspace.web import pagination
from workspace.web.htmx import Undo, flash_live, form_error, page_or_partial, redirect_client
from workspace.web.throttling import TooManyAttempts, throttle

PER_PERSON = RateLimitItemPerDay(20)
NAMED = 6


@blueprint.get("/partnerships/listed")
@signed_in
def listed(user: User) -> ResponseReturnValue:
    """The listed partnerships, for everybody signed in: name, purpose and organisations."""
    return _listed_page(user, RequestForm())


@blueprint.post("/partnerships/listed/<number:partnership_id>/requests")
@signed_in
def ask_to_join(user: User, partnership_id: int) -> ResponseReturnValue:
    """Ask to join."""
    partnership = db.session.get(Partnership, partnership_id)
    if partnership is None or partnership.visibility is not Visibility.LISTED:
        abort(404)
    form = RequestForm()
    if not form.validate():
        return _listed_page(user, form, asked=partnership_id), 422
    try:
        throttle(PER_PERSON, "ask", str(user.id))
    except TooManyAttempts as refused:
        form.refuse(form.words, _("You have asked to join as often as you can in 24 hours. Try again tomorrow."))
        page = _listed_page(user, form, asked=partnership_id)
        return refused.answer(page.get_data(as_text=True))
    join_requests_service.ask_to_join(user, partnership, form.words.data)
    flash_live(_("Your request is sent. Here you can see how it goes."))
    return redirect_client("/memberships")


@blueprint.post("/memberships/<number:membership_id>/answer")
@signed_in
def answer(user: User, membership_id: int) -> ResponseReturnValue:
    """Answer the moderators' question."""
    member, form = _own(user, membership_id), RequestForm()
    if form.validate():
        join_requests_service.answer(member, form.words.data)
        flash_live(_("Your answer is sent."))
    else:
        flash_live(_("Write a few words."), "error")
    return redirect_client("/memberships")


@blueprint.post("/memberships/<number:membership_id>/taking-back")
@signed_in
def take_back(user: User, membership_id: int) -> ResponseReturnValue:
    """Withdraw one's own request."""
    join_requests_service.take_back(_own(user, membership_id))
    flash_live(_("Your request is withdrawn."))
    return redirect_client("/memberships")


@blueprint.post("/partnerships/<slug:slug>/requests/<number:membership_id>/approval")
@members_with(Action.ADD_MEMBERS)
def approve(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Approve a request."""
    form = DecisionForm()
    level = _chosen(form.level.data if form.validate() else None)
    member = join_requests_service.approve(membership, membership_id, level)
    undo = Undo(f"{membership.partnership.address}members/{member.id}/undoing")
    flash_live(_("%(name)s is in the partnership now.", name=member.user.name), undo=undo)
    return redirect_client(f"{membership.partnership.address}members")


@blueprint.get("/partnerships/<slug:slug>/requests/<number:membership_id>/question")
@members_with(Action.ADD_MEMBERS)
def ask_for_question(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """The form for a question to somebody who asks to join."""
    return render_template("members/form.html", **_reply(membership, membership_id, asks=True))


@blueprint.post("/partnerships/<slug:slug>/requests/<number:membership_id>/question")
@members_with(Action.ADD_MEMBERS)
def ask_back(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Ask somebody something before deciding about their request."""
    context = _reply(membership, membership_id, asks=True)
    if not context["form"].validate():
        return form_error(context["part"], page="members/form.html", **context)
    member = join_requests_service.ask_back(membership, membership_id, context["form"].words.data)
    flash_live(_("%(name)s is asked.", name=member.user.name))
    return redirect_client(f"{membership.partnership.address}members")


@blueprint.get("/partnerships/<slug:slug>/requests/<number:membership_id>/refusal")
@members_with(Action.ADD_MEMBERS)
def ask_to_decline(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """The form for the reason before a request is declined."""
    return render_template("members/form.html", **_reply(membership, membership_id))


@blueprint.post("/partnerships/<slug:slug>/requests/<number:membership_id>/refusal")
@members_with(Action.ADD_MEMBERS)
def decline(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Decline a request, with a reason."""
    context = _reply(membership, membership_id)
    if not context["form"].validate():
        return form_error(context["part"], page="members/form.html", **context)
    member = join_requests_service.decline(membership, membership_id, context["form"].words.data)
    undo = Undo(f"{membership.partnership.address}members/{member.id}/undoing")
    flash_live(_("The request of %(name)s is declined.", name=member.user.name), undo=undo)
    return redirect_client(f"{membership.partnership.address}members")


@blueprint.post("/partnerships/<slug:slug>/visibility")
@members_with(Action.EDIT_PARTNERSHIP)
def set_visibility(membership: Membership) -> ResponseReturnValue:
    """List or hide the partnership."""
    form = VisibilityForm()
    before = membership.partnership.visibility
    chosen = _chosen(form.visibility.data if form.validate() else None)
    join_requests_service.set_visibility(membership, chosen)
    told = _("Others can find the partnership now.") if chosen is Visibility.LISTED else _("Only members see it now.")
    undo = Undo(f"{membership.partnership.address}visibility", {"visibility": before.value})
    flash_live(told, undo=undo if before is not chosen else None)
    return redirect_client(f"{membership.partnership.address}administration")


def _chosen(answer: Any) -> Any:
    """The answer that was chosen. Raises Conflict for none."""
    if answer is None:
        raise Conflict(_("Choose one of the answers."))
    return answer


def _own(user: User, membership_id: int) -> Membership:
    member = db.session.get(Membership, membership_id)
    return member if member and member.user_id == user.id else abort(404)


def _listed_page(user: User, form: RequestForm, asked: int | None = None) -> Any:
    found = pending.listed(user, pagination.parse_int(request.args.get("after", "")))
    page, last = pagination.split_page(found, pending.LISTED_PAGE)
    return page_or_partial(
        "members/listed.html",
        "members/_listed.html",
        page=page,
        following=last.id if last else None,
        parties=organisations_by_side([row.id for row in page], NAMED),
        form=form,
        asked=asked,
    )


def _reply(membership: Membership, membership_id: int, *, asks: bool = False) -> dict[str, Any]:
    member = moderation_service.find_member(membership.partnership, membership_id)
    form, name = ReplyForm(), member.user.name
    if asks:
        heading, form.words.label.text = _("Ask %(name)s a question", name=name), _("Question to %(name)s", name=name)
    else:
        heading = _("Decline the request of %(name)s", name=name)
        form.words.label.text = _("Reason, which %(name)s sees", name=name)
    return {
        "heading": heading,
        "part": "members/_reply.html",
        "member": member,
        "asks": asks,
        "form": form,
        **partnership_context(membership),
    }
