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
from io import BytesIO
from pathlib import Path
from sys import stderr
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]

from workspace.config.files import make_folder
from workspace.live import shutdown
from workspace.live.streams import STREAM
from workspace.logs import told
from workspace.web.file_parts import FILE_PART, IS_SENT_BY_SERVER, FilePart
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
LARGEST_IN_MEMORY = 2**20  # bytes of an answer; what is larger goes through the disk
SECONDS_TO_OPEN = 30  # for granian, a file that it is to send; afterwards it is unlinked

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


class IncomingBody:
    """A body that is arriving, its network, and its deadline."""

    def __init__(self, network: str, deadline: asyncio.Timeout) -> None:
        self.network = network
        self.is_dropped = False
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._started_at = self._loop.time()

    def extend_deadline(self, size: int) -> None:
        """Extend the deadline by what has arrived."""
        if not self.is_dropped:
            self._deadline.reschedule(self._started_at + SECONDS_FOR_BODY + size / SLOWEST_BODY)

    def drop(self) -> None:
        """Stop reading it."""
        if not self._deadline.expired():
            self.is_dropped = True
            self._deadline.reschedule(self._loop.time())


class InFlightRequests:
    """Counts the requests in flight. If there are too many, the oldest body of the network with the most is dropped."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()
        self._bodies_of: dict[str, dict[IncomingBody, None]] = {}
        self._body_count = 0

    def admit(self, network: str) -> bool:
        """Count a request of `network`; False if it has too many, and no body that could be dropped instead."""
        if self._of[network] >= MOST_OF_A_NETWORK and not self._drop_oldest(network):
            return False
        self._of[network] += 1
        return True

    def release(self, network: str) -> None:
        """Count a request of `network` as answered."""
        self._of[network] -= 1
        if not self._of[network]:
            del self._of[network]

    @contextmanager
    def receiving(self, body: IncomingBody) -> Iterator[None]:
        """Count `body` as one that is arriving."""
        if self._body_count >= MOST_BODIES:
            self._drop_oldest(max(self._bodies_of, key=lambda network: len(self._bodies_of[network])))
        self._bodies_of.setdefault(body.network, {})[body] = None
        self._body_count += 1
        try:
            yield
        finally:
            self._remove(body)

    def drop_all(self) -> None:
        """Drop all bodies: the process ends."""
        for network in list(self._bodies_of):
            while self._drop_oldest(network):
                pass

    def _drop_oldest(self, network: str) -> bool:
        oldest = next(iter(self._bodies_of.get(network, ())), None)
        if oldest is None:
            return False
        self._remove(oldest)
        oldest.drop()
        return True

    def _remove(self, body: IncomingBody) -> None:
        bodies = self._bodies_of.get(body.network, {})
        if body in bodies:
            del bodies[body]
            self._body_count -= 1
            if not bodies:
                del self._bodies_of[body.network]


class Front:
    """The app as granian calls it (RSGI)."""

    def __init__(self, app: "Workspace", watcher: "Watcher") -> None:
        """The `watcher` has the app's streams, which end when the process is told to stop."""
        self.app = app
        self._watcher = watcher
        self._in_flight = InFlightRequests()
        self._threads = ThreadPoolExecutor(THREADS, "request")

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start serving; called in the main thread, after granian has set its signal handlers."""
        self._loop = loop

        def stop() -> None:
            with suppress(RuntimeError):  # The loop has ended.
                loop.call_soon_threadsafe(self._in_flight.drop_all)
            self._watcher.stop()

        def end_silent() -> None:
            self._watcher.streams.end_silent()
            loop.call_later(SECONDS_BETWEEN_CHECKS, end_silent)

        shutdown.on_signal(stop)
        end_silent()
        loop.call_soon(time_out_unread_responses)  # when it listens

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer a request."""
        environ = environ_of(scope)
        network = network_of(
            address_behind(
                self.app.settings.trusted_proxies, environ.get("HTTP_X_FORWARDED_FOR", ""), environ["REMOTE_ADDR"]
            )
        )
        if not self._in_flight.admit(network):
            refuse(protocol, 503)
            return
        try:
            await self._serve(environ, protocol, network)
        finally:
            self._in_flight.release(network)

    async def _serve(self, environ: "WSGIEnvironment", protocol: Any, network: str) -> None:
        body = Body(self.app.largest_body(environ)) if declared_size(environ) != 0 else None
        try:
            if body and (status := await self._read(body, environ, protocol, network)):
                refuse(protocol, status)
                return
            loop = asyncio.get_running_loop()
            is_answered = loop.create_future()
            self._threads.submit(self._answer, environ, protocol, partial(_resolve, loop, is_answered))
            await is_answered
        finally:
            if body:
                body.close()

    async def _read(self, body: Body, environ: "WSGIEnvironment", protocol: Any, network: str) -> int:
        """Read the whole body; else why not, as the status to answer with."""
        size, ends, incoming = declared_size(environ), 0, None
        is_asked = environ.get("HTTP_EXPECT", "").lower() == "100-continue"
        if is_asked and size and size > body.largest:
            body.hand_over(environ)
            return 0
        try:
            async with asyncio.timeout(SECONDS_FOR_BODY) as deadline:
                incoming = IncomingBody(network, deadline)
                with self._in_flight.receiving(incoming):
                    async for chunk in protocol:
                        ends += not chunk
                        body.add(chunk)
                        incoming.extend_deadline(min(body.size, body.largest))
                        if body.is_drained:
                            break
        except TimeoutError:
            return 503 if incoming and incoming.is_dropped else 408
        except OSError as error:  # The disk takes no more of the body.
            log.error("A body could not be stored: %s", told(error))
            return 503
        # Granian reports a body that broke off as one more, empty chunk.
        if not body.is_drained and (ends > 1 or (size is not None and size != body.size)):
            return 400
        body.hand_over(environ)
        return 0

    def _answer(self, environ: "WSGIEnvironment", protocol: Any, on_begun: Callable[[], None]) -> None:
        """Let the app respond, in a thread. `on_begun` is called when a stream has begun, and at the end."""
        try:
            start = StartResponse()
            answer = self.app(environ, start)
            if (stream := environ.get(STREAM)) and not start.has_length:
                stream.hand_over(EventSender(protocol.response_stream(start.status, start.headers), answer))
                return
            with closing_response(answer):
                if (part := environ.get(FILE_PART)) and start.status in (200, 206):
                    self._send_part(part, start, protocol)
                elif start.length > LARGEST_IN_MEMORY and environ["REQUEST_METHOD"] != "HEAD":
                    self._send_by_disk(answer, start, protocol)
                elif start.has_length or environ["REQUEST_METHOD"] == "HEAD":
                    protocol.response_bytes(start.status, start.headers, b"".join(answer))
                else:
                    transport = protocol.response_stream(start.status, start.headers)
                    on_begun()
                    send_all(answer, transport)
        except Exception as error:
            log.error("Failed outside the app: %s: %s", environ["REQUEST_METHOD"], told(error))
            protocol.response_empty(500, [])  # unless told otherwise
        finally:
            on_begun()

    def _send_part(self, part: FilePart, start: "StartResponse", protocol: Any) -> None:
        """Let granian send the part of a file, unless it is nobody's to read any more."""
        if part.is_allowed():
            protocol.response_file_range(start.status, start.headers, str(part.path), part.start, part.end)
        else:
            protocol.response_empty(404, [("cache-control", "no-store")])

    def _send_by_disk(self, answer: Iterable[bytes], start: "StartResponse", protocol: Any) -> None:
        """Send a large answer from a file: granian takes all of it at once, and would have it in memory until read.

        One that is shorter than it said broke off, and is not sent.
        """
        folder = self.app.settings.incoming_folder
        make_folder(folder)
        with NamedTemporaryFile(dir=folder, delete=False) as file:
            path = Path(file.name)
            size = 0
            try:
                size = sum(file.write(chunk) for chunk in answer)
            finally:
                if size != start.length:
                    path.unlink()
        if size == start.length:
            protocol.response_file_range(start.status, start.headers, str(path), 0, size)
            self._unlink_later(path)
        else:
            protocol.response_empty(503, [("cache-control", "no-store"), ("retry-after", SECONDS_UNTIL_ROOM)])

    def _unlink_later(self, path: Path) -> None:
        """Once granian has opened it. What stays when the process ends, the worker deletes (files/sweep.py)."""
        with suppress(RuntimeError):  # The loop has ended.
            self._loop.call_soon_threadsafe(
                self._loop.call_later, SECONDS_TO_OPEN, partial(path.unlink, missing_ok=True)
            )


