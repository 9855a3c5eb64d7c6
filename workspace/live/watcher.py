"""The watcher: one thread per process that looks every second for new entries, and tells the streams.

The order of two reads keeps removed members out: first the numbers, then who may know them. A number from a removal,
or from anything after it, is read after that commit, so the access that is read next is without the member.
"""

import logging
import time
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from workspace.db import db
from workspace.db.transactions import begin_request
from workspace.live import access_snapshot, db_notifications, sse
from workspace.live.access_snapshot import Sight
from workspace.live.sse import Numbers
from workspace.live.streams import Stream, Streams
from workspace.logs import told

if TYPE_CHECKING:
    from workspace import Workspace

log = logging.getLogger(__name__)

SECONDS_BETWEEN_LOOKS = 1.0
# Bursts of entries are combined: the watcher looks at most this often, whatever wakes it.
SECONDS_OF_REST = 0.1
SECONDS_BETWEEN_BEATS = 15.0


class Watcher:
    """Runs while there are streams. It starts with the first one, in the process that holds it."""

    def __init__(self, app: "Workspace", streams: Streams) -> None:
        self.app = app
        self.streams = streams
        self.known: dict[int, Sight] = {}
        self._wake, self._stop = Event(), Event()
        self._starting = Lock()
        self._thread: Thread | None = None
        self._next_beat = 0.0

    def wake(self) -> None:
        """Look now: there is a new entry or a new stream."""
        with self._starting:
            if self._thread is None and not self._stop.is_set():
                self._thread = Thread(target=self._run, name="live watcher", daemon=True)
                self._thread.start()
        self._wake.set()

    def concerns(self, partnership_id: int) -> bool:
        """Whether any stream may see this partnership."""
        return partnership_id in self.known

    def stop(self) -> None:
        """End all streams, and look no more."""
        self._stop.set()
        self.streams.stop()
        self._wake.set()
        if self._thread:
            self._thread.join()

    def _run(self) -> None:
        with self.app.app_context():
            begin_request(reads_only=True)
            db_notifications.start(db.engine, self, self._stop)
            while not self._stop.is_set():
                self._wake.wait(SECONDS_BETWEEN_LOOKS if len(self.streams) else None)
                self._wake.clear()
                self._try_to_look()
                self._stop.wait(SECONDS_OF_REST)

    def _try_to_look(self) -> None:
        try:
            self.look()
        except DBAPIError as error:  # The database is away or busy; try again in a second.
            log.warning("The watcher could not look: %s", told(error))
        except Exception as error:
            log.error("The watcher could not look: %s", told(error))

    def look(self) -> None:
        """Read what is new and who may know it, and tell them: two statements, three when somebody came or went."""
        streams = self.streams.present()
        is_beat = time.monotonic() >= self._next_beat
        if not streams:
            self.known = {}
            return
        with db.engine.connect() as connection:
            seen = access_snapshot.visible_partnerships(connection, _sessions(streams))
            concerned = streams if is_beat else self._concerned(streams, seen)
            access = _access(connection, concerned)
            if not is_beat and _holders(streams, access) != {each: sight[1:] for each, sight in seen.items()}:
                concerned, access = streams, _access(connection, streams)
        self.known = seen
        if is_beat:
            self._next_beat = time.monotonic() + SECONDS_BETWEEN_BEATS
        numbers = {partnership_id: sight[0] for partnership_id, sight in seen.items()}
        for stream in concerned:
            _tell(stream, numbers, access.get(stream.session_id), is_beat=is_beat)

    def _concerned(self, streams: list[Stream], seen: dict[int, Sight]) -> list[Stream]:
        """The streams that may see a new entry, and new streams."""
        changed = {each for each, sight in seen.items() if each not in self.known or sight[0] != self.known[each][0]}
        return [stream for stream in streams if stream.is_new or not changed.isdisjoint(stream.numbers or ())]


def _sessions(streams: list[Stream]) -> list[int]:
    return [stream.session_id for stream in streams]


def _access(connection: Connection, streams: list[Stream]) -> dict[int, set[int]]:
    """What the sessions of `streams` may see now, read afresh."""
    connection.rollback()
    return access_snapshot.access(connection, _sessions(streams)) if streams else {}


def _holders(streams: list[Stream], access: dict[int, set[int]]) -> dict[int, tuple[int, int]]:
    """How many sessions may see each partnership, and the sum of their ids: by `access`, else by what was told."""
    found: dict[int, tuple[int, int]] = {}
    for stream in streams:
        for each in access.get(stream.session_id, stream.numbers or ()):
            count, total = found.get(each, (0, 0))
            found[each] = count + 1, total + stream.session_id
    return found


def _tell(stream: Stream, numbers: Numbers, open_to: set[int] | None, *, is_beat: bool) -> None:
    """Tell a stream what is new in these partnerships, which its session may see."""
    if open_to is None:
        stream.tell(sse.ENDED)
        stream.end()
        return
    visible = {each: numbers[each] for each in sorted(open_to) if each in numbers}
    last, stream.numbers, stream.is_new = stream.numbers, visible, False
    if last is None:
        stream.tell(sse.everything(visible))
        return
    if lost := last.keys() - open_to:
        stream.tell(sse.removed(lost, visible))
    if changed := {each: number for each, number in visible.items() if last.get(each) != number}:
        stream.tell(sse.news(changed, visible))
    elif is_beat:
        stream.tell(sse.heartbeat(visible))
