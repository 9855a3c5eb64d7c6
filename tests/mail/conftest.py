"""What the tests of mail stand on: an email type, a mail server, and a sender that delivers to it."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mail import email_types
from tests.mail.sink import Sink
from workspace import Workspace
from workspace.db import db
from workspace.mail import smtp
from workspace.mail.delivery import MailSender
from workspace.mail.message_types import EMAIL_TYPES


@pytest.fixture(autouse=True)
def note() -> Iterator[None]:
    """A kind of mail that says what its references say."""
    email_types.register()
    yield
    del EMAIL_TYPES["note"]


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server."""
    with Sink() as answering:
        yield answering


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of "localhost", and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    written = ["-keyout", folder / "key.pem", "-out", folder / "cert.pem"]
    subprocess.run([*command.split(), *written], check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def send_due(app: Workspace, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Send what is due, to the sink: `send_due()`, by a sender that soon gives up a sink that is told to be silent."""
    settings = replace(app.settings, smtp_url=sink.url)
    sender = MailSender(settings)

    def deliver() -> int:
        is_silent = any("silence" in fault for planned in sink.faults.values() for fault in planned)
        for patience in ("SECONDS_TO_ANSWER", "SECONDS_TO_ACCEPT"):
            monkeypatch.setattr(smtp, patience, 0.5 if is_silent else 60)
        db.session.commit()
        sender.away_until = 0
        sent = sender.deliver()
        db.session.rollback()
        db.session.expire_all()
        return sent

    yield deliver
    sender.transport.close()
