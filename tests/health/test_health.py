"""What a load balancer and monitoring are told: quickly, whatever hangs, and nothing of the inside to strangers."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, text

from tests.client import Client
from tests.environment import Run
from tests.factories import make_user
from workspace import Workspace, clock, scheduled_jobs
from workspace.db import db, installation
from workspace.db.installation import Installation
from workspace.extensions import stopping
from workspace.health import checks
from workspace.mail.models import Mail, MailState, enqueue

SLOW = 5.0  # seconds


@pytest.fixture(autouse=True)
def running(app: Workspace) -> None:
    """An installation that has been started, with a worker."""
    installation.note_key(app.settings.secret_key, ())
    scheduled_jobs.run_due_jobs()
    for probe in checks.ALL:
        probe.forget()


@pytest.fixture
def hanging(app: Workspace) -> Iterator[None]:
    """Every statement takes five seconds."""
    stop = threading.Event()

    def hang(*_heard: object) -> None:
        stop.wait(SLOW)

    event.listen(db.engine, "before_cursor_execute", hang)
    yield
    event.remove(db.engine, "before_cursor_execute", hang)
    stop.set()


def lines(client: Client, address: str = "/healthz/all") -> dict[str, str]:
    return dict(line.split(": ", 1) for line in client.get(address).text.splitlines())


def test_all_is_well(client: Client) -> None:
    assert lines(client) == dict.fromkeys(("database", "writing", "worker", "mail", "files", "disk"), "ok")
    assert client.get("/healthz/ready").text == "database: ok\n"
    assert client.get("/healthz").text == "process: ok\n"


def test_a_database_that_hangs_is_told_within_two_seconds(client: Client, hanging: None) -> None:
    for address in ("/healthz/ready", "/healthz/all"):
        began = time.monotonic()
        answer = client.get(address)
        assert answer.status_code == 503
        assert "database: no answer for" in answer.text
        assert time.monotonic() - began < 3
    assert client.get("/healthz").status_code == 200


def test_whoever_asks_often_while_it_hangs_holds_one_thread(client: Client, hanging: None) -> None:
    before = threading.active_count()
    for _ in range(3):
        client.get("/healthz/ready")
    assert threading.active_count() <= before + 1


def test_a_process_that_stops_is_not_ready_and_a_cookie_needs_no_database(
    sign_in: Callable[..., Client], statements: Callable[[], Any]
) -> None:
    browser = sign_in(make_user())
    stopping.set()
    try:
        with statements() as asked:
            answer = browser.get("/healthz/ready")
            assert browser.get("/healthz").status_code == 200
    finally:
        stopping.clear()
    assert (answer.status_code, answer.text) == (503, "process: stopping\n")
    assert asked == []


def test_it_answers_while_all_slots_wait(app: Workspace, client: Client) -> None:
    slots = [app.request_slots.acquire(blocking=False) for _ in range(16)]
    try:
        assert all(slots)
        assert client.get("/healthz/ready").status_code == 200
    finally:
        for _ in slots:
            app.request_slots.release()


def test_another_schema_is_not_ready(client: Client, app: Workspace) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = '0001_workspace'"))
    try:
        answer = client.get("/healthz/ready")
        assert answer.status_code == 503
        assert "0001_workspace" in answer.text
    finally:
        newest = checks.schema.newest_version()
        db.session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})
        db.session.commit()


def test_a_worker_that_is_silent_is_told(client: Client) -> None:
    with clock.at(clock.now() + timedelta(minutes=6)):
        assert lines(client)["worker"].startswith("none has run since")
        assert client.get("/healthz/all").status_code == 503
        assert client.get("/healthz/ready").status_code == 200


def test_a_worker_beside_another_server_is_seen(client: Client, run: Run) -> None:
    """Where web processes are not started by `workspace run`, nobody else has made the row of the installation."""
    db.session.execute(delete(Installation))
    assert lines(client)["worker"] == "none has ever run"
    assert run("worker", "--once").exit_code == 0
    assert lines(client)["worker"] == "ok"


def test_mail_that_is_refused_by_all_is_told(client: Client) -> None:
    for number in range(30):
        enqueue("invitation", key=f"refused:{number}", to="ada@example.dk")
    db.session.query(Mail).update({"state": MailState.REFUSED})
    assert lines(client)["mail"] == "30 of the latest 30 were refused"
    assert client.get("/healthz/ready").status_code == 200


def test_a_full_disk_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 10 * 2**20, "total": 10**12})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert lines(client)["disk"] == "10 MB left"


def test_strangers_are_told_nothing_of_the_inside(client: Client) -> None:
    strange = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.get("/healthz/all", environ_overrides=strange).status_code == 404
    assert client.get("/healthz/ready", environ_overrides=strange).status_code == 200


def test_a_member_is_a_stranger_too(sign_in: Callable[..., Client]) -> None:
    browser = sign_in(make_user())
    assert browser.get("/healthz/all", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 404
