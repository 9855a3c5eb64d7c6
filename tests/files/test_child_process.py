"""The process that looks at a file: what it may reach, how it ends, and that nothing it says is believed."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest

from tests.files.conftest import Inspect
from tests.files.good_files import jpeg, scene
from workspace.files.inspection import (
    FileKind,
    InspectionUnavailable,
    Refusal,
    child_process,
    isolation,
    limits,
    process,
)
from workspace.files.inspection.limits import MOST_PIXELS

pytestmark = pytest.mark.either_database

Child = Callable[[str], None]


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Child:
    """Put a program in the place of the child, as a decoder might that a file has taken over."""

    def play(program: str) -> None:
        path = tmp_path / "child.py"
        beginning = "import json, os, sys, signal, time\nsource, name, into = json.loads(sys.stdin.read())\n"
        report = "def report(**words): open(into + '/report.json', 'w').write(json.dumps(words))\n"
        path.write_text(beginning + report + textwrap.dedent(program))
        monkeypatch.setattr(child_process, "CHILD", path)

    return play


def test_no_secret_is_in_its_environment(
    child: Child, inspect: Inspect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SECRET_KEY", "DATABASE_URL", "SMTP_URL", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "hemmelig")
    child("open(into + '/seen', 'w').write(json.dumps(dict(os.environ))); report(refusal='empty')")

    inspect("a.txt", b"x")

    assert "hemmelig" not in (tmp_path / "kept/seen").read_text()


def test_no_open_file_of_the_worker_reaches_it(child: Child, inspect: Inspect, tmp_path: Path) -> None:
    child("open(into + '/seen', 'w').write(' '.join(os.listdir('/proc/self/fd'))); report(refusal='empty')")

    with (tmp_path / "database").open("w"):
        inspect("a.txt", b"x")

    assert (
        len((tmp_path / "kept/seen").read_text().split()) <= 5
    )  # its three, the folder's, and the file's that says so


@pytest.mark.parametrize(
    "program",
    [
        "report(kind='exe')",
        "report(kind='jpeg', width='<script>', height=1)",
        "report(kind='jpeg', width=-1, height=1)",
        "report(kind='jpeg', width=10**9, height=1)",
        "report(kind='jpeg', width=True, height=1)",
        "report(kind='pdf', pages=1.5)",
        "report(refusal='very good')",
        "report()",
        "report(kind=['jpeg'])",
        "os.abort()",
        "os.kill(os.getpid(), signal.SIGSEGV)",
        "open(into + '/report.json', 'w').write('[1]')",
        "open(into + '/report.json', 'w').write('x' * 10**7)",
        "os.symlink('/etc/passwd', into + '/report.json')",
        "pass",
        "sys.exit(3)",
        "os.mkdir(into + '/report.json')",
    ],
)
def test_what_it_says_is_not_believed(program: str, child: Child, inspect: Inspect) -> None:
    child(program)

    try:
        outcome = inspect("a.jpg", b"x")
    except InspectionUnavailable:
        return
    assert outcome.refusal is Refusal.BROKEN


def test_it_can_keep_nothing_but_its_own_files(child: Child, inspect: Inspect, tmp_path: Path) -> None:
    child(
        "os.symlink('/etc/passwd', into + '/served'); os.symlink('/etc/passwd', into + '/480.webp')\n"
        "report(kind='jpeg', width=1, height=1)"
    )

    assert inspect("a.jpg", b"x").refusal is Refusal.BROKEN


def test_a_child_that_hangs_is_ended(
    child: Child, inspect: Inspect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(child_process, "WALL_SECONDS", 1)
    child("pid = os.fork()\nopen(into + f'/pid-{os.getpid()}', 'w').close()\ntime.sleep(100)")

    assert inspect("a.jpg", b"x").refusal is Refusal.TOO_MUCH_WORK
    pids = [path.name.removeprefix("pid-") for path in (tmp_path / "kept").glob("pid-*")]
    assert pids
    deadline = monotonic() + 10
    while monotonic() < deadline and any(map(runs, pids)):
        sleep(0.01)
    assert [pid for pid in pids if runs(pid)] == []


def runs(pid: str) -> bool:
    """Whether there is such a process, other than as a line that nobody has read."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_full_disk_is_not_the_files_fault(child: Child, inspect: Inspect) -> None:
    child("report(trouble='No space left on device')")

    with pytest.raises(InspectionUnavailable, match="No space"):
        inspect("a.jpg", jpeg())


