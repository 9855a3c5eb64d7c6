"""Between granian and the app: reads whole requests, and only then gives them to a thread.

Granian hands over a request when its headers have arrived. Its body is read here without a thread, however slowly it
comes, within a deadline and limits; then one of the threads answers. A request refused here costs next to nothing.
"""

import asyncio
import logging
import os
import resource
import socket
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache, partial
from http import HTTPStatus
from pathlib import Path
from sys import stderr
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from workspace.live import shutdown
from workspace.live.streams import STREAM
from workspace.logs import told
from workspace.web.networks import address_behind, network_of
from workspace.web.request_bodies import Body, declared_size

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from workspace import Workspace
    from workspace.live.watcher import Watcher

log = logging.getLogger(__name__)

THREADS = 640  # most of them wait for a request slot; streams have no thread
CONNECTIONS = 10_000  # per process; most of them are idle
FILES = 3000  # other open files of a process, including bodies
SECONDS_FOR_HEADERS = 30  # also how long an idle connection stays open
LARGEST_HEADERS = 32 * 1024
# A body gets this long, and more time as long as it arrives at least this fast.
SECONDS_FOR_BODY = 30.0
SLOWEST_BODY = 4000  # bytes a second
SECONDS_WITHOUT_READING = 60  # until a client that does not read its response is disconnected
# In flight per process. Everybody in a town hall may share one address.
MOST_OF_A_NETWORK = 500
MOST_BODIES = 2000  # With fewer, dropped clients that reconnect at once would cost more than waiting ones.
SECONDS_BETWEEN_CHECKS = 5.0  # between checks for silent streams
SECONDS_UNTIL_ROOM = "5"

Headers = list[tuple[str, str]]

REFUSALS = {
    400: "<p>Det, du sendte, kom ikke helt frem. Send det igen.</p><p>What you sent broke off. Send it again.</p>",
    408: "<p>Forbindelsen var for langsom, så intet er gemt. Gå tilbage, og send igen.</p>"
    "<p>The connection was too slow, so nothing was saved. Go back, and send it again.</p>",
    503: "<p>Der er travlt lige nu, så intet er gemt. Prøv igen om lidt.</p>"
    "<p>It is busy right now, so nothing was saved. Try again in a moment.</p>",
}


def options() -> dict[str, Any]:
    """Granian's options for a `Front`. First raises this process's limit of open files, which its children inherit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + FILES
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return {
        "interface": Interfaces.RSGI,
        "loop": Loops.asyncio,
        "http": HTTPModes.http1,
        "http1_settings": HTTP1Settings(
            header_read_timeout=SECONDS_FOR_HEADERS * 1000, max_buffer_size=LARGEST_HEADERS
        ),
        "websockets": False,
        "backpressure": max(100, files - FILES),
    }


class Reading:
    """A body being read, its network, and its deadline."""

    def __init__(self, network: str, deadline: asyncio.Timeout) -> None:
        self.network = network
        self.is_dropped = False
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._begun = self._loop.time()

    def has_got(self, size: int) -> None:
        """Extend the deadline by what has arrived."""
        if not self.is_dropped:
            self._deadline.reschedule(self._begun + SECONDS_FOR_BODY + size / SLOWEST_BODY)

    def drop(self) -> None:
        """Give it up."""
        if not self._deadline.expired():
            self.is_dropped = True
            self._deadline.reschedule(self._loop.time())


class Crowd:
    """All requests in flight. If there are too many, the network with the most gives up its oldest body."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()
        self._readings: dict[str, dict[Reading, None]] = {}
        self._bodies = 0

    def enter(self, network: str) -> bool:
        """Admit a request of `network`; False if it has too many, and none that could make room."""
        if self._of[network] >= MOST_OF_A_NETWORK and not self._drop_oldest(network):
            return False
        self._of[network] += 1
        return True

    def leave(self, network: str) -> None:
        """A request of `network` has been answered."""
        self._of[network] -= 1
        if not self._of[network]:
            del self._of[network]

    @contextmanager
    def holding(self, reading: Reading) -> Iterator[None]:
        """Count a body among those being read."""
        if self._bodies >= MOST_BODIES:
            self._drop_oldest(max(self._readings, key=lambda network: len(self._readings[network])))
        self._readings.setdefault(reading.network, {})[reading] = None
        self._bodies += 1
        try:
            yield
        finally:
            self._forget(reading)

    def drop_all(self) -> None:
        """Drop all bodies: the process ends."""
        for network in list(self._readings):
            while self._drop_oldest(network):
                pass

    def _drop_oldest(self, network: str) -> bool:
        oldest = next(iter(self._readings.get(network, ())), None)
        if oldest is None:
            return False
        self._forget(oldest)
        oldest.drop()
        return True

    def _forget(self, reading: Reading) -> None:
        readings = self._readings.get(reading.network, {})
        if reading in readings:
            del readings[reading]
            self._bodies -= 1
            if not readings:
                del self._readings[reading.network]


