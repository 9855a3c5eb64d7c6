"""Keeps the web processes and the worker: who dies is replaced, and all of them end when this process does.

Granian can replace its web processes, but gives up on all of them when one dies twice within seconds, takes a lock
within its signal handler, and ends with an error when whoever stops it tells its web processes as well (systemd does,
and a terminal). So only what makes a web process is Granian's.

This process has one thread, and what it forks shares its memory: the first processes, and those that take their places.
"""

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any

from granian.server import MPServer

SECONDS_TO_STOP = 8.0  # for what a process is doing when it is told to stop
SECONDS_OF_A_LIFE = 60.0  # A process that lived for less died early.
LONGEST_PAUSE = 30.0  # seconds, before a process that died early again and again is replaced

Work = Callable[..., None]

log = logging.getLogger(__name__)


class Server(MPServer):
    """Granian, whose web processes are kept here."""

    _beside: tuple[tuple[str, Work], ...] = ()

    def work_beside(self, name: str, work: Callable[[], None]) -> None:
        """Keep a process that does `work` as well, from `serve` on; `name` is what it is called in the log."""
        self._beside += ((name, work),)

    def _serve(self, spawn_target: Work, target_loader: Callable[[], Any]) -> None:
        """What `serve` does with the settings that it has checked."""
        lifeline = Lifeline()

        def web_process(number: int) -> BaseProcess:
            target = partial(_live, lifeline, spawn_target)
            return self._spawn_worker(idx=number, target=target, callback_loader=target_loader).inner

        self._init_shared_socket()  # type: ignore[no-untyped-call]
        children = [Child(name, partial(_process, lifeline, work)) for name, work in self._beside]
        children += [Child(f"Web process {number + 1}", partial(web_process, number)) for number in range(self.workers)]
        keep(children, begin=partial(self._call_hooks, self.hooks_startup))


class Lifeline:
    """A pipe that only the main process could write to, and never does: when it has died, others find the pipe's end.

    It works on every system, while only Linux could send a signal.
    """

    def __init__(self) -> None:
        self._read: Connection
        self._write: Connection | None
        self._read, self._write = multiprocessing.Pipe(duplex=False)

    def __getstate__(self) -> Connection:
        """What a process gets that is not forked."""
        return self._read

    def __setstate__(self, read: Connection) -> None:
        self._read, self._write = read, None

    def hold(self) -> None:
        """Let this process, which is not the main one, be told to stop when that has died, and end soon after."""
        if self._write:
            self._write.close()
        Thread(target=self._end_with_it, name="lifeline", daemon=True).start()

    def _end_with_it(self) -> None:
        self._read.poll(None)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(SECONDS_TO_STOP)
        os._exit(1)


class Child:
    """A process that there is to be, whichever it is at present. `made` makes one that can be started."""

    def __init__(self, name: str, made: Callable[[], BaseProcess]) -> None:
        self.name = name
        self.made = made
        self.process: BaseProcess | None = None
        self.begins_at = 0.0  # by the monotonic clock, as are all moments here
        self.early_deaths = 0

    def begin(self) -> None:
        """Start it. A signal that tells the main process to stop waits until then, and is not the child's."""
        process = self.made()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _signals())
        try:
            process.start()
        except OSError as error:  # There are too many processes, or no memory.
            self._come_again(f"could not begin: {error.strerror}")
        else:
            self.process = process
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def bury(self) -> None:
        """Say how it ended, and when it will be replaced."""
        process, self.process = self.process, None
        if process:
            process.join()
            code = process.exitcode or 0
            how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
            self._come_again(f"({process.pid}) ended: {how}")
            process.close()

    def _come_again(self, what_happened: str) -> None:
        now = time.monotonic()
        self.early_deaths = self.early_deaths + 1 if now - self.begins_at < SECONDS_OF_A_LIFE else 0
        pause = min(2.0 ** (self.early_deaths - 2), LONGEST_PAUSE) if self.early_deaths > 1 else 0.0
        self.begins_at = now + pause
        again = f"in {pause:g} s: it has died early {self.early_deaths} times in a row" if pause else "at once"
        log.error("%s %s. Another one begins %s.", self.name, what_happened, again)


def keep(children: Sequence[Child], *, begin: Callable[[], None]) -> None:
    """Call `begin`, start the `children`, and replace them until this process is told to stop; then stop them.

    The main thread calls this, and there is no other: a fork could copy what another holds.
    """
    with _told() as told:
        try:
            begin()
            while told not in _changed(children, told):
                pass
        finally:
            _stop([child for child in children if child.process])


def _changed(children: Sequence[Child], told: socket.socket) -> list[Any]:
    """Start who is due, then wait for a signal, for a child's end, or for when the next one is due."""
    for child in children:
        if not child.process and child.begins_at <= time.monotonic():
            child.begins_at = time.monotonic()
            child.begin()
    living = {child.process.sentinel: child for child in children if child.process}
    next_one = min((child.begins_at for child in children if not child.process), default=None)
    patience = None if next_one is None else max(next_one - time.monotonic(), 0.0)
    changed = wait([told, *living], patience)
    for ended in changed:
        if ended in living and told not in changed:
            living[ended].bury()
    return changed


def _stop(children: Sequence[Child]) -> None:
    """End all at the same time; who has not ended when the time is over is killed."""
    end = time.monotonic() + SECONDS_TO_STOP
    processes = [(child.name, child.process) for child in children if child.process]
    for _name, process in processes:
        process.terminate()
    for _name, process in processes:
        process.join(max(end - time.monotonic(), 0.0))
    for name, process in processes:
        if process.is_alive():
            log.warning("%s did not end within %d seconds, and was killed.", name, SECONDS_TO_STOP)
            process.kill()
            process.join()


@contextmanager
def _told() -> Iterator[socket.socket]:
    """What can be read from when this process has been told to stop.

    Python writes to it beneath any handler, so that no handler has to do anything, whatever it interrupts.
    """
    told, telling = socket.socketpair()
    with told, telling:
        telling.setblocking(False)
        for number in _signals():
            signal.signal(number, lambda *_signal: None)
        signal.set_wakeup_fd(telling.fileno(), warn_on_full_buffer=False)
        try:
            yield told
        finally:
            for number in _signals():
                signal.signal(number, signal.SIG_IGN)  # It is ending.
            signal.set_wakeup_fd(-1)


def _signals() -> list[signal.Signals]:
    """What tells this process to stop. The last one comes when a terminal is closed, unless nohup keeps it off."""
    both = [signal.SIGINT, signal.SIGTERM]
    return both if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else [*both, signal.SIGHUP]


def _process(lifeline: Lifeline, work: Work) -> BaseProcess:
    method = multiprocessing.get_start_method()
    context: Any = multiprocessing.get_context(method if method in ("fork", "spawn") else "spawn")
    made: BaseProcess = context.Process(target=_live, args=(lifeline, work))
    return made


def _live(lifeline: Lifeline, work: Work, *given: Any) -> None:
    """The life of a child. `work` learns that it is to stop by SIGINT: once, and in its main thread.

    Among many threads a signal may come to any, while the main one, which has the handlers, sleeps on; and of two
    (systemd tells all processes, and the main one tells all again) the second blocks Granian for ever. So one thread
    waits for SIGTERM, which the others don't get. A terminal's signals are for the main process alone.
    """
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    lifeline.hold()
    Thread(target=_pass_on, args=(threading.get_ident(),), name="signals", daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT, signal.SIGHUP])
    work(*given)


def _pass_on(main: int) -> None:
    signal.sigwait([signal.SIGTERM])
    signal.pthread_kill(main, signal.SIGINT)
