"""How many pages a second the workspace makes, beside floors that show the same from memory and from plain rows.

Every round measures each page of each server once, one after the other, so that what else the machine does meets all
alike; the medians of the rounds count, and of them the ratios. 8 requests at a time, one process each.

    python -m bench.speed [--quick] [--posts 20000,100000] [--rounds 5] [sqlite|postgresql] …
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bench import fill, pages, people, serving
from bench.floors import engine_of
from workspace import create_app
from workspace.accounts.models import User
from workspace.config import ROOT, Settings
from workspace.extensions import db
from workspace.partnerships.models import Membership, Partnership
from workspace.posts.models import Post

RESULTS = ROOT / "bench" / "results.json"
FALL = 0.75  # of the ratio that the repository records
ATTEMPTS = 3
AT_ONCE = 8
SECONDS = 2
ROUNDS = 5
QUICK = {"posts": [20_000], "databases": ["sqlite"], "rounds": 3, "seconds": 1}


def main() -> None:
    """Measure what is asked for; with --quick, fail where a ratio has fallen."""
    given = _arguments()
    if given.quick:
        sys.exit(quick())
    found: dict[str, Any] = {"sync_a_second": syncs(), "at": time.strftime("%Y-%m-%d")}
    for kind in given.databases or ["sqlite", "postgresql"]:
        for posts in map(int, given.posts.split(",")):
            found[f"{kind} {posts}"] = measured = measure(kind, posts, given.rounds, given.seconds)
            print(f"{kind}, {posts} posts\n{table(measured)}", flush=True)
    RESULTS.write_text(json.dumps(recorded() | found, indent=2) + "\n")


def quick() -> int:
    """0 unless a ratio is 25 % below the recorded one in each of three attempts."""
    known = recorded().get(f"sqlite {QUICK['posts'][0]}")
    if known is None:
        print("Nothing is recorded to compare with: python -m bench.speed --posts 20000 sqlite", file=sys.stderr)
        return 1
    fallen: list[str] = []
    for _attempt in range(ATTEMPTS):
        found = measure("sqlite", QUICK["posts"][0], QUICK["rounds"], QUICK["seconds"])
        fallen = [
            f"{name}: {ratio(each):.2f} of its floor, recorded {ratio(known[name]):.2f}"
            for name, each in found.items()
            if ratio(each) < FALL * ratio(known[name])
        ]
        if not fallen:
            print("\n".join(f"{name:<12}{ratio(each):.2f} of its floor" for name, each in found.items()))
            return 0
    print("Slower than what is recorded:", *fallen, sep="\n")
    return 1


def recorded() -> dict[str, Any]:
    """What was measured last."""
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def ratio(measured: dict[str, float]) -> float:
    """Of what plain rows allow."""
    return measured["workspace"] / measured["rows"]


def measure(kind: str, posts: int, rounds: int, seconds: int) -> dict[str, dict[str, float]]:
    """Requests a second of each page, of the workspace and the floors: medians."""
    with tempfile.TemporaryDirectory() as name, serving.database(kind, Path(name)) as url:
        folder = Path(name)
        url = url.replace("postgresql://", "postgresql+psycopg://")
        place, cookie = prepare(folder, url, posts)
        with serving.workspace(folder, url, workers=1) as (port, _server):
            _templates(folder, url, place, lambda page: answer(port, place.address(page), cookie))
            with serving.floors(folder, url) as floor:
                return _rounds(place, cookie, port, floor, rounds, seconds)


def prepare(folder: Path, url: str, posts: int) -> tuple[pages.Place, str]:
    """Fill the database: where to measure, and the cookie of the reader."""
    app = create_app(Settings(instance=folder, database_url=url, secret_key=serving.SECRET_KEY))
    with app.app_context():
        fill.fill(posts)
        reader = db.session.get_one(User, fill.READER)
        seat = db.session.scalars(select(Membership).filter_by(partnership_id=1, user_id=reader.id)).one()
        slug = db.session.get_one(Partnership, 1).slug
        number = select(Post.number).where(Post.partnership_id == 1, Post.comment_count == fill.MEASURED)
        post = db.session.scalar(number.order_by(Post.number.desc()).limit(1)) or 0
        place = pages.Place(1, post, seat.id, reader.id, slug)
        cookie = people.signed_in(app, reader)
        db.session.remove()
        db.engine.dispose()
    return place, cookie


def _templates(folder: Path, url: str, place: pages.Place, page: Any) -> None:
    (folder / "place.json").write_text(json.dumps(asdict(place)))
    with Session(engine_of(url)) as session:
        for name in pages.PAGES:
            template, values = pages.template(page(name), pages.read(session, name, place))
            assert values >= 20, f"{name}: only {values} values of its rows stand in the page"
            (folder / f"{name}.html").write_text(template)


def _rounds(
    place: pages.Place, cookie: str, port: int, floor: int, rounds: int, seconds: int
) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, list[float]]] = {}
    for number in range(rounds + 1):
        for name in pages.PAGES:
            for who, address in (
                ("workspace", f"{port}{place.address(name)}"),
                ("rows", f"{floor}/rows/{name}"),
                ("bare", f"{floor}/bare/{name}"),
            ):
                speed = load(f"http://127.0.0.1:{address}", cookie, seconds)
                if number:  # The first round only warms.
                    found.setdefault(name, {}).setdefault(who, []).append(speed)
    return {name: {who: statistics.median(each) for who, each in of.items()} for name, of in found.items()}


def load(address: str, cookie: str, seconds: int) -> float:
    """Requests a second, all of them answered well."""
    command = [
        "wrk",
        "-t1",
        "--timeout",
        "20s",
        f"-c{AT_ONCE}",
        f"-d{seconds}s",
        "-H",
        f"Cookie: samspil={cookie}",
        address,
    ]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in told, told
    assert "Socket errors" not in told, told
    return float(re.findall(r"Requests/sec:\s+([\d.]+)", told)[0])


def answer(port: int, address: str, cookie: str) -> str:
    """The page at `address`."""
    from urllib.request import Request, urlopen

    with urlopen(Request(f"http://127.0.0.1:{port}{address}", headers={"Cookie": f"samspil={cookie}"})) as found:
        return str(found.read().decode())


def table(found: dict[str, dict[str, float]]) -> str:
    """One line a page."""
    lines = [f"  {'page':<12}{'a second':>10}{'rows':>8}{'bare':>8}{'of rows':>9}{'of bare':>9}"]
    for name, of in found.items():
        all_told = f"{of['workspace']:>10.1f}{of['rows']:>8.1f}{of['bare']:>8.1f}"
        lines.append(f"  {name:<12}{all_told}{ratio(of):>9.2f}{of['workspace'] / of['bare']:>9.2f}")
    return "\n".join(lines)


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
    parser.add_argument("--quick", action="store_true", help="ratios on SQLite; fails where one has fallen")
    parser.add_argument("--posts", default="1000,100000,1000000")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each load")
    parser.add_argument("databases", nargs="*", choices=["sqlite", "postgresql"])
    return parser.parse_args()


if __name__ == "__main__":
    main()
