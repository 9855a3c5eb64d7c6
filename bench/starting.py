"""How long it takes from the command to the first page, with the demo, as `make run` starts it."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from bench import serving
from workspace.config import ROOT

STARTS = 3


def starting() -> dict[str, float]:
    """Seconds: the first start, which loads the story, and later ones; medians."""
    first, later = [], []
    for _each in range(STARTS):
        with tempfile.TemporaryDirectory() as folder:
            first.append(_start(folder))
            later.append(_start(folder))
    return {"first": round(statistics.median(first), 2), "later": round(statistics.median(later), 2)}


def _start(folder: str) -> float:
    port = serving.free_port()
    command = [str(Path(sys.executable).with_name("workspace")), "run"]
    given = {"DEMO": "1", "INSTANCE_PATH": folder, "PORT": str(port)}
    begin = time.monotonic()
    with subprocess.Popen(command, cwd=ROOT, env=os.environ | given, stdout=subprocess.DEVNULL) as server:
        try:
            while not _is_there(port):
                assert server.poll() is None, "it has ended"
                time.sleep(0.01)
            return time.monotonic() - begin
        finally:
            server.terminate()


def _is_there(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/") as page:
            return bool(page.status == 200)
    except (URLError, ConnectionError):
        return False
