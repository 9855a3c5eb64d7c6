"""What the tests of mail stand on: a kind of mail, a mail server, and a postman who goes to it."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.mail import kinds
from tests.mail.sink import Sink
from workspace import Workspace
from workspace.extensions import db
from workspace.mail import smtp
from workspace.mail.letters import KINDS
from workspace.mail.postman import Postman


@pytest.fixture(autouse=True)
def note() -> Iterator[None]:
    """A kind of mail that says what its references say."""
    kinds.register()
    yield
    del KINDS["note"]


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A mail server."""
    with Sink() as answering:
        yield answering


@pytest.fixture
def postman(app: Workspace, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Send what is due, to the sink: `postman()`, by a postman who is not patient."""
    monkeypatch.setattr(smtp, "SECONDS_TO_ANSWER", 0.3)
    monkeypatch.setattr(smtp, "SECONDS_TO_ACCEPT", 0.3)
    settings = replace(app.settings, smtp_url=sink.url)
    hired = Postman(settings)

    def deliver() -> int:
        db.session.commit()
        hired.away_until = 0
        sent = hired.deliver()
        db.session.rollback()
        db.session.expire_all()
        return sent

    yield deliver
    hired.carrier.close()
