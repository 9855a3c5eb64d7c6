"""Inviting, for moderators: paste, preview, confirm; what waits for an answer; links for a meeting room."""

from collections import Counter
from typing import Any

import segno
from flask import abort, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from workspace.access import Action, members_may
from workspace.database import db
from workspace.htmx import announce, go
from workspace.members import addresses, inviting, linking, waiting
from workspace.members.addresses import INVITING
from workspace.members.forms import InvitationForm, LinkForm
from workspace.members.models import Link
from workspace.members.views import blueprint
from workspace.partnerships import queries as partnership_queries
from workspace.partnerships.models import Membership

ROWS_SHOWN = 100


@blueprint.get("/partnerships/<slug:slug>/invitations")
@members_may(Action.ADD_MEMBERS)
def invitations(membership: Membership) -> ResponseReturnValue:
    """The form for inviting, those that wait for an answer, and the links."""
    return _page(membership, _form(membership))


@blueprint.post("/partnerships/<slug:slug>/invitations")
@members_may(Action.ADD_MEMBERS)
def invite(membership: Membership) -> ResponseReturnValue:
    """First say what will happen, row by row; once that is confirmed, invite."""
    form = _form(membership)
    if not form.validate() or "change" in request.form:
        return _page(membership, form, status=422 if form.errors else 200)
    rows = addresses.read(membership.partnership, form.addresses.data)
    ready = [row for row in rows if row.fate in INVITING]
    if "confirm" not in request.form or not ready:
        # What can't be invited stands first: it is what has to be looked at.
        rows.sort(key=lambda row: row.fate in INVITING)
        counts = Counter(row.fate for row in rows)
        context = {"rows": rows[:ROWS_SHOWN], "counts": counts, "ready": ready, **_place(membership)}
        return make_response(render_template("members/preview.html", form=form, **context), 200 if ready else 422)
    made = inviting.invite(
        membership,
        rows,
        level=form.level.data,
        organisation_id=form.organisation.data,
        language=form.language.data,
        greeting=form.greeting.data or "",
    )
    announce(ngettext("%(num)s invitation is on its way.", "%(num)s invitations are on their way.", len(made)))
    return go(f"{membership.partnership.address}invitations")


@blueprint.post("/partnerships/<slug:slug>/invitations/<number:invitation_id>/resending")
@members_may(Action.ADD_MEMBERS)
def resend(membership: Membership, invitation_id: int) -> ResponseReturnValue:
    """Send an invitation again."""
    invitation = inviting.resend(membership, invitation_id)
    announce(_("The invitation to %(email)s is sent again.", email=invitation.email))
    return go(f"{membership.partnership.address}invitations")


@blueprint.post("/partnerships/<slug:slug>/invitations/<number:invitation_id>/withdrawal")
@members_may(Action.ADD_MEMBERS)
def withdraw_invitation(membership: Membership, invitation_id: int) -> ResponseReturnValue:
    """Take an invitation back."""
    invitation = inviting.withdraw(membership, invitation_id)
    announce(_("The invitation to %(email)s is withdrawn.", email=invitation.email))
    return go(f"{membership.partnership.address}invitations")


@blueprint.post("/partnerships/<slug:slug>/links")
@members_may(Action.ADD_MEMBERS)
def open_link(membership: Membership) -> ResponseReturnValue:
    """Make a link for a meeting room."""
    form = LinkForm()
    if not form.validate():
        return _page(membership, _form(membership, empty=True), link_form=form, status=422)
    link = linking.open_link(
        membership, level=form.level.data, hours=form.hours.data, most_uses=form.most_uses.data or 1
    )
    return go(f"{membership.partnership.address}links/{link.id}")


@blueprint.get("/partnerships/<slug:slug>/links/<number:link_id>")
@members_may(Action.ADD_MEMBERS)
def show_link(membership: Membership, link_id: int) -> ResponseReturnValue:
    """The link, as an address and as a QR code, and who came in by it."""
    link = _link(membership, link_id)
    address = f"{request.url_root}join/{inviting.token(link)}"
    return render_template(
        "members/link.html",
        link=link,
        address=address,
        code=Markup(segno.make(address, micro=False).svg_inline(scale=4, omitsize=False)),  # noqa: S704 (made here)
        came=waiting.came_by(link),
        **_place(membership),
    )


@blueprint.post("/partnerships/<slug:slug>/links/<number:link_id>/closing")
@members_may(Action.ADD_MEMBERS)
def close_link(membership: Membership, link_id: int) -> ResponseReturnValue:
    """Let nobody in by it any more."""
    linking.close_link(membership, _link(membership, link_id))
    announce(_("The link is closed."))
    return go(f"{membership.partnership.address}invitations")


def _link(membership: Membership, link_id: int) -> Link:
    link = db.session.get(Link, link_id)
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
    answer = render_template(
        "members/invitations.html",
        form=form,
        link_form=link_form or LinkForm(formdata=None),
        open_invitations=waiting.invitations(membership),
        links=waiting.links(membership),
        **_place(membership),
    )
    return make_response(answer, status)


def _place(membership: Membership) -> dict[str, Any]:
    return {"membership": membership, "partnership": membership.partnership}
