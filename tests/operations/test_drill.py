"""Everything goes wrong, one thing after the other, while people read and write: nothing acknowledged is lost.

Two instances, each with a web process and a worker, behind Caddy; a PostgreSQL and a Redis of their own. The clock of
one instance is five seconds ahead. DRILL_KILLS says how often each process is killed; make test-operations does it
20 times, a minute each.
"""

import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from flask_babel import force_locale

from tests.client import Client
from tests.databases import make_tables
from tests.factories import PASSWORD, make_user
from tests.mail.sink import Sink
from tests.operations.fleet import SOON, Ledger, PostgreSQL, answers, caddy, instance, people, redis
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
BEFORE = 3.0  # seconds that a request may have taken already when a cause begins
LASTS = 6.0  # seconds
LIFE = 62.0  # seconds: a process that is killed sooner than that after the last time is replaced more slowly
SECONDS_UNTIL_SEEN = 6.0  # by the proxy, that an instance is ready again
AUTHORS = 12  # more than refusals that are believed


class Causes:
    """When something was wrong, and which answers that explains."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.spans: list[tuple[str, float, float]] = []

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Something is wrong meanwhile."""
        began = time.monotonic()
        yield
        self.spans.append((name, began, time.monotonic()))

    def unexplained(self) -> list[tuple[float, int]]:
        """The failures without a cause."""
        return [
            (at, status)
            for at, status in self.ledger.failures()
            if not any(began - BEFORE <= at <= ended + SOON for _name, began, ended in self.spans)
        ]

    def report(self) -> str:
        """How long each cause lasted in all, and how many answers failed meanwhile."""
        lines = []
        for name in dict.fromkeys(name for name, _began, _ended in self.spans):
            spans = [(began, ended) for each, began, ended in self.spans if each == name]
            failed = sum(any(a - BEFORE <= at <= b + SOON for a, b in spans) for at, _status in self.ledger.failures())
            lines.append(f"{name}: {len(spans)} times, {sum(b - a for a, b in spans):.0f} s, {failed} answers failed")
        return "\n".join(lines)


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


def test_nothing_acknowledged_is_lost(
    fleet_app: Workspace,
    postgresql_of_its_own: PostgreSQL,
    tmp_path: Path,
    sink: Sink,
    record_property: Callable[..., None],
) -> None:
    app, server, ports = fleet_app, postgresql_of_its_own, [free_port(), free_port()]
    person = make_user()
    db.session.commit()
    with redis(tmp_path) as counters, ExitStack() as stack:
        environment = {"SMTP_URL": sink.url, "RATE_LIMIT_URL": f"redis://127.0.0.1:{counters.port}/0"}
        ahead = {"LD_PRELOAD": AHEAD, "FAKETIME": "+5s", "DONT_FAKE_MONOTONIC": "1"} if Path(AHEAD).exists() else {}
        environments = [environment, environment | ahead]
        lives = [ExitStack(), ExitStack()]
        fleet: list[Service] = []
        for number, port in enumerate(ports):
            stack.enter_context(lives[number])
            fleet.append(
                lives[number].enter_context(instance(app.settings, tmp_path, str(number), port, **environments[number]))
            )
        proxy = stack.enter_context(caddy(tmp_path, *ports))
        time.sleep(SECONDS_UNTIL_SEEN)
        with people(app, proxy, authors=AUTHORS) as ledger:
            causes = Causes(ledger)
            until(lambda: len(ledger.acknowledged) > 20, "People write")
            assert ledger.failures() == []

            for _each in range(KILLS):  # each web process and each worker in turn
                began = time.monotonic()
                for service in fleet:
                    for child in sorted(service.children):
                        with causes.of("a process is killed"):
                            service.kill(child)
                        time.sleep(SECONDS_UNTIL_SEEN)
                time.sleep(max(0.0, began + LIFE - time.monotonic()))

            with causes.of("an instance is killed"):
                fleet[0].main.kill()
                fleet[0].main.wait()
                lives[0].close()
            fleet[0] = lives[0].enter_context(instance(app.settings, tmp_path, "0", ports[0], **environments[0]))
            settle(proxy)

            with causes.of("PostgreSQL is restarted"):
                server.stop()
                server.start()
            settle(proxy)

            with causes.of("PostgreSQL hangs"), server.hanging():
                for port in ports:
                    until(lambda: answers(port, "/healthz/ready") == 503, "Health says so", SOON)  # noqa: B023
                    assert answers(port, "/healthz") == 200
                time.sleep(LASTS)
            settle(proxy)

            with causes.of("PostgreSQL is away"):
                server.stop()
                for port in ports:
                    until(lambda: answers(port, "/healthz/ready") == 503, "Health says so", SOON)  # noqa: B023
                time.sleep(LASTS)
                server.start()
            settle(proxy)

            before = len(ledger.failures())
            counters.stop()
            for _each in range(3):
                assert sign_in(proxy, person.email) == 303
            counters.start()
            assert sign_in(proxy, person.email) == 303
            assert len(ledger.failures()) == before

            refuse_all(sink)
            begun = time.monotonic()
            until(lambda: refused_by_all(ports[0]), "Health says that all is refused", 90)
            sink.faults.clear()
            record_property(
                "seconds until health said that a relay refuses everything", round(time.monotonic() - begun)
            )
            outbox.retry_all()
            db.session.commit()
            more = len(ledger.acknowledged) + 20
            until(lambda: len(ledger.acknowledged) > more, "People write")
            assert causes.unexplained() == [], [causes.spans, [service.said for service in fleet]]
        settle(proxy)
        print(causes.report())
        check_comments(ledger)
        check_mail(sink)
        print(f"{len(ledger.answers)} answers, {len(ledger.acknowledged)} comments acknowledged")


def settle(proxy: int) -> None:
    """The cause is gone: health is right again soon."""
    until(lambda: answers(proxy, "/healthz/ready") == 200, "It is ready again", SOON)


def sign_in(port: int, email: str) -> int:
    """Sign in with a password; the status."""
    import http.client
    from urllib.parse import urlencode

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
    import http.client

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


def check_mail(sink: Sink) -> None:
    """Each mail was sent, once; twice only where a worker was killed while it sent it."""

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
    print(f"{len(received)} mails, {len(uncertain)} in doubt, {sum(received.values()) - len(received)} sent twice")


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
            with causes.of("the disk is full"):
                filler = small_disk / "filler"
                with suppress(OSError), filler.open("wb") as file:
                    while True:
                        file.write(bytes(4096))
                        file.flush()
                failed = len(ledger.failures())
                until(lambda: len(ledger.failures()) > failed + 3, "Writing fails")
                assert {status for _at, status in ledger.failures()} == {503}, service.said
                assert answers(port, "/healthz") == 200
                filler.unlink()
            more = len(ledger.acknowledged) + 10
            until(lambda: len(ledger.acknowledged) > more, "People write")
            assert causes.unexplained() == []
        check_comments(ledger)
        db.session.remove()
        db.engine.dispose()
