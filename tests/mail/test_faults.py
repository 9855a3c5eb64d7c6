"""A short run of the fault bench (`make faults-mail`): each thing goes wrong once, on the database of these tests."""

import subprocess
import sys

import pytest

from tests.databases import KIND
from workspace.config import ROOT


@pytest.mark.slow
def test_nothing_is_lost_and_what_comes_twice_was_in_doubt() -> None:
    command = [sys.executable, "-m", "bench.faults", "--short", "--database", KIND]
    bench = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert bench.returncode == 0, f"{bench.stdout}\n{bench.stderr}"
    assert bench.stdout.count("| killed: ") >= 12
