"""What is counted for monitoring, in the form of Prometheus. Nothing is, until `start` says so.

Each process counts into files of its own in one folder, where `serving/metrics_server.py` adds them up. So what a
process has counted stays when it is replaced.
"""

import atexit
import os
import shutil
import tempfile

METHODS = ("GET", "HEAD", "POST", "OPTIONS")
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds

_counters: "Counters | None" = None


class Counters:
    """The metrics of this process."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        now = {"multiprocess_mode": "livesum"}
        self.requests = Counter("samspil_requests", "Requests that were answered", ("route", "method", "status"))
        self.request_seconds = Histogram(
            "samspil_request_seconds", "How long answers took, streams left out", ("route",), buckets=BUCKETS
        )
        self.statement_seconds = Histogram(
            "samspil_statement_seconds", "How long statements waited for the database", buckets=BUCKETS
        )
        self.slots = Gauge("samspil_request_slots_in_use", "Requests that are being worked on", **now)  # type: ignore[arg-type]
        self.waiting = Gauge("samspil_requests_waiting", "Requests that wait for a slot", **now)  # type: ignore[arg-type]
        self.streams = Gauge("samspil_streams", "Open streams", **now)  # type: ignore[arg-type]
        self.connections = Gauge("samspil_database_connections_in_use", "Connections in use", **now)  # type: ignore[arg-type]
        self.mails = Counter("samspil_mails", "Mails, by what became of each attempt", ("outcome",))
        self.jobs = Counter("samspil_job_runs", "Runs of the worker's jobs", ("job", "outcome"))
        self.job_seconds = Counter("samspil_job_seconds", "How long the jobs took", ("job",))
        self.sign_in_failures = Counter("samspil_sign_in_failures", "Wrong passwords and codes")
        self.exits = Counter("samspil_process_exits", "Processes that ended and were replaced", ("process",))


def start() -> None:
    """Count from now on, in this process and those that are forked from it, into a new folder that goes with it."""
    global _counters
    folder, owner = tempfile.mkdtemp(prefix="samspil-metrics-"), os.getpid()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder  # read when the library is imported

    def remove() -> None:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    _counters = Counters()


def is_on() -> bool:
    """Whether anything is counted."""
    return _counters is not None


def count_request(route: str, method: str, status: int, seconds: float) -> None:
    """A request was answered."""
    if _counters:
        _counters.requests.labels(route, method if method in METHODS else "other", status).inc()
        if route != "/live":
            _counters.request_seconds.labels(route).observe(seconds)


def count_statement(seconds: float) -> None:
    """A statement was run."""
    if _counters:
        _counters.statement_seconds.observe(seconds)


def count_mail(outcome: str) -> None:
    """An attempt to send a mail has ended."""
    if _counters:
        _counters.mails.labels(outcome).inc()


def count_job(job: str, outcome: str, seconds: float) -> None:
    """One of the worker's jobs was run."""
    if _counters:
        _counters.jobs.labels(job, outcome).inc()
        _counters.job_seconds.labels(job).inc(seconds)


def count_sign_in_failure() -> None:
    """A password or code was wrong."""
    if _counters:
        _counters.sign_in_failures.inc()


def count_exit(process: str, number: int) -> None:
    """A process has ended. What it had open counts no more."""
    if _counters:
        from prometheus_client.multiprocess import mark_process_dead

        _counters.exits.labels(process).inc()
        mark_process_dead(number)  # type: ignore[no-untyped-call]


def set_levels(*, slots: int, waiting: int, streams: int, connections: int) -> None:
    """What is in use in this process at present."""
    if _counters:
        for gauge, value in (
            (_counters.slots, slots),
            (_counters.waiting, waiting),
            (_counters.streams, streams),
            (_counters.connections, connections),
        ):
            gauge.set(value)
