"""Request slots: how many requests a process works on at once. More of them only get in each other's way.

Streams and static files need none, and a request that waits for something slow gives its own back meanwhile.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from flask import has_request_context, request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REQUESTS_AT_ONCE = 16
SLOTS = "workspace.request_slots"


class Slots(BoundedSemaphore):
    """The request slots of a process."""

    @property
    def free(self) -> int:
        """How many of them nobody holds."""
        return self._value

    @property
    def waiting(self) -> int:
        """How many requests wait for one."""
        return len(self._cond._waiters)  # type: ignore[attr-defined]


@contextmanager
def held(slots: BoundedSemaphore, environ: "WSGIEnvironment") -> Iterator[None]:
    """Hold one of the `slots` for the request of this `environ`."""
    with slots:
        environ[SLOTS] = slots
        try:
            yield
        finally:
            del environ[SLOTS]


@contextmanager
def released() -> Iterator[None]:
    """Give this request's slot to others meanwhile. Does nothing outside a request."""
    slots: BoundedSemaphore | None = request.environ.get(SLOTS) if has_request_context() else None
    if slots is None:
        yield
        return
    slots.release()
    try:
        yield
    finally:
        slots.acquire()
