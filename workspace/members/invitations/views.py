"""Inviting, for moderators: paste, preview, confirm; what waits for an answer; links to show at a meeting."""

from collections import Counter

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
from workspace.members.forms import InvitationForm, LinkForm
from workspace.members.invitations import address_parser, limits
from workspace.members.invitations import service as invitations_service
from workspace.members.invitations.address_parser import INVITING, Row
from workspace.members.invitations.limits import TooManyInvitations
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import InviteLink
from workspace.partnerships import queries as partnership_queries
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.web import pagination
from workspace.web.htmx import flash_live, redirect_client

ROWS_SHOWN = 100


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
    if not form.validate() or "change" in request.form:
        return _page(membership, form, status=422 if form.errors else 200)
    rows = address_parser.read(membership.partnership, form.addresses.data)
    ready = [row for row in rows if row.status in INVITING]
    try:
        if "confirm" in request.form and ready:
            return _send(membership, form, rows)
        limits.require_room(membership, [row.key for row in ready])
    except TooManyInvitations as over:
        form.refuse(form.addresses, over.message)
        return over.answer(_page_html(membership, form))
    # Rows that can't be invited come first: they need attention.
    rows.sort(key=lambda row: row.status in INVITING)
    counts = Counter(row.status for row in rows)
    context = {"rows": rows[:ROWS_SHOWN], "counts": counts, "ready": ready, **partnership_context(membership)}
    return make_response(render_template("members/preview.html", form=form, **context), 200 if ready else 422)


def _send(membership: Membership, form: InvitationForm, rows: list[Row]) -> ResponseReturnValue:
    made = invitations_service.invite(
        membership,
        rows,
        level=form.level.data,
        organisation_id=form.organisation.data,
        language=form.language.data,
        greeting=form.greeting.data or "",
    )
    flash_live(ngettext("%(num)s invitation is on its way.", "%(num)s invitations are on their way.", len(made)))
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
    return redirect_client(f"{membership.partnership.address}invitations")


@blueprint.post("/partnerships/<slug:slug>/invitations/<number:invitation_id>/withdrawal")
@members_with(Action.ADD_MEMBERS)
def withdraw_invitation(membership: Membership, invitation_id: int) -> ResponseReturnValue:
    """Take an invitation back."""
    invitation = invitations_service.withdraw(membership, invitation_id)
    flash_live(_("The invitation to %(email)s is withdrawn.", email=invitation.email))
    return redirect_client(f"{membership.partnership.address}invitations")


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
        code=Markup(segno.make(address, micro=False).svg_inline(scale=4, omitsize=False)),  # noqa: S704 (made here)
        came=pending.came_by(link),
        **partnership_context(membership),
    )


@blueprint.post("/partnerships/<slug:slug>/links/<number:link_id>/closing")
@members_with(Action.ADD_MEMBERS)
def close_link(membership: Membership, link_id: int) -> ResponseReturnValue:
    """Close the link: nobody can join by it any more."""
    join_requests_service.close_link(membership, _link(membership, link_id))
    flash_live(_("The link is closed."))
    return redirect_client(f"{membership.partnership.address}invitations")


def _link(membership: Membership, link_id: int) -> InviteLink:
    link = db.session.get(InviteLink, link_id)
    return link if link and link.partnership_id == membership.partnership_id else abort(404)


def _form(membership: Membership, *, empty: bool = False) -> InvitationForm:
    form = InvitationForm(formdata=None) if empty else InvitationForm()
    form.organisation.choices = {row.id: row.name for row in partnership_queries.participations(membership)}
    if not form.is_submitted() or empty:
        form.organisation.data = membership.organisation_id
    return form


def _page(
    membership: Membership, form: InvitationForm, *, link_form: LinkForm | None = None, status: int = 200
) -> ResponseReturnValue:
    return make_response(_page_html(membership, form, link_form=link_form), status)


def _page_html(
    membership: Membership, form: InvitationForm, *, link_form: LinkForm | None = None, refused: str = ""
) -> str:
    found = pending.invitations(membership, pagination.parse_int(request.args.get("before", "")))
    page, last = pagination.split_page(found, pending.PAGE)
    return render_template(
        "members/invitations.html",
        form=form,
        refused=refused,
        link_form=link_form or LinkForm(formdata=None),
        open_invitations=page,
        count=pending.count_of_invitations(membership),
        older=last.id if last else None,
        links=pending.links(membership),
        **partnership_context(membership),
    )
