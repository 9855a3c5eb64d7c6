"""Everything goes wrong, one thing after the other, while people read and write: nothing acknowledged is lost.

Two instances, each with a web process and a worker, behind Caddy; a PostgreSQL and a Redis of their own. The clock of
one instance is five seconds ahead. DRILL_KILLS says how often each process is killed; make test-operations does it
20 times, and writes what came of it into docs/reliability.md (DRILL_RECORD).
"""

import http.client
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

import pytest
from flask_babel import force_locale

from bench import documents
from tests.client import Client
from tests.databases import make_tables
from tests.factories import PASSWORD, make_user
from tests.mail.sink import Sink
from tests.operations.fleet import SOON, Answered, Ledger, PostgreSQL, Redis, answers, caddy, instance, people, redis
from tests.operations.service import Service, free_port, until
from workspace import Workspace, create_app
from workspace.comments.models import Comment
from workspace.config import Settings
from workspace.db import db
from workspace.mail import outbox
from workspace.mail.models import UNFINISHED, Mail, MailState

pytestmark = [pytest.mark.either_database, pytest.mark.slow]

KILLS = int(os.environ.get("DRILL_KILLS", "2"))
AHEAD = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
LASTS = 6.0  # seconds
LIFE = 62.0  # seconds: a process that is killed sooner than that after the last time is replaced more slowly
SECONDS_UNTIL_SEEN = 6.0  # by the proxy, that an instance is ready again
AUTHORS = 12  # more than refusals that are believed


class Cause(NamedTuple):
    """Something that went wrong: when it began and ended (monotonic), and how long after that all was right again.

    It is `felt` where answers may fail because of it.
    """

    name: str
    began: float
    ended: float
    seconds_until_right: float
    felt: bool

    def meets(self, answer: Answered) -> bool:
        """Whether an answer was waited for while it lasted, or asked for soon after."""
        return answer.until >= self.began and answer.at <= self.ended + SOON


class Causes:
    """What went wrong, and which answers that explains."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.began = time.monotonic()
        self.causes: list[Cause] = []

    @contextmanager
    def of(self, name: str, is_right: Callable[[], bool], *, felt: bool = True) -> Iterator[None]:
        """Something is wrong meanwhile; soon afterwards all must be right again."""
        began = time.monotonic()
        yield
        ended = time.monotonic()
        until(is_right, f"All is right again after this: {name}", SOON)
        self.causes.append(Cause(name, began, ended, time.monotonic() - ended, felt))

    def unexplained(self) -> list[Answered]:
        """The failures without a cause."""
        felt = [cause for cause in self.causes if cause.felt]
        return [each for each in self.ledger.failures() if not any(cause.meets(each) for cause in felt)]

    def told(self, fleet: list[Service], proxy: Path) -> str:
        """The failures without a cause, and what each instance and the proxy say of them."""
        lines, said = [], "\n".join(service.said for service in fleet).splitlines()
        for each in self.unexplained():
            before = [cause for cause in self.causes if cause.ended < each.at]
            since = f"{each.at - before[-1].ended:.1f} s after: {before[-1].name}" if before else "before everything"
            found = [line for line in said if each.request_id and f"request_id={each.request_id}" in line]
            who = found or [f"{'the workspace' if each.request_id else 'the proxy'} gave it {each.error}"]
            lines += [f"{each.status} after {each.until - each.at:.1f} s, {since}:", *who]
        events = [line for line in said if "event=request" not in line]
        errors = [line for line in proxy.read_text().splitlines() if '"level":"info"' not in line]
        return "\n".join([*lines, "", *events, "", *errors[-100:]])

    def table(self) -> list[str]:
        """A row for each kind: how often, for how long in all, until when all was right again, and what failed."""
        rows = []
        for name in dict.fromkeys(cause.name for cause in self.causes):
            causes = [cause for cause in self.causes if cause.name == name]
            failed = sum(any(cause.meets(each) for cause in causes) for each in self.ledger.failures())
            lasted = sum(each.ended - each.began for each in causes)
            right = max(each.seconds_until_right for each in causes)
            rows.append(f"| {name} | {len(causes)} | {lasted:.0f} s | {right:.1f} s | {failed} |")
        return rows


@pytest.fixture
def postgresql_of_its_own() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.remove()


@pytest.fixture
def fleet_app(postgresql_of_its_own: PostgreSQL, tmp_path: Path, sink: Sink) -> Iterator[Workspace]:
    """The app in this process, on the database of the fleet."""
    made = create_app(
        Settings(
            instance=tmp_path,
            database_url=postgresql_of_its_own.url,
            secret_key="0123456789abcdefghijklmnopqrstuvwxyz",
            secure_cookies=False,
            smtp_url=sink.url,
        )
    )
    made.test_client_class = Client
    with made.app_context(), force_locale("en"):
        make_tables()
        yield made
        db.session.rollback()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as answering:
        yield answering


@pytest.fixture
def fleet(fleet_app: Workspace, tmp_path: Path, sink: Sink, counters: Redis) -> Iterator["Fleet"]:
    with ExitStack() as stack:
        yield Fleet(fleet_app.settings, tmp_path, {"SMTP_URL": sink.url, "RATE_LIMIT_URL": counters.url}, stack)


@pytest.fixture
def counters(tmp_path: Path) -> Iterator[Redis]:
    with redis(tmp_path) as server:
        yield server


class Fleet:
    """Two instances behind Caddy; the clock of the second one is ahead where libfaketime is installed."""

    def __init__(self, settings: Settings, folder: Path, environment: dict[str, str], stack: ExitStack) -> None:
        self.settings, self.folder, self.lives = settings, folder, (ExitStack(), ExitStack())
        own = environment | {"TRUSTED_PROXIES": "1", "ACCESS_LOG": "1"}
        ahead = {"LD_PRELOAD": AHEAD, "FAKETIME": "+5s", "DONT_FAKE_MONOTONIC": "1"} if Path(AHEAD).exists() else {}
        self.environments = (own, own | ahead)
        self.ports = (free_port(), free_port())
        for life in self.lives:
            stack.enter_context(life)
        self.services = [self.start(0), self.start(1)]
        self.proxy = stack.enter_context(caddy(folder, *self.ports))

    def start(self, number: int) -> Service:
        """Start an instance."""
        name, port = str(number), self.ports[number]
        return self.lives[number].enter_context(
            instance(self.settings, self.folder, name, port, **self.environments[number])
        )

    def kill(self, number: int) -> None:
        """Kill the main process of an instance, which takes its others along, and start another one."""
        self.services[number].main.kill()
        self.services[number].main.wait()
        self.lives[number].close()
        self.services[number] = self.start(number)

    def is_right(self) -> bool:
        """Whether the proxy has an instance to ask."""
        return answers(self.proxy, "/healthz/ready") == 200

    def says_that_it_is_not_ready(self) -> None:
        """Each instance says soon that it can't serve, and goes on living."""
        for port in self.ports:
            until(lambda: answers(port, "/healthz/ready") == 503, "Health says so", SOON)  # noqa: B023
            assert answers(port, "/healthz") == 200


