"""20 files of 25 MB that come at once, and 20 that are fetched from a bucket at once: `make bench-uploads`.

What the web process has of memory before, meanwhile and afterwards, and how long others wait for a page, in turns
without them and with them. Each file is sent or read in about ten seconds, as lines do, and looked at by the worker.

    python -m bench.uploads [sqlite|postgresql] …
"""

import asyncio
import http.client
import logging
import multiprocessing
import os
import re
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

from moto.server import ThreadedMotoServer

from bench import load, serving
from bench.connection import Request
from bench.load import Answers
from bench.people import Reader, form_token, people

FILES, SIZE = 20, 25 * 2**20
SECONDS, PIECE = 10, 2**16
ROUNDS, PAGES_A_SECOND = 3, 10
MOST_TIMES = 2.0  # as long as without
MOST_MORE = 100  # MB that the web process may need meanwhile: some pieces of each file, and never a whole one
BUCKET = "samspil-bench"


def main() -> None:
    """Measure on the databases that are named, or on both; fail where others wait too long, or memory grows."""
    sys.exit(max(measure(database) for database in sys.argv[1:] or ["sqlite", "postgresql"]))


def measure(database: str) -> int:
    """Show what was measured on one database; 0 if it is as it should be."""
    print(f"{database}, the machine's load {os.getloadavg()[0]:.1f} before", flush=True)
    with tempfile.TemporaryDirectory() as name, serving.database(database, Path(name)) as url:
        readers = people(Path(name), url, serving.SECRET_KEY, FILES)
        with serving.workspace(Path(name), url, workers=1) as (port, server):
            sent = _compared("sending", port, server.pid, readers, lambda: _at_once(_send, port, readers))
        with bucket(), serving.workspace(Path(name), url, workers=1) as (port, server):
            number = asyncio.run(_send(port, readers[0]))
            _wait_until_ready(port, readers[0], number)
            same = [readers[0]] * FILES
            read = _compared("fetching", port, server.pid, readers, lambda: _at_once(_fetch, port, same, number))
    return int(not (sent and read))


def _compared(doing: str, port: int, server: int, readers: list[Reader], traffic: Callable[[], None]) -> bool:
    """Ask for pages without the traffic and with it, and show both; whether it is as it should be."""
    asked = Request(readers[-1].feed, {"Cookie": f"samspil={readers[-1].cookie}"})
    without, within = Answers(), Answers()
    seen: list[int] = []
    _pages(port, asked, Answers())
    before = serving.web_megabytes(server)
    for _each in range(ROUNDS):
        _pages(port, asked, without)
        with watched(server, seen):
            crowd = multiprocessing.Process(target=traffic)
            crowd.start()
            _pages(port, asked, within)
            crowd.join()
            assert crowd.exitcode == 0, "Not all of the files came whole"
    after, ratio = serving.web_megabytes(server), within.at(50) / without.at(50)
    print(
        f"  {doing} {FILES} files of {SIZE // 2**20} MB at once\n"
        f"    memory of a web process    {before} → {max(seen)} at most → {after} MB\n"
        f"    the feed, p50 / p95        {without.at(50):.0f} / {without.at(95):.0f} ms without,"
        f" {within.at(50):.0f} / {within.at(95):.0f} ms with ({ratio:.2f} times), {within.failed} failed",
        flush=True,
    )
    return ratio < MOST_TIMES and not within.failed and max(seen) - before <= MOST_MORE


def _pages(port: int, asked: Request, found: Answers) -> None:
    answers = load.steadily(port, lambda _number, _key: asked, PAGES_A_SECOND, SECONDS)
    found.taken += answers.taken
    found.statuses += answers.statuses


@contextmanager
def watched(server: int, seen: list[int]) -> Iterator[None]:
    """Note the memory of the web process a few times a second."""
    is_over = Event()

    def look() -> None:
        while not is_over.wait(0.2):
            seen.append(serving.web_megabytes(server))

    thread = Thread(target=look)
    thread.start()
    yield
    is_over.set()
    thread.join()


