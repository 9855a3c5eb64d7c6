"""Serving the app: it is made once, and the web processes and the worker are forked from it."""

import ctypes
import gc
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from errno import EADDRINUSE
from threading import Event
from typing import TYPE_CHECKING, Any

from granian.log import LogLevels

from workspace import logs, worker
from workspace.config import Settings
from workspace.db import db
from workspace.db.engine import checkpoint, watch_availability
from workspace.live.views import watcher
from workspace.serving import metrics_server
from workspace.serving.front import Front, options
from workspace.serving.supervisor import SECONDS_TO_STOP, Server

if TYPE_CHECKING:
    from workspace import Workspace

# Each statement releases the interpreter's lock. A thread that computes gives it back after this many seconds.
GIL_SWITCH_INTERVAL = 0.0005
# After this many, what a killed main process left has ended.
SECONDS_FOR_PORT = SECONDS_TO_STOP + 2
# By default glibc keeps free memory in many arenas, one for every few threads.
M_ARENA_MAX, ARENAS = -8, 2

_app: "Workspace | None" = None


def serve(app: "Workspace", on_startup: Callable[[], None]) -> None:
    """Call `on_startup` when the port is open, and serve until told to stop.

    Raises OSError, whose text says what to do, if HOST and PORT can't be used.
    """
    global _app
    _app = app
    logs.install(as_json=app.settings.log_format == "json")
    server = Server(
        "wsgi:app",
        address=_address(app.settings),
        port=app.settings.port,
        workers=app.settings.workers,
        log_level=LogLevels.error,
        **options(),
    )
    server.is_behind_proxy = app.settings.trusted_proxies > 0
    server.on_startup(on_startup)
    server.add_process("Worker", _work)
    if app.settings.metrics_address:
        server.add_process("Metrics", _serve_metrics)
    _share_memory()
    try:
        server.serve(target_loader=_load_app, wrap_loader=False)
    finally:
        checkpoint(app.settings.database_url)
        gc.freeze()  # Otherwise Python spends seconds looking through every object before it exits.


def _address(settings: Settings) -> str:
    """The network address of HOST. A port that stays taken is reported before anything starts."""
    host = settings.host.strip("[]")
    try:
        family, kind, *_rest, address = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM)[0]
        _wait_for_port(family, kind, address)
    except OSError as error:
        raise OSError(
            f"{host}:{settings.port} can't be used ({error.strerror}). Free it, or set PORT or HOST."
        ) from None
    return str(address[0])


def _wait_for_port(family: int, kind: int, address: Any) -> None:
    """Wait for those whose main process was killed, and who are ending. Raises OSError if the port stays taken."""
    end = time.monotonic() + SECONDS_FOR_PORT
    while True:
        try:
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
            return
        except OSError as error:
            if error.errno != EADDRINUSE or time.monotonic() > end:
                raise
        time.sleep(0.1)


def _share_memory() -> None:
    """Let the forked processes share the memory of this one, and let any thread have what is free."""
    gc.collect()
    gc.freeze()  # A collection would write to the shared memory, in each process.
    with suppress(AttributeError):  # Other systems have another allocator.
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, ARENAS)


def _load_app() -> Any:
    """The app as granian calls it, in a web process."""
    app = _present_app()
    watch_availability(app)
    metrics_server.sample(app, Event())
    sys.setswitchinterval(GIL_SWITCH_INTERVAL)
    return Front(app, watcher(app))


def _work() -> None:
    """The worker, in its process."""
    app = _present_app()
    with app.app_context():
        try:
            worker.serve(app)
        finally:
            db.session.remove()
            db.engine.dispose()


def _serve_metrics() -> None:
    """What Prometheus asks, in its process."""
    app = _present_app()
    watch_availability(app)
    metrics_server.serve(app)


def _present_app() -> "Workspace":
    """The app of the main process; a new one where this process was not forked (macOS, Python 3.14)."""
    from workspace import create_app

    app = _app or create_app()
    logs.install(as_json=app.settings.log_format == "json")
    return app
