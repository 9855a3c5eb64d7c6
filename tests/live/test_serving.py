"""The stream as it is served: the watcher in its thread, the real server, a database that goes and comes back."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import pytest
from sqlalchemy import make_url

from tests.client import Client
from tests.databases import KIND, execute
from tests.environment import environment_of
from tests.factories import add_member, share, start_partnership
from workspace import Workspace
from workspace.accounts.models import User
from workspace.config import ROOT, Settings
from workspace.db import db
from workspace.live.views import watcher
from workspace.partnerships.models import Membership, MembershipState

pytestmark = pytest.mark.either_database

# Well before a heartbeat, which would bring it as well; how soon it really is, bench/live measures on a calm machine.
SOON = 6

COMMAND = "from workspace.cli import main; main(['run'])"

SignIn = Callable[[User], Client]


class Reader:
    """A stream that is read as its server sends it."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self.lines = lines

    def next(self) -> tuple[str, Any]:
        """The next event but for heartbeats."""
        name = ""
        for line in self.lines:
            key, _colon, value = line.decode().rstrip("\n").partition(": ")
            name = value if key == "event" else name
            if key == "data" and name != "beat":
                return name, None if value == "." else json.loads(value)
        return "end", None


def inside(app: Workspace, sign_in: SignIn, user: User) -> Reader:
    """A stream of the app in this process, whose watcher runs in a thread of its own."""
    answer = sign_in(user).get("/live")
    return Reader(line + b"\n" for message in answer.iter_encoded() for line in message.split(b"\n"))


def test_the_watcher_tells_long_before_a_heartbeat(app: Workspace, sign_in: SignIn) -> None:
    moderator = start_partnership()
    member = add_member(moderator)
    readers = [inside(app, sign_in, membership.user) for membership in (moderator, member)]
    assert [reader.next()[0] for reader in readers] == ["all", "all"]
    for _each in range(3):
        share(moderator)
        committed = time.monotonic()
        told = {str(moderator.partnership_id): moderator.partnership.last_number}
        assert [reader.next() for reader in readers] == [("message", told)] * 2
        assert time.monotonic() - committed < SOON
    member.state = MembershipState.SUSPENDED
    db.session.commit()
    assert readers[1].next() == ("out", [moderator.partnership_id])


def test_a_commit_wakes_the_watcher_which_would_have_slept_on(
    app: Workspace, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace.live.watcher.SECONDS_BETWEEN_LOOKS", 600)
    moderator = start_partnership()
    reader = inside(app, sign_in, moderator.user)
    assert reader.next()[0] == "all"
    for _each in range(2):
        share(moderator)
        told = {str(moderator.partnership_id): moderator.partnership.last_number}
        committed = time.monotonic()
        assert reader.next() == ("message", told)
        assert time.monotonic() - committed < SOON


@pytest.mark.skipif(KIND != "postgresql", reason="SQLite is a file, which does not restart")
def test_the_watcher_survives_a_database_that_goes_and_comes_back(
    app: Workspace, sign_in: SignIn, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    moderator = start_partnership()
    reader = inside(app, sign_in, moderator.user)
    assert reader.next()[0] == "all"
    name = make_url(settings.database_url).database
    server = make_url(settings.database_url).set(database="postgres")
    db.session.remove()
    execute(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    execute(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    deadline = time.monotonic() + 10
    while "could not look" not in caplog.text and time.monotonic() < deadline:
        time.sleep(0.05)
    execute(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert "could not look" in caplog.text
    while True:
        try:
            share(db.session.merge(moderator))
            break
        except Exception:
            db.session.rollback()
            assert time.monotonic() < deadline
    assert reader.next()[0] == "message"
    assert len(watcher(app).streams) == 1


@contextmanager
def served(settings: Settings, first: str = "", **more: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """`workspace run` in a process of its own, on the database of this test: its port, and the process.

    `first` is a statement that comes before it, `more` are more variables.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPYCACHEPREFIX")}
    given = environment_of(settings) | {"PORT": str(port), "LC_ALL": "en_GB.UTF-8"}
    command = (sys.executable, "-c", f"{first}\n{COMMAND}")
    with subprocess.Popen(command, cwd=ROOT, env=kept | given | more, text=True, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield port, process
        finally:
            process.terminate()
            process.wait(timeout=10)


def connect(port: int) -> http.client.HTTPConnection:
    """A connection to the server, which opens its port a moment after the greeting."""
    deadline = time.monotonic() + 10
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        try:
            connection.connect()
            return connection
        except OSError:
            assert time.monotonic() < deadline


def test_the_server_holds_streams_and_does_not_wait_for_them_when_it_stops(
    app: Workspace, sign_in: SignIn, settings: Settings
) -> None:
    moderator = start_partnership()
    memberships: list[Membership] = [add_member(moderator) for _each in range(20)]
    cookies = []
    for membership in memberships:
        cookie = sign_in(membership.user).get_cookie("samspil")
        assert cookie is not None
        cookies.append(f"samspil={cookie.value}")
    db.session.commit()
    with served(settings) as (port, process), ExitStack() as open_ones:
        readers = []
        for cookie in cookies:
            connection = open_ones.enter_context(closing(connect(port)))
            connection.request("GET", "/live", headers={"Cookie": cookie})
            answer = open_ones.enter_context(closing(connection.getresponse()))
            assert answer.status == 200
            readers.append(Reader(iter(answer.readline, b"")))
        assert {reader.next()[0] for reader in readers} == {"all"}
        share(moderator)
        committed = time.monotonic()
        assert {reader.next()[0] for reader in readers} == {"message"}
        assert time.monotonic() - committed < SOON
        connection = open_ones.enter_context(closing(connect(port)))
        connection.request("GET", "/sign-in")
        assert connection.getresponse().status == 200
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert {reader.next()[0] for reader in readers} == {"end"}
        assert time.monotonic() - told < SOON
        process.wait(timeout=SOON)
    assert process.returncode == 0
