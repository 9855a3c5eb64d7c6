"""Signing in and out."""

from flask import g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh

from workspace.accounts import sessions
from workspace.accounts import sign_in as sign_in_module
from workspace.accounts.blueprint import blueprint
from workspace.accounts.forms import SignInForm
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.permissions import public, signed_in
from workspace.web import form_recovery
from workspace.web.htmx import flash_live, redirect_303
from workspace.web.throttling import TryAgainLater


@blueprint.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """The sign-in page. Whoever is signed in already goes on."""
    target = form_recovery.local_address(request.args.get("next", ""))
    if g.user:
        return redirect(target or "/", 303)
    return render_template("accounts/sign_in.html", form=SignInForm(data={"next": target}))


@blueprint.post("/sign-in")
@public
def start_session() -> ResponseReturnValue:
    """Sign in, and continue to the page that was asked for, with what had been typed."""
    form = SignInForm()
    form.next.data = target = form_recovery.local_address(form.next.data or "")
    carried = form_recovery.from_sign_in()
    if not form.validate():
        return render_template("accounts/sign_in.html", form=form, submitted=carried), 422
    try:
        user = sign_in_module.attempt(form.email.data or "", form.password.data or "")
    except TryAgainLater as refused:
        form.refuse(form.password, refused.message)
        return refused.answer(render_template("accounts/sign_in.html", form=form, submitted=carried))
    if user is None:
        form.refuse(form.password, _("The e-mail address and the password don't match."))
        return render_template("accounts/sign_in.html", form=form, submitted=carried), 422
    sign_in_module.begin_session(user, remembered=form.remember.data)
    g.user = user
    refresh()
    if carried:
        return render_template("accounts/submitted_form.html", submitted=carried)
    return redirect_303(target or "/")


@blueprint.post("/sign-out")
@signed_in
def end_session(user: User) -> ResponseReturnValue:
    """Sign out: the session ends in the database as well."""
    sessions.end(user, g.session.id)
    record_audit(AuditAction.SIGNED_OUT, actor=user)
    sign_in_module.end_session()
    flash_live(_("You are signed out."))
    return redirect_303("/sign-in")
