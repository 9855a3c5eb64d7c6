"""Two instances behind Caddy on one PostgreSQL, people who read and write meanwhile, and a ledger of the answers.

Caddy serves deploy/Caddyfile. Whoever writes sends a comment again, under the same one-time key, until it is
acknowledged, as the page does.
"""

import http.client
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from tests.client import signed_in
from tests.databases import Server, execute
from tests.factories import add_member, share, start_partnership
from tests.operations.service import PATIENCE, Service, free_port, processes, running, until
from workspace import Workspace
from workspace.config import ROOT, Settings
from workspace.db import db

PAUSE = 0.1  # seconds between two requests of one person
SOON = 5.0  # seconds, within which all is right again


class Answered(NamedTuple):
    """An answer: when it was asked for and came (monotonic), its status (0 for none), and the id of its request.

    Only the workspace gives an id: without one it was the proxy that answered. `error` is why there was no answer.
    """

    at: float
    until: float
    status: int
    request_id: str = ""
    error: str = ""


@dataclass
class Ledger:
    """All answers, and the comments that were acknowledged."""

    answers: list[Answered] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    attempts: dict[str, int] = field(default_factory=dict)

    def failures(self) -> list[Answered]:
        """The answers that were none, or a 5xx."""
        return [each for each in self.answers if each.status == 0 or each.status >= 500]


class Person:
    """Asks for pages, or writes, in a thread, until told to stop."""

    def __init__(self, port: int, cookie: str, ledger: Ledger, stopping: threading.Event | None = None) -> None:
        self.port, self.ledger, self.stopping = port, ledger, stopping or threading.Event()
        self.headers = {"Cookie": f"samspil={cookie}", "Sec-Fetch-Site": "same-origin"}

    def send(self, method: str, address: str, fields: dict[str, str] | None = None) -> int:
        """Send a request, each on a connection of its own; the status, or 0 where there was no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        form = {"Content-Type": "application/x-www-form-urlencoded"} if fields else {}
        began = time.monotonic()
        try:
            connection.request(method, address, urlencode(fields) if fields else None, self.headers | form)
            answer = connection.getresponse()
            answer.read()
            given = Answered(began, time.monotonic(), answer.status, answer.getheader("X-Request-ID", ""))
        except (OSError, http.client.HTTPException) as error:
            given = Answered(began, time.monotonic(), 0, error=repr(error))
        finally:
            connection.close()
        self.ledger.answers.append(given)
        return given.status

    def read(self, address: str) -> None:
        """Read a page again and again."""
        while not self.stopping.wait(PAUSE):
            self.send("GET", address)

    def write(self, posts: list[str], fields: dict[str, str], name: str) -> None:
        """Comment on one post after the other, each comment until it is acknowledged."""
        number = 0
        while not self.stopping.is_set():
            number += 1
            text, key, address = f"{name}-{number}", str(uuid4()), f"{posts[number % len(posts)]}/comments"
            while not self.stopping.wait(PAUSE):
                self.ledger.attempts[text] = self.ledger.attempts.get(text, 0) + 1
                if 200 <= self.send("POST", address, fields | {"body": text, "one_time_key": key}) < 400:
                    self.ledger.acknowledged.append(text)
                    break


@contextmanager
def people(app: Workspace, port: int, *, authors: int = 1) -> Iterator[Ledger]:
    """Three who read and three who write meanwhile, through `port`: comments on posts of so many authors."""
    moderator = start_partnership()
    posts = [share(add_member(moderator)).number for _each in range(authors)]
    db.session.commit()
    where = [f"{moderator.partnership.address}posts/{number}" for number in posts]
    ledger, stopping, threads = Ledger(), threading.Event(), []
    for number in range(6):
        browser = signed_in(app, add_member(moderator).user)
        form = browser.page(where[0]).form(f"{where[0]}/comments")
        cookie = browser.get_cookie("samspil")
        assert cookie is not None
        person = Person(port, cookie.value, ledger, stopping)
        work = partial(person.write, where, form, f"w{number}") if number % 2 else partial(person.read, where[0])
        threads.append(threading.Thread(target=work, daemon=True))
    db.session.commit()
    for thread in threads:
        thread.start()
    try:
        yield ledger
    finally:
        stopping.set()
        for thread in threads:
            thread.join(PATIENCE)


@contextmanager
def caddy(folder: Path, *instances: int) -> Iterator[int]:
    """Caddy with deploy/Caddyfile before the instances on these ports; its own port."""
    if not shutil.which("caddy"):
        pytest.skip("Caddy is not installed.")
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "DOMAIN": f"http://127.0.0.1:{port}",
        "INSTANCES": " ".join(f"127.0.0.1:{each}" for each in instances),
        "CADDY_ADMIN": f"127.0.0.1:{free_port()}",
    }
    command = ("caddy", "run", "--config", str(ROOT / "deploy" / "Caddyfile"), "--adapter", "caddyfile")
    with (
        (folder / "caddy").open("w") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            until(lambda: answers(port, "/healthz") == 200, "Caddy answers")
            yield port
        finally:
            process.terminate()


def answers(port: int, address: str) -> int:
    """The status of an answer; 0 where there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", address)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


class PostgreSQL:
    """A durable PostgreSQL of its own, which can be stopped, hang and go on."""

    def __init__(self) -> None:
        self.server = Server(durable=True)
        execute(make_url(self.server.url), "ALTER SYSTEM SET max_connections = 120")
        self.stop()
        self.start()
        execute(make_url(self.server.url), "CREATE DATABASE fleet TEMPLATE template0 ENCODING 'UTF8'")
        url = make_url(self.server.url).set(drivername="postgresql+psycopg", database="fleet")
        self.url = url.render_as_string(hide_password=False)

    def stop(self) -> None:
        """Stop it at once, as a restart of its machine does."""
        main = self.server.server.get_pid()
        os.kill(main, signal.SIGINT)
        until(lambda: main not in processes(), "PostgreSQL has stopped")

    def start(self) -> None:
        """Start it again."""
        self.server.server.ensure_postgres_running()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Neither it nor any of its processes does anything."""
        main = self.server.server.get_pid()
        stopped = [main, *(each for each, (parent, _state) in processes().items() if parent == main)]
        for each in stopped:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in stopped:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def remove(self) -> None:
        """Stop it for good."""
        self.server.stop()


@contextmanager
def redis(folder: Path) -> Iterator["Redis"]:
    """A Redis of its own."""
    if not shutil.which("redis-server"):
        pytest.skip("Redis is not installed.")
    server = Redis(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Redis:
    """It can be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it."""
        command = (
            "redis-server",
            "--port",
            str(self.port),
            "--save",
            "",
            "--dir",
            str(self.folder),
            "--bind",
            "127.0.0.1",
        )
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        """Stop it."""
        self.process.terminate()
        self.process.wait()


@contextmanager
def instance(settings: Settings, folder: Path, name: str, port: int, **environment: str) -> Iterator[Service]:
    """An instance with one web process and one worker, whose data are in a folder of its own."""
    own = replace(settings, instance=folder / name)
    own.instance.mkdir(exist_ok=True)
    with running(own, workers=1, port=port, **environment) as service:
        yield service
