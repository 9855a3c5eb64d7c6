"""Pages and comments a second, beside floors that do the same with less.

Every round measures each page of each server once, one after the other, so that what else the machine does meets all
alike; the medians of the rounds count, and of them the ratios. One process each.
"""

import json
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from urllib.request import Request as Asked
from urllib.request import urlopen

from sqlalchemy.orm import Session

from bench import load, pages, serving
from bench.connection import Request
from bench.floors import engine_of
from bench.installation import WRITERS, Installation

READERS = 8  # requests at a time
TOGETHER, APART = "comments in one partnership", "comments in many"

Measured = dict[str, dict[str, float]]
Tries = Mapping[tuple[str, str], Callable[[], float]]


@dataclass(frozen=True)
class Floors:
    """The ports that they are served on."""

    rows: int
    plain: int


@contextmanager
def floors(installation: Installation, port: int) -> Iterator[Floors]:
    """The floors beside the workspace that is served on `port`."""
    (installation.folder / "place.json").write_text(json.dumps(asdict(installation.place)))
    with Session(engine_of(installation.url)) as session:
        for name in pages.PAGES:
            html = _html(port, installation.page(installation.place.address(name)))
            template, values = pages.template(html, pages.read(session, name, installation.place))
            assert values >= 20, f"{name}: only {values} values of its rows stand in the page"
            (installation.folder / f"{name}.html").write_text(template)
    with serving.floors(installation.folder, installation.url) as rows, serving.plain(installation.url) as plain:
        yield Floors(rows, plain)


def page_tries(installation: Installation, port: int, floors: Floors, seconds: int) -> Tries:
    """The pages that are measured, of the workspace and of its floors; the feed has the fair one as well."""
    tries = {}
    for name in pages.PAGES:
        request = installation.page(installation.place.address(name))
        tries[name, "workspace"] = reading(port, request, seconds)
        tries[name, "rows"] = reading(floors.rows, Request(f"/rows/{name}"), seconds)
        if name == "feed":
            tries[name, "plain"] = reading(floors.plain, request, seconds)
    return tries


def comment_tries(installation: Installation, port: int, floors: Floors, seconds: int) -> Tries:
    """Comments by sixteen writers in one partnership, and by as many across two hundred."""
    tries: dict[tuple[str, str], Callable[[], float]] = {}
    for name, writers in ((TOGETHER, installation.together), (APART, installation.apart)):
        requests = [each.comment() for each in writers]
        tries[name, "workspace"] = _writing(port, requests, seconds)
        tries[name, "plain"] = _writing(floors.plain, requests, seconds)
    return tries


def reading(port: int, request: Request, seconds: int) -> Callable[[], float]:
    """What measures one page."""
    return lambda: load.fastest(port, [request], seconds, READERS)


def _writing(port: int, requests: list[Request], seconds: int) -> Callable[[], float]:
    # Sixteen who wait for one row come in bursts.
    return lambda: load.fastest(port, requests, 2 * seconds, WRITERS)


def medians(tries: Tries, rounds: int) -> Measured:
    """What each of `tries` comes to: the medians of the rounds, after one that only warms."""
    found: dict[tuple[str, str], list[float]] = {key: [] for key in tries}
    for number in range(rounds + 1):
        for key, measure in tries.items():
            speed = measure()
            if number:
                found[key].append(speed)
    medians: Measured = {}
    for (name, who), speeds in found.items():
        medians.setdefault(name, {})[who] = round(statistics.median(speeds), 2)
    return medians


def _html(port: int, request: Request) -> str:
    with urlopen(Asked(f"http://127.0.0.1:{port}{request.address}", headers=request.headers)) as found:
        return str(found.read().decode())
