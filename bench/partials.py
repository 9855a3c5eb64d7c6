"""What a part of a page costs that answers a comment or a move, beside the whole page; one request at a time."""

import asyncio
import statistics
import time
from uuid import uuid4

import brotli

from bench.connection import Connection, Request
from bench.installation import Installation

MOVES = ("parking", "reopening")
COMMENTS = 20


def partials(installation: Installation, port: int) -> dict[str, dict[str, float]]:
    """Milliseconds, and bytes plain and compressed, of the parts and of their pages, by turns: medians."""
    return asyncio.run(_partials(installation, port))


async def _partials(installation: Installation, port: int) -> dict[str, dict[str, float]]:
    line = Connection(port)
    post = installation.page(installation.place.address("post"))
    writers = [installation.together[number % len(installation.together)] for number in range(COMMENTS)]
    pairs = {
        "comment": [(each.comment(str(uuid4())), post) for each in writers],
        "state": [(each.move(move), each.page()) for each in installation.movers for move in MOVES],
    }
    found = {}
    for name, asked in pairs.items():
        for _each in range(3):
            await _answer(line, asked[0][1])
        answers = [(await _answer(line, part), await _answer(line, page)) for part, page in asked]
        kinds = zip(
            ("milliseconds", "bytes", "compressed"),
            zip(*[[*zip(*each, strict=True)] for each in answers], strict=True),
            strict=True,
        )
        found[name] = {
            f"{of} {kind}": round(statistics.median(pair[which] for pair in pairs), 2)
            for kind, pairs in kinds
            for which, of in enumerate(("part", "page"))
        }
    line.close()
    return found


async def _answer(line: Connection, request: Request) -> tuple[float, int, int]:
    """Milliseconds, bytes, and bytes compressed."""
    begin = time.perf_counter()
    status, body = await line.send(Request(request.address, request.headers | {"Accept-Encoding": "br"}, request.body))
    taken = (time.perf_counter() - begin) * 1000
    assert status == 200, f"{request.address}: {status} {body[:200]!r}"
    return taken, len(brotli.decompress(body)), len(body)
