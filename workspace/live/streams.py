"""The open streams of this process: handed over to granian, or each in a thread of another server."""

import time
from collections.abc import Callable, Collection, Iterator
from queue import Empty, SimpleQueue
from threading import Lock

from workspace.live import sse
from workspace.live.sse import Numbers

MOST_STREAMS = 600
# Something is sent every 15 seconds. If nothing arrives for longer, the browser should connect again.
LONGEST_SILENCE = 45.0
# The key of a request's stream in its environment, for a server that sends events without a thread.
STREAM = "workspace.stream"


class Full(Exception):
    """This process has as many streams as it can hold, or is stopping."""


class Stream(Iterator[bytes]):
    """One browser's stream: the body of a response that ends when the browser, the session or the process does.

    `numbers` is what the browser has been told; None before anything was.
    """

    def __init__(self, streams: "Streams", session_id: int, numbers: Numbers | None) -> None:
        self.session_id = session_id
        self.numbers = numbers
        self.is_new = True
        self._streams = streams
        self._saying = Lock()
        self._messages: SimpleQueue[bytes | None] = SimpleQueue()
        self._say: Callable[[bytes | None], object] = self._messages.put
        self.tell(sse.BEGINNING)

    @property
    def is_silent(self) -> bool:
        """Whether nothing has been sent for too long."""
        return time.monotonic() - self._said_at > LONGEST_SILENCE

    def tell(self, message: bytes | None) -> None:
        """Send `message`; None is the end."""
        with self._saying:
            self._said_at = time.monotonic()
            self._say(message)

    def end(self) -> None:
        """Send what is queued, and nothing more."""
        self._streams.leave(self)
        self.tell(None)

    def hand_over(self, send: Callable[[bytes | None], object]) -> None:
        """From now on pass everything to `send`, which never blocks, in the calling thread."""
        with self._saying:
            while not self._messages.empty():
                send(self._messages.get())
            self._say = send

    def __next__(self) -> bytes:
        try:
            message = self._messages.get(timeout=LONGEST_SILENCE)
        except Empty:
            message = None
        if message is None:
            raise StopIteration
        return message

    def close(self) -> None:
        """The server calls this when the browser has gone."""
        self._streams.leave(self)


class Streams:
    """All streams of the process: at most one per session, since a browser has one for all its tabs."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self.most = most
        self._lock = Lock()
        self._by_session: dict[int, Stream] = {}
        self._is_stopped = False

    def __len__(self) -> int:
        return len(self._by_session)

    def open(self, session_id: int, numbers: Numbers | None) -> Stream:
        """Open a stream for the session. Its previous one ends: the browser has left the page that held it.

        Raises Full.
        """
        stream = Stream(self, session_id, numbers)
        with self._lock:
            last = self._by_session.get(session_id)
            if self._is_stopped or (last is None and len(self) >= self.most):
                raise Full
            self._by_session[session_id] = stream
        if last:
            last.end()
        return stream

    def leave(self, stream: Stream) -> None:
        """Forget a stream that has ended."""
        with self._lock:
            if self._by_session.get(stream.session_id) is stream:
                del self._by_session[stream.session_id]

    def present(self) -> list[Stream]:
        """The streams that are open now."""
        with self._lock:
            return list(self._by_session.values())

    def end_sessions(self, ids: Collection[int]) -> None:
        """End the streams of these sessions, which have ended."""
        for stream in self.present():
            if stream.session_id in ids:
                stream.tell(sse.ENDED)
                stream.end()

    def end_silent(self) -> None:
        """End the streams on which nothing has been sent for too long."""
        for stream in self.present():
            if stream.is_silent:
                stream.end()

    def stop(self) -> None:
        """End all of them, for good."""
        with self._lock:
            self._is_stopped = True
        for stream in self.present():
            stream.end()
