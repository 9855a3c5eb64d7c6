"""2,000 slow connections from 40 addresses, and what others wait for a page meanwhile: `make bench-slow`.

Of four connections two stall in a form, one sends its form a byte a second, one its headers; whichever is closed is
opened again. Pages are asked for at a steady pace by a clock that waits for no answer, in turns without them and with
them, so that what else the machine does falls on both.

    python -m bench.slow [sqlite|postgresql] …
"""

import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from contextlib import suppress
from multiprocessing.synchronize import Event
from pathlib import Path

from bench import load, serving
from bench.connection import Request
from bench.load import Answers
from bench.people import people

CONNECTIONS, ADDRESSES = 2000, 40
PAGES_A_SECOND = 10
ROUNDS, SECONDS = 3, 15
SECONDS_TO_OPEN = 30
MOST = 2.0  # times as long as without
FORM = (
    b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n"
)
KINDS = ((FORM + b"\r\nemail=", False), (FORM + b"\r\nemail=", True), (FORM + b"\r\n", False), (FORM + b"X-", True))


def main() -> None:
    """Measure on the databases that are named, or on both; fail where others wait too long."""
    sys.exit(max(measure(database) for database in sys.argv[1:] or ["sqlite", "postgresql"]))


def measure(database: str) -> int:
    """Show what was measured on one database; 0 if it is as it should be."""
    with tempfile.TemporaryDirectory() as name, serving.database(database, Path(name)) as url:
        reader = people(Path(name), url, serving.SECRET_KEY, 10)[0]
        asked = Request(reader.post, {"Cookie": f"samspil={reader.cookie}"})
        without, within = Answers(), Answers()
        with serving.workspace(Path(name), url, workers=1) as (port, server):
            _pages(port, asked, Answers())
            before = serving.megabytes(server.pid)
            for _each in range(ROUNDS):
                _pages(port, asked, without)
                with_them = multiprocessing.Event(), multiprocessing.Event()
                crowd = multiprocessing.Process(target=_crowd, args=(port, *with_them))
                crowd.start()
                assert with_them[0].wait(SECONDS_TO_OPEN * 2), "They could not all be opened"
                _pages(port, asked, within)
                after = serving.megabytes(server.pid)
                with_them[1].set()
                crowd.join()
    ratio = within.at(50) / without.at(50)
    print(
        f"{database}\n"
        f"  a page without them, p50 / p95   {without.at(50):.0f} / {without.at(95):.0f} ms, {without.failed} failed\n"
        f"  a page with {CONNECTIONS:,} of them            {within.at(50):.0f} / {within.at(95):.0f} ms"
        f" ({ratio:.2f} / {within.at(95) / without.at(95):.2f} times), {within.failed} failed\n"
        f"  memory of all processes          {before} → {after} MB",
        flush=True,
    )
    return int(ratio >= MOST or within.failed > 0)


def _pages(port: int, asked: Request, found: Answers) -> None:
    answers = load.steadily(port, lambda _number, _key: asked, PAGES_A_SECOND, SECONDS)
    found.taken += answers.taken
    found.statuses += answers.statuses


def _crowd(port: int, are_there: Event, are_over: Event) -> None:
    asyncio.run(_slow_ones(port, are_there, are_over))


async def _slow_ones(port: int, are_there: Event, are_over: Event) -> None:
    opened = [asyncio.Event() for _each in range(CONNECTIONS)]
    tasks = [asyncio.create_task(_slow(port, number, each)) for number, each in enumerate(opened)]
    for each in opened:
        await each.wait()
    are_there.set()
    await asyncio.to_thread(are_over.wait)
    for task in tasks:
        task.cancel()


async def _slow(port: int, number: int, is_open: asyncio.Event) -> None:
    """One of them, opened again whenever it is closed."""
    beginning, goes_on = KINDS[number // ADDRESSES % len(KINDS)]
    await asyncio.sleep(number / CONNECTIONS * 5)  # No more than the system keeps waiting for their first moment.
    while True:
        with suppress(OSError):
            address = f"127.0.0.{2 + number % ADDRESSES}", 0
            incoming, outgoing = await asyncio.open_connection("127.0.0.1", port, local_addr=address)
            outgoing.write(beginning)
            is_open.set()
            begun = time.monotonic()
            while time.monotonic() - begun < 600:
                with suppress(TimeoutError):
                    async with asyncio.timeout(1 if goes_on else 600):
                        await incoming.read()
                        break  # It was closed.
                outgoing.write(b"x")
            outgoing.close()
        await asyncio.sleep(1)


if __name__ == "__main__":
    assert os.sysconf("SC_OPEN_MAX") > CONNECTIONS + 100, "Too few files may be open: ulimit -n 4096"
    main()
