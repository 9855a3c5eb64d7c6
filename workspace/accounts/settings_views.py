"""One's own settings: name, language and time zone; password; sessions."""

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext, refresh

from workspace.accounts import passwords, sessions, sign_in
from workspace.accounts.blueprint import settings as blueprint
from workspace.accounts.forms import PasswordForm, SettingsForm
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db.transactions import begin_write
from workspace.permissions import signed_in
from workspace.web.htmx import flash_live, form_error, partial_or_redirect, redirect_303, redirect_client
from workspace.web.throttling import TryAgainLater


@blueprint.get("")
@signed_in
def show(user: User) -> ResponseReturnValue:
    """The form for name, contact details, language and time zone."""
    return render_template("accounts/settings.html", form=SettingsForm(obj=user))


@blueprint.post("")
@signed_in
def save(user: User) -> ResponseReturnValue:
    """Save the settings, and confirm it in the language that was chosen."""
    form = SettingsForm(obj=user)
    if not form.validate():
        return form_error("accounts/_settings_form.html", page="accounts/settings.html", form=form)
    begin_write()
    form.populate_obj(user)
    refresh()
    flash_live(_("Your settings are saved."))
    return redirect_client("/settings")


@blueprint.get("/password")
@signed_in
def show_password(user: User) -> ResponseReturnValue:
    """The form for a new password."""
    return render_template("accounts/password.html", form=PasswordForm.for_session(g.session))


@blueprint.post("/password")
@signed_in
def change_password(user: User) -> ResponseReturnValue:
    """Set a new password, and end all other sessions. Guesses are limited as at sign-in."""
    form, session_id = PasswordForm.for_session(g.session), g.session.id
    if not form.validate() or not _is_strong(form, user):
        return render_template("accounts/password.html", form=form), 422
    if "present_password" in form:
        try:
            known = sign_in.attempt(user.email, form.present_password.data or "")
        except TryAgainLater as refused:
            form.refuse(form.present_password, refused.message)
            return refused.answer(render_template("accounts/password.html", form=form))
        if known is None:
            form.refuse(form.present_password, _("This is not your present password."))
            return render_template("accounts/password.html", form=form), 422
    password_hash = passwords.hashed(form.new_password.data or "")
    if not sessions.set_password(user, password_hash, within=session_id):
        return sign_in.unauthenticated_response()
    flash_live(_("Your password is changed. You are signed out everywhere else."))
    return redirect_303("/settings/password")


@blueprint.get("/sessions")
@signed_in
def list_sessions(user: User) -> ResponseReturnValue:
    """The sessions in which one is signed in."""
    return render_template("accounts/sessions.html", **_sessions(user))


@blueprint.post("/sessions/<number:session_id>/ending")
@signed_in
def end_session(user: User, session_id: int) -> ResponseReturnValue:
    """End one session; does nothing if it has ended already."""
    record_audit(AuditAction.ENDED_SESSIONS, actor=user, subject=user)
    if session_id == g.session.id:
        sessions.end(user, session_id)
        sign_in.end_session()
        return redirect_client("/sign-in")
    sessions.end(user, session_id)
    flash_live(_("The other browser is signed out."))
    return partial_or_redirect(
        "accounts/_sessions.html", to="/settings/sessions", focus="#signed-in", **_sessions(user)
    )


@blueprint.post("/sessions/ending")
@signed_in
def end_other_sessions(user: User) -> ResponseReturnValue:
    """End all sessions except this one."""
    ended = sessions.end_all(user, but=g.session.id)
    record_audit(AuditAction.ENDED_SESSIONS, actor=user, subject=user)
    flash_live(
        ngettext("%(num)s other browser is signed out.", "%(num)s other browsers are signed out.", ended)
        if ended
        else _("You are signed in nowhere else.")
    )
    return partial_or_redirect(
        "accounts/_sessions.html", to="/settings/sessions", focus="#signed-in", **_sessions(user)
    )


def _sessions(user: User) -> dict[str, object]:
    """One's sessions: this one first, then the most recently used."""
    listed = sessions.live_sessions(user)
    this = g.session.id
    return {"sessions": sorted(listed, key=lambda session: session.id != this), "this": this}


def _is_strong(form: PasswordForm, user: User) -> bool:
    organisation = user.organisation.name if user.organisation else ""
    weakness = passwords.weakness(form.new_password.data or "", user.name, user.email, organisation)
    return weakness is None or form.refuse(form.new_password, weakness)
