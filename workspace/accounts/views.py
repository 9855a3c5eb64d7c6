"""Signing in and out."""

from flask import Blueprint, g, make_response, redirect, render_template, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import refresh
from flask_login import logout_user

from workspace import kept
from workspace.access import public, signed_in
from workspace.accounts import sessions, settings, signing_in
from workspace.accounts.forms import SignInForm
from workspace.accounts.models import User
from workspace.htmx import announce, seen_elsewhere

blueprint = Blueprint("accounts", __name__)
blueprint.register_blueprint(settings.blueprint)


@blueprint.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Where one signs in. Who is signed in already goes on."""
    target = kept.local_address(request.args.get("next", ""))
    if g.user:
        return redirect(target or "/", 303)
    return render_template("accounts/sign_in.html", form=SignInForm(data={"next": target}))


@blueprint.post("/sign-in")
@public
def start_session() -> ResponseReturnValue:
    """Sign in, and go on to where one was going, with what one had typed."""
    form = SignInForm()
    form.next.data = target = kept.local_address(form.next.data or "")
    carried = kept.carried()
    if not form.validate():
        return render_template("accounts/sign_in.html", form=form, kept=carried), 422
    try:
        user = signing_in.attempt(form.email.data or "", form.password.data or "")
    except signing_in.TooManyAttempts as refused:
        return _too_many(form, carried, refused.minutes)
    if user is None:
        form.refuse(form.password, _("The address and the password don't belong together."))
        return render_template("accounts/sign_in.html", form=form, kept=carried), 422
    signing_in.begin_session(user, remembered=form.remember.data)
    g.user = user
    refresh()
    if carried:
        return render_template("accounts/kept.html", kept=carried)
    return seen_elsewhere(target or "/")


@blueprint.post("/sign-out")
@signed_in
def end_session(user: User) -> ResponseReturnValue:
    """Sign out here: the session ends in the database as well."""
    sessions.end(user, g.session.id)
    logout_user()
    cookie.clear()
    announce(_("You are signed out."))
    return seen_elsewhere("/sign-in")


def _too_many(form: SignInForm, carried: kept.Kept | None, minutes: int) -> ResponseReturnValue:
    form.refuse(form.password, signing_in.try_again_in(minutes))
    response = make_response(render_template("accounts/sign_in.html", form=form, kept=carried), 429)
    response.headers["Retry-After"] = str(minutes * 60)
    return response
