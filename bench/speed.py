"""What the workspace costs, on both databases: `make bench`. What is measured against what stands in bench/table.py.

    python -m bench.speed [--posts 1000,100000,1000000] [--rounds 5] [--seconds 2] [--minutes 30] [--record] \
[sqlite|postgresql] …

With --record it is written to bench/results.json and to docs/performance.md.
"""

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from bench import documents, load, quick, serving
from bench.against_floors import APART, TOGETHER, comment_tries, floors, medians, page_tries
from bench.growth import growth
from bench.installation import Installation, Writer, make
from bench.mixed import mixed
from bench.partials import partials
from bench.results import record, recorded
from bench.starting import starting
from bench.table import short, table
from bench.visit import visits

DATABASES = ("sqlite", "postgresql")
COMMENTS_A_SECOND, STEADY_SECONDS = 50, 20


def main() -> None:
    """Measure what is asked for, and show it."""
    given = _arguments()
    found: dict[str, Any] = {
        "at": time.strftime("%Y-%m-%d"),
        "processors": os.cpu_count(),
        "sync_a_second": syncs(),
        "start": starting(),
    }
    for kind in given.databases or DATABASES:
        found |= {kind: {}, **measure(kind, given, found)}
        print(f"{kind} is measured.", flush=True)
    found["quick"] = quick.measure()
    print(table(found), flush=True)
    if given.record:
        record(recorded() | found)
        documents.write("bench", short(recorded()))


def measure(kind: str, given: argparse.Namespace, found: dict[str, Any]) -> dict[str, Any]:
    """All that is measured on one database; with the first one what is the same on all."""
    sizes = sorted(map(int, given.posts.split(",")))
    middle = sizes[len(sizes) // 2]
    of_kind: dict[str, Any] = {"posts": middle, "pages": {}, "filling": {}}
    answer = {kind: of_kind}
    with tempfile.TemporaryDirectory() as name, serving.databases(kind, Path(name)) as new:
        made: dict[int, Installation] = {}
        for posts in sizes:
            made[posts] = make(Path(name) / str(posts), new(f"posts_{posts}"), posts)
            of_kind["filling"][str(posts)] = round(made[posts].seconds, 1)
        small, large = made[sizes[0]], made[sizes[-1]]
        with (
            serving.workspace(small.folder, small.url, workers=1) as (small_port, _small),
            serving.workspace(large.folder, large.url, workers=1) as (large_port, _large),
        ):
            of_kind["growth"] = growth(small, small_port, large, large_port, given.rounds, given.seconds)
        for posts, installation in made.items():
            with (
                serving.workspace(installation.folder, installation.url, workers=1) as (port, server),
                floors(installation, port) as floor,
            ):
                tries = page_tries(installation, port, floor, given.seconds)
                of_kind["pages"][str(posts)] = medians(tries, given.rounds)
                if posts != middle:
                    continue
                of_kind["megabytes"] = serving.web_megabytes(server.pid)
                if "visit" not in found:
                    answer["visit"] = visits(installation, port)
                of_kind["partials"] = partials(installation, port)
                of_kind["comments"] = medians(comment_tries(installation, port, floor, given.seconds), given.rounds)
                for who, writers in ((TOGETHER, installation.together), (APART, installation.apart)):
                    of_kind["comments"][who] |= _at_a_steady_pace(port, writers)
                of_kind["mixed"] = mixed(installation, port, server.pid, given.minutes, 5 * given.seconds)
    return answer


def _at_a_steady_pace(port: int, writers: list[Writer]) -> dict[str, float]:
    answers = load.steadily(
        port, lambda number, key: writers[number % len(writers)].comment(key), COMMENTS_A_SECOND, STEADY_SECONDS
    )
    return {"p50": round(answers.at(50), 1), "p99": round(answers.at(99), 1), "failed": answers.failed}


def syncs() -> int:
    """How often a second the disk can promise that 4 kB are kept."""
    with tempfile.TemporaryFile() as file:
        begin, count = time.monotonic(), 0
        while time.monotonic() - begin < 1:
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            count += 1
    return count


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--posts", default="1000,100000,1000000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each load")
    parser.add_argument("--minutes", type=float, default=30, help="of reading and writing at once")
    parser.add_argument("--record", action="store_true", help="in bench/results.json and docs/performance.md")
    parser.add_argument("databases", nargs="*", choices=DATABASES)
    return parser.parse_args()


if __name__ == "__main__":
    main()
