"""Assignments of roles: offering, handing over, asking, answering, stepping down."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.partnerships.forms import words_typed
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, NotAllowed, members_with
from workspace.roles import answers, endings, offers, queries
from workspace.roles.assignments import AssignmentKind, AssignmentState, RoleAssignment, accountable, successor
from workspace.roles.blueprint import blueprint
from workspace.roles.forms import AskForm, OfferForm, ReasonForm, today
from workspace.roles.labels import accepted
from workspace.roles.models import Role
from workspace.roles.views import PLACE, form_again, form_on, shown
from workspace.web import pagination
from workspace.web.htmx import Undo, flash_live, page_or_partial

ROLE = f"{PLACE}/<number:role_id>"
ASSIGNMENT = f"{ROLE}/holdings/<number:assignment_id>"


@blueprint.get(f"{ROLE}/offers/new")
@members_with(Action.TAKE_ROLES)
def new_offer(membership: Membership, role_id: int) -> ResponseReturnValue:
    """The form for offering a role, or handing it over."""
    role = queries.role(membership, role_id)
    role.require_in_use()
    kind = (
        AssignmentKind(wanted)
        if (wanted := request.args.get("kind", "")) in list(AssignmentKind)
        else AssignmentKind.ACCOUNTABLE
    )
    instead, member = (pagination.parse_int(request.args.get(name, "")) for name in ("instead", "member"))
    form = OfferForm(data={"kind": kind, "starts_on": today(), "instead": instead, "member": member})
    return page_or_partial("roles/form.html", "roles/_offer.html", **_offer(membership, role, form))


@blueprint.post(f"{ROLE}/offers")
@members_with(Action.TAKE_ROLES)
def offer(membership: Membership, role_id: int) -> ResponseReturnValue:
    """Offer a role; whoever is accountable for it hands it over this way."""
    role, form = queries.role(membership, role_id), OfferForm()
    context = _offer(membership, role, form)
    if not form.validate():
        return form_again(context)
    to = queries.member(membership, form.member.data)
    if to is None:
        form.refuse(form.member, _("Choose a person."))
        return form_again(context)
    try:
        made = offers.offer(
            role,
            membership,
            to=to,
            kind=form.kind.data or AssignmentKind.ACCOUNTABLE,
            notes=form.notes.data or "",
            starts_at=form.starts_at,
            stays_as_helper=form.stays_as_helper.data,
            instead_of=queries.assignment(membership, role_id, form.instead.data) if form.instead.data else None,
        )
    except Conflict as conflict:
        return form_again(_offer(membership, role, form), status=409, conflict=conflict.message)
    undo = Undo(f"{membership.partnership.address}roles/{role_id}/holdings/{made.id}/withdrawal")
    names = {"name": made.membership.user.name, "role": role.name}
    flash_live(_("%(name)s is asked about ‘%(role)s’, and can accept or decline.", **names), undo=undo)
    return shown(membership, role)


@blueprint.post(f"{ROLE}/taking")
@members_with(Action.ASSIGN_ROLES)
def take(membership: Membership, role_id: int) -> ResponseReturnValue:
    """Take a role oneself, as a moderator."""
    role, helps = queries.role(membership, role_id), request.form.get("kind") == AssignmentKind.HELPER
    taken = answers.take(role, membership, kind=AssignmentKind.HELPER if helps else AssignmentKind.ACCOUNTABLE)
    flash_live(accepted(taken, membership), undo=_ending(membership, taken))
    return shown(membership, role)


@blueprint.get(f"{ROLE}/requests/new")
@members_with(Action.TAKE_ROLES)
def new_request(membership: Membership, role_id: int) -> ResponseReturnValue:
    """The form for asking for a role."""
    role = queries.role(membership, role_id)
    role.require_in_use()
    context = _request(membership, role, AskForm())
    return page_or_partial("roles/form.html", "roles/_request.html", **context)


@blueprint.post(f"{ROLE}/requests")
@members_with(Action.TAKE_ROLES)
def ask(membership: Membership, role_id: int) -> ResponseReturnValue:
    """Ask for a role."""
    role, form = queries.role(membership, role_id), AskForm()
    if not form.validate():
        return form_again(_request(membership, role, form))
    try:
        offers.ask(role, membership, kind=form.kind.data or AssignmentKind.HELPER, notes=form.notes.data or "")
    except Conflict as conflict:
        return form_again(_request(membership, role, form), status=409, conflict=conflict.message)
    flash_live(_("The moderators are asked."))
    return shown(membership, role)


@blueprint.post(f"{ASSIGNMENT}/acceptance")
@members_with(Action.TAKE_ROLES)
def accept(membership: Membership, role_id: int, assignment_id: int) -> ResponseReturnValue:
    """Accept an offer, or grant a request."""
    assignment = queries.assignment(membership, role_id, assignment_id)
    answers.accept(assignment, membership)
    is_granted = assignment.membership_id != membership.id
    flash_live(accepted(assignment, membership), undo=_ending(membership, assignment) if is_granted else None)
    return shown(membership, assignment.role)


@blueprint.get(f"{ASSIGNMENT}/refusal")
@members_with(Action.TAKE_ROLES)
def ask_to_decline(membership: Membership, role_id: int, assignment_id: int) -> ResponseReturnValue:
    """Ask for the reason before declining."""
    assignment = queries.assignment(membership, role_id, assignment_id)
    assignment.require_open()
    if not assignment.may_be_answered_by(membership):
        raise NotAllowed(_("This is not yours to answer."))
    return page_or_partial("roles/form.html", "roles/_refusal.html", **_about(membership, assignment, "_refusal"))


@blueprint.post(f"{ASSIGNMENT}/refusal")
@members_with(Action.TAKE_ROLES)
def decline(membership: Membership, role_id: int, assignment_id: int) -> ResponseReturnValue:
    """Decline an offer, or a request."""
    assignment, form = queries.assignment(membership, role_id, assignment_id), ReasonForm()
    if not form.validate():
        return form_again(_about(membership, assignment, "_refusal", form))
    answers.decline(assignment, membership, form.reason.data)
    flash_live(_("You have declined: ‘%(role)s’.", role=assignment.role.name))
    return shown(membership, assignment.role)


@blueprint.post(f"{ASSIGNMENT}/withdrawal")
@members_with(Action.TAKE_ROLES)
def withdraw(membership: Membership, role_id: int, assignment_id: int) -> ResponseReturnValue:
    """Withdraw an offer or a request."""
    assignment = queries.assignment(membership, role_id, assignment_id)
    offers.withdraw(assignment, membership)
    names = {"name": assignment.membership.user.name, "role": assignment.role.name}
    if assignment.offered_by_id:
        undo = Undo(f"{membership.partnership.address}roles/{role_id}/holdings/{assignment_id}/restoration")
        is_own = assignment.answered_by_id == membership.id
        flash_live(_("%(name)s is no longer asked about ‘%(role)s’.", **names), undo=undo if is_own else None)
    else:
        flash_live(_("You no longer ask for ‘%(role)s’.", **names))
    return shown(membership, assignment.role)


@blueprint.post(f"{ASSIGNMENT}/restoration")
@members_with(Action.TAKE_ROLES)
def restore(membership: Membership, role_id: int, assignment_id: int) -> ResponseReturnValue:
    """Let an offer stand again that was just withdrawn."""
    assignment = queries.assignment(membership, role_id, assignment_id)
    offers.restore(assignment, membership)
    names = {"name": assignment.membership.user.name, "role": assignment.role.name}
    flash_live(_("%(name)s is asked about ‘%(role)s’ as before.", **names))
    return shown(membership, assignment.role)


@blueprint.post(f"{ASSIGNMENT}/reminder")
@members_with(Action.TAKE_ROLES)
def remind(membership: Membership, role_id: int, assignment_id: int) -> ResponseReturnValue:
    """Remind whoever the role is offered to."""
    assignment = queries.assignment(membership, role_id, assignment_id)
    offers.remind(assignment, membership)
    flash_live(_("%(name)s is reminded.", name=assignment.membership.user.name))
    return shown(membership, assignment.role)


@blueprint.get(f"{ASSIGNMENT}/ending")
@members_with(Action.TAKE_ROLES)
def ask_to_end(membership: Membership, role_id: int, assignment_id: int) -> ResponseReturnValue:
    """Ask for the reason before an assignment ends."""
    assignment = queries.assignment(membership, role_id, assignment_id)
    if not assignment.may_be_ended_by(membership):
        raise NotAllowed(_("Only the person, or a moderator, can end this."))
    if assignment.state is not AssignmentState.HELD or assignment.is_over:
        raise Conflict(_("It is over already."))
    return page_or_partial("roles/form.html", "roles/_ending.html", **_about(membership, assignment, "_ending"))


@blueprint.post(f"{ASSIGNMENT}/ending")
@members_with(Action.TAKE_ROLES)
def end(membership: Membership, role_id: int, assignment_id: int) -> ResponseReturnValue:
    """Step down from a role, or remove somebody from it."""
    assignment, form = queries.assignment(membership, role_id, assignment_id), ReasonForm()
    if not form.validate():
        return form_again(_about(membership, assignment, "_ending", form))
    endings.end(assignment, membership, form.reason.data)
    names = {"name": assignment.membership.user.name, "role": assignment.role.name}
    flash_live(_("%(name)s no longer has the role ‘%(role)s’. The history keeps it.", **names))
    return shown(membership, assignment.role)


def _ending(membership: Membership, assignment: RoleAssignment) -> Undo:
    """The way back from giving somebody a role, or taking it: it ends again."""
    address = f"{membership.partnership.address}roles/{assignment.role_id}/holdings/{assignment.id}/ending"
    return Undo(address, {"reason": _("Undone")})


def _offer(membership: Membership, role: Role, form: OfferForm) -> dict[str, Any]:
    """The context of the form for an offer: people to choose from, and whether the reader is accountable."""
    words = words_typed(request.args)
    found, more = queries.candidates(membership, words)
    mine = offers.is_accountable(membership, role)
    if not mine and not membership.may(Action.ASSIGN_ROLES):
        raise NotAllowed(_("Only whoever is accountable, or a moderator, can hand the role over."))
    held = form.kind.data is AssignmentKind.ACCOUNTABLE and accountable(role) is not None
    context = {"candidates": found, "more": more, "words": words, "mine": mine, "held": held}
    return form_on(membership, role, "_offer", form, sides=queries.sides(membership), **context)


def _request(membership: Membership, role: Role, form: AskForm) -> dict[str, Any]:
    """The context of the form for a request: where somebody is accountable, one can only ask to help."""
    holder = successor(role)
    if form.kind.data is None:
        form.kind.data = AssignmentKind.HELPER if holder else AssignmentKind.ACCOUNTABLE
    return form_on(membership, role, "_request", form, holder=holder)


def _about(
    membership: Membership, assignment: RoleAssignment, part: str, form: ReasonForm | None = None
) -> dict[str, Any]:
    return form_on(membership, assignment.role, part, form or ReasonForm(), assignment=assignment)
