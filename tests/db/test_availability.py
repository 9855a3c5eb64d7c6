"""The database is away or hangs: pages say so within two seconds, keep what was typed, and come back by themselves."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import TimeoutError

from tests.client import Client, signed_in
from tests.databases import KIND
from tests.factories import comment, share, start_partnership
from tests.relay import Relay
from workspace import Workspace, create_app
from workspace.config import Settings
from workspace.db import db

SOON = 2.5  # seconds: the two that are promised, and what a busy machine needs
TEXT = "Bækken løber over"


@contextmanager
def failing(error: Exception) -> Iterator[None]:
    """Every statement fails."""

    def fail(*_heard: object) -> None:
        raise error

    event.listen(db.engine, "before_cursor_execute", fail)
    yield
    event.remove(db.engine, "before_cursor_execute", fail)


def disk_error() -> Exception:
    if KIND == "postgresql":
        return psycopg.errors.DiskFull("No space left on device")
    error: Any = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorcode = 10
    return error  # type: ignore[no-any-return]


@pytest.mark.parametrize("error", [disk_error(), TimeoutError("QueuePool limit reached")], ids=["fails", "is full"])
def test_a_database_that_fails_is_no_error_of_ours_and_the_text_comes_back(app: Workspace, error: Exception) -> None:
    member = start_partnership()
    post = share(member)
    db.session.commit()
    browser = signed_in(app, member.user)
    page = browser.page(f"{member.partnership.address}posts/{post.number}")
    address = f"{member.partnership.address}posts/{post.number}/comments"
    fields = page.form(address) | {"body": TEXT}
    with failing(error):
        # Whose browser it is can't be read, so it is answered in the language that the browser asks for.
        asking = {"Accept-Language": "en"}
        shown, sent = browser.get("/", headers=asking), browser.post(address, data=fields, headers=asking)
    for answer in (shown, sent):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
    assert "Send it again in a moment: it is made only once." in sent.text
    assert TEXT in sent.text
    assert fields["one_time_key"] in sent.text
    assert browser.post(address, data=fields).status_code == 303


@pytest.fixture
def relay(app: Workspace, settings: Settings) -> Iterator[Relay]:
    if KIND != "postgresql":
        pytest.skip("SQLite has no server.")
    with Relay(make_url(settings.database_url)) as between:
        yield between


@pytest.fixture
def behind(relay: Relay, settings: Settings) -> Iterator[Workspace]:
    """The app, whose server can hang."""
    made = create_app(replace(settings, database_url=relay.url.render_as_string(hide_password=False)))
    made.test_client_class = Client
    watch = made.extensions["database_availability"]
    stopping = threading.Event()
    watch.watch(stopping)
    yield made
    relay.go_on()
    stopping.set()
    watch._thread.join()
    watch._close_probe()
    with made.app_context():
        db.engine.dispose()


def test_pages_and_health_answer_within_two_seconds_where_the_server_hangs(behind: Workspace, relay: Relay) -> None:
    member = start_partnership()
    comment(share(member), member)
    db.session.commit()
    browser = signed_in(behind, member.user)
    assert browser.get(member.partnership.address).status_code == 200
    while behind.extensions["database_availability"]._probe is None:
        time.sleep(0.05)
    relay.hang()
    for most in (SOON, 0.5, 0.5):  # Once it is known to hang, nobody waits.
        began = time.monotonic()
        assert browser.get(member.partnership.address).status_code == 503
        assert time.monotonic() - began < most
    began = time.monotonic()
    assert browser.get("/healthz/ready").status_code == 503
    assert browser.get("/healthz").status_code == 200
    assert time.monotonic() - began < SOON
    relay.go_on()
    end = time.monotonic() + 5
    while browser.get(member.partnership.address).status_code != 200:
        assert time.monotonic() < end
        time.sleep(0.05)
    assert browser.get("/healthz/ready").status_code == 200


@pytest.mark.slow
def test_a_statement_that_is_only_slow_is_left_alone(behind: Workspace) -> None:
    with behind.app_context():
        assert db.session.scalar(text("SELECT 1 FROM pg_sleep(2.5)")) == 1
    assert not behind.extensions["database_availability"].is_away


def test_a_server_that_never_answers_is_found_out_while_connecting(behind: Workspace, relay: Relay) -> None:
    relay.hang()
    browser = behind.test_client()
    began = time.monotonic()
    assert browser.get("/healthz/ready").status_code == 503
    assert time.monotonic() - began < SOON
