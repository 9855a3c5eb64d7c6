"""The way in: sign-in attempts and their limits, and the answer to somebody who is not signed in."""

from urllib.parse import quote, urlsplit

from flask import Response, g, make_response, redirect, render_template, request
from flask import session as cookie
from flask_login import login_user
from limits import RateLimitItemPerMinute

from workspace.accounts import passwords, sessions, verification_codes
from workspace.accounts.forms import SignInForm
from workspace.accounts.models import User, email_key, user_with
from workspace.accounts.verification_codes import Purpose
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.i18n.formatting import CHOICE
from workspace.web import form_recovery, htmx, throttling

# A town hall is one network address, hence the second limit is wide.
PER_ACCOUNT = RateLimitItemPerMinute(5, 15)
PER_ADDRESS = RateLimitItemPerMinute(200, 15)
CODES_PER_MAILBOX = RateLimitItemPerMinute(5, 15)


def attempt(email: str, password: str) -> User | None:
    """The person whose password this is; the same answer, in the same time, for an unknown address.

    Raises TooManyAttempts after 5 failures in 15 minutes for an account from one network address, or 200
    from one. Each attempt counts before it is tried, so that attempts at once can't outrun the limit; success
    forgives them.
    """
    address = request.remote_addr or ""
    account = ("sign-in", email_key(email)[:254], address)
    throttling.require_attempt(PER_ADDRESS, "sign-in", address)
    throttling.throttle(PER_ACCOUNT, *account)
    user = user_with(email)
    db.session.commit()  # Checking a password is slow: not within a transaction.
    if not passwords.matches(user, password):
        throttling.count_failure(PER_ADDRESS, "sign-in", address)
        # An unknown address is not kept: it may be a password that was typed in the wrong place.
        record_audit(AuditAction.FAILED_TO_SIGN_IN, subject=user)
        return None
    throttling.forgive(PER_ACCOUNT, *account)
    return user


def count_code(email: str) -> None:
    """Count a code that is asked for. Raises TooManyAttempts: nobody's mailbox is filled from here."""
    throttling.throttle(PER_ADDRESS, "code", request.remote_addr or "")
    throttling.throttle(CODES_PER_MAILBOX, "code", email_key(email)[:254])


def redeem(token: str, digits: str) -> User | None:
    """Whom the code of this browser lets in, if these are its digits. Raises TooManyAttempts."""
    address = request.remote_addr or ""
    throttling.require_attempt(PER_ADDRESS, "sign-in", address)
    code = verification_codes.redeem(Purpose.SIGN_IN, token, digits)
    if code is None:
        throttling.count_failure(PER_ADDRESS, "sign-in", address)
        return None
    return code.user


def begin_session(user: User, *, remembered: bool, by_code: bool = False) -> None:
    """Sign `user` in in this browser."""
    session = sessions.start(
        user,
        remembered=remembered,
        by_code=by_code,
        browser=request.headers.get("User-Agent", ""),
        address=request.remote_addr or "",
    )
    language = cookie.get(CHOICE)
    cookie.clear()  # Nothing of before the sign-in stays valid after it.
    g.pop("csrf_token", None)  # Nor does the token that this request's own form was given.
    if language:
        cookie[CHOICE] = language
    record_audit(AuditAction.SIGNED_IN, actor=user, browser=session.browser)
    user.session_token = session.token
    login_user(user, remember=remembered, duration=sessions.REMEMBERED, force=True)


def unauthenticated_response() -> Response:
    """The answer to somebody who is not signed in: the sign-in page, which leads back with what was typed."""
    if request.accept_mimetypes.best == "text/event-stream":
        return make_response(
            "", 204
        )  # The one answer after which a browser's stream asks no more, without a complaint.
    if htmx.is_partial():
        page = form_recovery.local_address(_path_of(request.headers.get("HX-Current-URL", "")))
        response = htmx.redirect_client(_sign_in(page))
        response.headers["HX-Reswap"] = "none"
        return response
    typed = form_recovery.from_request()
    if typed:
        return make_response(render_template("accounts/sign_in.html", form=SignInForm(), kept=typed), 401)
    target = request.full_path.rstrip("?") if request.method == "GET" else ""
    return make_response(redirect(_sign_in(target), 303))


def _sign_in(target: str) -> str:
    return f"/sign-in?next={quote(target)}" if target not in ("", "/") else "/sign-in"


def _path_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # no address at all, such as http://[
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