def test_nothing_acknowledged_is_lost(
    fleet_app: Workspace, fleet: Fleet, postgresql_of_its_own: PostgreSQL, sink: Sink, counters: Redis
) -> None:
    began, server = time.monotonic(), postgresql_of_its_own
    person = make_user()
    db.session.commit()
    time.sleep(SECONDS_UNTIL_SEEN)
    with people(fleet_app, fleet.proxy, authors=AUTHORS) as ledger:
        causes = Causes(ledger)
        until(lambda: len(ledger.acknowledged) > 20, "People write")
        assert ledger.failures() == []

        kill_all_in_turn(fleet, causes)
        with causes.of("an instance is killed", fleet.is_right):
            fleet.kill(0)
        with causes.of("PostgreSQL is restarted", fleet.is_right):
            server.stop()
            server.start()
        with causes.of("PostgreSQL hangs", fleet.is_right), server.hanging():
            fleet.says_that_it_is_not_ready()
            time.sleep(LASTS)
        with causes.of("PostgreSQL is away", fleet.is_right):
            server.stop()
            fleet.says_that_it_is_not_ready()
            time.sleep(LASTS)
            server.start()
        settle(fleet)
        with causes.of("Redis is away", fleet.is_right, felt=False):
            counters.stop()
            assert [sign_in(fleet.proxy, person.email) for _each in range(3)] == [303, 303, 303]
            counters.start()
        assert sign_in(fleet.proxy, person.email) == 303
        with causes.of("the mail server refuses everything", fleet.is_right, felt=False):
            refuse_all(sink)
            until(lambda: refused_by_all(fleet.ports[0]), "Health says that all is refused", 90)
            sink.faults.clear()
        outbox.retry_all()
        db.session.commit()
        more = len(ledger.acknowledged) + 20
        until(lambda: len(ledger.acknowledged) > more, "People write")
        told = causes.told(fleet.services, fleet.folder / "caddy")
    assert causes.unexplained() == [], told
    check_comments(ledger)
    mails = check_mail(sink)
    record(causes, mails, time.monotonic() - began)


def settle(fleet: Fleet) -> None:
    """Wait until what was wrong before explains no failure any more."""
    time.sleep(2 * SOON)
    assert fleet.is_right()


def kill_all_in_turn(fleet: Fleet, causes: Causes) -> None:
    """Kill each web process and each worker: twice within a minute, and then not for as long as a process should live.

    So each is replaced at once: after a third early end it would be after a pause, which test_processes.py is about.
    """
    for number in range(KILLS):
        for service in fleet.services:
            for child in sorted(service.children):
                with causes.of("a process is killed", fleet.is_right):
                    service.kill(child)
                time.sleep(SECONDS_UNTIL_SEEN)
        if number % 2 and number + 1 < KILLS:
            time.sleep(LIFE)


