"""The worker: does what time does, every minute, and comes when the bell rings. A process of its own, or several."""

import signal
import socket
from select import select

from flask import Flask
from huey import Huey, crontab
from huey.consumer import Consumer

from workspace import scheduled_jobs, worker_wakeup
from workspace.mail.delivery import mail_sender

THREADS = 2  # One may be planning while the other sends.
SECONDS_BETWEEN_LOOKS = 0.4  # at a queue that can't call by itself (SQLite)
SECONDS_BETWEEN_CHECKS = 1.0
SECONDS_TO_FINISH = (
    7  # for the mail that is being sent when the worker is told to stop; less than serving/supervisor.py gives
)


def serve(app: Flask) -> None:
    """Work until told to stop by a signal. `app` has its context.

    What goes wrong in a piece of work is logged, and ends neither the worker nor the other pieces.
    """
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    signal.set_wakeup_fd(mouth.fileno())  # Each signal that is handled is written here, whoever handles it.
    consumer = Consumer(_with_ticks(app), workers=THREADS, max_delay=SECONDS_BETWEEN_LOOKS)
    consumer.start()  # which handles the signals from now on
    while not select([ear], [], [], SECONDS_BETWEEN_CHECKS)[0]:
        consumer.check_worker_health()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # The second of two that say the same would interrupt the ending.
    mail_sender().stopping.set()
    consumer.shutdown_timeout = SECONDS_TO_FINISH
    consumer.stop(graceful=True)
    signal.set_wakeup_fd(-1)  # The socket is closed before the process ends.


def _with_ticks(app: Flask) -> Huey:
    """The bell, which now rings by itself every minute as well."""
    rung = worker_wakeup.queue()

    @rung.periodic_task(crontab(), name="tick", expires=50)  # type: ignore[untyped-decorator]
    def tick() -> None:
        with app.app_context():
            scheduled_jobs.run_due_jobs()

    return rung
