"""Signing in: attempts and their limits, and the response to somebody who is not signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import quote, urlsplit

from flask import Response, g, make_response, redirect, render_template, request
from flask import session as cookie
from flask_login import login_user, logout_user
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerHour, RateLimitItemPerMinute

from workspace import metrics
from workspace.accounts import known_browsers, passwords, sessions, verification_codes
from workspace.accounts.forms import SignInForm
from workspace.accounts.models import User, email_key, user_with
from workspace.accounts.verification_codes import Purpose
from workspace.audit.models import AuditAction, record_audit
from workspace.db.transactions import run_after_request
from workspace.i18n.formatting import CHOICE
from workspace.web import form_recovery, htmx, throttling
from workspace.web.forms import LONGEST_EMAIL

# From a browser that has signed in to the account before (accounts/known_browsers.py): no stranger can use these up.
TRIES_FROM_BROWSER = RateLimitItemPerMinute(5, 15)
CODES_FOR_BROWSER = RateLimitItemPerDay(10)
# From any other browser.
TRIES_FROM_NETWORK = RateLimitItemPerMinute(5, 15)  # for one account
TRIES_OF_ACCOUNT = RateLimitItemPerHour(20)  # from all networks together
CODE_TRIES_FROM_NETWORK = RateLimitItemPerHour(10)
CODES_FROM_NETWORK = RateLimitItemPerDay(10)
# For all accounts together. A whole town hall may share one network, so it is generous.
FAILURES_OF_NETWORK = RateLimitItemPerMinute(200, 15)
MAILS_TO_MAILBOX = RateLimitItemPerMinute(5, 15)

Limit = tuple[RateLimitItem, tuple[str, ...]]


def attempt(email: str, password: str) -> User | None:
    """The person with this address and password, or None; for an unknown address in the same time.

    Raises TooManyAttempts after 5 failures in 15 minutes for an account from one network, 20 in an hour from all
    networks, or 200 in 15 minutes from one network for all accounts. A browser that has signed in to this account
    before is not counted among these, and has 5 in 15 minutes of its own. Each attempt is counted before it is
    checked, so that concurrent ones can't exceed the limit; success resets the count. Raises Busy when too many
    passwords are being checked already.
    """
    with passwords.place_in_queue(), _counted("sign-in", email, TRIES_FROM_NETWORK) as attempted:
        user = user_with(email)
        if passwords.matches(user, password):
            attempted.has_succeeded = True
            return user
    metrics.count_sign_in_failure()
    # An unknown address is not recorded: it may be a password typed into the wrong field.
    record_audit(AuditAction.FAILED_TO_SIGN_IN, subject=user)
    return None


def count_code(email: str) -> None:
    """Count a mail with a code to any mailbox. Raises TooManyAttempts, so that nobody's can be flooded."""
    throttling.throttle(FAILURES_OF_NETWORK, "code", throttling.client_network())
    throttling.throttle(MAILS_TO_MAILBOX, "code", _account(email))


def ask_code(email: str) -> tuple[str, bool]:
    """Make a code for signing in to the account with this address, if there is one, and mail it.

    Returns the token for the browser, and whether a mail is on its way. When 5 have been sent to a mailbox in 15
    minutes, none is, but the code of the last one works: a stranger who asks can fill no mailbox, and keep nobody out.
    Raises TooManyAttempts after 10 codes in a day for an account from one network.
    """
    account, browser = _account(email), known_browsers.number_for(email)
    if browser:
        throttling.throttle(CODES_FOR_BROWSER, "code", account, browser)
    else:
        network = throttling.client_network()
        throttling.throttle(FAILURES_OF_NETWORK, "code", network)
        throttling.throttle(CODES_FROM_NETWORK, "code", account, network)
    is_mailed = throttling.has_attempt(MAILS_TO_MAILBOX, "sign-in code", account, browser or "")
    user = user_with(email)
    return verification_codes.ask(Purpose.SIGN_IN, user, email[:LONGEST_EMAIL], is_mailed=is_mailed), is_mailed


def redeem(token: str, email: str, digits: str) -> User | None:
    """Whom this browser's code, asked for by `email`, lets in, if these are its digits. Raises TooManyAttempts."""
    with _counted("code", email, CODE_TRIES_FROM_NETWORK) as attempted:
        code = verification_codes.redeem(Purpose.SIGN_IN, token, digits)
        attempted.has_succeeded = code is not None
    return code.user if code else None


class _Attempt:
    """An attempt that is being made."""

    has_succeeded = False


@contextmanager
def _counted(kind: str, email: str, from_network: RateLimitItem) -> Iterator[_Attempt]:
    """Count an attempt to get into the account with this address; success forgives those before it."""
    account, network = _account(email), throttling.client_network()
    browser = known_browsers.number_for(email)
    limits: list[Limit] = (
        [(TRIES_FROM_BROWSER, (kind, account, "browser", browser))]
        if browser
        else [(from_network, (kind, account, "network", network)), (TRIES_OF_ACCOUNT, (kind, account))]
    )
    if not browser:
        throttling.require_attempt(FAILURES_OF_NETWORK, "sign-in", network)
    for limit, keys in limits:
        throttling.throttle(limit, *keys)
    yield (attempted := _Attempt())
    if attempted.has_succeeded:
        for limit, keys in limits:
            run_after_request(partial(throttling.forgive, limit, *keys))
    elif not browser:
        run_after_request(partial(throttling.count_failure, FAILURES_OF_NETWORK, "sign-in", network))


def _account(email: str) -> str:
    return email_key(email)[:LONGEST_EMAIL]


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
    known_browsers.remember(user.email)
    user.session_token = session.token
    login_user(user, remember=remembered, duration=sessions.REMEMBERED, force=True)


def end_session() -> None:
    """Let this browser forget its session, also the one that it remembers for a month."""
    cookie.clear()
    logout_user()  # after that: it leaves a word in the session which removes the second cookie


def unauthenticated_response(*, back_to: str = "") -> Response:
    """The response to somebody who is not signed in: the sign-in page, which leads back with what was typed.

    Where nothing was typed, a plain form leads to `back_to`.
    """
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
        return make_response(render_template("accounts/sign_in.html", form=SignInForm(), submitted=typed), 401)
    target = request.full_path.rstrip("?") if request.method == "GET" else back_to
    return make_response(redirect(_sign_in(target), 303))


def of_another_tab() -> Response | None:
    """The way in, for a sign-in form whose token is of before another tab signed the same person in."""
    typed = request.form.get("email", "")
    if request.path != "/sign-in" or not g.user or email_key(typed) != g.user.email_key:
        return None
    return htmx.redirect_303(form_recovery.local_address(request.form.get("next", "")) or "/")


def _sign_in(target: str) -> str:
    return f"/sign-in?next={quote(target)}" if target not in ("", "/") else "/sign-in"


def _path_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:  # not a valid address, such as http://[
        return ""
    return parts._replace(scheme="", netloc="").geturl()
