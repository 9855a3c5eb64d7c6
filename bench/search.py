"""Searching among a million posts, beside the feed, and what the index costs: `make bench-search`.

    python -m bench.search [--posts 1000000] [--requests 100] [--record] [sqlite|postgresql] …

One partnership has a fiftieth of the posts; the others have a thousand each. One person is a member of the large
one only, another of 200 of the others. A search and the feed take turns in one process, so that what else
the machine does meets both alike: the ratios count. A fortieth of the posts are indexed, which measures the making of
the index; the others have the same texts and get copies of their rows.
"""

import argparse
import gc
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import event, func, literal, select

from bench import documents, fill, people, rows, serving
from bench.table import KINDS
from tests.databases import make_tables
from workspace import Workspace, clock, create_app
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.db import db
from workspace.i18n import danish
from workspace.organisations.models import Organisation, OrganisationKind, Side
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Participation, Partnership
from workspace.permissions import Level
from workspace.posts.models import Post, PostKind
from workspace.posts.verbs import SHARED_PROGRESS
from workspace.search import indexing
from workspace.search.compounds import WORDS
from workspace.search.models import SearchBookmark, SearchBucket
from workspace.search.terms import VERSION

IN_LARGE = 50  # one post of so many is in the large partnership
IN_OTHERS = 1_000  # posts
OF_MANY = 200  # partnerships
INDEXED = 40  # one post of so many is indexed, the others are copies
ALONE, MANY, AUTHOR = 1, 2, 3  # users
BYTES = 435  # of a text, as they are in the demo
RARE = "zebrafinke"
SEARCHES = {
    "a rare word": RARE,
    "a word of one text in a thousand": "komme",
    "a common word": "kommune",
    "a part of compounds": "måling",
    "a half word": "komm",
    "two words": "kommune temperatur",
}
WARM = 5  # requests of each that do not count
COMMON = ("kommune", "møde", "temperaturmålingen", "kommunerne", "måling", "temperatur", "vandmålingerne")


class Cost(NamedTuple):
    """The milliseconds of each request of a search and of the feed, and the statements of a search."""

    search: list[float]
    feed: list[float]
    statements: int

    @property
    def ratio(self) -> float:
        """Of the two at the 95th percentile."""
        return _at_95(self.search) / _at_95(self.feed)


