"""Inviting, for moderators: paste, preview, confirm; what waits for an answer; links to show at a meeting."""

import uuid
from collections.abc import Mapping

import segno
from flask import abort, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from workspace.db import db
from workspace.mail import message_types
from workspace.members import pending
from workspace.members.blueprint import blueprint
from workspace.members.forms import AskForOrganisationForm, InvitationForm, LinkForm
from workspace.members.invitations import limits
from workspace.members.invitations import service as invitations_service
from workspace.members.invitations.limits import TooManyInvitations
from workspace.members.invitations.preview import Preview, preview
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import InviteLink
from workspace.members.moderation import undoing
from workspace.members.organisation_requests.views import asked
from workspace.partnerships import queries as partnership_queries
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.web import fragment_cache
from workspace.web.htmx import Undo, flash_live, redirect_client

LATEST = 5  # of those that wait for an answer


@blueprint.get("/partnerships/<slug:slug>/invitations")
@members_with(Action.ADD_MEMBERS)
def invitations(membership: Membership) -> ResponseReturnValue:
    """The form for inviting, those that wait for an answer, and the links."""
    return _page(membership, _form(membership))


@blueprint.post("/partnerships/<slug:slug>/invitations")
@members_with(Action.ADD_MEMBERS)
def invite(membership: Membership) -> ResponseReturnValue:
    """Show what will happen, row by row; once that is confirmed, invite."""
    form = _form(membership)
    if not form.validate():
        return _page(membership, form, status=422)
    if missing := AskForOrganisationForm.name_in(request.form.get("ask", "")):
        flash_live(asked(membership, missing))
        form = _form(membership)
        form.validate()
    batch, sends = batch_typed(request.form), "confirm" in request.form
    if sends and batch and invitations_service.of_batch(membership, batch):
        return redirect_client(_sent(membership, batch))
    found = preview(
        membership,
        form.addresses.data,
        organisation_id=form.organisation.data or None,
        level=form.level.data,
        typed=request.form,
    )
    form.addresses.data = found.text
    if "change" in request.form:
        return _page(membership, form)
    try:
        if sends and found.ready:
            return _send(membership, form, found, batch or fragment_cache.one_time_key())
        limits.require_room(membership, [row.key for row in found.ready])
    except TooManyInvitations as over:
        form.refuse(form.addresses, over.message)
        return over.answer(_page_html(membership, form))
    context = {"found": found, "batch": batch or fragment_cache.one_time_key(), **partnership_context(membership)}
    can_go_on = any(one.is_invitable for one in found.suggestions) and not sends
    page = render_template("members/preview.html", form=form, sends=sends, **context)
    return make_response(page, 200 if can_go_on else 422)


def _send(membership: Membership, form: InvitationForm, found: Preview, batch: str) -> ResponseReturnValue:
    """Send what is ready; what is not stays in the box."""
    made = invitations_service.invite(
        membership,
        found.ready,
        level=form.level.data,
        organisation_id=form.organisation.data or None,
        language=form.language.data,
        greeting=form.greeting.data or "",
        batch=batch,
    )
    flash_live(ngettext("%(num)s invitation is on its way.", "%(num)s invitations are on their way.", len(made)))
    if not found.left.strip():
        return redirect_client(_sent(membership, batch))
    form.addresses.data = found.left
    return make_response(_page_html(membership, form, batch=batch, are_left=True))


@blueprint.post("/partnerships/<slug:slug>/invitation-batches/<token:batch>/withdrawal")
@members_with(Action.ADD_MEMBERS)
def withdraw_batch(membership: Membership, batch: str) -> ResponseReturnValue:
    """Take back what one press has sent, as far as nobody has answered."""
    count = invitations_service.withdraw_batch(membership, batch)
    undo = Undo(f"{membership.partnership.address}invitations/reopening", {"batch": batch})
    told = ngettext("%(num)s invitation is withdrawn.", "%(num)s invitations are withdrawn.", count)
    flash_live(told, undo=undo if count else None)
    return redirect_client(f"{membership.partnership.address}invitations")


@blueprint.post("/partnerships/<slug:slug>/invitations/<number:invitation_id>/resending")
@members_with(Action.ADD_MEMBERS)
def resend(membership: Membership, invitation_id: int) -> ResponseReturnValue:
    """Send an invitation again."""
    try:
        invitation = invitations_service.resend(membership, invitation_id)
    except TooManyInvitations as over:
        return over.answer(_page_html(membership, _form(membership, empty=True), refused=over.message))
    flash_live(_("The invitation to %(email)s is sent again.", email=invitation.email))
    return redirect_client(f"{membership.partnership.address}invitations/open")


@blueprint.post("/partnerships/<slug:slug>/invitations/<number:invitation_id>/withdrawal")
@members_with(Action.ADD_MEMBERS)
def withdraw_invitation(membership: Membership, invitation_id: int) -> ResponseReturnValue:
    """Take an invitation back."""
    invitation = invitations_service.withdraw(membership, invitation_id)
    undo = Undo(f"{membership.partnership.address}invitations/reopening", {"invitation": str(invitation.id)})
    flash_live(_("The invitation to %(email)s is withdrawn.", email=invitation.email), undo=undo)
    return redirect_client(f"{membership.partnership.address}invitations/open")


