"""1,000 people with a page open, on two web processes: how soon they have what somebody commits, and at what cost.

Each of 100 partnerships has ten readers of one post. Two comments a second are committed, at random moments, by the
product's own verb in a process of its own; each reader who hears of it on the stream fetches the news of the post.
Beside that 50 requests a second are sent by a clock that waits for no answer (of ten, one is for the feed, one for a
post with its thread, and eight are short); the same for a while before there are any streams.

    python -m bench.live [sqlite|postgresql] …
"""

import asyncio
import multiprocessing
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty
from typing import Any

from bench import documents, serving
from bench.browser import Browser, Stream
from bench.people import READERS_OF_EACH, Reader, comment_now, people

STREAMS = 1000
PROCESSES = 2
REQUESTS_A_SECOND = 50
COMMENTS_A_SECOND = 2
SECONDS = 30


@dataclass
class Figures:
    """What was measured on one database; times in milliseconds."""

    database: str
    requests_without: list[float] = field(default_factory=list)
    requests_with: list[float] = field(default_factory=list)
    told: list[float] = field(default_factory=list)
    shown: list[float] = field(default_factory=list)
    expected: int = 0
    megabytes: int = 0
    statements: dict[int, float] = field(default_factory=dict)
    seconds_to_stop: float = 0

    @property
    def ratio(self) -> float:
        """How much longer requests take with streams, at the 95th percentile."""
        return _at(self.requests_with, 95) / _at(self.requests_without, 95)

    def __str__(self) -> str:
        lines = [
            ("streams opened and told", f"{STREAMS} on {PROCESSES} processes"),
            ("from commit to the number on the stream, p50 / p95", _both(self.told)),
            ("from commit to the partial in the browser, p50 / p95", _both(self.shown)),
            ("partials that arrived, of those that were due", f"{len(self.shown)} of {self.expected}"),
            ("a request without streams, p50 / p95", _both(self.requests_without)),
            ("a request with them, p50 / p95", _both(self.requests_with)),
            (
                "p95 of requests, with over without",
                f"{_at(self.requests_with, 95) / _at(self.requests_without, 95):.2f}",
            ),
            ("memory of all processes", f"{self.megabytes} MB"),
            *(
                (f"transactions a second, {count} idle streams", f"{each:.1f}")
                for count, each in self.statements.items()
            ),
            ("time to stop", f"{self.seconds_to_stop:.1f} s"),
        ]
        return "\n".join([self.database, *(f"  {what:<58}{value}" for what, value in lines)])


def main() -> None:
    """Measure on the databases that are named, or on both; with --record it is written to docs/performance.md."""
    measured = []
    for database in [name for name in sys.argv[1:] if name != "--record"] or ["sqlite", "postgresql"]:
        measured.append(str(measure(database)))
        print(measured[-1], flush=True)
    if "--record" in sys.argv:
        documents.write("bench-live", "\n".join(["```", *measured, "```"]))


def measure(database: str) -> Figures:
    """All figures for one database, which is made for it."""
    figures = Figures(database)
    with tempfile.TemporaryDirectory() as folder, serving.database(database, Path(folder)) as url:
        readers = people(Path(folder), url, serving.SECRET_KEY, STREAMS)
        with serving.workspace(Path(folder), url, workers=PROCESSES) as (port, server):
            asyncio.run(_run(figures, readers, port, server, Path(folder), url))
    return figures


async def _run(
    figures: Figures, readers: list[Reader], port: int, server: subprocess.Popen[bytes], folder: Path, url: str
) -> None:
    await _requests(readers, port, 5)  # What is done only once is done now.
    await asyncio.gather(*(_news(reader, port) for reader in readers[:40]))
    figures.requests_without = await _requests(readers, port, SECONDS)
    streams: list[Stream] = []
    for count in (STREAMS // 10, STREAMS):
        for begin in range(len(streams), count, 50):
            new = [Stream(reader, port) for reader in readers[begin : min(begin + 50, count)]]
            streams += new
            await asyncio.gather(*(stream.open() for stream in new))
        await asyncio.gather(*(stream.is_told.wait() for stream in streams))
        if figures.database == "postgresql":
            await asyncio.sleep(12)  # A connection that rests tells up to ten seconds later what it did.
            figures.statements[count] = await asyncio.to_thread(_transactions_a_second, url)
    commits: Any = multiprocessing.get_context("spawn").Queue()
    writer = multiprocessing.get_context("spawn").Process(
        target=comment_now, args=(folder, url, serving.SECRET_KEY, COMMENTS_A_SECOND, SECONDS, commits), daemon=True
    )
    writer.start()
    await asyncio.to_thread(commits.get)  # It is ready to write.
    figures.requests_with = await _requests(readers, port, SECONDS)
    figures.megabytes = serving.megabytes(server.pid)
    await asyncio.sleep(3)
    written: dict[tuple[int, int], float] = {}
    with suppress(Empty):
        while True:
            partnership_id, number, moment = commits.get(timeout=1)
            written[partnership_id, number] = moment
    for stream in streams:
        for key, moment in stream.told.items():
            if key in written:
                figures.told.append((moment - written[key]) * 1000)
        figures.shown += [(moment - written[key]) * 1000 for key, moment in stream.shown.items() if key in written]
    figures.expected = len(written) * READERS_OF_EACH
    began = time.monotonic()
    server.send_signal(signal.SIGTERM)
    await asyncio.to_thread(server.wait)
    figures.seconds_to_stop = time.monotonic() - began
    for stream in streams:
        stream.close()


async def _news(reader: Reader, port: int) -> None:
    browser = Browser(reader, port)
    await browser.get(f"{reader.post}/news?after={reader.number - 1}", HX_Request="true")
    browser.close()


async def _requests(readers: list[Reader], port: int, seconds: int) -> list[float]:
    """Ask at a steady pace: how long each took, from the moment at which it was due."""
    browsers = [Browser(reader, port) for reader in readers[:: max(1, len(readers) // 50)]]
    taken: list[float] = []

    async def ask(number: int, due: float) -> None:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        browser = browsers[number % len(browsers)]
        await browser.get(browser.reader.asks[number % len(browser.reader.asks)])
        taken.append((time.monotonic() - due) * 1000)

    began = time.monotonic() + 0.1
    await asyncio.gather(
        *(ask(number, began + number / REQUESTS_A_SECOND) for number in range(seconds * REQUESTS_A_SECOND))
    )
    for browser in browsers:
        browser.close()
    return taken


def _transactions_a_second(url: str) -> float:
    """What the database does while nobody asks for a page: the watchers' looks, and what we ask here."""
    import psycopg

    query = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        before = connection.execute(query).fetchone()
        time.sleep(14)
        after = connection.execute(query).fetchone()
    assert before is not None
    assert after is not None
    return float(after[0] - before[0] - 1) / 14


def _both(taken: list[float]) -> str:
    return f"{_at(taken, 50):.0f} / {_at(taken, 95):.0f} ms"


def _at(taken: list[float], percent: int) -> float:
    ordered = sorted(taken) or [float("nan")]
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


if __name__ == "__main__":
    main()
