"""The worker: sends what was committed, is disturbed by nothing, and ends when it is told to."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from tests.environment import environment_of
from workspace import Workspace, clock, scheduled_jobs, worker
from workspace.config import ROOT, Settings
from workspace.db import db
from workspace.mail.models import enqueue

WORKER = "from tests.mail import email_types; from workspace.cli import main; email_types.register(); main(['worker'])"
PATIENCE = 90  # seconds, for a machine that is busy with other tests


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


def test_all_jobs_are_run_whatever_fails(app: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    def fails() -> int:
        raise ValueError("This job is broken.")

    def works() -> int:
        done.append("works")
        return 1

    monkeypatch.setattr(scheduled_jobs, "JOBS", (fails, works))
    assert scheduled_jobs.run_due_jobs() == 1
    assert done == ["works"]


def test_mail_that_goes_out_slowly_holds_up_no_date(app: Workspace, settings: Settings) -> None:
    folder = settings.instance / "mail"
    enqueue("note", key="note:1", to="her@example.dk", subject="First")
    db.session.commit()
    worker._run_jobs(app)
    assert not list(folder.glob("*.eml")), "The jobs of the minute send nothing"
    worker._send_due(app)
    assert len(list(folder.glob("*.eml"))) == 1


def test_a_worker_sends_what_is_committed_and_ends_when_told(app: Workspace, settings: Settings) -> None:
    folder = settings.instance / "mail"
    with working(settings) as process:
        enqueue("note", key="note:1", to="her@example.dk", subject="First")
        enqueue("note", key="note:2", to="her@example.dk", subject="Later", not_before=clock.now() + timedelta(hours=1))
        enqueue("note", key="note:3", to="her@example.dk", subject="broken")
        db.session.commit()
        until(lambda: any(folder.glob("*1.eml")), "The first email is sent")
        enqueue("note", key="note:4", to="her@example.dk", subject="Second")
        db.session.commit()
        committed = time.monotonic()
        until(lambda: any(folder.glob("*4.eml")), "The second email is sent")
        assert time.monotonic() - committed < worker.SECONDS_BETWEEN_JOBS / 2, "It does not wait for the minute"
        assert len(list(folder.glob("*.eml"))) == 2
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
