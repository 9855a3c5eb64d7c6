"""A browser that holds a stream and fetches what it is told of, as static/js/live.js does."""

import asyncio
import json
import time

from bench.people import Reader


class Browser:
    """Asks for pages over a connection that stays open, one after another."""

    def __init__(self, reader: Reader, port: int) -> None:
        self.reader, self.port = reader, port
        self._lock = asyncio.Lock()
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, address: str, *headers: str) -> bytes:
        """What stands at `address`, which must be there."""
        async with self._lock:
            incoming = await self.ask(address, *headers)
            status = await incoming.readline()
            length = 0
            while (line := await incoming.readline()) not in (b"\r\n", b""):
                name, _colon, value = line.decode().partition(": ")
                length = int(value) if name.lower() == "content-length" else length
            body = await incoming.readexactly(length)
            assert b" 200 " in status, f"{address}: {status!r}"
            return body

    async def ask(self, address: str, *headers: str) -> asyncio.StreamReader:
        """Send the request."""
        if self._connection is None:
            self._connection = await asyncio.open_connection("127.0.0.1", self.port)
        incoming, outgoing = self._connection
        lines = [f"GET {address} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: samspil={self.reader.cookie}", *headers]
        outgoing.write("\r\n".join([*lines, "", ""]).encode())
        await outgoing.drain()
        return incoming

    def close(self) -> None:
        """Leave."""
        if self._connection:
            self._connection[1].close()


class Stream:
    """Somebody who reads a post. When each (partnership, number) was told, and when the news of it was there."""

    def __init__(self, reader: Reader, port: int) -> None:
        self.reader = reader
        self.told: dict[tuple[int, int], float] = {}
        self.shown: dict[tuple[int, int], float] = {}
        self.is_told = asyncio.Event()
        self._stream, self._browser = Browser(reader, port), Browser(reader, port)
        self._tasks: set[asyncio.Task[None]] = set()
        self._rendered = reader.number

    async def open(self) -> None:
        """Begin to listen."""
        incoming = await self._stream.ask("/live", "Accept: text/event-stream")
        status = await incoming.readline()
        assert b" 200 " in status, status
        self._keep(self._listen(incoming))

    async def _listen(self, incoming: asyncio.StreamReader) -> None:
        name = ""
        while line := await incoming.readline():
            key, _colon, value = line.decode().strip().partition(": ")
            if key == "event":
                name = value
            elif key == "data" and name in ("all", "message"):
                self.is_told.set()
                for partnership_id, number in json.loads(value).items():
                    if name == "message":
                        self.told[int(partnership_id), number] = time.time()
                        self._keep(self._fetch(int(partnership_id), number))

    async def _fetch(self, partnership_id: int, number: int) -> None:
        after, self._rendered = self._rendered, number
        await self._browser.get(f"{self.reader.post}/news?after={after}", "HX-Request: true")
        for each in range(after + 1, number + 1):
            self.shown[partnership_id, each] = time.time()

    def _keep(self, work: "asyncio.coroutines.Coroutine[None, None, None]") -> None:  # type: ignore[name-defined]
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Leave the page."""
        for task in self._tasks:
            task.cancel()
        self._stream.close()
        self._browser.close()