class StartResponse:
    """The start_response callable: takes the status and headers of the response, and its length in bytes, if any."""

    status: int
    headers: Headers
    length: int
    has_length: bool

    def __call__(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], object]:
        """Store both."""
        self.status = int(status.partition(" ")[0])
        self.headers = [(str(name), str(value)) for name, value in headers]
        length = next((value for name, value in self.headers if name.lower() == "content-length"), None)
        self.length = int(length or 0)
        self.has_length = length is not None or self.status in (204, 304)
        return _write


class EventSender:
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


def send_all(answer: Iterable[bytes], transport: Any) -> None:
    """Send chunks as they come, until the response ends or the client has gone."""
    for chunk in answer:
        if not send(transport, chunk):
            return


def send(transport: Any, chunk: bytes) -> bool:
    """Hand a chunk to granian, which takes it at once; False if the client has gone."""
    try:
        for _nothing in transport.send_bytes(chunk).__await__():
            pass
    except ProtocolClosed:
        return False
    return True


@contextmanager
def closing_response(answer: Any) -> Iterator[None]:
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
        "wsgi.input": BytesIO(),  # unless there is a body
        "wsgi.errors": stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        IS_SENT_BY_SERVER: True,
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


def time_out_unread_responses() -> None:
    """Let the system close connections whose client reads nothing. They inherit the option from the listening socket.

    Only Linux supports it, and only there can a process list its open files.
    """
    with suppress(OSError, AttributeError):
        for path in Path("/proc/self/fd").iterdir():
            with suppress(OSError), socket.socket(fileno=os.dup(int(path.name))) as found:
                if found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SECONDS_WITHOUT_READING * 1000)


def _resolve(loop: asyncio.AbstractEventLoop, is_answered: "asyncio.Future[None]") -> None:
    """Signal from a thread that a request is answered; may be called more than once."""

    def resolve() -> None:
        if not is_answered.done():
            is_answered.set_result(None)

    with suppress(RuntimeError):  # The loop has ended.
        loop.call_soon_threadsafe(resolve)


def _write(data: bytes) -> object:
    raise NotImplementedError("A response is returned, not written.")
