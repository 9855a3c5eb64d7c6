"""A browser that holds a stream and fetches what it is told of, as static/js/live.js does."""

import asyncio
import json
import time
from collections.abc import Coroutine

from bench.connection import Connection, Request
from bench.people import Reader


class Browser(Connection):
    """Asks for pages as somebody who is signed in."""

    def __init__(self, reader: Reader, port: int) -> None:
        super().__init__(port)
        self.reader = reader

    async def get(self, address: str, **headers: str) -> bytes:
        """What stands at `address`, which must be there."""
        status, body = await self.send(self.request(address, **headers))
        assert status == 200, f"{address}: {status}"
        return body

    def request(self, address: str, **headers: str) -> Request:
        """A request of theirs; `headers` with lines for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Request(address, {"Cookie": f"samspil={self.reader.cookie}"} | named)


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
        incoming = await self._stream.ask(self._stream.request("/live", Accept="text/event-stream"))
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
        await self._browser.get(f"{self.reader.post}/news?after={after}", HX_Request="true")
        for each in range(after + 1, number + 1):
            self.shown[partnership_id, each] = time.time()

    def _keep(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Leave the page."""
        for task in self._tasks:
            task.cancel()
        self._stream.close()
        self._browser.close()