class Front:
    """The app as granian calls it (RSGI)."""

    def __init__(self, app: "Workspace", watcher: "Watcher") -> None:
        """The `watcher` has the app's streams, which end when the process is told to stop."""
        self.app = app
        self._watcher = watcher
        self._crowd = Crowd()
        self._threads = ThreadPoolExecutor(THREADS, "request")

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start serving; called in the main thread, after granian has set its signal handlers."""

        def stop() -> None:
            with suppress(RuntimeError):  # The loop has ended.
                loop.call_soon_threadsafe(self._crowd.drop_all)
            self._watcher.stop()

        def end_silent() -> None:
            self._watcher.streams.end_silent()
            loop.call_later(SECONDS_BETWEEN_CHECKS, end_silent)

        shutdown.on_signal(stop)
        end_silent()
        loop.call_soon(cut_off_who_does_not_read)  # when it listens

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer a request."""
        environ = environ_of(scope)
        network = network_of(
            address_behind(
                self.app.settings.trusted_proxies, environ.get("HTTP_X_FORWARDED_FOR", ""), environ["REMOTE_ADDR"]
            )
        )
        if not self._crowd.enter(network):
            refuse(protocol, 503)
            return
        try:
            await self._serve(environ, protocol, network)
        finally:
            self._crowd.leave(network)

    async def _serve(self, environ: "WSGIEnvironment", protocol: Any, network: str) -> None:
        body = Body(self.app.largest_body(environ)) if declared_size(environ) != 0 else None
        try:
            if body and (status := await self._read(body, environ, protocol, network)):
                refuse(protocol, status)
                return
            loop = asyncio.get_running_loop()
            is_answered = loop.create_future()
            self._threads.submit(self._answer, environ, protocol, partial(_tell, loop, is_answered))
            await is_answered
        finally:
            if body:
                body.close()

    async def _read(self, body: Body, environ: "WSGIEnvironment", protocol: Any, network: str) -> int:
        """Read the whole body; else why not, as the status to answer with."""
        size, ends, reading = declared_size(environ), 0, None
        is_asked = environ.get("HTTP_EXPECT", "").lower() == "100-continue"
        if is_asked and size and size > body.largest:
            body.hand_over(environ)
            return 0
        try:
            async with asyncio.timeout(SECONDS_FOR_BODY) as deadline:
                reading = Reading(network, deadline)
                with self._crowd.holding(reading):
                    async for chunk in protocol:
                        ends += not chunk
                        body.add(chunk)
                        reading.has_got(min(body.size, body.largest))
                        if body.is_drained:
                            break
        except TimeoutError:
            return 503 if reading and reading.is_dropped else 408
        # Granian reports a body that broke off as one more, empty chunk.
        if not body.is_drained and (ends > 1 or (size is not None and size != body.size)):
            return 400
        body.hand_over(environ)
        return 0

    def _answer(self, environ: "WSGIEnvironment", protocol: Any, begun: Callable[[], None]) -> None:
        """Let the app respond, in a thread. `begun` has been called by then."""
        try:
            start = Start()
            answer = self.app(environ, start)
            if (stream := environ.get(STREAM)) and not start.has_length:
                stream.hand_over(Pipe(protocol.response_stream(start.status, start.headers), answer))
                return
            with closing_if_it_can(answer):
                if start.has_length or environ["REQUEST_METHOD"] == "HEAD":
                    protocol.response_bytes(start.status, start.headers, b"".join(answer))
                else:
                    transport = protocol.response_stream(start.status, start.headers)
                    begun()
                    pour(answer, transport)
        except Exception as error:
            log.error("Failed outside the app: %s: %s", environ["REQUEST_METHOD"], told(error))
            protocol.response_empty(500, [])  # unless told otherwise
        finally:
            begun()


