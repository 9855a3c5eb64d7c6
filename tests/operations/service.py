"""`workspace run` as whoever looks after a machine sees it: processes, signals, a port, and what is said on stderr."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.environment import environment_of
from workspace.config import ROOT, Settings

COMMAND = (sys.executable, "-c", "from workspace.cli import main; main(['run'])")
PATIENCE = 60  # seconds, for a machine that is busy with other tests
ORDERLY = 10  # seconds, by which a stop must be over


class Service:
    """A running service. Its main process is one that `main` can be told and asked about."""

    def __init__(self, main: "subprocess.Popen[str]", port: int, errors: Path) -> None:
        self.main = main
        self.port = port
        self.errors = errors

    @property
    def children(self) -> set[int]:
        """The web processes and the worker that are alive."""
        return {number for number, (parent, _state) in processes().items() if parent == self.main.pid}

    @property
    def said(self) -> str:
        """What was said on stderr."""
        return self.errors.read_text()

    def answers(self) -> bool:
        """Whether a page is answered now."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", "/sign-in")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def replaced(self, killed: int) -> Callable[[], bool]:
        """Whether there are as many children as before one was killed, and pages are answered."""
        number = len(self.children)
        return lambda: len(self.children - {killed}) == number and self.answers()

    def kill(self, child: int) -> None:
        """Kill a child, and wait until another one has taken its place."""
        replaced = self.replaced(child)
        os.kill(child, signal.SIGKILL)
        until(replaced, f"{child} is replaced")

    def stop(self, number: signal.Signals = signal.SIGTERM, *, everybody: bool = False) -> int:
        """Tell it to stop, as a terminal does, or by telling `everybody`; its exit status, which must come in time.

        Of `everybody` the main process is told last, when a child has ended already.
        """
        children = self.children
        for child in children if everybody else ():
            os.kill(child, number)
        if everybody:
            until(lambda: self.children < children, "A child ends")
        os.killpg(self.main.pid, number)
        try:
            return self.main.wait(timeout=ORDERLY)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"After {ORDERLY} s {self.children} are left, and it said: {self.said!r}") from None


@contextmanager
def running(
    settings: Settings,
    *,
    command: tuple[str, ...] = COMMAND,
    ready: bool = True,
    workers: int = 2,
    port: int | None = None,
    root: Path = ROOT,
    **environment: str,
) -> Iterator[Service]:
    """The service on the database of `settings`; `ready` waits until it answers; `root` has its code."""
    port = port or free_port()
    given = environment_of(settings) | {
        "PORT": str(port),
        "WORKERS": str(workers),
        "LC_ALL": "en_GB.UTF-8",
        "ACCESS_LOG": "0",
    }
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPYCACHEPREFIX")}
    errors = settings.instance / f"errors-{port}"  # what is started again on a port says more in its file
    with (
        errors.open("a") as writable,
        subprocess.Popen(
            command,
            cwd=root,
            env=kept | given | environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=writable,
            process_group=0,
            umask=0o022,
            preexec_fn=hear_the_terminal,
        ) as main,
    ):
        service = Service(main, port, errors)
        try:
            assert main.stdout is not None
            assert main.stdout.readline(), service.said
            if ready:
                others = 2 if "METRICS_ADDRESS" in environment else 1
                until(lambda: len(service.children) == workers + others and service.answers(), "The service answers")
            yield service
        finally:
            left = service.children
            main.kill()
            main.wait()
            until(lambda: not left & processes().keys(), "No child is left")


def hear_the_terminal() -> None:
    """SIGHUP stops what is started, even where the tests run under nohup, which lets it be ignored."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def processes() -> dict[int, tuple[int, str]]:
    """Every process that has not ended: its parent and its state."""
    listed = subprocess.run(("ps", "-A", "-o", "pid=,ppid=,stat="), capture_output=True, text=True, check=True)
    rows = (line.split() for line in listed.stdout.splitlines())
    return {int(number): (int(parent), state) for number, parent, state in rows if not state.startswith("Z")}


def until(true: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.02)
