"""Serving the app: it is made once, and the web processes and the worker are forked from it."""

import ctypes
import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any

from granian.log import LogLevels

from workspace import logs, worker
from workspace.db import db
from workspace.db.engine import checkpoint, watch_availability
from workspace.live.views import watcher
from workspace.serving import metrics_server, ports
from workspace.serving.front import Front, options
from workspace.serving.supervisor import Server

if TYPE_CHECKING:
    from workspace import Workspace

# Each statement releases the interpreter's lock. A thread that computes gives it back after this many seconds.
GIL_SWITCH_INTERVAL = 0.0005
# By default glibc keeps free memory in many arenas, one for every few threads.
M_ARENA_MAX, ARENAS = -8, 2

_app: "Workspace | None" = None


def serve(app: "Workspace", on_startup: Callable[[], None]) -> None:
    """Call `on_startup` when the port is open, and serve until told to stop.

    Raises OSError, whose text says what to do, if HOST and PORT, or METRICS_ADDRESS, can't be used.
    """
    global _app
    _app = app
    logs.install(as_json=app.settings.log_format == "json")
    address = ports.usable(app.settings.host, app.settings.port, "Free it, or set PORT or HOST.")
    metrics_server.require_address(app.settings)
    server = Server(
        "wsgi:app",
        address=address,
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
    try:
        metrics_server.serve(app)
    except OSError as error:  # Somebody has taken it since the start.
        raise SystemExit(f"METRICS_ADDRESS={app.settings.metrics_address} can't be used ({error.strerror}).") from None


def _present_app() -> "Workspace":
    """The app of the main process; a new one where this process was not forked (macOS, Python 3.14)."""
    from workspace import create_app

    app = _app or create_app()
    logs.install(as_json=app.settings.log_format == "json")
    return app
