"""The pages that invitations and invite links lead to. Opening one never accepts: mail scanners open every link."""

from typing import Any

from flask import g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts import passwords, sign_in
from workspace.accounts.models import User, user_with
from workspace.mail.addresses import normalised
from workspace.members.blueprint import blueprint
from workspace.members.forms import AccountForm, JoinByAddressForm, JoinForm, ObjectionForm
from workspace.members.invitations import service as invitations_service
from workspace.members.invitations.limits import TooManyInvitations
from workspace.members.invitations.service import SignInFirst
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import Invitation, InviteLink
from workspace.members.moderation import undoing
from workspace.partnerships.queries import participating_organisations
from workspace.permissions import public
from workspace.web.htmx import Undo, flash_live, redirect_client


@blueprint.get("/invitations/<token:token>")
@public
def show_invitation(token: str) -> ResponseReturnValue:
    """The invitation, with a button to accept it."""
    invitation = invitations_service.invitation_of(token)
    if invitation is None:
        return _not_ours()
    return _invitation_page(invitation, AccountForm(data={"name": invitation.name}), 200 if invitation.is_open else 410)


@blueprint.post("/invitations/<token:token>")
@public
def accept(token: str) -> ResponseReturnValue:
    """Accept the invitation; whoever has no account gets one, since the mail has confirmed the address."""
    invitation = invitations_service.invitation_of(token)
    if invitation is None:
        return _not_ours()
    user, form = g.user, AccountForm()
    if not invitation.is_open:
        return _invitation_page(invitation, form, 410)
    if invitation.partnership.is_archived:
        return _invitation_page(invitation, form, 409)
    if user is None:
        if user_with(invitation.email) is not None or not form.validate() or not _is_strong(form, invitation):
            return _invitation_page(invitation, form, 422)
        password_hash = passwords.hashed(form.password.data or "")
        user = invitations_service.make_account(invitation, name=form.name.data, password_hash=password_hash)
        membership = invitations_service.accept(invitation, user)
        sign_in.begin_session(user, remembered=False)
        g.user = user
    else:
        membership = invitations_service.accept(invitation, user)
    flash_live(_("Welcome to ‘%(name)s’.", name=membership.partnership.name))
    return redirect_client(membership.partnership.address)


@blueprint.post("/invitations/<token:token>/objection")
@public
def object_to_organisation(token: str) -> ResponseReturnValue:
    """Say that one does not represent that organisation: whoever invited hears it, and can put it right."""
    invitation = invitations_service.invitation_of(token)
    if invitation is None:
        return _not_ours()
    form = ObjectionForm()
    if not invitation.is_open or invitation.link_id is not None:
        return _invitation_page(invitation, AccountForm(formdata=None), 410)
    if not form.validate():
        return _invitation_page(invitation, AccountForm(formdata=None), 422, objection=form)
    try:
        invitations_service.object_to(invitation, g.user, form.words.data)
    except SignInFirst:
        return sign_in.unauthenticated_response(back_to=f"/invitations/{token}")
    inviter = invitations_service.can_send_another(invitation)
    flash_live(
        _("Thank you. %(name)s has been told.", name=inviter.user.name)
        if inviter
        else _("Thank you. The moderators have been told.")
    )
    return redirect_client(f"/invitations/{token}")


@blueprint.post("/invitations/<token:token>/refusal")
@public
def decline_invitation(token: str) -> ResponseReturnValue:
    """Say no to the invitation."""
    invitation = invitations_service.invitation_of(token)
    if invitation is None:
        return _not_ours()
    try:
        invitations_service.decline(invitation, g.user)
    except SignInFirst:
        return sign_in.unauthenticated_response(back_to=f"/invitations/{token}")
    undo = Undo(f"/invitations/{token}/refusal/withdrawal") if invitation.was_declined_by(g.user) else None
    flash_live(_("You have said no to ‘%(name)s’.", name=invitation.partnership.name), undo=undo)
    return _answered(token)


