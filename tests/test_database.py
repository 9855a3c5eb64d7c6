"""The database: kinds of transactions, moments, one commit a request, and what is done after it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from threading import Barrier, Event, Thread
from time import sleep
from typing import Any

import pytest
from flask import abort
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from tests.client import Client
from tests.databases import KIND, prepared
from tests.factories import comment, make_organisation, share, start_partnership
from workspace import Workspace, create_app
from workspace.accounts.models import User
from workspace.config import Settings
from workspace.db import Base, db, statements, transactions
from workspace.organisations.models import Organisation, OrganisationKind
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Conflict, public


@pytest.fixture
def workshop(settings: Settings, app: Workspace) -> Iterator[Workspace]:
    """An app to which a test adds views."""
    made = create_app(replace(settings, busy_timeout=1))
    made.test_client_class = Client
    yield made
    with made.app_context():
        db.engine.dispose()


def names_kept() -> set[str]:
    found = set(db.session.scalars(select(Organisation.name)))
    db.session.commit()
    return found


def keep(name: str) -> None:
    transactions.begin_write()
    db.session.add(Organisation(name=name, kind=OrganisationKind.OTHER))


def post(app: Workspace, view: Any) -> Any:
    """What the view answers to a POST of a form of ours."""
    app.add_url_rule("/work", "work", public(view), methods=["POST"])
    browser: Any = app.test_client()
    return browser.submit("/work", {"title": "Skrevet"}, headers={"Accept-Language": "en"})


@pytest.mark.parametrize("status", [200, 201, 204, 303])
def test_what_succeeds_is_kept(status: int, workshop: Workspace) -> None:
    def work() -> tuple[str, int]:
        keep("Icura")
        return "", status

    assert post(workshop, work).status_code == status
    assert names_kept() == {"Icura"}


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500, 503])
def test_what_is_refused_is_undone(status: int, workshop: Workspace) -> None:
    def work() -> tuple[str, int]:
        keep("Icura")
        db.session.flush()
        return "<p>Refused</p>", status

    assert post(workshop, work).status_code == status
    assert names_kept() == set()


@pytest.mark.parametrize(
    ("failure", "status"), [(ValueError("x"), 500), (Conflict("Noget er ændret."), 409), (KeyError("x"), 500)]
)
def test_what_fails_is_undone(failure: Exception, status: int, workshop: Workspace) -> None:
    def work() -> str:
        keep("Icura")
        db.session.flush()
        raise failure

    assert post(workshop, work).status_code == status
    assert names_kept() == set()


def test_what_is_aborted_is_undone(workshop: Workspace) -> None:
    def work() -> str:
        keep("Icura")
        db.session.flush()
        abort(404)

    assert post(workshop, work).status_code == 404
    assert names_kept() == set()


def test_a_commit_that_fails_still_gets_an_answer(workshop: Workspace) -> None:
    make_organisation("Icura")

    def work() -> str:
        keep("Icura")  # The second of that name: only the database sees it, at the commit.
        return "Kept"

    answer = post(workshop, work)
    assert answer.status_code == 409
    assert "Somebody else did something at the same moment, so nothing was saved." in answer.text
    assert "Skrevet" in answer.text
    assert "IntegrityError" not in answer.text


@pytest.mark.parametrize("seconds", [0.002, 0.2])
def test_who_writes_waits_for_another_process(seconds: float, workshop: Workspace) -> None:
    holds = Event()

    def hold() -> None:
        with create_app(workshop.settings).app_context():
            keep("Gladsaxe Kommune")
            db.session.flush()
            holds.set()
            sleep(seconds)
            db.session.commit()
            db.engine.dispose()

    other = Thread(target=hold)
    other.start()
    assert holds.wait(10)
    with workshop.app_context():
        keep("Icura")
        db.session.commit()
    other.join()
    assert names_kept() == {"Gladsaxe Kommune", "Icura"}


def test_what_was_left_is_done_whatever_became_of_the_request(workshop: Workspace) -> None:
    def work() -> tuple[str, int]:
        transactions.run_after_request(lambda: keep("Bagefter"))
        keep("Undervejs")
        return "<p>Refused</p>", 422

    assert post(workshop, work).status_code == 422
    assert names_kept() == {"Bagefter"}


def test_what_was_left_and_fails_takes_neither_the_answer_nor_the_rest_away(workshop: Workspace) -> None:
    def fail() -> None:
        keep("Halvt")
        db.session.flush()
        raise ValueError

    def work() -> str:
        transactions.run_after_request(fail)
        transactions.run_after_request(lambda: keep("Bagefter"))
        return "Answered"

    assert post(workshop, work).text == "Answered"
    assert names_kept() == {"Bagefter"}


def test_a_request_reads_before_it_writes_and_sees_what_others_wrote_meanwhile(workshop: Workspace) -> None:
    organisation = make_organisation("Icura")
    seen: list[str] = []

    def work() -> str:
        found = db.session.get(Organisation, organisation_id)
        assert found is not None
        seen.append(found.name)
        with workshop.app_context():
            other = db.session.get(Organisation, organisation_id)
            assert other is not None
            other.website = "https://icura.dk"
            db.session.commit()
        transactions.begin_write()
        seen.append(found.website)
        found.cvr_number = "12345678"
        return "Kept"

    organisation_id = organisation.id
    assert post(workshop, work).status_code == 200
    assert seen == ["Icura", "https://icura.dk"]
    assert (organisation.website, organisation.cvr_number) == ("https://icura.dk", "12345678")


def test_outside_a_request_every_transaction_may_write(app: Workspace) -> None:
    transactions.begin_write()
    db.session.add(Organisation(name="Icura", kind=OrganisationKind.OTHER))
    db.session.commit()
    assert names_kept() == {"Icura"}


# Moments


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 3, 29, 0, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 3, 29, 3, tzinfo=timezone(timedelta(hours=2))),
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2999, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=-11))),
    ],
)
def test_a_moment_is_kept_to_the_microsecond_in_utc(moment: datetime, app: Workspace) -> None:
    organisation = make_organisation(created_at=moment)
    db.session.expire_all()
    assert organisation.created_at == moment
    assert organisation.created_at.utcoffset() == timedelta(0)


# What only the database can hold


def test_nobody_comments_across_two_partnerships(app: Workspace) -> None:
    here, there = start_partnership(), start_partnership()
    remark = comment(share(here), here)
    with pytest.raises(IntegrityError):
        db.session.execute(text("UPDATE comment SET author_id = :other"), {"other": there.id})
    db.session.rollback()
    with pytest.raises(IntegrityError):
        db.session.execute(text("UPDATE post SET author_id = :other"), {"other": there.id})
    db.session.rollback()
    with pytest.raises(IntegrityError):
        db.session.execute(
            text("UPDATE entry SET actor_id = :other WHERE partnership_id = :here"),
            {"other": there.id, "here": here.partnership_id},
        )
    db.session.rollback()
    assert remark.author_id == here.id


def test_nobody_has_two_memberships_in_a_partnership(app: Workspace) -> None:
    membership = start_partnership()
    db.session.add(
        Membership(
            partnership_id=membership.partnership_id,
            user_id=membership.user_id,
            organisation_id=membership.organisation_id,
            level=membership.level,
        )
    )
    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.rollback()


def test_an_address_belongs_to_one_partnership(app: Workspace) -> None:
    one, other = start_partnership(), start_partnership()
    other.partnership.slug = one.partnership.slug
    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.rollback()
    assert db.session.query(Partnership).count() == 2


def test_names_are_sorted_by_their_bytes_in_either_database(app: Workspace) -> None:
    for name in ("Århus", "Zebra", "Ærø", "abe", "Øsby", "Aalborg"):
        make_organisation(name)
    in_order = list(db.session.scalars(select(Organisation.name).order_by(Organisation.name_key)))
    assert in_order == ["abe", "Zebra", "Ærø", "Øsby", "Aalborg", "Århus"]


@pytest.mark.skipif(KIND != "sqlite", reason="SQLite's own settings")
def test_sqlite_is_set_up_to_lose_nothing(app: Workspace, workshop: Workspace) -> None:
    with workshop.app_context(), db.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        }
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2}


@pytest.mark.skipif(KIND != "postgresql", reason="PostgreSQL's own settings")
def test_postgresql_waits_for_nobody_for_ever_and_speaks_utc(workshop: Workspace) -> None:
    with workshop.app_context(), db.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"SHOW {name}").scalar()
            for name in ("lock_timeout", "timezone", "statement_timeout")
        }
    assert found == {"lock_timeout": "1s", "timezone": "UTC", "statement_timeout": "30s"}


def test_only_a_lock_counts_as_busy(app: Workspace) -> None:
    with pytest.raises(DBAPIError) as wrong:
        db.session.execute(text("SELECT * FROM there_is_no_such_table"))
    db.session.rollback()
    assert not transactions.is_busy(wrong.value)
    assert not transactions.is_busy(ValueError("locked"))
    assert not transactions.is_busy(OperationalError("x", {}, Exception("the disk is full")))


def test_every_constraint_has_a_name() -> None:
    nameless = [
        f"{table.name}: {constraint!r}"
        for table in Base.metadata.sorted_tables
        for constraint in table.constraints
        if constraint.name is None
    ]
    assert nameless == []


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_threads_that_are_the_first_to_use_a_shared_alias_all_find_its_columns() -> None:
    found: set[str] = set()

    def make(shared: Any, together: Barrier) -> None:
        together.wait()
        names = [getattr(shared, name) for name in ("name", "email", "title", "language", "phone", "time_zone")]
        found.add(str(select(*names)).split("FROM ")[1].strip())

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _round in range(30):
            shared, together = statements.shared_alias(User), Barrier(8)
            threads = [Thread(target=make, args=(shared, together)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert found == {'"user" AS user_1'}


@pytest.mark.skipif(KIND != "postgresql", reason="SQLite's driver forgets nothing")
def test_a_page_that_is_refused_leaves_the_connection_what_it_has_prepared(sign_in: Callable[[User], Client]) -> None:
    moderator = start_partnership()
    browser = sign_in(moderator.user)
    for _each in range(2):
        db.session.execute(text("SELECT name FROM partnership"))
        db.session.commit()
    assert browser.get(f"{moderator.partnership.address}posts/999").status_code == 404
    db.session.commit()
    assert "SELECT name FROM partnership" in prepared()
