"""How the databases find what a page shows, at 100,000 posts: by indices, and without sorting more than they show.

On PostgreSQL each statement is planned as the workspace has it planned, without knowing the parameters, and runs; on
SQLite the plan says what is scanned, and the steps of its machine say how much was read and sorted.
"""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from psycopg import ClientCursor
from sqlalchemy import event, insert, select, update

from bench import fill
from tests.client import Client, signed_in
from tests.databases import KIND, new_database
from workspace import Workspace, clock, create_app
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.db import Model, db
from workspace.digests import planning
from workspace.mail import claims
from workspace.mail.models import enqueue_all, mail_row
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.mentions import Mention
from workspace.partnerships.models import Membership
from workspace.posts.models import Post
from workspace.search import indexing

POSTS = 100_000
WAITING = 5_000  # mails, while nobody has come for them
# Those that grow with the installation. In the tests nothing stands in the trail.
LARGE = {
    *("post", "comment", "entry", "mention", "membership", "role_assignment", "role"),
    *("user", "partnership", "participation", "mail"),
}
MOST_ROWS = 220  # that a step of a plan reads or sorts: a few pages, or one for each partnership of somebody
STEPS = 240  # of SQLite's machine for each of them
# Statements, by words in them, of which more is known to be needed.
BY_DESIGN = {
    "AS answered_at": 1_100,  # the figures: each challenge of the period, once for each change in a partnership
    "count(*) AS how_many, sum(": 1_100,  # how many challenges are in each state, once for each change as well
    "row_number() OVER (PARTITION BY participation": 600,  # the organisations of the 50 partnerships on a page
    "membership.digested_number": 200 * 20,  # the memberships of the people whose digests are planned at once
    "search_bucket.postings": 600,  # of each block of somebody's partnerships a row, and one of its facts
    "wanted_keys": 100 * 6,  # the newest hundred texts that hold the words, with who wrote them and where
    "role.found_by LIKE": 50 * 200,  # the roles and colleagues in all of somebody's partnerships, by their names
    "post_1.activity_at DESC": 21 * 200,  # the newest few of each of somebody's partnerships
}
HOME = "/partnerships/partnerskab-1/"
READERS = (
    HOME,
    f"{HOME}?kind=challenge",
    f"{HOME}?before={{deep}}",
    f"{HOME}?kind=progress&before={{deep}}",
    f"{HOME}news?after={{deep}}",
    f"{HOME}about",
    "/",
    "/partnerships",
    "/live/numbers",
    f"{HOME}posts/{{post}}",
    f"{HOME}posts/{{commented}}",
    f"{HOME}posts/{{commented}}?before={{last}}",
    f"{HOME}posts/{{commented}}?comment={{last}}",
    f"{HOME}challenges",
    f"{HOME}challenges?state=still",
    f"{HOME}challenges?state=solved",
    f"{HOME}challenges?state=solved&before={{deep}}",
    f"{HOME}challenges?state=all&days=365",
    f"{HOME}challenges?state=all&before={{deep}}",
    f"{HOME}challenges?taker={{membership}}",
    f"{HOME}challenges?role=1",
    f"{HOME}roles",
    f"{HOME}members",
    f"{HOME}members/{{membership}}",
    "/notices",
    f"{HOME}files",
    f"{HOME}results",
    f"{HOME}results/measurements",
    f"{HOME}roles/1",
    "/memberships",
    "/search?q=måling&partnership=partnerskab-1",
    "/search?q=sensor+vindue&partnership=partnerskab-1&kind=challenge&status=open",
)
MODERATORS = (
    f"{HOME}members",
    f"{HOME}members?sort=level",
    f"{HOME}members?sort=since&after={{membership}}",
    f"{HOME}members?q=person&side=company",
    f"{HOME}members/trail",
    f"{HOME}invitations",
    f"{HOME}reports",
)
OF_MANY = (
    "/",
    "/notices",
    "/memberships",
    "/?before={moment}.1.99",
    "/partnerships",
    "/live/numbers",
    "/search?q=måling",
    "/search?q=bor",
)