def record(causes: Causes, mails: str, seconds: float) -> None:
    """Print what was measured, and with DRILL_RECORD also write it into docs/reliability.md."""
    ledger, hidden = causes.ledger, "" if Path(AHEAD).exists() else ", all with one clock: libfaketime is not installed"
    lines = [
        f"{KILLS} kills of each process; {seconds / 60:.0f} minutes on {os.cpu_count()} cores{hidden}.",
        "",
        f"| what goes wrong | times | in all | right again after | failed of {len(ledger.answers):,} answers |",
        f"|{' --- |' * 5}",
        *causes.table(),
        "",
        f"{len(ledger.acknowledged):,} comments were acknowledged; none is lost, none is there twice. {mails}",
        "No answer failed at another time than during a cause that explains it, or the five seconds after it.",
    ]
    print("\n".join(lines))
    if os.environ.get("DRILL_RECORD"):
        documents.write("test-operations", "\n".join(lines))


def sign_in(port: int, email: str) -> int:
    """Sign in with a password; the status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/sign-in")
    answer = connection.getresponse()
    cookie, page = (answer.getheader("Set-Cookie") or "").partition(";")[0], answer.read().decode()
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    fields = urlencode({"csrf_token": found[1], "email": email, "password": PASSWORD})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": cookie,
        "Sec-Fetch-Site": "same-origin",
    }
    connection.request("POST", "/sign-in", fields, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def refuse_all(sink: Sink) -> None:
    """From now on every mail is refused."""
    for address in db.session.scalars(db.text('SELECT email FROM "user"')):
        sink.plan(address, *["rcpt 554"] * 10_000)
    db.session.commit()


def refused_by_all(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/healthz/all")
    told = connection.getresponse().read().decode()
    connection.close()
    return "refuses everything" in told


def check_comments(ledger: Ledger) -> None:
    """Each comment that was acknowledged is there, none is there twice, and the log has no gap."""
    written = Counter(db.session.scalars(db.select(Comment.body_text)))
    assert set(ledger.acknowledged) - written.keys() == set()
    assert set(written.values()) == {1}
    gaps = db.session.scalars(
        db.text(
            "SELECT partnership_id FROM entry GROUP BY partnership_id "
            "HAVING count(*) <> max(number) OR min(number) <> 1"
        )
    ).all()
    assert gaps == []
    db.session.commit()


def check_mail(sink: Sink) -> str:
    """Each mail was sent, once; twice only where a worker was killed while it sent it. How many there were."""

    def unfinished() -> int:
        # What a killed worker had claimed waits for its lease, and what was put off for its pause: time passes.
        soon = db.text(
            "UPDATE mail SET next_attempt_at = now() WHERE state IN ('due', 'sending') AND "
            "next_attempt_at > now() + interval '5 seconds'"
        )
        db.session.execute(soon)
        left = db.session.scalar(db.select(db.func.count()).select_from(Mail).where(UNFINISHED)) or 0
        db.session.commit()
        return int(left)

    until(lambda: unfinished() == 0, "All mail is sent", 300)
    states = Counter(db.session.scalars(db.select(Mail.state)))
    assert set(states) <= {MailState.SENT, MailState.SKIPPED}, states
    uncertain = set(db.session.scalars(db.select(Mail.message_id).where(Mail.uncertain_attempts > 0)))
    received = Counter(sink.message_ids())
    assert {each for each, count in received.items() if count > 1} <= uncertain
    sent = set(db.session.scalars(db.select(Mail.message_id).where(Mail.state == MailState.SENT)))
    assert sent <= received.keys()
    twice = sum(received.values()) - len(received)
    doubt = ", since their worker was killed while it sent them" if twice else ""
    return f"{len(received):,} mails were sent, {twice} of them twice{doubt}."


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 32 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if (
        not shutil.which("mount")
        or subprocess.run(
            ("mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)), capture_output=True
        ).returncode
    ):
        pytest.skip("No disk can be mounted here.")
    yield folder
    subprocess.run(("umount", "-l", str(folder)), check=True)


def test_a_full_disk_loses_nothing_and_all_goes_on_when_there_is_room(small_disk: Path) -> None:
    settings = Settings(
        instance=small_disk,
        database_url=f"sqlite:///{small_disk}/samspil.sqlite",
        secret_key="0123456789abcdefghijklmnopqrstuvwxyz",
        secure_cookies=False,
    )
    app = create_app(settings)
    app.test_client_class = Client
    with app.app_context(), force_locale("en"):
        make_tables()
        port = free_port()
        with instance(settings, small_disk, "0", port) as service, people(app, port) as ledger:
            causes = Causes(ledger)
            until(lambda: len(ledger.acknowledged) > 10, "People write")
            with causes.of("the disk is full", service.answers):
                filler = small_disk / "filler"
                with suppress(OSError), filler.open("wb") as file:
                    while True:
                        file.write(bytes(4096))
                        file.flush()
                failed = len(ledger.failures())
                until(lambda: len(ledger.failures()) > failed + 3, "Writing fails")
                assert {each.status for each in ledger.failures()} == {503}, service.said
                assert answers(port, "/healthz") == 200
                filler.unlink()
            more = len(ledger.acknowledged) + 10
            until(lambda: len(ledger.acknowledged) > more, "People write")
            assert causes.unexplained() == []
        check_comments(ledger)
        db.session.remove()
        db.engine.dispose()
