"""Supervises the web processes and the worker: one that dies is replaced, and all of them end when this process does.

Granian can replace its web processes, but gives up on all of them when one dies twice within seconds, takes a lock
within its signal handler, and ends with an error when whoever stops it signals its web processes as well (systemd does,
and a terminal). So only the making of a web process is left to Granian.

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

from workspace import metrics
from workspace.extensions import stopping

SECONDS_TO_STOP = 8.0  # that a process gets for what it is doing when it is told to stop
# Of these a web process behind a proxy goes on serving, and tells the proxy to ask others.
SECONDS_TO_LEAVE = 3.0
SHORTEST_LIFE = 60.0  # seconds; a process that ends sooner has died early
LONGEST_PAUSE = 30.0  # seconds, before a process that died early again and again is replaced
# Who stops all processes (systemd does) tells this one last, and perhaps only when the others have ended.
SECONDS_BETWEEN_SIGNALS = 1.0

Work = Callable[..., None]

log = logging.getLogger(__name__)


class Server(MPServer):
    """Granian, with its web processes supervised here."""

    _added: tuple[tuple[str, Work], ...] = ()
    is_behind_proxy = False

    def add_process(self, name: str, work: Callable[[], None]) -> None:
        """Also supervise a process that does `work`, from `serve` on; the log calls it `name`."""
        self._added += ((name, work),)

    def _serve(self, spawn_target: Work, target_loader: Callable[[], Any]) -> None:
        """What `serve` does with the settings that it has checked."""
        lifeline = Lifeline()

        def web_process(number: int) -> BaseProcess:
            target = partial(_run_child, lifeline, spawn_target, leaves=self.is_behind_proxy)
            return self._spawn_worker(idx=number, target=target, callback_loader=target_loader).inner

        self._init_shared_socket()  # type: ignore[no-untyped-call]
        children = [Child(name, partial(_process, lifeline, work)) for name, work in self._added]
        children += [Child(f"Web process {number + 1}", partial(web_process, number)) for number in range(self.workers)]
        supervise(children, on_start=partial(self._call_hooks, self.hooks_startup))


class Lifeline:
    """A pipe that only the main process could write to, and never does: when it has died, the others read end of file.

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
        """Make this process, a child of the main one, stop when that has died, and end soon after."""
        if self._write:
            self._write.close()
        Thread(target=self._end_with_it, name="lifeline", daemon=True).start()

    def _end_with_it(self) -> None:
        try:
            self._read.poll(None)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(SECONDS_TO_STOP)
        finally:
            os._exit(1)  # Whatever fails: a process that nobody supervises must not hold the port.


class Child:
    """A process that is to run, whichever one does at present. `make` makes one that can be started."""

    def __init__(self, name: str, make: Callable[[], BaseProcess]) -> None:
        self.name = name
        self.make = make
        self.process: BaseProcess | None = None
        self.starts_at = 0.0  # by the monotonic clock, as are all moments here
        self.early_exits = 0

    def start(self) -> None:
        """Start it. Meanwhile signals that stop the main process are blocked, so that the child doesn't get them."""
        process = self.make()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _stop_signals())
        try:
            process.start()
        except OSError as error:  # There are too many processes, or no memory.
            self._schedule_restart(f"could not begin: {error.strerror}")
        else:
            self.process = process
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @property
    def has_ended_as_told(self) -> bool:
        """Whether it has ended without an error: each goes on until somebody tells it to stop."""
        return self.process is not None and self.process.exitcode == 0

    def reap(self) -> None:
        """Log how it ended, and when it will be replaced."""
        process, self.process = self.process, None
        if process:
            process.join()
            code = process.exitcode or 0
            how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
            metrics.count_exit(self.name, process.pid or 0)
            self._schedule_restart(f"({process.pid}) ended: {how}")
            process.close()

    def _schedule_restart(self, what_happened: str) -> None:
        now = time.monotonic()
        self.early_exits = self.early_exits + 1 if now - self.starts_at < SHORTEST_LIFE else 0
        pause = min(2.0 ** (self.early_exits - 2), LONGEST_PAUSE) if self.early_exits > 1 else 0.0
        self.starts_at = now + pause
        again = f"in {pause:g} s: it has died early {self.early_exits} times in a row" if pause else "at once"
        log.error("%s %s. Another one begins %s.", self.name, what_happened, again)