def main() -> None:
    """Measure on the databases that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=100, help="of each search")
    parser.add_argument("--record", action="store_true", help="in docs/performance.md")
    parser.add_argument("databases", nargs="*", choices=[[], *KINDS])
    given = parser.parse_args()
    lines = ["| what | database | measured | wanted |", "| --- | --- | --- | --- |"]
    for kind in given.databases or KINDS:
        with tempfile.TemporaryDirectory() as folder, serving.database(kind, Path(folder)) as url:
            for what, measured, wanted in measure(Path(folder), url, given.posts, given.requests):
                lines.append(f"| {what} | {KINDS[kind]} | {measured} | {wanted} |")
                print(lines[-1], flush=True)
    if given.record:
        documents.write("bench-search", "\n".join(lines))


def measure(folder: Path, url: str, posts: int, requests: int) -> Iterator[tuple[str, str, str]]:
    """What was measured on a new database, and what is wanted."""
    url = url.replace("postgresql://", "postgresql+psycopg://")
    app = create_app(Settings(instance=folder, database_url=url, secret_key=serving.SECRET_KEY))
    with app.app_context():
        filling = _Filling(posts)
        filling.fill()
        yield from _indexed()
        filling.copy_index()
        readers = [("1", ALONE), ("200", MANY)]
        cookies = {who: people.signed_in(app, db.session.get_one(User, user)) for who, user in readers}
        db.session.remove()
    gc.collect()
    gc.freeze()  # As what serves does (serving/server.py).
    for who, cookie in cookies.items():
        feed = f"/partnerships/partnerskab-{1 if who == '1' else 2}/"
        for what, words in SEARCHES.items():
            cost = _alternating(app, cookie, f"/search?q={words}", feed, requests)
            shown = (
                f"{cost.ratio:.2f} × the feed's p95 ({_at_95(cost.search):.0f} of {_at_95(cost.feed):.0f} ms; "
                f"medians {statistics.median(cost.search):.0f} of {statistics.median(cost.feed):.0f}), "
                f"{cost.statements} statements"
            )
            yield f"{what}, member of {who}", shown, "≤ 2 ×, ≤ 6 and 1 for who asks"
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


class _Filling:
    """Partnerships with posts: the large one, those that are indexed, and copies of these."""

    def __init__(self, posts: int) -> None:
        self.large = posts // IN_LARGE
        self.others = max(OF_MANY, (posts - self.large) // IN_OTHERS)
        self.distinct = max(1, (posts // INDEXED - self.large) // IN_OTHERS)
        self.now = clock.now().replace(microsecond=0)
        self.chance = random.Random(17)
        words = sorted(WORDS)
        self.chance.shuffle(words)
        made = [f"{self.chance.choice(words)}{self.chance.choice(words)}" for _each in range(8_000)]
        self.words = [*COMMON, *words, *made]
        self.weights = [1 / (rank + 8) for rank in range(len(self.words))]

    def fill(self) -> None:
        make_tables()
        rows.begin()
        kind = OrganisationKind.MUNICIPALITY
        rows.write(Organisation, [{"id": 1, "name": "Kommunen", "kind": kind, **fill.name_keys("Kommunen")}])
        rows.write(User, map(_user, (ALONE, MANY, AUTHOR)))
        numbers = range(1, self.others + 2)
        rows.write(Membership, (membership for number in numbers for membership in self._memberships(number)))
        rows.write(
            Participation, ({"partnership_id": number, "organisation_id": 1, "side": Side.OTHERS} for number in numbers)
        )
        rows.write(Partnership, map(self._partnership, numbers))
        for number in range(1, self.distinct + 2):
            count = self._count(number)
            rows.write(Entry, (self._entry(number, place, count) for place in range(1, count + 1)))
            rows.write(Post, (self._post(number, place, count) for place in range(1, count + 1)))
        for model in (Entry, Post):
            self._copy(model.__table__)
        copies = range(self.distinct + 2, self.others + 2)
        rows.write(
            SearchBookmark,
            ({"partnership_id": number, "indexed_number": IN_OTHERS, "version": VERSION} for number in copies),
        )
        rows.finish()

    def copy_index(self) -> None:
        """Give the other partnerships the index of those that have the same texts."""
        self._copy(SearchBucket.__table__)
        rows.finish()

    def _copy(self, table: Any) -> None:
        """Give the other partnerships the rows of those that have their own."""
        for shift in range(self.distinct, self.others, self.distinct):
            columns = [column for column in table.columns if column.name != "id"]
            last = min(self.distinct, self.others - shift) + 1
            query = select(*(self._copied(column, shift) for column in columns))
            query = query.where(table.c.partnership_id.between(2, last))
            db.session.execute(table.insert().from_select(columns, query, include_defaults=False))

    def _copied(self, column: Any, shift: int) -> Any:
        if column.name == "partnership_id":
            return column + shift
        if column.name in ("author_id", "actor_id"):
            return column + 2 * shift
        return literal(f"{shift}-") + column if column.name == "one_time_key" else column

    def _count(self, partnership: int) -> int:
        return self.large if partnership == 1 else IN_OTHERS

    def _memberships(self, partnership: int) -> Iterator[dict[str, Any]]:
        users = [AUTHOR, ALONE if partnership == 1 else MANY] if partnership <= OF_MANY + 1 else [AUTHOR]
        for place, user in enumerate(users):
            yield {
                "id": 2 * partnership - 1 + place,
                "partnership_id": partnership,
                "user_id": user,
                "organisation_id": 1,
                "level": Level.MODERATOR if user == AUTHOR else Level.CONTRIBUTOR,
                "digested_number": 1,
                "seen_number": self._count(partnership),
                "joined_at": self.now,
            }

    def _partnership(self, number: int) -> dict[str, Any]:
        name = f"Partnerskab {number} om skoler"
        return {
            "id": number,
            "slug": f"partnerskab-{number}",
            "name": name,
            "name_key": danish.sort_key(name),
            "purpose": "At finde ud af noget sammen.",
            "last_number": self._count(number),
            "text_count": self._count(number),
            "last_activity_at": self.now,
            "unsolved_count": 0,
            "started_by_id": AUTHOR,
            "one_time_key": str(UUID(int=(1 << 96) + number)),
        }

    def _entry(self, partnership: int, number: int, count: int) -> dict[str, Any]:
        return {
            "partnership_id": partnership,
            "number": number,
            "verb": SHARED_PROGRESS,
            "actor_id": 2 * partnership - 1,
            "post_number": number,
            "details": {},
            "stands": True,
            "text_count": number,
            "at": self._at(number, count),
        }

    def _post(self, partnership: int, number: int, count: int) -> dict[str, Any]:
        text = self._text()
        if partnership % 20 in (1, 2) and number == count // 2:
            text += f" {RARE}"
        at = self._at(number, count)
        return {
            "partnership_id": partnership,
            "number": number,
            "author_id": 2 * partnership - 1,
            "kind": PostKind.PROGRESS,
            "title": text[:50],
            "body_html": f"<p>{text}</p>",
            "body_text": text,
            "one_time_key": f"{partnership}-{number}",
            "activity_number": number,
            "activity_at": at,
            "created_at": at,
        }

    def _text(self) -> str:
        return " ".join(self.chance.choices(self.words, self.weights, k=120))[:BYTES]

    def _at(self, number: int, count: int) -> Any:
        return self.now - timedelta(minutes=7 * (count - number))


def _user(number: int) -> dict[str, Any]:
    name = f"Person Nummer {number}"
    email = f"person{number}@example.dk"
    return {"id": number, "email": email, "email_key": email, "name": name, "organisation_id": 1} | fill.name_keys(name)


def _indexed() -> Iterator[tuple[str, str, str]]:
    """What it costs to make the index of what has none, and how large it is."""
    Path("/proc/self/clear_refs").write_text("5")  # The peak begins anew.
    before, begin, cpu = _megabytes("VmRSS"), time.monotonic(), time.process_time()
    entries = indexing.index_due()
    seconds, elapsed = time.process_time() - cpu, time.monotonic() - begin
    yield (
        f"making the index of {entries:,} posts",
        f"{seconds:.0f} s of CPU ({elapsed:.0f} s elapsed): {100_000 * seconds / entries:.0f} s for 100,000",
        "< 300 s for 100,000",
    )
    yield "its memory, beyond what the process had before", f"{_megabytes('VmHWM') - before} MB", "bounded"
    messages = func.length(Post.body_text) + func.length(Post.title)
    for what, which in (("the large partnership", 1), ("one of a thousand posts", 2)):
        text = db.session.scalar(select(func.sum(messages)).where(Post.partnership_id == which)) or 0
        stored = select(func.sum(func.length(SearchBucket.postings))).where(SearchBucket.partnership_id == which)
        yield f"the index of {what}", f"{(db.session.scalar(stored) or 0) / text:.0%} of the texts' letters", "≤ 60 %"


def _alternating(app: Workspace, cookie: str, search: str, feed: str, requests: int) -> Cost:
    """The same search and the feed by turns."""
    client = app.test_client(use_cookies=False)
    asked: list[str] = []
    cost = Cost([], [], 0)
    with app.app_context():
        engine = db.engine
    for turn in range(requests + WARM):
        for address, taken in ((search, cost.search), (feed, cost.feed)):
            is_counted = turn == WARM and address == search
            if is_counted:
                event.listen(engine, "before_cursor_execute", listen := lambda *heard: asked.append(heard[2]))
            begin = time.perf_counter()
            answer = client.get(address, headers={"Cookie": f"samspil={cookie}"})
            if turn >= WARM:
                taken.append(1000 * (time.perf_counter() - begin))
            if is_counted:
                event.remove(engine, "before_cursor_execute", listen)
                assert "hit__meta" in answer.text, f"{search} finds nothing"
            assert answer.status_code == 200, answer.status
    return cost._replace(statements=len(asked))


def _at_95(milliseconds: list[float]) -> float:
    return sorted(milliseconds)[int(0.95 * len(milliseconds))]


def _megabytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
