"""Whether a page, or a comment, has fallen behind its floor since bench/results.json: `make bench-quick`.

Ratios on SQLite at 20,000 posts, never times. What is 25 % below what is recorded is measured again, and has fallen
when it is so three times.

    python -m bench.quick [--record]
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import serving
from bench.against_floors import APART, Tries, comment_tries, floors, medians, page_tries
from bench.installation import make
from bench.results import record, recorded

POSTS, ROUNDS, SECONDS = 20_000, 2, 1
FALL = 0.75  # of the ratio that the repository records
ATTEMPTS = 3

Ratios = dict[str, float]


def main() -> None:
    """Compare with what is recorded, or record it."""
    if "--record" in sys.argv:
        record(recorded() | {"quick": measure()})
    elif known := recorded().get("quick"):
        sys.exit(compare(known))
    else:
        sys.exit("Nothing is recorded to compare with: python -m bench.quick --record")


def compare(known: Ratios) -> int:
    """0 unless a ratio has fallen."""
    with _tries() as tries:
        found = _ratios(tries)
        print("\n".join(f"{name:<24}{ratio:.2f} of its floor" for name, ratio in found.items()))
        fallen = _fallen(found, known)
        for _attempt in range(ATTEMPTS - 1):
            if fallen:
                again = _ratios({key: measure for key, measure in tries.items() if key[0] in fallen})
                found |= {name: max(ratio, found[name]) for name, ratio in again.items()}
                fallen = _fallen(found, known)
    for name in fallen:
        print(f"{name} has fallen: {found[name]:.2f} of its floor at best, recorded {known[name]:.2f}", file=sys.stderr)
    return len(fallen)


def measure() -> Ratios:
    """The ratios."""
    with _tries() as tries:
        return _ratios(tries)


@contextmanager
def _tries() -> Iterator[Tries]:
    with tempfile.TemporaryDirectory() as name, serving.databases("sqlite", Path(name)) as new:
        installation = make(Path(name) / "quick", new("quick"), POSTS)
        with (
            serving.workspace(installation.folder, installation.url, workers=1) as (port, _server),
            floors(installation, port) as floor,
        ):
            pages = page_tries(installation, port, floor, SECONDS)
            comments = comment_tries(installation, port, floor, SECONDS)
            yield {**pages, **{key: measure for key, measure in comments.items() if key[0] == APART}}


def _ratios(tries: Tries) -> Ratios:
    found = {}
    for name, speeds in medians(tries, ROUNDS).items():
        found[name] = round(speeds["workspace"] / speeds.get("plain", speeds.get("rows", 0)), 3)
    return found


def _fallen(found: Ratios, known: Ratios) -> list[str]:
    return [name for name, ratio in found.items() if ratio < FALL * known[name]]


if __name__ == "__main__":
    main()
