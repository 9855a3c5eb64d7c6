"""Browsers that have signed in to an account before. They have rate limits of their own, which no stranger uses up.

A cookie says so, like OWASP's device cookies: a random number for each account, signed together with its address. It
tells nobody which accounts these are, and opens none of them.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from datetime import timedelta

from flask import Response, after_this_request, current_app, request

from workspace.accounts.models import email_key

COOKIE = "samspil_browser"
REMEMBERED = timedelta(days=400)  # as long as browsers keep a cookie
MOST_ACCOUNTS = 5
DIGITS = 16  # of a browser's number, in front of its signature


def number_for(email: str) -> str | None:
    """This browser's number for the account with the address `email`; None if it has never signed in to it."""
    return next(_numbers(email_key(email)), None)


def remember(email: str) -> None:
    """Let the response tell this browser that it has signed in to the account with the address `email`."""
    number = number_for(email) or secrets.token_hex(DIGITS // 2)
    entry = f"{number}{_signature(number, email_key(email))}"
    value = ".".join([entry, *(other for other in _entries() if other != entry)][:MOST_ACCOUNTS])

    @after_this_request
    def tell(response: Response) -> Response:
        response.set_cookie(
            COOKIE,
            value,
            max_age=REMEMBERED,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
        return response


def _entries() -> list[str]:
    return request.cookies.get(COOKIE, "").split(".", MOST_ACCOUNTS)[:MOST_ACCOUNTS]


def _numbers(account: str) -> Iterator[str]:
    for entry in _entries():
        number, signature = entry[:DIGITS], entry[DIGITS:]
        if hmac.compare_digest(signature.encode(), _signature(number, account).encode()):
            yield number


def _signature(number: str, account: str) -> str:
    key: str = current_app.settings.secret_key  # type: ignore[attr-defined]
    return hmac.new(key.encode(), f"browser:{number}:{account}".encode(), hashlib.sha256).hexdigest()[:32]
