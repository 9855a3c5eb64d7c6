"""Logs after real failures: where and what kind, but not a word of what was written, by whom, or of any secret."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO

import pytest

from tests.client import Client
from tests.databases import KIND
from tests.factories import PASSWORD, comment, make_user, share, start_partnership
from workspace import Workspace, logs, scheduled_jobs
from workspace.accounts.models import User
from workspace.db import db

SignIn = Callable[[User], Client]

SECRET = "Hemmelig sætning om borgeren"
NEW_PASSWORD = "gynge saddel torden"
ADDRESS = "mette.krag@gladsaxe.example"


@pytest.fixture
def written() -> Iterator[StringIO]:
    """What any handler would write, with the usual formatter: tracebacks and all."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@contextmanager
def broken(table: str) -> Iterator[None]:
    """The database refuses every change of this table, and quotes the row."""
    if KIND == "sqlite":
        body = "BEGIN SELECT RAISE(ABORT, 'CHECK constraint failed: broken'); END"
        statements = [
            f'CREATE TRIGGER broken_{table}_{change} BEFORE {change} ON "{table}" {body}'
            for change in ("INSERT", "UPDATE")
        ]
        undo: list[str] = []  # The file goes after the test.
    else:
        statements = [f'ALTER TABLE "{table}" ADD CONSTRAINT broken CHECK (false) NOT VALID']
        undo = [f'ALTER TABLE "{table}" DROP CONSTRAINT broken']
    execute(statements)
    try:
        yield
    finally:
        execute(undo)


def execute(statements: list[str]) -> None:
    db.session.rollback()
    with db.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_a_comment_that_the_database_refuses_is_not_logged(app: Workspace, sign_in: SignIn, written: StringIO) -> None:
    member = start_partnership()
    post = share(member)
    browser = sign_in(member.user)
    address = f"{member.partnership.address}posts/{post.number}/comments"
    with broken("comment"):
        assert browser.submit(address, {"body": SECRET}).status_code == 500
    logged = written.getvalue()
    assert "Failed: POST /partnerships/<slug:slug>/posts/<number:post_number>/comments: IntegrityError" in logged
    assert "comments/views.py:" in logged
    for told in (SECRET, "borgeren", member.partnership.slug, member.user.email, "parameters", "DETAIL", "INSERT"):
        assert told not in logged


def test_no_password_and_no_hash_is_logged(app: Workspace, sign_in: SignIn, written: StringIO) -> None:
    person = make_user(email=ADDRESS)
    browser = sign_in(person)
    with broken("user"):
        fields = {"present_password": PASSWORD, "new_password": NEW_PASSWORD}
        assert browser.submit("/settings/password", fields).status_code == 500
        settings = browser.page("/settings").form("/settings") | {"name": SECRET}
        assert browser.post("/settings", data=settings).status_code == 500
    with broken("session"):
        answer = browser.application.test_client().submit("/sign-in", {"email": ADDRESS, "password": PASSWORD})  # type: ignore[attr-defined]
        assert answer.status_code == 500
    logged = written.getvalue()
    assert logged.count("Failed: POST") == 3
    for told in ("argon2", PASSWORD, NEW_PASSWORD, SECRET, ADDRESS, "127.0.0.1", "parameters", "DETAIL"):
        assert told not in logged


def test_an_error_of_ours_is_logged_without_its_words(
    app: Workspace, sign_in: SignIn, written: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(text: str) -> str:
        raise ValueError(f"{text} of {ADDRESS}")

    member = start_partnership()
    post = share(member)
    browser = sign_in(member.user)
    monkeypatch.setattr("workspace.web.forms.from_plain", lambda text, **options: fail(text))
    answer = browser.submit(f"{member.partnership.address}posts/{post.number}/comments", {"body": SECRET})
    logged = written.getvalue()
    assert answer.status_code == 500
    assert "ValueError (" in logged
    assert SECRET not in logged
    assert ADDRESS not in logged + answer.text


def test_a_job_that_the_database_refuses_logs_no_row(app: Workspace, written: StringIO) -> None:
    member = start_partnership(by=make_user(email=ADDRESS))
    comment(share(member, SECRET), member, SECRET)
    db.session.commit()
    with broken("mail"), broken("user"):
        scheduled_jobs.run_due_jobs()
    logged = written.getvalue()
    assert "failed: " in logged
    for told in (SECRET, ADDRESS, "parameters", "DETAIL"):
        assert told not in logged


@pytest.mark.either_database
def test_what_libraries_log_loses_its_words_as_well() -> None:
    try:
        raise ValueError(f"{SECRET} of {ADDRESS}")
    except ValueError as error:
        values = ("other", 1, "x", 1, f"Sent to <{ADDRESS}>: %s", (error,), (ValueError, error, error.__traceback__))
    record = logging.LogRecord(*values)  # type: ignore[arg-type]
    line = logs.message_of(record)
    assert line.startswith("Sent to <…@…>: ValueError")
    assert SECRET not in line
    assert ADDRESS not in line
