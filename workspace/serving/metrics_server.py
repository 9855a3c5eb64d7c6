"""Serves what the processes have counted, and how the outbox stands, to Prometheus: on METRICS_ADDRESS."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from socketserver import ThreadingMixIn
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from workspace import clock, metrics
from workspace.config import Settings
from workspace.db import db
from workspace.db.failures import Failure
from workspace.db.installation import Installation
from workspace.db.transactions import begin_request
from workspace.live.views import watcher
from workspace.mail import queries
from workspace.serving import ports
from workspace.web.request_slots import REQUESTS_AT_ONCE

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from workspace import Workspace

SECONDS_BETWEEN_SAMPLES = 1.0
SECONDS_FOR_A_REQUEST = 5


class StoredState:
    """What the database says when it is asked: a collector of prometheus_client."""

    def __init__(self, app: "Workspace") -> None:
        self._app = app

    def collect(self) -> Iterator[Any]:
        """How the outbox, the worker and the database stand."""
        from prometheus_client.core import GaugeMetricFamily

        def gauge(name: str, meaning: str, value: float) -> Any:
            return GaugeMetricFamily(f"samspil_{name}", meaning, value=value)

        with self._app.app_context():
            begin_request(reads_only=True)
            try:
                outbox, now = queries.status(), clock.now()
                seen = db.session.scalar(select(Installation.worker_seen_at))
                failing = db.session.scalar(select(func.count()).select_from(Failure)) or 0
                db.session.commit()
            except SQLAlchemyError:
                db.session.rollback()
                yield gauge("database_up", "Whether the database answers", 0)
                return
            finally:
                db.session.remove()
        yield gauge("database_up", "Whether the database answers", 1)
        yield gauge("mails_waiting", "Mails that are to be sent, at once or later", outbox.waiting)
        yield gauge("mails_not_sent", "Mails that were refused or given up", outbox.failed)
        overdue = (now - outbox.overdue_since).total_seconds() if outbox.overdue_since else 0
        yield gauge("mail_overdue_seconds", "How long the mail that is overdue longest should have been sent", overdue)
        yield gauge("failing_rows", "Rows and jobs that the worker could not do", failing)
        if seen:
            yield gauge("worker_seen_seconds", "How long no worker has looked for work", (now - seen).total_seconds())


class MetricsServer(ThreadingMixIn, WSGIServer):
    """A thread for each request, which ends with the process."""

    daemon_threads = True


class IPv6MetricsServer(MetricsServer):
    """The same for IPv6."""

    address_family = socket.AF_INET6


class MetricsRequestHandler(WSGIRequestHandler):
    """Waits for nobody for long, and writes no log."""

    timeout = SECONDS_FOR_A_REQUEST

    def log_message(self, format: str, *given: Any) -> None:
        """Nothing."""


def require_address(settings: Settings) -> None:
    """Raise OSError, whose text says what to do, if METRICS_ADDRESS is set and can't be used."""
    if settings.metrics_address:
        host, port = _host_and_port(settings)
        ports.usable(host, port, "Free it, or set METRICS_ADDRESS: each instance needs its own.")


def serve(app: "Workspace") -> None:
    """Serve until the process ends. Raises OSError where the address can't be used."""
    start(app)
    with suppress(KeyboardInterrupt):
        Event().wait()


def start(app: "Workspace") -> None:
    """Serve in a thread. Raises OSError where the address can't be used."""
    Thread(target=server(app).serve_forever, name="metrics", daemon=True).start()
    sample(app, Event())


def server(app: "Workspace") -> WSGIServer:
    """A server on the address of the settings, which listens already."""
    from prometheus_client import CollectorRegistry, make_wsgi_app
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(StoredState(app))
    counted = make_wsgi_app(registry)

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not _may_ask(app.settings, environ["REMOTE_ADDR"]):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b""]
        return counted(environ, start_response)

    host, port = _host_and_port(app.settings)
    kind = IPv6MetricsServer if ":" in host else MetricsServer
    return make_server(host, port, answer, server_class=kind, handler_class=MetricsRequestHandler)


def _host_and_port(settings: Settings) -> tuple[str, int]:
    host, _colon, port = settings.metrics_address.rpartition(":")
    return host.strip("[]"), int(port)


def sample(app: "Workspace", stopping: Event) -> None:
    """Note every second what is in use in this process, in a thread, if anything is counted."""
    if metrics.is_on():
        Thread(target=_sample, args=(app, stopping), name="metrics sample", daemon=True).start()


def _sample(app: "Workspace", stopping: Event) -> None:
    with app.app_context():
        pool: Any = db.engine.pool
    while not stopping.wait(SECONDS_BETWEEN_SAMPLES):
        slots = app.request_slots
        metrics.set_levels(
            slots=REQUESTS_AT_ONCE - slots.free,
            waiting=slots.waiting,
            streams=len(watcher(app).streams),
            connections=pool.checkedout(),
        )


def _may_ask(settings: Settings, address: str) -> bool:
    asking = ip_address(address.partition("%")[0])
    return any(asking in network for network in settings.monitoring_networks)
