"""A stream as a browser reads it, and the watcher's looks one at a time, so that nothing depends on the clock.

def test_a_comment_is_told(listen, look):
    browser = listen(member)
    comment(post, moderator)
    look()
    assert browser.heard() == [("message", {"7": 12})]
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.client import Client
from workspace import Workspace
from workspace.accounts.models import User
from workspace.db import db
from workspace.db.transactions import begin_request
from workspace.live.streams import Streams
from workspace.live.watcher import Watcher

Event = tuple[str, Any]


class Browser:
    """What has come over one browser's stream."""

    def __init__(self, client: Client, streams: Streams, **headers: str) -> None:
        self.client, self._streams = client, streams
        before = streams.present()
        self.answer = client.get("/live", headers=headers)
        opened = [stream for stream in streams.present() if stream not in before]
        self.stream: Any = opened[0] if opened else None
        self.last_event_id = ""
        self.is_over = False

    def again(self, **headers: str) -> "Browser":
        """Another stream of the same browser."""
        return Browser(self.client, self._streams, **headers)

    def on(self) -> "Browser":
        """The stream as the browser takes it up again after a cut."""
        return self.again(**{"Last-Event-ID": self.last_event_id})

    def heard(self) -> list[Event]:
        """What came since this was asked last."""
        written = ""
        while not self.is_over and self.stream._messages.qsize():
            try:
                written += next(self.stream).decode()
            except StopIteration:
                self.is_over = True
        return [event for block in written.split("\n\n") if (event := self._event(block))]

    def _event(self, block: str) -> Event | None:
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        self.last_event_id = fields.get("id", self.last_event_id)
        if "data" not in fields:
            return None
        data = fields["data"]
        return fields["event"], None if data == "." else json.loads(data)


Listen = Callable[..., Browser]


class Still(Watcher):
    """A watcher that looks only when it is told to."""

    def wake(self) -> None:
        """Sleep on."""


@pytest.fixture
def watcher(app: Workspace) -> Watcher:
    """The watcher of the app under test, without its thread."""
    made = Still(app, Streams())
    app.extensions["live"] = made
    return made


@pytest.fixture
def look(watcher: Watcher) -> Callable[..., None]:
    """Let the watcher look now: `look()`, or `look(beat=True)` when the heart is to beat as well."""
    watcher._next_beat = float("inf")

    def now(*, beat: bool = False) -> None:
        db.session.commit()
        watcher._next_beat = 0.0 if beat else float("inf")
        with watcher.app.app_context():
            begin_request(reads_only=True)
            watcher.look()
        watcher._next_beat = float("inf")

    return now


@pytest.fixture
def listen(watcher: Watcher, sign_in: Callable[[User], Client]) -> Listen:
    """Open a stream in a browser of its own for `user`."""

    def opened(user: User, **headers: str) -> Browser:
        return Browser(sign_in(user), watcher.streams, **headers)

    return opened
