"""The databases of the measurements, and what they measure: the workspace and the floors, served as in production."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.databases import Server
from workspace.config import ROOT

SECRET_KEY = "0123456789abcdefghijklmnopqrstuvwxyz"


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of a new database."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'bench.sqlite'}"
        return
    server = Server(durable=True)
    try:
        yield server.url
    finally:
        server.stop()


@contextmanager
def workspace(folder: Path, url: str, *, workers: int) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The workspace as it is served in production, on a free port."""
    port = _free_port()
    given = {
        "DATABASE_URL": url,
        "INSTANCE_PATH": str(folder),
        "SECRET_KEY": SECRET_KEY,
        "PORT": str(port),
        "WORKERS": str(workers),
    }
    command = [sys.executable, "-c", "from workspace.cli import main; main(['run'])"]
    with _started(command, port, given) as server:
        yield port, server


@contextmanager
def floors(folder: Path, url: str) -> Iterator[int]:
    """The floors (bench/floors.py) on a free port, served in the same way."""
    port = _free_port()
    with _started([sys.executable, "-m", "bench.floors", str(folder), str(port), url], port, {}):
        yield port


@contextmanager
def _started(command: list[str], port: int, given: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | given, stdout=subprocess.DEVNULL) as server:
        try:
            while socket.socket().connect_ex(("127.0.0.1", port)):
                assert server.poll() is None, f"{command} has ended"
                time.sleep(0.05)
            yield server
        finally:
            server.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def megabytes(parent: int) -> int:
    """The memory of the server's processes, what they share counted once (PSS)."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return sum(_kilobytes(Path(f"/proc/{process}/smaps_rollup").read_text()) for process in [parent, *children]) // 1024


def _kilobytes(rollup: str) -> int:
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
