"""Changing one's e-mail address: the new one takes effect when the code mailed to it is entered."""

from flask import g, render_template
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts import sessions, sign_in, verification_codes
from workspace.accounts.blueprint import address as blueprint
from workspace.accounts.forms import ChangeAddressForm, VerificationCodeForm
from workspace.accounts.models import User, user_with
from workspace.accounts.verification_codes import Purpose, VerificationCode
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.mail.models import enqueue
from workspace.permissions import signed_in
from workspace.web.htmx import flash_live, redirect_303
from workspace.web.throttling import TryAgainLater

COOKIE = "address_code"


@blueprint.get("")
@signed_in
def show(user: User) -> ResponseReturnValue:
    """The form for the new address."""
    return render_template("accounts/address.html", form=ChangeAddressForm.for_session(g.session))


@blueprint.post("")
@signed_in
def ask(user: User) -> ResponseReturnValue:
    """Mail a code to the new address. Whether it is taken is told only to its owner."""
    form = ChangeAddressForm.for_session(g.session)
    if not form.validate():
        return render_template("accounts/address.html", form=form), 422
    try:
        if "present_password" in form and not sign_in.attempt(user.email, form.present_password.data or ""):
            form.refuse(form.present_password, _("This is not your present password."))
            return render_template("accounts/address.html", form=form), 422
        sign_in.count_code(form.email.data or "")
    except TryAgainLater as refused:
        form.refuse(form.email, refused.message)
        return refused.answer(render_template("accounts/address.html", form=form))
    address = form.email.data or ""
    cookie[COOKIE] = {"token": verification_codes.ask(Purpose.ADDRESS, user, address), "to": address}
    return redirect_303("/settings/address/answer")


@blueprint.get("/answer")
@signed_in
def show_answer(user: User) -> ResponseReturnValue:
    """The form for the code."""
    if COOKIE not in cookie:
        return redirect_303("/settings/address")
    return render_template("accounts/address_answer.html", form=VerificationCodeForm(), to=cookie[COOKIE]["to"])


@blueprint.post("/answer")
@signed_in
def answer(user: User) -> ResponseReturnValue:
    """Change to the new address."""
    if COOKIE not in cookie:
        return redirect_303("/settings/address")
    asked, form = cookie[COOKIE], VerificationCodeForm()
    if not form.validate():
        return render_template("accounts/address_answer.html", form=form, to=asked["to"]), 422
    code = verification_codes.redeem(Purpose.ADDRESS, asked["token"], form.code.data or "")
    if code is None or code.user_id != user.id:
        still = verification_codes.opened(Purpose.ADDRESS, asked["token"])
        form.refuse(form.code, _("This is not the code.") if still else _("The code can't be used any more."))
        return render_template("accounts/address_answer.html", form=form, to=asked["to"]), 422
    if not _take(user, code):
        form.refuse(form.code, _("Another account has this address. Sign in with it, or ask an administrator."))
        return render_template("accounts/address_answer.html", form=form, to=asked["to"]), 422
    del cookie[COOKIE]
    flash_live(_("Your e-mail address is changed."))
    return redirect_303("/settings")


def _take(user: User, code: VerificationCode) -> bool:
    """Give `user` the address that the code went to, and notify the old one; False if the address is taken.

    All other sessions and codes end: from now on one signs in with the new address.
    """
    other = user_with(code.address)
    if other is not None and other.id != user.id:
        return False
    before = user.email
    user.email = code.address
    db.session.flush()
    sessions.end_all(user, but=g.session.id)
    verification_codes.end_all(user)
    enqueue("address_changed", key=f"address_changed:{code.id}", to=before, user=user.id)
    record_audit(AuditAction.CHANGED_ADDRESS, actor=user, subject=user, before=before, after=user.email)
    return True