@blueprint.post("/invitations/<token:token>/refusal/withdrawal")
@public
def withdraw_refusal(token: str) -> ResponseReturnValue:
    """Take back that one has just said no."""
    invitation = invitations_service.invitation_of(token)
    if invitation is None:
        return _not_ours()
    undoing.undo_refusal(invitation, g.user)
    flash_live(_("The invitation to ‘%(name)s’ stands again.", name=invitation.partnership.name))
    return _answered(token)


@blueprint.get("/join/<token:token>")
@public
def show_join(token: str) -> ResponseReturnValue:
    """The page of an invite link."""
    link = invitations_service.link_of(token)
    return _join_page(link, _join_form(link), 200 if link.is_open else 410) if link else _not_ours()


@blueprint.post("/join/<token:token>")
@public
def join(token: str) -> ResponseReturnValue:
    """Join by the link; whoever is not signed in first gets a mail that confirms the address."""
    link = invitations_service.link_of(token)
    if link is None:
        return _not_ours()
    form = _join_form(link)
    if not g.user and not link.is_open:
        return _join_page(link, form, 410)
    if not form.validate():
        return _join_page(link, form, 422)
    if g.user:
        membership = join_requests_service.join(
            link, g.user, form.organisation.data if "organisation" in form else None
        )
        flash_live(_("Welcome to ‘%(name)s’.", name=membership.partnership.name))
        return redirect_client(membership.partnership.address)
    email = normalised(form.email.data or "")
    if not email:
        form.refuse(form.email, _("This is not an e-mail address."))
        return _join_page(link, form, 422)
    try:
        join_requests_service.confirm_by_mail(link, email, form.organisation.data)
    except TooManyInvitations as refused:
        form.refuse(form.email, refused.message)
        return refused.answer(_join_page_html(link, form))
    flash_live(_("Open the e-mail that we have sent to %(email)s, and you are in.", email=email), "info")
    return redirect_client(request.path)


def _join_form(link: InviteLink) -> Any:
    """The form: it asks for an organisation unless one's own takes part, and strangers for the address too."""
    form = JoinForm() if g.user else JoinByAddressForm()
    present = participating_organisations(link.partnership)
    form.organisation.choices = [("", _("Choose")), *((row.id, row.name) for row in present)]
    if g.user and g.user.organisation_id in (row.id for row in present):
        del form.organisation
    return form


def _join_page(link: InviteLink, form: Any, status: int) -> ResponseReturnValue:
    return make_response(_join_page_html(link, form), status)


def _join_page_html(link: InviteLink, form: Any) -> str:
    return render_template("members/join.html", link=link, form=form, address=request.path)


def _invitation_page(
    invitation: Invitation, form: AccountForm, status: int, *, objection: ObjectionForm | None = None
) -> ResponseReturnValue:
    user, invited, key = g.user, user_with(invitation.email), invitations_service.token(invitation)
    page = render_template(
        "members/invitation.html",
        invitation=invitation,
        form=form,
        address=f"/invitations/{key}",
        key=key,
        is_mine=user is not None and user.email_key == invitation.email_key,
        has_account=invited is not None,
        is_closed=invited is not None and not invited.is_active,
        is_told_of=_is_told_of(invitation, invited),
        represents=invitations_service.represented(invitation),
        objection=objection or ObjectionForm(formdata=None),
        objects=objection is not None,
        asked=invitations_service.can_send_another(invitation),
    )
    return make_response(page, status)


def _is_told_of(invitation: Invitation, invited: User | None) -> bool:
    """Whether the administrators were told that the account is closed: they are when a moderator invites it."""
    closed_at = invited.deactivated_at if invited else None
    return closed_at is not None and invitation.link_id is None and closed_at <= invitation.created_at


def _answered(token: str) -> ResponseReturnValue:
    return redirect_client("/" if g.user else f"/invitations/{token}")


def _not_ours() -> ResponseReturnValue:
    return make_response(render_template("members/no_invitation.html"), 404)


def _is_strong(form: AccountForm, invitation: Invitation) -> bool:
    weakness = passwords.weakness(form.password.data or "", form.name.data or "", invitation.email)
    return weakness is None or form.refuse(form.password, weakness)