class Start:
    """The start_response callable: takes the status and headers of the response."""

    status: int
    headers: Headers
    has_length: bool

    def __call__(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
        """Store both."""
        self.status = int(status.partition(" ")[0])
        self.headers = [(str(name), str(value)) for name, value in headers]
        self.has_length = self.status in (204, 304) or any(name.lower() == "content-length" for name, _ in headers)
        return _write


class Pipe:
    """Sends events of a stream, from any thread, until it ends or the client has gone."""

    def __init__(self, transport: Any, answer: Any) -> None:
        """`answer` is closed at the end."""
        self._transport = transport
        self._answer = answer

    def __call__(self, message: bytes | None) -> None:
        """Send `message`; None ends it."""
        if self._transport and (message is None or not send(self._transport, message)):
            self._transport = None  # Without it granian ends the response.
            self._answer.close()


def pour(answer: Iterable[bytes], transport: Any) -> None:
    """Send events as they come, until the stream ends or the client has gone."""
    for piece in answer:
        if not send(transport, piece):
            return


def send(transport: Any, piece: bytes) -> bool:
    """Hand a chunk to granian, which takes it at once; False if the client has gone."""
    try:
        for _nothing in transport.send_bytes(piece).__await__():
            pass
    except ProtocolClosed:
        return False
    return True


@contextmanager
def closing_if_it_can(answer: Any) -> Iterator[None]:
    """Close a WSGI response if it has a `close` method."""
    try:
        yield
    finally:
        if hasattr(answer, "close"):
            answer.close()


def refuse(protocol: Any, status: int) -> None:
    """Respond in both languages, since the reader is unknown, and close the connection."""
    title = HTTPStatus(status).phrase
    headers = [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-store"), ("connection", "close")]
    if status == 503:
        headers.append(("retry-after", SECONDS_UNTIL_ROOM))
    protocol.response_str(status, headers, f"<!doctype html><title>{title}</title>{REFUSALS[status]}")


def environ_of(scope: Any) -> "WSGIEnvironment":
    """A request as WSGI has it (PEP 3333), without its body."""
    server, _colon, port = scope.server.rpartition(":")
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:
            continue  # It could be mistaken for another header, such as one that only a proxy sets.
        key = _key(name)
        if key in environ:
            value = f"{environ[key]}{'; ' if name == 'cookie' else ','}{value}"
        environ[key] = value
    environ.setdefault("HTTP_HOST", scope.authority or "")
    return environ


@lru_cache(256)
def _key(name: str) -> str:
    key = name.upper().replace("-", "_")
    return key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"


def cut_off_who_does_not_read() -> None:
    """Let the system close connections that read nothing. They inherit the option from the listening socket.

    Only Linux supports it, and only there can a process list its open files.
    """
    with suppress(OSError, AttributeError):
        for path in Path("/proc/self/fd").iterdir():
            with suppress(OSError), socket.socket(fileno=os.dup(int(path.name))) as found:
                if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SECONDS_WITHOUT_READING * 1000)


def _tell(loop: asyncio.AbstractEventLoop, is_answered: "asyncio.Future[None]") -> None:
    """Signal from a thread that a request is answered; may be called more than once."""

    def tell() -> None:
        if not is_answered.done():
            is_answered.set_result(None)

    with suppress(RuntimeError):  # The loop has ended.
        loop.call_soon_threadsafe(tell)


def _write(data: bytes) -> object:
    raise NotImplementedError("An answer is returned, not written.")