def test_a_folder_that_is_gone_is_not_the_files_fault(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(jpeg())

    with pytest.raises(InspectionUnavailable):
        process(tmp_path / "a", "a.jpg", tmp_path / "gone")


PROBE = """
import os, runpy, socket, subprocess, sys
from pathlib import Path
folder = Path(sys.argv[1])
runpy.run_path(sys.argv[2])["isolate"](folder / "source", folder / "into")
attempts = {
    "source": lambda: (folder / "source").read_text(),
    "keep": lambda: (folder / "into/served").write_text("x"),
    "library": lambda: __import__("PIL.Image"),
    "database": lambda: (folder / "database").read_text(),
    "overwrite": lambda: (folder / "source").write_text("x"),
    "outside": lambda: (folder / "new").write_text("x"),
    "list": lambda: os.listdir(folder),
    "environment": lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes(),
    "passwords": lambda: Path("/etc/passwd").read_text(),
    "link": lambda: os.symlink("/etc/passwd", folder / "into/link"),
    "tcp": lambda: socket.create_connection(("127.0.0.1", 9)),
    "udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "socket": lambda: socket.socket(socket.AF_UNIX),
    "program": lambda: subprocess.run(["/bin/true"]),
    "signal": lambda: os.kill(os.getppid(), 0),
}
for name, attempt in attempts.items():
    try:
        attempt()
        print(name)
    except PermissionError:
        pass
"""


def test_it_reaches_its_file_its_folder_and_its_libraries_only(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    for name in ("source", "database"):
        (tmp_path / name).write_text("x")

    done = subprocess.run(
        [sys.executable, "-c", PROBE, tmp_path, isolation.__file__], capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["source", "keep", "library"]


def test_it_never_starts_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    program = Path(child_process.__file__).with_name("child.py")
    done = subprocess.run(
        [sys.executable, "-I", "-X", "importtime", program],
        input=f'["{tmp_path}/a", "a.txt", "{tmp_path}"]',
        capture_output=True,
        text=True,
        check=True,
    )

    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "workspace.files.inspection.look" in imported
    assert imported.isdisjoint({"flask", "sqlalchemy", "workspace.db", "obstore"})


def test_a_picture_of_the_most_pixels_stays_within_the_memory(inspect: Inspect) -> None:
    """Turned and transparent is what takes the most."""
    width, height = 10_000, MOST_PIXELS // 10_000

    outcome = inspect("a.jpg", jpeg(orientation=6, picture=scene(width, height)))

    assert (outcome.refusal, outcome.kind, outcome.width) == (None, FileKind.JPEG, height)


def test_its_limits_are_those_that_are_said(child: Child, inspect: Inspect, tmp_path: Path) -> None:
    program = (
        "import resource\n"
        f"sys.path.insert(0, {str(Path(child_process.__file__).parent)!r})\n"
        "import child\n"
        "child._limit(20, 2**30, 2**20, 64)\n"
        "names = ('CPU', 'AS', 'FSIZE', 'NOFILE', 'CORE')\n"
        "limits = [resource.getrlimit(getattr(resource, f'RLIMIT_{name}')) for name in names]\n"
        "open(into + '/seen', 'w').write(json.dumps(limits)); report(refusal='empty')"
    )
    child(program)

    inspect("a.txt", b"x")

    assert limits.CPU_SECONDS <= 30
    assert (tmp_path / "kept/seen").read_text() == (
        "[[20, 20], [1073741824, 1073741824], [1048576, 1048576], [64, 64], [0, 0]]"
    )
