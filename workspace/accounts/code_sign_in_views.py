"""Signing in with a code by e-mail instead of the password, which also leads to a new password."""

from typing import Any

from flask import g, render_template
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh

from workspace import metrics
from workspace.accounts import sign_in, verification_codes
from workspace.accounts.blueprint import code_sign_in as blueprint
from workspace.accounts.forms import CodeForm, VerificationCodeForm
from workspace.accounts.verification_codes import Purpose
from workspace.audit.models import AuditAction, record_audit
from workspace.permissions import public
from workspace.web import form_recovery
from workspace.web.forms import LONGEST_EMAIL
from workspace.web.htmx import redirect_303
from workspace.web.throttling import TryAgainLater

COOKIE = "code"


@blueprint.get("")
@public
def show() -> ResponseReturnValue:
    """The form to ask for a code."""
    return render_template("accounts/code_sign_in.html", form=CodeForm.asked())


@blueprint.post("")
@public
def ask() -> ResponseReturnValue:
    """Mail a code if the address has an account; the answer does not say whether it has."""
    form, carried = CodeForm(), form_recovery.from_sign_in()
    form.next.data = target = form_recovery.local_address(form.next.data or "")
    if not form.validate():
        return render_template("accounts/code_sign_in.html", form=form, submitted=carried), 422
    address = form.email.data or ""
    try:
        token, is_mailed = sign_in.ask_code(address)
    except TryAgainLater as refused:
        form.refuse(form.email, refused.message)
        return refused.answer(render_template("accounts/code_sign_in.html", form=form, submitted=carried))
    cookie[COOKIE] = {
        "token": token,
        "to": address[:LONGEST_EMAIL],
        "mailed": is_mailed,
        "next": target,
        "remember": bool(form.remember.data),
    }
    if carried:
        return render_template(
            "accounts/answer.html", form=VerificationCodeForm(formdata=None), submitted=carried, asked=cookie[COOKIE]
        )
    return redirect_303("/sign-in/code/answer")


@blueprint.get("/answer")
@public
def show_answer() -> ResponseReturnValue:
    """The form for the code, in the browser that asked for it."""
    if COOKIE not in cookie:
        return redirect_303("/" if g.user else "/sign-in/code")
    return render_template("accounts/answer.html", form=VerificationCodeForm(), asked=cookie[COOKIE])


@blueprint.post("/answer")
@public
def answer() -> ResponseReturnValue:
    """Sign in, and continue to the page that was asked for, with what had been typed."""
    if COOKIE not in cookie:
        return redirect_303("/" if g.user else "/sign-in/code")
    asked, form, carried = cookie[COOKIE], VerificationCodeForm(), form_recovery.from_sign_in()
    page: dict[str, Any] = {"form": form, "submitted": carried, "asked": asked}
    if not form.validate():
        return render_template("accounts/answer.html", **page), 422
    try:
        user = sign_in.redeem(asked["token"], asked["to"], form.code.data or "")
    except TryAgainLater as refused:
        form.refuse(form.code, refused.message)
        return refused.answer(render_template("accounts/answer.html", **page))
    if user is None:
        form.refuse(form.code, _wrong(asked["token"]))
        return render_template("accounts/answer.html", **page), 422
    sign_in.begin_session(user, remembered=asked["remember"], by_code=True)
    g.user = user
    refresh()
    if carried:
        return render_template("accounts/submitted_form.html", submitted=carried)
    return redirect_303(asked["next"] or "/")


def _wrong(token: str) -> str:
    metrics.count_sign_in_failure()
    record_audit(AuditAction.FAILED_TO_SIGN_IN)
    if verification_codes.opened(Purpose.SIGN_IN, token):
        return str(_("This is not the code. Look at the newest e-mail."))
    return str(_("The code can't be used any more. Get a new one."))
