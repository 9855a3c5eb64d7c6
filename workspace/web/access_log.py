"""Each request gets an id, and one line in the log: its route, status and duration, and who it was by their number.

No address, parameter or text: a route is written with the names of its parts, as in `/partnerships/<slug:slug>/`.
"""

import re
import secrets
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import structlog
from flask import request

from workspace import logs, metrics
from workspace.config import Settings
from workspace.web.assets import PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "X-Request-ID"
REQUEST_ID = "workspace.request_id"  # keys of the environment
ROUTE = "workspace.route"
USER = "workspace.user"
REASON = "workspace.reason"
READABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
HEALTH = "/healthz"


def request_id() -> str:
    """The id of the present request; empty outside one."""
    return str(request.environ.get(REQUEST_ID, ""))


def note_route(route: str) -> None:
    """Note which rule the request's address has matched."""
    request.environ[ROUTE] = route


def note_user(user_id: int) -> None:
    """Note who sent the request."""
    request.environ[USER] = user_id


def note_reason(reason: str) -> None:
    """Note why the request can't be answered: the kind of an error, in words of ours."""
    request.environ[REASON] = reason


class AccessLog:
    """The outermost layer of the app."""

    def __init__(self, wsgi_app: "WSGIApplication", settings: Settings) -> None:
        self._wsgi_app = wsgi_app
        self._is_written = settings.access_log
        self._believes_proxy = settings.trusted_proxies > 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer, with the id in the answer's headers."""
        began, given = time.perf_counter(), environ.get("HTTP_X_REQUEST_ID", "")
        is_given = self._believes_proxy and READABLE_ID.fullmatch(given)
        own = environ[REQUEST_ID] = given if is_given else secrets.token_hex(8)
        status = 500

        def start(line: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, [*headers, (HEADER, own)], *rest)

        def finish() -> None:
            self._finish(environ, status, time.perf_counter() - began)

        structlog.contextvars.bind_contextvars(request_id=own)
        try:
            return Answer(self._wsgi_app(environ, start), finish)
        except BaseException:
            finish()
            raise
        finally:
            structlog.contextvars.unbind_contextvars("request_id")

    def _finish(self, environ: "WSGIEnvironment", status: int, seconds: float) -> None:
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        route = "static" if path.startswith(PREFIX) else environ.get(ROUTE, "none")
        metrics.count_request(route, method, status, seconds)
        if self._is_written and (events := logs.event_log()) and not (path.startswith(HEALTH) and status == 200):
            known = {name: environ[key] for name, key in (("user", USER), ("reason", REASON)) if key in environ}
            events.info(
                "request",
                request_id=environ[REQUEST_ID],
                method=method if method.isalpha() else "odd",
                route=route,
                status=status,
                ms=round(seconds * 1000, 1),
                **known,
            )


class Answer:
    """An answer whose end is noted: that of a stream comes when the reader has gone."""

    def __init__(self, parts: Iterable[bytes], finish: Any) -> None:
        self._parts, self._finish = parts, finish

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)

    def close(self) -> None:
        """End it; called once, also where it was never read."""
        try:
            if hasattr(self._parts, "close"):
                self._parts.close()
        finally:
            self._finish()
