"""Slow, broken and huge requests, by real connections to the served workspace: they hold up nobody else."""

import http.client
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from flask import request

from bench.serving import megabytes
from tests.client import Client
from tests.live.test_serving import connect, served
from workspace import Workspace, create_app
from workspace.config import Settings
from workspace.permissions import csrf_exempt_signed_url
from workspace.web.networks import address_behind, network_of
from workspace.web.request_bodies import LARGEST, at_most

SOON = 5
MORE_THAN_THREADS = 700  # a process has 640
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
STALLED = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n" + FORM + b"Content-Length: 5000\r\n%s\r\nemail="

pytestmark = pytest.mark.either_database

# The same in a second instead of half a minute, and with five instead of five hundred.
HURRIED = """
from workspace.serving import front as server
server.SECONDS_FOR_BODY = server.SECONDS_FOR_HEADERS = server.SECONDS_WITHOUT_READING = 1
server.MOST_OF_A_NETWORK = 5
server.MOST_BODIES = 12
"""

# An answer as large as a file from a bucket, and one that breaks off.
LARGE_SIZE = 25 * 2**20
LARGE = f"""
from workspace import Workspace
from workspace.serving import front as server
server.SECONDS_TO_OPEN = 1
small = Workspace.__call__
def large(self, environ, start):
    pieces = {{"/large": 400, "/broken": 200}}.get(environ["PATH_INFO"])
    if not pieces:
        return small(self, environ, start)
    start("200 OK", [("Content-Length", "{LARGE_SIZE}")])
    return (b"x" * 2**16 for _each in range(pieces))
Workspace.__call__ = large
"""

Open = Callable[..., socket.socket]


@pytest.fixture
def opened() -> Iterator[Open]:
    """What opens a connection to a port, from an address of this machine, and sends something."""
    lines: list[socket.socket] = []

    def open_one(port: int, sent: bytes, *, source: str = "127.0.0.1", buffer: int = 0) -> socket.socket:
        line = socket.socket()
        lines.append(line)
        if buffer:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        line.settimeout(20)
        line.bind((source, 0))
        line.connect(("127.0.0.1", port))
        line.sendall(sent)
        return line

    yield open_one
    for line in lines:
        line.close()


@pytest.fixture(scope="module")
def server(workers_app: Workspace, settings: Settings) -> Iterator[int]:
    """The port of the served workspace."""
    with served(settings) as (port, _process):
        connect(port).close()
        yield port


@pytest.fixture(scope="module")
def hurried(workers_app: Workspace, settings: Settings) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The port of one that has little patience, behind a proxy; and its process."""
    with served(settings, HURRIED, TRUSTED_PROXIES="1") as (port, process):
        connect(port).close()
        yield port, process


def answer_on(line: socket.socket) -> http.client.HTTPResponse:
    """The answer that comes on a connection."""
    answer = http.client.HTTPResponse(line)
    answer.begin()
    return answer


def status_of_sign_in(port: int) -> int:
    """What the page for signing in answers, soon or never."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SOON)) as connection:
        connection.request("GET", "/sign-in")
        return connection.getresponse().status


def chunked(*pieces: bytes) -> bytes:
    """A body that comes without its length."""
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def test_those_who_stall_in_a_form_hold_up_nobody(server: int, opened: Open) -> None:
    for number in range(MORE_THAN_THREADS):
        opened(server, STALLED % b"", source=f"127.0.0.{2 + number % 40}")
    assert status_of_sign_in(server) == 200
    with closing(http.client.HTTPConnection("127.0.0.1", server, timeout=SOON)) as connection:
        connection.request("POST", "/sign-in", b"email=a", {"Content-Type": "application/x-www-form-urlencoded"})
        assert connection.getresponse().status == 400  # It is none of our forms.


