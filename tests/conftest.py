"""What all tests stand on: the app, an empty database, browsers, and a count of SQL statements.

def test_a_member_sees_the_partnership(client, sign_in):
    moderator = start_partnership("Grønne tage")
    page = sign_in(moderator.user).page(moderator.partnership.address)
    assert "Grønne tage" in page.text
"""

import gc
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from click.testing import CliRunner, Result
from flask_babel import force_locale
from sqlalchemy import event

from tests.client import Client, signed_in
from tests.databases import KIND, Database, Server, new_database
from tests.environment import Run, environment_of
from workspace import Workspace, cli, create_app
from workspace.accounts.models import User
from workspace.audit import flood
from workspace.config import Settings
from workspace.db import db
from workspace.live.streams import Streams
from workspace.live.watcher import Watcher
from workspace.mail import delivery

# What takes long may be the machine's doing. The app that examples share is brought back by the tests themselves.
hypothesis.settings.register_profile(
    "tests",
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("tests")

SERVER = pytest.StashKey[Server]()
HOUSEKEEPING = ("BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SAVEPOINT", "RELEASE", "SET ")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker of pytest-xdist the address of the one PostgreSQL."""
    node.workerinput["server"] = _server(node.config)


def pytest_collection_finish() -> None:
    """Look less often for garbage, and never among what was imported: a fifth of the tests' time went into it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the PostgreSQL that was started for the tests."""
    if SERVER in config.stash:
        config.stash[SERVER].stop()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how much was tried by the tests that count it (`record_property`): cells, interleavings."""
    counts: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        counts.update(dict(report.user_properties) if report.when == "call" else {})
    for name, count in counts.items():
        terminalreporter.write_line(f"{count:,} {name}")


def _server(config: pytest.Config) -> str:
    """The address of the PostgreSQL of the tests: TEST_DATABASE_URL, or one that is started now."""
    if KIND != "postgresql":
        return ""
    if given := os.environ.get("TEST_DATABASE_URL"):
        return given
    if SERVER not in config.stash:
        config.stash[SERVER] = Server()
    return config.stash[SERVER].url


@pytest.fixture(scope="session", autouse=True)
def _nothing_waits_for_the_disk() -> Iterator[None]:
    """What tests write goes afterwards, so it need not outlast a power cut."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda file: None)
        yield


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> str:
    """The address of the PostgreSQL of the tests; empty in the tests on SQLite."""
    handed: str = getattr(request.config, "workerinput", {}).get("server", "")
    return handed or _server(request.config)


@pytest.fixture(scope="session")
def database(postgresql: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Database]:
    """The worker's database, without tables yet."""
    made = new_database(tmp_path_factory.mktemp("database"), postgresql, worker_id)
    yield made
    made.remove()


@pytest.fixture(scope="session")
def settings(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of the app under test."""
    return Settings(
        instance=tmp_path_factory.mktemp("instance"),
        database_url=database.url,
        secret_key="0123456789abcdefghijklmnopqrstuvwxyz",
        busy_timeout=10,
        secure_cookies=False,
        help_email="hjaelp@samspil.example",
    )


@pytest.fixture(scope="session")
def workers_app(settings: Settings, database: Database) -> Iterator[Workspace]:
    """The app that all tests of a worker share: making one takes a while. Tests ask for `app`."""
    app = create_app(settings)
    app.test_client_class = Client
    database.prepare(app)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def app(workers_app: Workspace, database: Database) -> Iterator[Workspace]:
    """The app, with an empty database, no mail and no files, and a context in which the test itself can use it."""
    database.empty(workers_app)
    for folder in ("mail", "files", "incoming"):
        shutil.rmtree(workers_app.settings.instance / folder, ignore_errors=True)
    flood.counts.clear()
    workers_app.extensions["live"] = watcher = Watcher(workers_app, Streams())
    workers_app.extensions["mail_sender"] = delivery.MailSender(workers_app.settings)
    with workers_app.app_context(), force_locale("en"):
        yield workers_app
        db.session.rollback()
    watcher.stop()


@pytest.fixture
def client(app: Workspace) -> Client:
    """The browser of somebody who is not signed in."""
    browser = app.test_client()
    assert isinstance(browser, Client)
    return browser


@pytest.fixture
def sign_in(app: Workspace) -> Callable[[User], Client]:
    """A browser in which `user` is signed in: `sign_in(user)`."""
    return partial(signed_in, app)


@pytest.fixture
def statements(app: Workspace) -> Callable[[], AbstractContextManager[list[str]]]:
    """What the database is asked: `with statements() as asked: client.get("/")`, then `len(asked)`."""

    @contextmanager
    def listening() -> Iterator[list[str]]:
        db.session.commit()
        asked: list[str] = []

        def hear(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            if not statement.lstrip().upper().startswith(HOUSEKEEPING):
                asked.append(statement)

        event.listen(db.engine, "before_cursor_execute", hear)
        try:
            yield asked
        finally:
            event.remove(db.engine, "before_cursor_execute", hear)

    return listening


@pytest.fixture
def run(app: Workspace, settings: Settings) -> Run:
    """Give the `workspace` command, on the database of this test: `run("admin", "list", typed="", LC_ALL="da")`."""

    def run(*arguments: str, typed: str = "", **environment: str) -> Result:
        db.session.commit()
        given = environment_of(settings) | {"DEMO": "0", "LC_ALL": "en_GB.UTF-8"}
        return CliRunner().invoke(cli.main, arguments, input=typed, env=given | environment)

    return run


@pytest.fixture
def delivered(app: Workspace) -> Callable[[], list[EmailMessage]]:
    """Let the mail sender deliver, and read all that it has delivered: `delivered()`."""
    folder = app.settings.instance / "mail"

    def read() -> list[EmailMessage]:
        db.session.commit()
        delivery.deliver()
        db.session.rollback()
        return [_read(path) for path in sorted(folder.glob("*.eml"))]

    return read


def _read(path: Path) -> EmailMessage:
    read = message_from_bytes(path.read_bytes(), policy=default)
    assert isinstance(read, EmailMessage)
    return read
