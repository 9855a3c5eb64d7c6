"""Starts the child process that looks at a file, ends it in time, and reads its report."""

import json
import os
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from workspace.files.inspection.limits import LONGEST_SIDE, WALL_SECONDS
from workspace.files.inspection.outcome import PREVIEW_SIZES, FileKind, InspectionOutcome, Refusal

CHILD = Path(__file__).with_name("child.py")
REPORT, SERVED = "report.json", "served"
LARGEST_REPORT = 4096
MOST_PAGES = 10_000_000
OUT_OF_TIME = (-signal.SIGXCPU, -signal.SIGKILL)


class InspectionUnavailable(Exception):
    """The machine, not the file, is why it could not be looked at: a full disk, no memory. Try again later."""


def process(source: Path, name: str, into: Path) -> InspectionOutcome:
    """Look at the uploaded file `source`, which its owner calls `name`, and put what is kept into the folder `into`.

    All of it happens in a process of its own, with limits of time, memory and files (limits.py), and an environment
    without secrets. Whatever the file holds, the answer is an InspectionOutcome. Raises InspectionUnavailable.
    """
    status = _run([str(source.absolute()), name, str(into.absolute())])
    if status in OUT_OF_TIME:
        return InspectionOutcome(refusal=Refusal.TOO_MUCH_WORK)
    if status < 0:  # the decoder crashed
        return InspectionOutcome(refusal=Refusal.BROKEN)
    report = _report(into / REPORT) if not status else {"trouble": f"status {status}"}
    if "trouble" in report:
        raise InspectionUnavailable(report["trouble"])
    return _outcome(report, source, into)


def _run(words: list[str]) -> int:
    """The child's exit status, or the negative number of the signal that ended it."""
    child = subprocess.Popen(  # noqa: S603 (our own program)
        [sys.executable, "-I", str(CHILD)],
        env={"LANG": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        child.communicate(json.dumps(words).encode(), timeout=WALL_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
    return child.wait()


def _report(path: Path) -> dict[str, Any]:
    """What the child wrote; nothing where that is no report."""
    if not _is_file(path):
        raise InspectionUnavailable("no report")
    with path.open("rb") as file, suppress(ValueError):
        report = json.loads(file.read(LARGEST_REPORT))
        return report if isinstance(report, dict) else {}
    return {}


def _is_file(path: Path) -> bool:
    """Whether a file of its own is there, and no link to another."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def _outcome(report: dict[str, Any], source: Path, into: Path) -> InspectionOutcome:
    """The child's report, of which nothing is believed that could not be: a decoder may have been taken over."""
    try:
        if report.get("refusal"):
            return InspectionOutcome(refusal=Refusal(report["refusal"]))
        kind, previews = FileKind(report["kind"]), {size: into / f"{size}.webp" for size in PREVIEW_SIZES}
        if kind.is_picture and not _is_file(into / SERVED):
            raise ValueError(kind)
        return InspectionOutcome(
            kind=kind,
            width=_number(report.get("width"), LONGEST_SIDE),
            height=_number(report.get("height"), LONGEST_SIDE),
            pages=_number(report.get("pages"), MOST_PAGES),
            served=into / SERVED if kind.is_picture else source,
            previews={size: path for size, path in previews.items() if _is_file(path)},
        )
    except (KeyError, TypeError, ValueError):
        return InspectionOutcome(refusal=Refusal.BROKEN)


def _number(given: Any, most: int) -> int | None:
    if given is None:
        return None
    if type(given) is not int or not 0 < given <= most:
        raise ValueError(given)
    return given
