"""Rate limits: attempts are counted in moving windows, in memory or in a Redis that several processes share."""

import math
import time

from flask import Flask, Response, current_app, make_response
from flask_babel import gettext as _
from flask_babel import ngettext
from limits import RateLimitItem
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from workspace.permissions import UserError

SECONDS_UNTIL_ROOM = 5


class TryAgainLater(UserError):
    """Not now. Where nobody catches it, the app answers with its status (workspace/errors.py).

    `seconds` says after how long it makes sense to try again.
    """

    def __init__(self, message: str, seconds: int) -> None:
        self.headers = {"Retry-After": str(seconds)}
        super().__init__(message)

    def answer(self, page: str) -> Response:
        """`page`, whose form says so and still holds what was typed, as the answer."""
        return make_response(page, self.status, self.headers)


class Busy(TryAgainLater):
    """Too many people want the same at this moment."""

    status = 503

    def __init__(self) -> None:
        super().__init__(_("It is busy right now. Try again in a moment."), SECONDS_UNTIL_ROOM)


class TooManyAttempts(TryAgainLater):
    """No further attempt for now."""

    status = 429

    def __init__(self, seconds: float) -> None:
        minutes = max(1, math.ceil(seconds / 60))
        super().__init__(
            ngettext(
                "Too many attempts. Try again in %(num)s minute.",
                "Too many attempts. Try again in %(num)s minutes.",
                minutes,
            ),
            minutes * 60,
        )


def install(app: Flask, storage_url: str) -> None:
    """Let `app` count attempts in the storage of that URL."""
    app.extensions["rate_limiter"] = MovingWindowRateLimiter(storage_from_string(storage_url))


def throttle(limit: RateLimitItem, *keys: str) -> None:
    """Count an attempt of whoever the keys tell. Raises TooManyAttempts, and counts nothing, when it is one too many.

    It counts before the attempt is made, so that attempts at the same time can't outrun the limit.
    """
    if not rate_limiter().hit(limit, *keys):
        _refuse(limit, *keys)


def require_attempt(limit: RateLimitItem, *keys: str) -> None:
    """Raise TooManyAttempts when no attempt is left. It counts none: see `count_failure`."""
    if not rate_limiter().test(limit, *keys):
        _refuse(limit, *keys)


def count_failure(limit: RateLimitItem, *keys: str) -> None:
    """Count an attempt that has failed."""
    rate_limiter().hit(limit, *keys)


def forgive(limit: RateLimitItem, *keys: str) -> None:
    """Forget all attempts."""
    rate_limiter().clear(limit, *keys)


def rate_limiter() -> MovingWindowRateLimiter:
    """What counts attempts for this app."""
    found: MovingWindowRateLimiter = current_app.extensions["rate_limiter"]
    return found


def _refuse(limit: RateLimitItem, *keys: str) -> None:
    raise TooManyAttempts(rate_limiter().get_window_stats(limit, *keys).reset_time - time.time())