@blueprint.post("/partnerships/<slug:slug>/links")
@members_with(Action.ADD_MEMBERS)
def open_link(membership: Membership) -> ResponseReturnValue:
    """Create a link to show at a meeting."""
    form = LinkForm()
    if not form.validate():
        return _page(membership, _form(membership, empty=True), link_form=form, status=422)
    link = join_requests_service.open_link(
        membership, level=form.level.data, hours=form.hours.data, most_uses=form.most_uses.data or 1
    )
    return redirect_client(f"{membership.partnership.address}links/{link.id}")


@blueprint.get("/partnerships/<slug:slug>/links/<number:link_id>")
@members_with(Action.ADD_MEMBERS)
def show_link(membership: Membership, link_id: int) -> ResponseReturnValue:
    """The link, as an address and as a QR code, and who joined by it."""
    link = _link(membership, link_id)
    address = message_types.link(f"/join/{invitations_service.token(link)}")
    return render_template(
        "members/link.html",
        link=link,
        address=address,
        code=Markup(segno.make(address, micro=False).svg_inline(omitsize=True)),  # noqa: S704 (made here)
        came=pending.came_by(link),
        **partnership_context(membership),
    )


@blueprint.get("/partnerships/<slug:slug>/links/<number:link_id>/screen")
@members_with(Action.ADD_MEMBERS)
def link_screen(membership: Membership, link_id: int) -> ResponseReturnValue:
    """The link for the screen of a meeting room, or a sheet of paper: the partnership's name, the code, the address."""
    link = _link(membership, link_id)
    address = message_types.link(f"/join/{invitations_service.token(link)}")
    return render_template(
        "members/link_screen.html",
        link=link,
        address=address,
        code=Markup(segno.make(address, micro=False).svg_inline(omitsize=True)),  # noqa: S704 (made here)
        **partnership_context(membership),
    )


@blueprint.post("/partnerships/<slug:slug>/links/<number:link_id>/closing")
@members_with(Action.ADD_MEMBERS)
def close_link(membership: Membership, link_id: int) -> ResponseReturnValue:
    """Close the link: nobody can join by it any more."""
    join_requests_service.close_link(membership, _link(membership, link_id))
    flash_live(_("The link is closed."), undo=Undo(f"{membership.partnership.address}links/{link_id}/reopening"))
    return redirect_client(f"{membership.partnership.address}invitations")


@blueprint.post("/partnerships/<slug:slug>/links/<number:link_id>/reopening")
@members_with(Action.ADD_MEMBERS)
def reopen_link(membership: Membership, link_id: int) -> ResponseReturnValue:
    """Open a link again that was just closed."""
    undoing.reopen_link(membership, _link(membership, link_id))
    flash_live(_("The link is open again."))
    return redirect_client(f"{membership.partnership.address}links/{link_id}")


def batch_typed(typed: Mapping[str, str]) -> str | None:
    """The key of what one press sends, or has sent."""
    try:
        return str(uuid.UUID(typed.get("batch", "")))
    except ValueError:
        return None


def _link(membership: Membership, link_id: int) -> InviteLink:
    link = db.session.get(InviteLink, link_id)
    return link if link and link.partnership_id == membership.partnership_id else abort(404)


def _sent(membership: Membership, batch: str) -> str:
    return f"{membership.partnership.address}invitations?batch={batch}"


def _form(membership: Membership, *, empty: bool = False) -> InvitationForm:
    form = InvitationForm(formdata=None) if empty else InvitationForm()
    present = partnership_queries.participating_organisations(membership.partnership)
    form.organisation.choices = [("", _("Choose in the next step")), *((row.id, row.name) for row in present)]
    return form


def _page(
    membership: Membership, form: InvitationForm, *, link_form: LinkForm | None = None, status: int = 200
) -> ResponseReturnValue:
    return make_response(_page_html(membership, form, link_form=link_form), status)


def _page_html(
    membership: Membership,
    form: InvitationForm,
    *,
    link_form: LinkForm | None = None,
    refused: str = "",
    batch: str | None = None,
    are_left: bool = False,
) -> str:
    batch = batch or batch_typed(request.args)
    sent = invitations_service.of_batch(membership, batch) if batch else []
    counts = pending.counts_of_invitations(membership)
    return render_template(
        "members/invitations.html",
        form=form,
        refused=refused,
        batch=batch,
        open_in_batch=sum(one.is_open for one in sent),
        are_left=are_left,
        missing_form=AskForOrganisationForm(formdata=None),
        link_form=link_form or LinkForm(formdata=None),
        open_invitations=pending.invitations(membership)[:LATEST],
        count=counts.all or 0,
        declined=counts.declined or 0,
        links=pending.links(membership),
        **partnership_context(membership),
    )
