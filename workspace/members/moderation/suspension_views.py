"""Suspending members, lifting suspensions, and end dates of memberships."""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace.i18n import formatting
from workspace.members.blueprint import blueprint
from workspace.members.forms import EndForm, ReadmissionForm, SuspensionForm, members_typed
from workspace.members.moderation import duties, ways_in
from workspace.members.moderation import service as moderation_service
from workspace.members.moderation.service import LastOfSide
from workspace.partnerships.context import partnership_context
from workspace.partnerships.labels import LEVELS
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, members_with
from workspace.web.htmx import Undo, flash_live, form_error, redirect_303, redirect_client


@blueprint.get("/partnerships/<slug:slug>/members/suspension")
@members_with(Action.MANAGE_MEMBERS)
def ask_to_suspend(membership: Membership) -> ResponseReturnValue:
    """The form for until when, and why."""
    if not members_typed(request.args):
        flash_live(_("Choose members in the table first."), "error")
        return redirect_303(f"{membership.partnership.address}members")
    return render_template("members/form.html", form=SuspensionForm(), **_suspension(membership))


@blueprint.post("/partnerships/<slug:slug>/members/suspension")
@members_with(Action.MANAGE_MEMBERS)
def suspend(membership: Membership) -> ResponseReturnValue:
    """Suspend them."""
    form, context = SuspensionForm(), _suspension(membership)
    if not form.validate():
        return form_error(context["part"], page="members/form.html", form=form, **context)
    try:
        found = moderation_service.suspend(
            membership,
            members_typed(request.form),
            until=form.until_moment,
            reason=form.reason.data,
            confirmed=form.confirmed.data,
            retained=form.retained,
        )
    except LastOfSide as question:
        return ask_again(form, question, context)
    flash_live(
        _("The access of %(name)s is on hold.", name=found[0].user.name)
        if len(found) == 1
        else ngettext("The access is on hold.", "The access of %(num)s members is on hold.", len(found))
        if found
        else _("Nothing was changed: none of them has access now.")
    )
    return redirect_client(f"{membership.partnership.address}members")


@blueprint.post("/partnerships/<slug:slug>/members/<number:membership_id>/reopening")
@members_with(Action.MANAGE_MEMBERS)
def lift(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Lift a suspension."""
    member = moderation_service.lift(membership, membership_id)
    undo = Undo(f"{membership.partnership.address}members/{member.id}/undoing")
    flash_live(_("%(name)s has access again.", name=member.user.name), undo=undo if member.before_decision else None)
    return redirect_client(f"{membership.partnership.address}members")


@blueprint.post("/partnerships/<slug:slug>/members/<number:membership_id>/readmission")
@members_with(Action.ADD_MEMBERS)
def readmit(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Give a former member access again."""
    member, form = moderation_service.find_member(membership.partnership, membership_id), ReadmissionForm()
    if not form.validate():
        raise Conflict(_("Choose one of the answers."))
    moderation_service.readmit(membership, membership_id, form.level.data)
    undo = Undo(f"{membership.partnership.address}members/{member.id}/undoing")
    flash_live(_("%(name)s has access again, as %(level)s.", **_named(member)), undo=undo)
    return redirect_client(f"{membership.partnership.address}members/{member.id}")


@blueprint.get("/partnerships/<slug:slug>/members/<number:membership_id>/end")
@members_with(Action.MANAGE_MEMBERS)
def edit_end(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """The form for a membership's end date."""
    member = moderation_service.find_member(membership.partnership, membership_id)
    day = formatting.last_day(member.ends_at) if member.ends_at else None
    return render_template("members/form.html", form=EndForm(data={"ends_on": day}), **_end(membership, member))


@blueprint.post("/partnerships/<slug:slug>/members/<number:membership_id>/end")
@members_with(Action.MANAGE_MEMBERS)
def set_end(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Set or clear a membership's end date."""
    form = EndForm()
    if not form.validate():
        member = moderation_service.find_member(membership.partnership, membership_id)
        context = _end(membership, member)
        return form_error(context["part"], page="members/form.html", form=form, **context)
    member = moderation_service.end_on(membership, membership_id, form.moment)
    flash_live(
        _("The last day of %(name)s is %(day)s.", name=member.user.name, day=formatting.last_date(member.ends_at))
        if member.ends_at
        else _("The access of %(name)s has no end now.", name=member.user.name)
    )
    return redirect_client(f"{membership.partnership.address}members")


def _named(member: Membership) -> dict[str, str]:
    return {"name": member.user.name, "level": str(LEVELS[member.level]).lower()}


def _suspension(membership: Membership) -> dict[str, Any]:
    return {"heading": _("Put the access on hold"), "part": "members/_suspension.html", **chosen(membership)}


def _end(membership: Membership, member: Membership) -> dict[str, Any]:
    return {
        "heading": _("Set an end date for the access"),
        "part": "members/_end.html",
        "member": member,
        **partnership_context(membership),
    }


def chosen(membership: Membership) -> dict[str, Any]:
    """The members that the address or the form names, what they have taken on, and the ways in that they leave.

    Raises Conflict if none of them is a member.
    """
    found = moderation_service.find_members(membership.partnership, members_typed(request.values))
    if not found:
        raise Conflict(_("Choose members in the table first."))
    ways = ways_in.ways_of(membership.partnership, found)
    taken_on = duties.of(membership, [member.id for member in found])
    return {"members": found, "ways": ways, "duties": taken_on, **partnership_context(membership)}


def ask_again(form: Any, question: Conflict, context: dict[str, Any]) -> ResponseReturnValue:
    """The form again with a checkbox to confirm. Nothing has been changed."""
    form.refuse(form.confirmed, question.message)
    return form_error(context["part"], page="members/form.html", status=409, form=form, **context)
