"""The worker: sends emails as they become due, keeps the search index, and runs the scheduled jobs every minute.

One process, or several. Every second it looks into the outbox, by an index of what is unfinished, and for logs that go
on behind their bookmark, so nothing has to wake it: a commit is all that it takes.
"""

import logging
import signal
import socket
import time
from collections.abc import Callable
from select import select
from threading import Thread

from flask import Flask

from workspace import scheduled_jobs
from workspace.db.engine import watch_availability
from workspace.db.transactions import begin_request
from workspace.extensions import stopping
from workspace.files import checking
from workspace.logs import told
from workspace.mail import claims, delivery
from workspace.mail.delivery import mail_sender
from workspace.search import indexing

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_JOBS = 60.0
SECONDS_AFTER_A_FAILURE = 5.0  # where the outbox can't even be looked into
# For the email that is being sent when the worker is told to stop; less than serving/supervisor.py gives.
SECONDS_TO_FINISH = 7.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

log = logging.getLogger(__name__)


def serve(app: Flask) -> None:
    """Work until told to stop by a signal. `app` has its context.

    What goes wrong in one job is logged, and ends neither the worker nor the other jobs.
    """
    watch_availability(app)
    read_end, write_end = socket.socketpair()
    write_end.setblocking(False)
    signal.set_wakeup_fd(write_end.fileno())  # Each signal that is handled is written here.
    for number in SIGNALS:
        signal.signal(number, _wake)
    # Four threads: planning many digests must hold up neither a sign-in code nor the search for a new text, and a file
    # that takes long, none of them.
    threads = [
        Thread(target=_repeat, args=(app, work, seconds), daemon=True)
        for work, seconds in (
            (_run_jobs, SECONDS_BETWEEN_JOBS),
            (_send_due, SECONDS_BETWEEN_LOOKS),
            (_index_due, SECONDS_BETWEEN_LOOKS),
            (_check_files, SECONDS_BETWEEN_LOOKS),
        )
    ]
    for thread in threads:
        thread.start()
    select([read_end], [], [])
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # The second of two that say the same would interrupt the ending.
    stopping.set()
    end = time.monotonic() + SECONDS_TO_FINISH
    for thread in threads:
        thread.join(max(0, end - time.monotonic()))
    signal.set_wakeup_fd(-1)  # The socket is closed before the process ends.


def _wake(number: int, frame: object) -> None:
    """A signal: what wakes the worker is written by the interpreter (see set_wakeup_fd)."""


def _repeat(app: Flask, work: Callable[[Flask], None], seconds: float) -> None:
    """Do the work again and again, with a pause in between, until the worker is told to stop."""
    while not stopping.is_set():
        try:
            work(app)
            pause = seconds
        except Exception as error:  # The database is away, say.
            log.error("The worker could not look for work: %s", told(error))
            pause = max(seconds, SECONDS_AFTER_A_FAILURE)
        stopping.wait(pause)


def _run_jobs(app: Flask) -> None:
    with app.app_context():
        scheduled_jobs.run_due_jobs(without=scheduled_jobs.LONG_JOBS)


def _index_due(app: Flask) -> None:
    with app.app_context():
        begin_request(reads_only=True)
        if not indexing.is_any_due():
            return
    with app.app_context():
        scheduled_jobs.run_job(indexing.index_due)


def _check_files(app: Flask) -> None:
    with app.app_context():
        begin_request(reads_only=True)
        if not checking.is_any_due():
            return
    with app.app_context():
        scheduled_jobs.run_job(checking.check_due)


def _send_due(app: Flask) -> None:
    with app.app_context():
        begin_request(reads_only=True)
        if not (mail_sender().is_available() and claims.is_any_due()):
            return
    with app.app_context():
        scheduled_jobs.run_job(delivery.deliver)