@contextmanager
def bucket() -> Iterator[None]:
    """An empty bucket on this machine, of which the environment tells; in a process of its own, as it would be."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    port = serving.free_port()
    server = multiprocessing.Process(target=_serve_bucket, args=(port,))
    server.start()
    while socket.socket().connect_ex(("127.0.0.1", port)):
        time.sleep(0.1)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("PUT", f"/{BUCKET}")
    assert connection.getresponse().status == 200
    connection.close()
    os.environ["STORAGE_URL"] = f"s3://{BUCKET}?endpoint=http://127.0.0.1:{port}"
    yield
    del os.environ["STORAGE_URL"]
    server.terminate()
    server.join()


def _serve_bucket(port: int) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False).start()
    signal.pause()


def _at_once(do: Callable[..., Any], port: int, readers: list[Reader], *more: Any) -> None:
    async def all_of_them() -> None:
        await asyncio.gather(*(do(port, reader, *more) for reader in readers))

    asyncio.run(all_of_them())


async def _send(port: int, reader: Reader) -> int:
    """Send a file at a steady pace; its number."""
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
    mark = uuid4().hex
    fields = {"csrf_token": form_token(serving.SECRET_KEY), "one_time_key": str(uuid4())}
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="Referat.pdf"\r\n\r\n')
    head, tail = "".join(parts).encode(), f"\r\n--{mark}--\r\n".encode()
    headers = {
        **_headers(reader),
        "Content-Type": f"multipart/form-data; boundary={mark}",
        "Content-Length": str(len(head) + SIZE + len(tail)),
    }
    outgoing.write(_request("POST", f"{reader.feed}files", headers) + head)
    content, begun = _document(), time.monotonic()
    for start in range(0, SIZE, PIECE):
        outgoing.write(content[start : start + PIECE])
        await outgoing.drain()
        await asyncio.sleep(max(0.0, begun + SECONDS * start / SIZE - time.monotonic()))
    outgoing.write(tail)
    status, body = await _answer(incoming)
    outgoing.close()
    assert status == 200, (status, body[:300])
    found = re.search(rb'id="upload-(\d+)"', body)
    assert found, body[:300]
    return int(found[1])


async def _fetch(port: int, reader: Reader, number: int) -> None:
    """Read a file at a steady pace, whole."""
    incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
    outgoing.write(_request("GET", f"{reader.feed}files/{number}/content", _headers(reader)))
    status, size = await _head(incoming)
    assert (status, size) == (200, SIZE), (status, size)
    left, begun = SIZE, time.monotonic()
    while left:
        piece = await incoming.read(min(PIECE, left))
        assert piece, f"{left} bytes are missing"
        left -= len(piece)
        await asyncio.sleep(max(0.0, begun + SECONDS * (SIZE - left) / SIZE - time.monotonic()))
    outgoing.close()


def _wait_until_ready(port: int, reader: Reader, number: int) -> None:
    async def is_ready() -> bool:
        incoming, outgoing = await asyncio.open_connection("127.0.0.1", port)
        outgoing.write(_request("HEAD", f"{reader.feed}files/{number}/content", _headers(reader)))
        status, _size = await _head(incoming)
        outgoing.close()
        return status == 200

    for _look in range(120):
        if asyncio.run(is_ready()):
            return
        time.sleep(0.5)
    raise AssertionError("The worker has not been through the file")


def _document() -> bytes:
    """A PDF of that size; most of it is a remark."""
    head, remark = b"%PDF-1.4\n", b"%" + b"." * 98 + b"\n"
    objects = (
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 300]>>endobj\ntrailer<</Size 4/Root 1 0 R>>\n%%EOF\n"
    )
    room = SIZE - len(head) - len(objects)
    return head + remark * (room // len(remark)) + b" " * (room % len(remark)) + objects


def _headers(reader: Reader) -> dict[str, str]:
    return {"Host": "127.0.0.1", "Cookie": f"samspil={reader.cookie}", "HX-Request": "true", "Connection": "close"}


def _request(method: str, address: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {address} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


async def _head(incoming: asyncio.StreamReader) -> tuple[int, int]:
    """The status of an answer, and its length."""
    status, length = int((await incoming.readline()).split()[1]), 0
    while (line := await incoming.readline()) not in (b"\r\n", b""):
        name, _colon, value = line.decode().partition(": ")
        length = int(value) if name.lower() == "content-length" else length
    return status, length


async def _answer(incoming: asyncio.StreamReader) -> tuple[int, bytes]:
    status, length = await _head(incoming)
    return status, await incoming.readexactly(length)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
