"""Asking ClamAV: a real clamd with a signature of our own, where it is installed, and a socket that answers badly."""

import shutil
import socket
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest

from workspace import Workspace
from workspace.files import scanner
from workspace.files.scanner import ScanResult, ScanVerdict, scan

pytestmark = pytest.mark.either_database

CLAMD = shutil.which("clamd") or shutil.which("clamd", path="/usr/sbin")
MOST = 2**20
BAD = b"en grim ting"
SIGNATURES = f"Samspil.Test:0:*:{BAD.hex()}\n"
CONFIG = """\
DatabaseDirectory {folder}
LocalSocket {folder}/clamd.ctl
TCPSocket {port}
TCPAddr 127.0.0.1
Foreground yes
LogFile {folder}/clamd.log
StreamMaxLength {most}
MaxThreads 2
"""

SILENT = ScanResult(ScanVerdict.SILENT)
Asked = Callable[[str, Path], ScanResult]


@pytest.fixture
def ask(app: Workspace, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Scan a file under this CLAMD_URL."""

    def scan_at(url: str, path: Path) -> ScanResult:
        monkeypatch.setattr(app, "settings", replace(app.settings, clamd_url=url))
        with app.app_context():
            return scan(path)

    return scan_at


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(b"x" * 200_000)
    return path


def test_without_a_scanner_everything_is_clean(ask: Asked, upload: Path) -> None:
    assert ask("", upload) == ScanResult(ScanVerdict.CLEAN)


# A real clamd


@pytest.fixture(scope="module")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Its addresses, by TCP and by socket."""
    if not CLAMD:
        pytest.skip("clamd is not installed: apt-get install clamav-daemon")
    folder = tmp_path_factory.mktemp("clamd")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "samspil.ndb").write_text(SIGNATURES)
    (folder / "clamd.conf").write_text(CONFIG.format(folder=folder, port=port, most=MOST))
    with subprocess.Popen(
        [CLAMD, "--config-file", folder / "clamd.conf"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            wait_for(folder / "clamd.ctl", process)
            yield f"tcp://127.0.0.1:{port}", f"unix:{folder}/clamd.ctl"
        finally:
            process.terminate()


def wait_for(path: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = monotonic() + 60
    while monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            return
        sleep(0.05)
    pytest.fail("clamd does not start")


@pytest.mark.parametrize("way", [0, 1], ids=["tcp", "unix"])
def test_clamav_tells_good_from_bad(way: int, clamd: tuple[str, str], ask: Asked, upload: Path) -> None:
    assert ask(clamd[way], upload) == ScanResult(ScanVerdict.CLEAN)

    upload.write_bytes(b"x" * 150_000 + BAD + b"x" * 50_000)  # not in the first chunk
    assert ask(clamd[way], upload) == ScanResult(ScanVerdict.INFECTED, "Samspil.Test.UNOFFICIAL")


def test_an_empty_file_is_clean(clamd: tuple[str, str], ask: Asked, upload: Path) -> None:
    upload.write_bytes(b"")

    assert ask(clamd[0], upload) == ScanResult(ScanVerdict.CLEAN)


def test_a_file_that_is_too_large_for_clamav_is_not_taken_for_clean(
    clamd: tuple[str, str], ask: Asked, upload: Path
) -> None:
    upload.write_bytes(b"x" * (8 * MOST))

    assert ask(clamd[0], upload) == SILENT


# A socket of our own


@pytest.fixture
def answering() -> Iterator[Callable[[bytes | None], tuple[str, list[bytes]]]]:
    """Start a scanner that reads a file and answers with these bytes, or never. Gives its URL and what it read."""
    servers: list[tuple[socket.socket, Thread]] = []

    def start(answer: bytes | None) -> tuple[str, list[bytes]]:
        server = socket.create_server(("127.0.0.1", 0))
        read: list[bytes] = []

        def serve() -> None:
            with suppress(OSError), server.accept()[0] as connection, connection.makefile("rb") as stream:
                read.append(stream.read(len(b"zINSTREAM\0")))
                while length := struct.unpack(">I", stream.read(4))[0]:
                    read.append(stream.read(length))
                if answer is None:
                    stream.read()  # until the other hangs up
                else:
                    connection.sendall(answer)

        thread = Thread(target=serve)
        thread.start()
        servers.append((server, thread))
        return f"tcp://127.0.0.1:{server.getsockname()[1]}", read

    yield start
    for server, thread in servers:
        server.close()
        thread.join()


Answering = Callable[[bytes | None], tuple[str, list[bytes]]]


def test_the_file_is_sent_in_chunks(answering: Answering, ask: Asked, upload: Path) -> None:
    url, read = answering(b"stream: OK\0")

    assert ask(url, upload) == ScanResult(ScanVerdict.CLEAN)
    assert (read[0], b"".join(read[1:])) == (b"zINSTREAM\0", upload.read_bytes())
    assert max(len(chunk) for chunk in read) == scanner.CHUNK


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\0",
        b"stream: OK FOUND OK\0",
        b"OK\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Can't allocate memory ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"stream: OK\0stream: Eicar FOUND\0",
        b"\xff\xfe",
        b"x" * 100_000,
    ],
)
def test_only_a_plain_ok_is_clean(answer: bytes, answering: Answering, ask: Asked, upload: Path) -> None:
    url, _read = answering(answer)

    assert ask(url, upload) == SILENT


def test_what_was_found_is_named(answering: Answering, ask: Asked, upload: Path) -> None:
    url, _read = answering(b"stream: Win.Test.EICAR_HDB-1 FOUND\0")

    assert ask(url, upload) == ScanResult(ScanVerdict.INFECTED, "Win.Test.EICAR_HDB-1")


def test_a_scanner_that_hangs_is_given_up(
    answering: Answering, ask: Asked, upload: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner, "SECONDS", 0.3)
    url, _read = answering(None)
    began = monotonic()

    assert ask(url, upload) == SILENT
    assert monotonic() - began < 5


def test_a_scanner_that_is_away_is_silent(ask: Asked, upload: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert ask(f"tcp://127.0.0.1:{port}", upload) == SILENT
    assert ask(f"unix:{tmp_path}/nothing.ctl", upload) == SILENT
