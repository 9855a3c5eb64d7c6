"""The databases of the measurements, and what they measure: the workspace and the floors, served as in production."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from flask import Flask
from granian import server as granian_server
from granian.constants import Interfaces
from granian.log import LogLevels

from tests.databases import PostgreSQL, Server
from workspace.config import ROOT

SECRET_KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of a new database."""
    with databases(kind, folder) as new:
        yield new("bench")


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Callable[[str], str]]:
    """What makes a new database of a name, and says its address."""
    if kind == "sqlite":
        yield lambda name: f"sqlite:///{folder / name}.sqlite"
        return
    server = Server(durable=True)
    try:
        yield lambda name: PostgreSQL(server.url, name).url
    finally:
        server.stop()


@contextmanager
def workspace(folder: Path, url: str, *, workers: int) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The workspace as it is served in production, on a free port."""
    port = free_port()
    given = {
        "DATABASE_URL": url,
        "INSTANCE_PATH": str(folder.resolve()),
        "SECRET_KEY": SECRET_KEY,
        "PORT": str(port),
        "WORKERS": str(workers),
        "BASE_URL": f"http://127.0.0.1:{port}",
        "MAIL_FROM": "samspil@localhost",
        "SMTP_URL": f"file://{folder.resolve()}/mail",
    }
    command = [sys.executable, "-c", "from workspace.cli import main; main(['run'])"]
    with started(command, port, given) as server:
        yield port, server


@contextmanager
def floors(folder: Path, url: str) -> Iterator[int]:
    """The pages from plain statements (bench/floors.py) on a free port, served in the same way."""
    port = free_port()
    with started([sys.executable, "-m", "bench.floors", str(folder), str(port), url], port, {}):
        yield port


@contextmanager
def plain(url: str) -> Iterator[int]:
    """The fair floor (bench/plain.py) on a free port, served in the same way."""
    port = free_port()
    with started([sys.executable, "-m", "bench.plain", str(port), url], port, {}):
        yield port


def serve(app: Flask, port: int, threads: int) -> None:
    """Serve a floor in this process, by the server that the workspace has."""
    server = granian_server.Server(
        "floor:app",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=threads,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=lambda: app, wrap_loader=False)


@contextmanager
def started(command: list[str], port: int, given: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The server that `command` starts, once it listens at `port`; the variables `given` are added to ours."""
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | given, stdout=subprocess.DEVNULL) as server:
        try:
            while socket.socket().connect_ex(("127.0.0.1", port)):
                assert server.poll() is None, f"{command} has ended"
                time.sleep(0.01)
            yield server
        finally:
            server.terminate()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def megabytes(parent: int) -> int:
    """The memory of the server's processes, what they share counted once (PSS)."""
    return sum(_kilobytes(process) for process in [parent, *_children(parent)]) // 1024


def web_megabytes(parent: int) -> int:
    """The memory of the one web process, with that of the server that it was forked from."""
    worker = _children(parent)[0]  # It is begun before them.
    return megabytes(parent) - _kilobytes(worker) // 1024


def _children(parent: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def _kilobytes(process: int) -> int:
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
