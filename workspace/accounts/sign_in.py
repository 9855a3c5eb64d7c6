"""Signing in: attempts and their limits, and the response to somebody who is not signed in."""

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
from workspace.i18n.formatting import CHOICE
from workspace.web import form_recovery, htmx, throttling

# A whole town hall may share one network address, so the second limit is generous.
PER_ACCOUNT = RateLimitItemPerMinute(5, 15)
PER_ADDRESS = RateLimitItemPerMinute(200, 15)
CODES_PER_MAILBOX = RateLimitItemPerMinute(5, 15)


def attempt(email: str, password: str) -> User | None:
    """The person with this address and password, or None; for an unknown address in the same time.

    Raises TooManyAttempts after 5 failures in 15 minutes for an account from one network address, or 200
    from one address. Each attempt is counted before it is checked, so that concurrent ones can't exceed the limit;
    success resets the count. Raises Busy when too many passwords are being checked already.
    """
    address = request.remote_addr or ""
    account = ("sign-in", email_key(email)[:254], address)
    throttling.require_attempt(PER_ADDRESS, "sign-in", address)
    with passwords.place_in_queue():  # first, since who finds none has not made an attempt
        throttling.throttle(PER_ACCOUNT, *account)
        user = user_with(email)
        is_right = passwords.matches(user, password)
    if not is_right:
        throttling.count_failure(PER_ADDRESS, "sign-in", address)
        # An unknown address is not recorded: it may be a password typed into the wrong field.
        record_audit(AuditAction.FAILED_TO_SIGN_IN, subject=user)
        return None
    throttling.forgive(PER_ACCOUNT, *account)
    return user


def count_code(email: str) -> None:
    """Count a request for a code. Raises TooManyAttempts, so that nobody's mailbox can be flooded."""
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
    """Sign `user` in, in this browser."""
    session = sessions.start(
        user,
        remembered=remembered,
        by_code=by_code,
        browser=request.headers.get("User-Agent", ""),
        address=request.remote_addr or "",
    )
    language = cookie.get(CHOICE)
    cookie.clear()  # Nothing from before the sign-in stays valid after it,
    g.pop("csrf_token", None)  # nor does the CSRF token of this request's own form.
    if language:
        cookie[CHOICE] = language
    record_audit(AuditAction.SIGNED_IN, actor=user, browser=session.browser)
    user.session_token = session.token
    login_user(user, remember=remembered, duration=sessions.REMEMBERED, force=True)


def unauthenticated_response() -> Response:
    """The response to somebody who is not signed in: the sign-in page, which leads back with what was typed."""
    if request.accept_mimetypes.best == "text/event-stream":
        return make_response(
            "", 204
        )  # The only status after which a browser's EventSource stops reconnecting without an error.
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
    except ValueError:  # not a valid address, such as http://[
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")