def supervise(children: Sequence[Child], *, on_start: Callable[[], None]) -> None:
    """Call `on_start`, start the `children`, and replace them until this process is told to stop; then stop them.

    The main thread calls this, and there is no other: a fork could copy what another holds.
    """
    with _stop_requests() as stopped:
        try:
            on_start()
            while stopped not in _wait_for_change(children, stopped):
                pass
        finally:
            _stop([child for child in children if child.process])


def _wait_for_change(children: Sequence[Child], stopped: socket.socket) -> list[Any]:
    """Start those that are due, then wait for a signal, a child's end, or the time to start the next one."""
    for child in children:
        if not child.process and child.starts_at <= time.monotonic():
            child.starts_at = time.monotonic()
            child.start()
    living = {child.process.sentinel: child for child in children if child.process}
    next_start = min((child.starts_at for child in children if not child.process), default=None)
    timeout = None if next_start is None else max(next_start - time.monotonic(), 0.0)
    changed = wait([stopped, *living], timeout)
    ended = [living[sentinel] for sentinel in changed if sentinel in living]
    if stopped not in changed and any(child.has_ended_as_told for child in ended):
        changed += wait([stopped], SECONDS_BETWEEN_SIGNALS)
    if stopped not in changed:
        for child in ended:
            child.reap()
    return changed


def _stop(children: Sequence[Child]) -> None:
    """Stop all of them at the same time; one that has not ended in time is killed."""
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
def _stop_requests() -> Iterator[socket.socket]:
    """A socket that can be read from when this process has been told to stop.

    Python writes to it beneath any handler, so that no handler has to do anything, whatever it interrupts.
    """
    read_end, write_end = socket.socketpair()
    with read_end, write_end:
        write_end.setblocking(False)
        for number in _stop_signals():
            signal.signal(number, lambda *_signal: None)
        signal.set_wakeup_fd(write_end.fileno(), warn_on_full_buffer=False)
        try:
            yield read_end
        finally:
            for number in _stop_signals():
                signal.signal(number, signal.SIG_IGN)  # It is ending.
            signal.set_wakeup_fd(-1)


def _stop_signals() -> list[signal.Signals]:
    """The signals that stop this process. SIGHUP comes when a terminal is closed, and is ignored under nohup."""
    both = [signal.SIGINT, signal.SIGTERM]
    return both if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else [*both, signal.SIGHUP]


def _process(lifeline: Lifeline, work: Work) -> BaseProcess:
    method = multiprocessing.get_start_method()
    context: Any = multiprocessing.get_context(method if method in ("fork", "spawn") else "spawn")
    made: BaseProcess = context.Process(target=_run_child, args=(lifeline, work))
    return made


def _run_child(lifeline: Lifeline, work: Work, *given: Any, leaves: bool = False) -> None:
    """Run `work` in a child, which is told to stop by SIGINT: once, and in its main thread.

    With `leaves` it serves for some seconds more, in which it says that it isn't ready.

    Among many threads any may receive a signal, while the main one, which runs the handlers, sleeps on; and of two
    signals (systemd stops all processes, and the main one stops all again) the second blocks Granian for ever. So one
    thread waits for SIGTERM, which the others don't get. Only the main process gets a terminal's signals.
    """
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    lifeline.hold()
    Thread(target=_forward_sigterm, args=(threading.get_ident(), leaves), name="signals", daemon=True).start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT, signal.SIGHUP])
    work(*given)


def _forward_sigterm(main: int, leaves: bool) -> None:
    signal.sigwait([signal.SIGTERM])
    if leaves:
        stopping.set()
        time.sleep(SECONDS_TO_LEAVE)
    signal.pthread_kill(main, signal.SIGINT)
