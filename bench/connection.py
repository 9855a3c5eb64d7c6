"""Requests, and a connection that stays open for one after another."""

import asyncio
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """What is asked of a server; a `body` makes it a form that is sent."""

    address: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def method(self) -> str:
        """What it is to HTTP."""
        return "POST" if self.body else "GET"

    @property
    def all_headers(self) -> dict[str, str]:
        """With the kind of the body."""
        form = {"Content-Type": "application/x-www-form-urlencoded"} if self.body else {}
        return {"Host": "127.0.0.1"} | form | self.headers


class Connection:
    """A connection to a server of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._lock = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: Request) -> tuple[int, bytes]:
        """The status of the answer, and its body as it came."""
        async with self._lock:
            incoming = await self.ask(request)
            status = int((await incoming.readline()).split()[1])
            length = 0
            while (line := await incoming.readline()) not in (b"\r\n", b""):
                name, _colon, value = line.decode().partition(": ")
                length = int(value) if name.lower() == "content-length" else length
            return status, await incoming.readexactly(length)

    async def ask(self, request: Request) -> asyncio.StreamReader:
        """Send the request; what comes can be read from its first line on."""
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port)
        incoming, outgoing = self._streams
        body = request.body.encode()
        headers = request.all_headers | ({"Content-Length": str(len(body))} if body else {})
        lines = [f"{request.method} {request.address} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
        outgoing.write("\r\n".join([*lines, "", ""]).encode() + body)
        await outgoing.drain()
        return incoming

    def close(self) -> None:
        """Leave."""
        if self._streams:
            self._streams[1].close()
