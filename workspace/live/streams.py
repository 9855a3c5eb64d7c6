"""The streams that this process holds open, each in a thread of the server."""

from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Lock

from workspace.live import messages
from workspace.live.messages import Numbers

# The threads that are left answer requests (cli.py).
MOST_STREAMS = 600
# Something comes every 15 seconds. Where nothing does, the browser had better ask elsewhere.
LONGEST_SILENCE = 45.0


class Full(Exception):
    """This process holds as many streams as it can, or it is stopping."""


class Stream(Iterator[bytes]):
    """One browser's stream: the body of an answer that ends when the browser, the session or the process does.

    `numbers` is what the browser has been told; None before anything was.
    """

    def __init__(self, streams: "Streams", session_id: int, numbers: Numbers | None) -> None:
        self.session_id = session_id
        self.numbers = numbers
        self.is_new = True
        self._streams = streams
        self._messages: SimpleQueue[bytes | None] = SimpleQueue()
        self._messages.put(messages.BEGINNING)

    def tell(self, message: bytes) -> None:
        """Send `message`."""
        self._messages.put(message)

    def end(self) -> None:
        """Send what has been said, and nothing more."""
        self._streams.leave(self)
        self._messages.put(None)

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
    """All of them: at most one a session, since a browser holds one, whatever the number of its tabs."""

    def __init__(self, most: int = MOST_STREAMS) -> None:
        self.most = most
        self._lock = Lock()
        self._by_session: dict[int, Stream] = {}
        self._is_stopped = False

    def __len__(self) -> int:
        return len(self._by_session)

    def open(self, session_id: int, numbers: Numbers | None) -> Stream:
        """A new stream for the session. Its last one is over: the browser left it with the page that held it.

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
        """Those that are open now."""
        with self._lock:
            return list(self._by_session.values())

    def stop(self) -> None:
        """End all of them, for good."""
        with self._lock:
            self._is_stopped = True
        for stream in self.present():
            stream.end()
