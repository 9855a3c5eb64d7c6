"""The worker: does what time does, every minute, and comes when the bell rings. A process of its own, or several."""

import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from select import select

from flask import Flask
from huey import Huey, crontab
from huey.consumer import Consumer

from workspace import ticks
from workspace.mail import bell
from workspace.mail.postman import the_postman

THREADS = 2  # One may be planning while the other sends.
SECONDS_BETWEEN_LOOKS = 0.4  # at a queue that can't call by itself (SQLite)
SECONDS_BETWEEN_CHECKS = 1.0
SECONDS_TO_FINISH = 10  # for the mail that is being sent when the worker is told to stop
SECONDS_BEFORE_ANOTHER = 2.0

log = logging.getLogger(__name__)


def serve(app: Flask, *, parent: int | None = None) -> None:
    """Work until told to stop by a signal, or until the process `parent` has ended. `app` has its context.

    What goes wrong in a piece of work is logged, and ends neither the worker nor the other pieces.
    """
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    signal.set_wakeup_fd(mouth.fileno())  # Each signal that is handled is written here, whoever handles it.
    consumer = Consumer(_with_ticks(app), workers=THREADS, max_delay=SECONDS_BETWEEN_LOOKS)
    consumer.start()  # which handles SIGINT and SIGTERM from now on
    while parent in (None, os.getppid()) and not select([ear], [], [], SECONDS_BETWEEN_CHECKS)[0]:
        consumer.check_worker_health()
    the_postman().stopping.set()
    consumer.shutdown_timeout = SECONDS_TO_FINISH
    consumer.stop(graceful=True)
    signal.set_wakeup_fd(-1)  # The socket is closed before the process ends, and another signal may come.


class Beside:
    """A worker as a process beside this one, which is replaced if it ends, and ends with this one.

    `work` is what it does. The first one is forked where that is the custom, and shares what this process has made.
    One that takes its place begins anew: this process has threads by then, and holds the port.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work
        self.stopping = threading.Event()
        self.process = self._begin(multiprocessing.get_start_method())
        self.watch = threading.Thread(target=self._watch, daemon=True)
        self.watch.start()

    def end(self) -> None:
        """Tell it to end; what it is sending it may finish."""
        self.stopping.set()
        self.process.terminate()

    def stop(self) -> None:
        """End it, and wait until it has."""
        self.end()
        self.watch.join(SECONDS_TO_FINISH + 1)  # It waits for the process. Of two who do, one may miss how it ended.
        if self.process.is_alive():
            self.process.kill()

    def _begin(self, how: str) -> BaseProcess:
        process: BaseProcess = multiprocessing.get_context(how).Process(target=self.work, daemon=True)  # type: ignore[attr-defined]
        process.start()
        return process

    def _watch(self) -> None:
        while not self.stopping.is_set():
            self.process.join()
            if not self.stopping.wait(SECONDS_BEFORE_ANOTHER):
                log.error("The worker ended (%s). Another one begins.", self.process.exitcode)
                self.process = self._begin("spawn")


def _with_ticks(app: Flask) -> Huey:
    """The bell, which now rings by itself every minute as well."""
    rung = bell.bell()

    @rung.periodic_task(crontab(), name="tick", expires=50)  # type: ignore[untyped-decorator]
    def tick() -> None:
        with app.app_context():
            ticks.tick()

    return rung
