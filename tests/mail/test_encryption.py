"""Mail leaves the house encrypted, to the server that it is meant for, or not at all."""

import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from tests.mail.sink import Sink
from workspace import Workspace
from workspace.db import db
from workspace.mail.delivery import MailSender
from workspace.mail.models import Mail, MailState, enqueue

pytestmark = pytest.mark.either_database


@pytest.fixture
def encrypting(certificate: tuple[Path, Path]) -> Iterator[Sink]:
    """A server that takes nothing in the clear, and knows one user."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with Sink(certificate=context, login=("samspil", "h@mmelig:kode")) as sink:
        yield sink


def sent(app: Workspace, url: str) -> Mail:
    """What has become of a mail to the server of `url`."""
    enqueue("note", key="note:1", to="her@example.dk", subject="Secret")
    db.session.commit()
    sender = MailSender(replace(app.settings, smtp_url=url))
    sender.deliver()
    sender.transport.close()
    return db.session.scalars(select(Mail)).one()


def test_starttls_and_the_password_come_first(
    app: Workspace, encrypting: Sink, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    mail = sent(app, f"smtp://samspil:h%40mmelig%3Akode@localhost:{encrypting.port}")
    assert (mail.state, len(encrypting.received)) == (MailState.SENT, 1), mail.last_error


def test_a_wrong_password_sends_nothing(
    app: Workspace, encrypting: Sink, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    mail = sent(app, f"smtp://samspil:forkert@localhost:{encrypting.port}")
    assert (mail.state, mail.attempts, encrypting.received) == (MailState.DUE, 0, [])
    assert "535" in mail.last_error


def test_a_server_that_is_another_gets_nothing(app: Workspace, encrypting: Sink) -> None:
    mail = sent(app, f"smtp://localhost:{encrypting.port}")
    assert (mail.state, mail.attempts, encrypting.received) == (MailState.DUE, 0, [])
    assert "certificate" in mail.last_error


def test_a_server_that_does_not_encrypt_gets_nothing(app: Workspace, sink: Sink) -> None:
    mail = sent(app, f"smtp://localhost:{sink.port}")
    assert (mail.state, mail.attempts, sink.received) == (MailState.DUE, 0, [])
    assert "STARTTLS" in mail.last_error
