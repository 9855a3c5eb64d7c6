"""The worker: called by a commit that wrote mail, disturbed by nothing, and ended with whoever began it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.databases import KIND
from tests.environment import environment_of
from workspace import Workspace, clock, create_app, scheduled_jobs, worker_wakeup
from workspace.config import ROOT, Settings
from workspace.db import db
from workspace.mail.models import enqueue

WORKER = "from tests.mail import kinds; from workspace.cli import main; kinds.register(); main(['worker'])"
PATIENCE = 90  # seconds, for a machine that is busy with other tests


@pytest.fixture(autouse=True)
def silence(app: Workspace) -> Iterator[None]:
    """A bell that nobody has rung."""
    worker_wakeup.queue().storage.flush_queue()
    yield
    worker_wakeup.close()


def rings() -> int:
    return worker_wakeup.queue().pending_count()


def until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@contextmanager
def working(settings: Settings, **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker, in a process of its own, on the database of this test."""
    given = environment_of(settings) | {"PATH": os.environ["PATH"]}
    with subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env=given | environment) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_commit_that_wrote_mail_rings(app: Workspace) -> None:
    enqueue("note", key="note:1", to="her@example.dk", subject="Hej")
    assert rings() == 0
    db.session.commit()
    assert rings() == 1
    db.session.commit()
    assert rings() == 1


def test_nobody_is_called_for_what_was_undone_or_is_not_due(app: Workspace) -> None:
    enqueue("note", key="note:1", to="her@example.dk", subject="Hej")
    db.session.rollback()
    enqueue("note", key="note:2", to="her@example.dk", subject="Hej", not_before=clock.now() + timedelta(hours=1))
    db.session.commit()
    assert rings() == 0


def test_the_bell_is_not_worn_out(app: Workspace) -> None:
    for number in range(30):
        enqueue("note", key=f"note:{number}", to="her@example.dk", subject="Hej")
        db.session.commit()
    assert rings() == worker_wakeup.MAX_PENDING


def test_a_bell_that_cannot_be_rung_keeps_nobody_from_writing(settings: Settings, app: Workspace) -> None:
    broken = create_app(replace(settings, queue_url="redis://127.0.0.1:1/0"))
    with broken.app_context():
        enqueue("note", key="note:1", to="her@example.dk", subject="Hej")
        db.session.commit()
        db.engine.dispose()


def test_a_tick_does_all_pieces_whatever_fails(app: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fails() -> int:
        raise ValueError("This piece is broken.")

    def works() -> int:
        done.append("works")
        return 1

    monkeypatch.setattr(scheduled_jobs, "JOBS", (fails, works))
    assert scheduled_jobs.run_due_jobs() == 1
    assert done == ["works"]


def test_a_worker_sends_at_once_and_ends_when_told(app: Workspace, settings: Settings) -> None:
    queue = {"QUEUE_URL": settings.database_url.replace("+psycopg", "")} if KIND == "postgresql" else {}
    folder = settings.instance / "mail"
    with create_app(replace(settings, queue_url=queue.get("QUEUE_URL", ""))).app_context():
        with working(settings, **queue) as process:
            enqueue("note", key="note:1", to="her@example.dk", subject="broken")
            db.session.commit()
            until(lambda: not rings(), "It has heard the bell")
            enqueue("note", key="note:2", to="her@example.dk", subject="Hej")
            db.session.commit()
            until(lambda: any(folder.glob("*2.eml")), "The mail is sent")
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0
        worker_wakeup.close()
        db.session.remove()
        db.engine.dispose()
