"""The worker: does what time does, every minute, and comes when the bell rings. A process of its own, or several."""

import logging
import signal
import socket
import subprocess
import sys
import threading
from select import select
from typing import IO, Any

from flask import Flask
from huey import Huey, crontab
from huey.consumer import Consumer

from workspace import ticks
from workspace.mail import bell
from workspace.mail.postman import the_postman

THREADS = 2  # One may be planning while the other sends.
SECONDS_BETWEEN_LOOKS = 1.0  # at a queue that can't call by itself (SQLite)
SECONDS_BETWEEN_CHECKS = 10.0
SECONDS_TO_FINISH = 10  # for the mail that is being sent when the worker is told to stop
SECONDS_BEFORE_ANOTHER = 2.0

log = logging.getLogger(__name__)


def serve(app: Flask, *, while_open: IO[bytes] | None = None) -> None:
    """Work until told to stop by a signal, or until `while_open` ends, which its parent holds. `app` has its context.

    What goes wrong in a piece of work is logged, and ends neither the worker nor the other pieces.
    """
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    signal.set_wakeup_fd(mouth.fileno())  # Each signal that is handled is written here, whoever handles it.
    consumer = Consumer(_with_ticks(app), workers=THREADS, max_delay=SECONDS_BETWEEN_LOOKS)
    consumer.start()  # which handles SIGINT and SIGTERM from now on
    ends: list[Any] = [ear, while_open] if while_open else [ear]
    while not select(ends, [], [], SECONDS_BETWEEN_CHECKS)[0]:
        consumer.check_worker_health()
    the_postman().stopping.set()
    consumer.shutdown_timeout = SECONDS_TO_FINISH
    consumer.stop(graceful=True)


class Beside:
    """A worker as a process beside this one, which is replaced if it ends, and ends with this one."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.process = self._begin()
        self.watch = threading.Thread(target=self._watch, daemon=True)
        self.watch.start()

    def end(self) -> None:
        """Tell it to end; what it is sending it may finish."""
        self.stopping.set()
        self.process.terminate()

    def stop(self) -> None:
        """End it, and wait until it has."""
        self.end()
        try:
            self.process.wait(SECONDS_TO_FINISH + 1)
        except subprocess.TimeoutExpired:
            self.process.kill()
        _close(self.process)

    def _begin(self) -> "subprocess.Popen[bytes]":
        """It reads from a pipe that nobody writes to: however this process ends, the pipe does too."""
        command = "from workspace.cli import main; main(['worker', '--beside'])"
        return subprocess.Popen([sys.executable, "-c", command], stdin=subprocess.PIPE)  # noqa: S603 (our own command)

    def _watch(self) -> None:
        while not self.stopping.is_set():
            code = self.process.wait()
            _close(self.process)
            if not self.stopping.wait(SECONDS_BEFORE_ANOTHER):
                log.error("The worker ended (%s). Another one begins.", code)
                self.process = self._begin()


def _close(process: "subprocess.Popen[bytes]") -> None:
    """Let go of the pipe to a process."""
    if process.stdin:
        process.stdin.close()


def _with_ticks(app: Flask) -> Huey:
    """The bell, which now rings by itself every minute as well."""
    rung = bell.bell()

    @rung.periodic_task(crontab(), name="tick", expires=50)  # type: ignore[untyped-decorator]
    def tick() -> None:
        with app.app_context():
            ticks.tick()

    return rung