class Listener:
    """What the database is asked to read: each statement once, with the page that asked first and its parameters."""

    def __init__(self) -> None:
        self.page = ""
        self.asked: dict[str, tuple[str, Any]] = {}
        event.listen(db.engine, "before_cursor_execute", self._hear)

    def _hear(self, connection: Any, cursor: Any, statement: str, given: Any, *rest: Any) -> None:
        if self.page and statement.startswith(("SELECT", "WITH", "UPDATE mail")):
            self.asked.setdefault(statement, (self.page, given))


@pytest.fixture
def filled(settings: Settings, tmp_path: Path, worker_id: str, postgresql: str) -> Iterator[Workspace]:
    """The workspace with 100,000 posts, some of which mention somebody."""
    database = new_database(tmp_path, postgresql, worker_id)
    app = create_app(replace(settings, database_url=database.url))
    app.test_client_class = Client
    with app.app_context():
        fill.fill(POSTS)
        some = select(Entry.partnership_id, Entry.number, Entry.actor_id, Entry.number > 0)
        some = some.where(Entry.number % 10 == 0, Entry.post_number.is_not(None))
        columns = ["partnership_id", "number", "membership_id", "is_seen"]
        db.session.execute(insert(Mention).from_select(columns, some))
        of_many = select(Membership.partnership_id).filter_by(user_id=fill.MEMBER_OF_MANY)
        for partnership_id in (1, *db.session.scalars(of_many)):
            indexing._index(partnership_id, 0)
        db.session.execute(db.text("ANALYZE"))
        db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()
    database.remove()


@pytest.mark.slow
def test_no_page_reads_or_sorts_what_it_does_not_show(filled: Workspace) -> None:
    assert Model.metadata.tables.keys() >= LARGE, "each is the name of a table"
    listener = Listener()
    ask(filled, listener)
    assert len(listener.asked) > 50
    with db.engine.connect() as connection:
        driver = connection.connection.dbapi_connection
        look = look_at_postgresql if KIND == "postgresql" else look_at_sqlite
        wrong = {
            f"{page}: {fault}\n    {' '.join(statement.split())}"
            for statement, (page, given) in listener.asked.items()
            for fault in look(driver, statement, given)
        }
    assert not wrong, "\n".join(sorted(wrong))


def ask(app: Workspace, listener: Listener) -> None:
    """Ask for every page, plan digests, and send mail past a mail server that is away."""
    here = Post.partnership_id == 1
    numbers = select(Post.activity_number).where(here).order_by(Post.activity_number.desc())
    commented = select(Post.number).where(here, Post.comment_count == 26).limit(1)
    measured = select(Post.number).where(here, Post.comment_count == fill.MEASURED).order_by(Post.number.desc())
    number = db.session.scalars(commented).one()
    moderator = select(Membership.user_id).where(Membership.partnership_id == 1, Membership.level == "moderator")
    place = {
        "deep": db.session.scalars(numbers.offset(1000).limit(1)).one(),
        "post": db.session.scalars(measured.limit(1)).one(),
        "commented": number,
        "last": number + 20,
        "membership": 7,
        "moment": int(clock.now().timestamp() - 3600) * 1_000_000,
    }
    readers = ((fill.READER, READERS), (fill.MEMBER_OF_MANY, OF_MANY))
    for user_id, addresses in (*readers, (db.session.scalars(moderator).one(), MODERATORS)):
        browser = signed_in(app, db.session.get_one(User, user_id))
        for address in addresses:
            listener.page = f"{user_id} {address}"
            answer = browser.get(address.format(**place), htmx="/news" in address)
            assert answer.status_code == 200, f"{address} answered {answer.status}"
    listener.page = "planning of digests"
    db.session.execute(update(User).where(User.id <= 50).values(next_digest_at=clock.now()))
    db.session.commit()
    planning.plan()
    listener.page = "sending mail"
    enqueue_all([mail_row("digest", key=f"waiting:{number}", to=f"p{number}@example.dk") for number in range(WAITING)])
    db.session.commit()
    claims.release(claims.claim_due(), clock.now())