def test_a_body_and_headers_have_to_come_within_a_time(
    hurried: tuple[int, subprocess.Popen[str]], opened: Open
) -> None:
    port, _process = hurried
    begun = time.monotonic()
    bodies = [opened(port, STALLED % b""), opened(port, STALLED.replace(b"Content-Length: 5000", b"A: b") % b"")]
    chunks = opened(port, b"POST /sign-in HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
    for line in (bodies[0], chunks):
        answer = answer_on(line)
        page = answer.read().decode()
        assert (answer.status, answer.getheader("Connection")) == (408, "close")
        assert "send igen" in page
        assert "send it again" in page
        assert line.recv(1) == b""
    for unfinished in (b"", b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: "):
        assert opened(port, unfinished).recv(1000) == b""
    assert time.monotonic() - begun < SOON


def test_a_network_that_takes_too_much_loses_its_own_oldest(
    hurried: tuple[int, subprocess.Popen[str]], opened: Open
) -> None:
    port, _process = hurried
    via_proxy = STALLED % b"X-Forwarded-For: 2001:db8::%d, 2001:db8:1:2:%d::7\r\n"
    other = opened(port, STALLED % b"", source="127.0.0.2")
    ours = [opened(port, via_proxy % (number, number)) for number in range(6)]
    first = answer_on(ours[0])
    assert (first.status, first.getheader("Retry-After")) == (503, "5")
    assert not select.select([other, *ours[1:]], [], [], 0)[0]
    elsewhere = [opened(port, STALLED % b"", source=f"127.0.1.{number}") for number in range(7)]
    assert answer_on(ours[1]).status == 503  # Twelve are too many, and five of them are of one network.
    assert not select.select([other, *elsewhere], [], [], 0)[0]


def test_whoever_does_not_read_the_answer_is_cut_off(hurried: tuple[int, subprocess.Popen[str]], opened: Open) -> None:
    port, _process = hurried
    greedy = opened(port, b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 2000, buffer=1)
    watch = select.poll()
    watch.register(greedy, select.POLLERR | select.POLLHUP)
    begun = time.monotonic()
    while not watch.poll(200):
        assert time.monotonic() - begun < 10
        greedy.sendall(b"\r")  # The system learns that it is cut off when it sends.


@pytest.mark.slow
def test_large_answers_that_nobody_reads_yet_lie_in_no_memory(
    workers_app: Workspace, settings: Settings, opened: Open
) -> None:
    with served(settings, LARGE) as (port, process):
        connect(port).close()
        assert status_of_sign_in(port) == 200
        before = megabytes(process.pid)
        lines = [opened(port, b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n", buffer=4096) for _each in range(10)]
        answers = [answer_on(line) for line in lines]
        assert megabytes(process.pid) - before < 3 * LARGE_SIZE / 2**20, "Ten of them would be ten times that"
        incoming = settings.instance / "incoming"
        deadline = time.monotonic() + SOON
        while list(incoming.iterdir()):
            assert time.monotonic() < deadline, "They are left on the disk"
            time.sleep(0.1)
        assert [len(answer.read()) for answer in answers] == [LARGE_SIZE] * 10
        broken = opened(port, b"GET /broken HTTP/1.1\r\nHost: a\r\n\r\n")
        assert answer_on(broken).status == 503


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("has_length", [True, False])
def test_what_is_too_large_is_told_on_a_page_and_the_connection_goes_on(
    language: str, has_length: bool, server: int, opened: Open
) -> None:
    head = f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Language: {language}\r\n"
    huge = b"email=" + b"x" * 5_000_000
    if has_length:
        sent = f"{head}Content-Length: {len(huge)}\r\n".encode()
    else:
        sent, huge = f"{head}Transfer-Encoding: chunked\r\n".encode(), chunked(huge) + chunked(b"")
    line = opened(server, sent + FORM + b"\r\n" + huge)
    answer = answer_on(line)
    page = answer.read().decode()
    assert answer.status == 413
    assert ("Det er for meget på én gang" if language == "da" else "That is too much at once") in page
    line.sendall(b"GET /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert answer_on(line).status == 200


def test_whoever_asks_first_need_not_send_what_is_too_large(server: int, opened: Open) -> None:
    line = opened(
        server,
        b"POST /sign-in HTTP/1.1\r\nHost: a\r\n" + FORM + b"Expect: 100-continue\r\nContent-Length: 5000000\r\n\r\n",
    )
    assert answer_on(line).status == 413


@pytest.mark.parametrize("method", [b"POST", b"GET", b"PUT"])
@pytest.mark.parametrize("size", [5, 900_000])
def test_a_body_that_nobody_reads_cuts_no_answer(method: bytes, size: int, server: int, opened: Open) -> None:
    head = b"%s /no-such-page HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % (method, size)
    line = opened(server, head + b"x" * size)
    for _each in range(2):
        answer = answer_on(line)
        assert answer.status == 404
        assert answer.read().endswith(b"</html>\n") or answer.length == 0
        line.sendall(head + b"x" * size)


def test_a_form_may_come_in_chunks_and_half_of_one_is_none(server: int, opened: Open) -> None:
    head = b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\n" + FORM
    head += b"Transfer-Encoding: chunked\r\n\r\n"
    whole = opened(server, head + chunked(b"email=mette", b"%40kommune.example&") + chunked(b""))
    answer = answer_on(whole)
    assert "mette@kommune.example" in answer.read().decode()  # It is no form of ours, and what was typed comes back.
    for half in (chunked(b"email=mette%40kommune.example"), b"5\r\nema", b"xyz\r\n"):
        line = opened(server, head + half)
        line.shutdown(socket.SHUT_WR)
        assert b"mette" not in line.recv(10_000)


def test_a_process_that_is_told_to_end_waits_for_no_slow_body(
    workers_app: Workspace, settings: Settings, opened: Open
) -> None:
    with served(settings) as (port, process):
        connect(port).close()
        lines = [opened(port, STALLED % b"") for _each in range(20)]
        assert status_of_sign_in(port) == 200
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert {answer_on(line).status for line in lines} == {503}
        process.wait(timeout=SOON)
        assert time.monotonic() - told < SOON
        assert process.returncode == 0


def test_a_view_may_take_more_than_the_others(settings: Settings) -> None:
    app = create_app(settings)
    app.test_client_class = Client

    @app.post("/upload")
    @csrf_exempt_signed_url
    @at_most(2 * LARGEST)
    def upload() -> str:
        return str(len(request.get_data()))

    browser = app.test_client()
    assert browser.post("/upload", data=b"x" * 2 * LARGEST).text == str(2 * LARGEST)
    assert browser.post("/upload", data=b"x" * (2 * LARGEST + 1)).status_code == 413
    assert browser.post("/sign-in", data={"email": "x" * LARGEST}).status_code == 413


def test_whose_request_it_is() -> None:
    assert network_of("192.0.2.7") == network_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::") == "2001:db8:1:3::/64"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("unknown" * 100) == ("unknown" * 100)[:64]
    forged = "203.0.113.1, 198.51.100.2, 192.0.2.3"
    assert [address_behind(proxies, forged, "10.0.0.1") for proxies in range(5)] == [
        "10.0.0.1",
        "192.0.2.3",
        "198.51.100.2",
        "203.0.113.1",
        "10.0.0.1",
    ]
