"""Rate limits: attempts are counted in moving windows, in the database, or in a Redis while there is one.

A key says nothing to who reads it: it is an HMAC, so no address is stored.
"""

import hashlib
import hmac
import logging
import math
import time
from collections.abc import Callable
from typing import TypeVar

from flask import Flask, Response, current_app, make_response, request
from flask_babel import gettext as _
from flask_babel import ngettext
from limits import RateLimitItem
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter

from workspace.config import Settings
from workspace.db import rate_limits
from workspace.permissions import UserError
from workspace.web.networks import network_of

SECONDS_UNTIL_ROOM = 5
SECONDS_TO_ANSWER = 1  # for a Redis, which then is not asked again for a while
SECONDS_WITHOUT_REDIS = 30

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


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
        super().__init__(_("Samspil is busy right now. Try again in a moment."), SECONDS_UNTIL_ROOM)


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


class RateLimiter:
    """What counts attempts for an app: in its Redis, or while that is away, or there is none, in the database."""

    def __init__(self, settings: Settings) -> None:
        self._secret = settings.secret_key.encode()
        self._redis: MovingWindowRateLimiter | None = None
        self._is_away_until = 0.0
        if settings.rate_limit_url:
            patience = {"socket_timeout": SECONDS_TO_ANSWER, "socket_connect_timeout": SECONDS_TO_ANSWER}
            self._redis = MovingWindowRateLimiter(storage_from_string(settings.rate_limit_url, **patience))

    def hit(self, limit: RateLimitItem, *keys: str) -> bool:
        """Count an attempt; False, and none is counted, if it is one too many."""
        key = self._key(keys)
        return self._ask(
            lambda redis: redis.hit(limit, key),
            lambda: rate_limits.hit(limit.key_for(key), limit.amount, limit.get_expiry()),
        )

    def seconds_until_free(self, limit: RateLimitItem, *keys: str) -> float:
        """In how many seconds there is an attempt left; 0 if there is one."""
        key = self._key(keys)

        def asked(redis: MovingWindowRateLimiter) -> float:
            stats = redis.get_window_stats(limit, key)
            return 0 if stats.remaining > 0 else stats.reset_time - time.time()

        def counted() -> float:
            attempts = rate_limits.recent(limit.key_for(key), limit.get_expiry())
            return 0 if len(attempts) < limit.amount else attempts[0] + limit.get_expiry() - time.time()

        return self._ask(asked, counted)

    def clear(self, limit: RateLimitItem, *keys: str) -> None:
        """Forget all attempts."""
        key = self._key(keys)
        self._ask(lambda redis: redis.clear(limit, key), lambda: rate_limits.clear(limit.key_for(key)))

    def _key(self, keys: tuple[str, ...]) -> str:
        return hmac.new(self._secret, "\0".join(("rate limit", *keys)).encode(), hashlib.sha256).hexdigest()

    def _ask(self, redis: Callable[[MovingWindowRateLimiter], Answer], database: Callable[[], Answer]) -> Answer:
        if self._redis and time.monotonic() >= self._is_away_until:
            try:
                return redis(self._redis)
            except self._redis.storage.base_exceptions as error:
                self._is_away_until = time.monotonic() + SECONDS_WITHOUT_REDIS
                log.warning("Redis does not answer (%s), so attempts are counted in the database", type(error).__name__)
        return database()


def install(app: Flask, settings: Settings) -> None:
    """Let `app` count attempts."""
    app.extensions["rate_limiter"] = RateLimiter(settings)


def client_network() -> str:
    """The network that this request comes from: an IPv4 address, or the /64 of an IPv6 one."""
    return network_of(request.remote_addr or "")


def throttle(limit: RateLimitItem, *keys: str) -> None:
    """Count an attempt of whoever the keys tell. Raises TooManyAttempts, and counts nothing, when it is one too many.

    It counts before the attempt is made, so that attempts at the same time can't outrun the limit, and before the
    request's own transaction writes.
    """
    if not has_attempt(limit, *keys):
        raise TooManyAttempts(rate_limiter().seconds_until_free(limit, *keys))


def has_attempt(limit: RateLimitItem, *keys: str) -> bool:
    """Count an attempt; whether there was one left. See `throttle`."""
    return rate_limiter().hit(limit, *keys)


def require_attempt(limit: RateLimitItem, *keys: str) -> None:
    """Raise TooManyAttempts when no attempt is left. It counts none: see `count_failure`."""
    if seconds := rate_limiter().seconds_until_free(limit, *keys):
        raise TooManyAttempts(seconds)


def count_failure(limit: RateLimitItem, *keys: str) -> None:
    """Count an attempt that has failed."""
    rate_limiter().hit(limit, *keys)


def forgive(limit: RateLimitItem, *keys: str) -> None:
    """Forget all attempts."""
    rate_limiter().clear(limit, *keys)


def rate_limiter() -> RateLimiter:
    """What counts attempts for this app."""
    found: RateLimiter = current_app.extensions["rate_limiter"]
    return found