def look_at_sqlite(driver: sqlite3.Connection, statement: str, given: Any) -> list[str]:
    """What is wrong with the way that SQLite takes."""
    plan, steps = sqlite_plan(driver, statement, given)
    scanned = [line for line in plan if line.startswith("SCAN ") and table_of(line.split()[1]) in LARGE]
    too_many = [f"{steps} steps: {plan}"] if steps > STEPS * most_rows(statement) else []
    return [*scanned, *too_many, *looked_up_for_each_row(plan), *planned_again(driver, statement)]


def looked_up_for_each_row(plan: list[str]) -> list[str]:
    """Whether all memberships of somebody, or of a partnership, are read for each row; SQLite picks one by chance."""
    by_either = "SEARCH membership USING INDEX ix_membership_"
    return [f"for each row: {line}" for before, line in pairwise(plan) if "CORRELATED" in before and by_either in line]


def sqlite_plan(driver: sqlite3.Connection, statement: str, given: Any) -> tuple[list[str], int]:
    """The plan, and how many steps SQLite's machine takes."""
    plan = [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", given)]
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 100

    driver.set_progress_handler(count, 100)
    try:
        driver.execute(statement, given).fetchall()
    finally:
        driver.set_progress_handler(None, 100)
    return plan, steps


def planned_again(driver: sqlite3.Connection, statement: str) -> list[str]:
    """Whether SQLite has planned the statement, which has run once, for these parameters alone."""
    if not driver.execute("SELECT 1 FROM pragma_module_list WHERE name = 'sqlite_stmt'").fetchone():
        return []
    found = driver.execute("SELECT reprep FROM sqlite_stmt WHERE sql = ?", (statement,)).fetchone()
    return ["is planned anew at each run"] if found[0] else []


def look_at_postgresql(driver: Any, statement: str, given: Any) -> list[str]:
    """What is wrong with the way that PostgreSQL takes."""
    plan = prepared_plan(driver, statement, given)
    return [fault for node in nodes(plan) for fault in faults_of(node, most_rows(statement))]


def prepared_plan(driver: Any, statement: str, given: Any) -> dict[str, Any]:
    """The plan that PostgreSQL makes without knowing the parameters, and what it reads with them."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    values = [given[name] for name in names]
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", statement).replace("%%", "%")
    with ClientCursor(driver) as cursor:
        cursor.execute(f"PREPARE looked_at AS {numbered}".encode())
        given_in_turn = ", ".join(["%s"] * len(values))
        execute = f"EXECUTE looked_at({given_in_turn})" if values else "EXECUTE looked_at"
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {execute}", values)
        plan: dict[str, Any] = cursor.fetchone()[0][0]["Plan"]  # type: ignore[index]
        cursor.execute("DEALLOCATE looked_at")
    return plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def faults_of(node: dict[str, Any], most: int) -> Iterator[str]:
    """What is wrong with one step of a plan."""
    kind, table = node["Node Type"], node.get("Relation Name")
    if kind == "Seq Scan" and table in LARGE:
        yield f"reads all of {table}"
    if kind == "Sort" and (count := max(part["Actual Rows"] for part in node["Plans"])) > most:
        yield f"sorts {count:.0f} rows by {node['Sort Key']}"
    if table in LARGE and (count := node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) > most:
        yield f"reads {count:.0f} rows of {table} by {node.get('Index Name')}"


def most_rows(statement: str) -> int:
    """How many rows a step of the statement may read or sort."""
    return next((most for words, most in BY_DESIGN.items() if words in statement), MOST_ROWS)


def table_of(alias: str) -> str:
    return re.sub(r"_\d+$", "", alias)
