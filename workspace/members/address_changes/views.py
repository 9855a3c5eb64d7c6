"""Changing a person's address, for administrators, and the page where its old and new owners answer."""

from datetime import timedelta

from flask import make_response, render_template, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import clock
from workspace.accounts import sign_in, verification_codes
from workspace.accounts.forms import VerificationCodeForm
from workspace.accounts.models import User, email_key
from workspace.accounts.verification_codes import Purpose
from workspace.audit.models import AuditAction, record_audit
from workspace.db.transactions import begin_write
from workspace.mail.models import enqueue
from workspace.members.address_changes import service as address_changes_service
from workspace.members.address_changes.models import AddressChange, AddressChangeOutcome
from workspace.members.address_changes.service import Mailbox, Taken
from workspace.members.blueprint import blueprint
from workspace.members.forms import PersonsAddressForm
from workspace.organisations.queries import person
from workspace.permissions import Conflict, administrators_only, public
from workspace.web.htmx import flash_live, redirect_303, redirect_client

COOKIE = "address_change_code"
ONE_RESET_IN = timedelta(hours=1)


@blueprint.get("/people/<number:user_id>/address")
@administrators_only
def edit_address(user: User, user_id: int) -> ResponseReturnValue:
    """The form for another address, and where the change stands that waits."""
    return _edit_page(person(user_id), PersonsAddressForm())


@blueprint.post("/people/<number:user_id>/address")
@administrators_only
def ask_for_address(user: User, user_id: int) -> ResponseReturnValue:
    """Ask for another address; the old and the new one get a mail."""
    changed, form = person(user_id), PersonsAddressForm()
    if not form.validate():
        return _edit_page(changed, form), 422
    if email_key(form.email.data) == changed.email_key:
        form.refuse(form.email, _("The person has this address already."))
        return _edit_page(changed, form), 422
    try:
        change = address_changes_service.ask(changed, form.email.data, by=user)
    except Taken as taken:
        form.refuse(form.email, taken.message)
        return _edit_page(changed, form), 422
    if change.outcome is AddressChangeOutcome.DONE:
        flash_live(_("The changes are saved."))
    else:
        flash_live(_("Both addresses get an e-mail now. The old one stays valid for the time being."))
    return redirect_client(f"/people/{changed.id}/address")


@blueprint.post("/people/<number:user_id>/address/cancellation")
@administrators_only
def cancel_address(user: User, user_id: int) -> ResponseReturnValue:
    """Take back what was asked for."""
    changed = person(user_id)
    address_changes_service.withdraw(changed, by=user)
    flash_live(_("The address stays as it is."))
    return redirect_client(f"/people/{changed.id}/address")


@blueprint.post("/people/<number:user_id>/password-reset")
@administrators_only
def send_password_reset(user: User, user_id: int) -> ResponseReturnValue:
    """Mail the person's own address where to choose a new password; at most once an hour."""
    wanted = person(user_id)
    if not wanted.is_active:
        raise Conflict(_("The account is closed. Open it first."))
    begin_write()
    hour = int(clock.now().timestamp() // ONE_RESET_IN.total_seconds())
    if enqueue("password_reset", key=f"password_reset:{wanted.id}:{hour}", to=wanted.id, by=user.id):
        record_audit(AuditAction.SENT_PASSWORD_RESET, actor=user, subject=wanted)
        flash_live(_("%(name)s gets an e-mail about choosing a new password.", name=wanted.name))
    else:
        flash_live(
            _("%(name)s has been sent this e-mail already. Another can be sent in an hour.", name=wanted.name), "info"
        )
    return redirect_client(f"/people/{wanted.id}/edit")


@blueprint.get("/address-changes/<token:token>")
@public
def show_address_change(token: str) -> ResponseReturnValue:
    """What is asked of the mailbox that the link was sent to. Opening it answers nothing."""
    found = address_changes_service.read(token)
    return _answer_page(*found, token) if found else _not_ours()


@blueprint.post("/address-changes/<token:token>")
@public
def answer_address_change(token: str) -> ResponseReturnValue:
    """The old address agrees or objects; the new one asks for a code, or types it."""
    found = address_changes_service.read(token)
    if found is None:
        return _not_ours()
    change, mailbox = found
    wanted, form = request.form.get("answer", ""), VerificationCodeForm()
    if not change.is_open:
        return _answer_page(change, mailbox, token)
    if mailbox is Mailbox.NEW:
        if wanted == "send":
            _send_code(change)
        elif not _confirm(change, form):
            return _answer_page(change, mailbox, token, form=form, status=422)
    elif wanted == "agree":
        address_changes_service.agree(change)
    elif wanted == "object":
        address_changes_service.refuse(change)
    return redirect_303(f"/address-changes/{token}")


def _send_code(change: AddressChange) -> None:
    """Mail a code to the new address. Raises TooManyAttempts."""
    sign_in.count_code(change.address)
    sent = verification_codes.ask(Purpose.ADDRESS_CHANGE, change.user, change.address)
    cookie[COOKIE] = {"token": sent, "change": change.id}


def _confirm(change: AddressChange, form: VerificationCodeForm) -> bool:
    """Confirm the new address with the code that was sent there, to this browser's order."""
    if not form.validate():
        return False
    asked = str(cookie.get(COOKIE, {}).get("token", ""))
    code = verification_codes.redeem(Purpose.ADDRESS_CHANGE, asked, form.code.data or "")
    if code is None or code.user_id != change.user_id or code.address != change.address:
        return form.refuse(form.code, _("This is not the code. Look at the newest e-mail."))
    del cookie[COOKIE]
    address_changes_service.confirm(change)
    return True


def _answer_page(
    change: AddressChange,
    mailbox: Mailbox,
    token: str,
    *,
    form: VerificationCodeForm | None = None,
    status: int = 0,
) -> ResponseReturnValue:
    page = render_template(
        "members/address_change.html",
        change=change,
        mailbox=mailbox,
        address=f"/address-changes/{token}",
        form=form or VerificationCodeForm(formdata=None),
        is_sent=cookie.get(COOKIE, {}).get("change") == change.id,
    )
    is_over = not change.is_open and change.outcome is not AddressChangeOutcome.DONE
    return make_response(page, status or (410 if is_over else 200))


def _edit_page(shown: User, form: PersonsAddressForm) -> str:
    return render_template(
        "members/address.html", form=form, person=shown, change=address_changes_service.open_change(shown)
    )


def _not_ours() -> ResponseReturnValue:
    return make_response(render_template("members/no_invitation.html"), 404)
