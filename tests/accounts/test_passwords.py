"""Which passwords will do, and how one is changed."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from tests.client import Client
from tests.factories import PASSWORD, make_organisation, make_user
from tests.pages import Page
from workspace import Workspace
from workspace.accounts import passwords, sessions
from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.db import db

pytestmark = pytest.mark.either_database

SignIn = Callable[[User], Client]

NEW = "trappe mandarin skyfri torsk"


@pytest.fixture
def person(app: object) -> User:
    return make_user(
        "Mette Lindholm Krag",
        make_organisation("Gladsaxe Kommune"),
        email="mette@gladsaxe.example",
        language="en",
    )


@pytest.fixture
def mette(sign_in: SignIn, person: User) -> Client:
    return sign_in(person)


def change(mette: Client, present: str = PASSWORD, new: str = NEW):
    return mette.submit(
        "/settings/password", {"present_password": present, "new_password": new}, page="/settings/password"
    )


def has_password(person: User, password: str) -> bool:
    return passwords.matches(person, password)


@pytest.mark.parametrize(
    "password",
    [
        "kort",
        "elleve tegn",
        "password12345",
        "aaaaaaaaaaaaaaaa",
        "123456789012",
        "qwertyuiopåå",
        "Samspil123456",
        "mettegladsaxe",
        "gladsaxe2026",
        "x" * 201,
    ],
)
def test_a_password_that_is_short_or_easily_guessed_will_not_do(app: Workspace, password: str) -> None:
    with app.test_request_context():
        assert passwords.weakness(password, "Mette Krag", "mette@gladsaxe.example", "Gladsaxe Kommune")


@pytest.mark.parametrize("password", [NEW, "blå cykel på tagryggen", "kX8!vQ2#mZ9$"])
def test_a_long_and_unusual_password_will_do(app: object, password: str) -> None:
    assert passwords.weakness(password, "Mette Lindholm Krag", "mette@gladsaxe.example") is None


def test_a_new_password_signs_out_all_other_browsers(mette: Client, sign_in: SignIn, person: User) -> None:
    other = sign_in(person)
    answer = change(mette)
    assert answer.status_code == 303
    assert "Your password is changed." in mette.page(answer.location).text
    assert has_password(person, NEW)
    assert not has_password(person, PASSWORD)
    assert other.get("/settings").status_code == 303


def test_without_the_present_password_nothing_changes(mette: Client, sign_in: SignIn, person: User) -> None:
    other = sign_in(person)
    answer = change(mette, present="det er ikke den")
    assert answer.status_code == 422
    assert 'id="present_password-error"' in answer.text
    assert has_password(person, PASSWORD)
    assert other.get("/settings").status_code == 200


def test_a_weak_new_password_is_refused_at_the_field(mette: Client, person: User) -> None:
    answer = change(mette, new="gladsaxe2026")
    assert answer.status_code == 422
    assert 'id="new_password-error"' in answer.text
    assert has_password(person, PASSWORD)


def test_no_password_ever_comes_back_in_a_page(mette: Client) -> None:
    answer = change(mette, present="det er ikke den")
    assert "det er ikke den" not in answer.text
    assert NEW not in answer.text


def test_an_open_browser_cannot_be_used_for_guessing(mette: Client, person: User) -> None:
    for _ in range(5):
        assert change(mette, present="et gæt").status_code == 422
    answer = change(mette)
    assert answer.status_code == 429
    assert "Try again in 15 minutes." in Page(answer.text).text
    assert answer.headers["Retry-After"] == "900"
    assert has_password(person, PASSWORD)


def test_guesses_here_and_at_the_sign_in_page_count_together(mette: Client, client: Client, person: User) -> None:
    for _ in range(5):
        change(mette, present="et gæt")
    answer = client.submit("/sign-in", {"email": person.email, "password": PASSWORD})
    assert answer.status_code == 429


def test_a_session_that_was_ended_meanwhile_sets_no_password(app: object, person: User) -> None:
    session = sessions.start(person, remembered=False, browser="", address="")
    db.session.commit()
    ended = session.id
    sessions.end_all(person)
    assert not sessions.set_password(person, passwords.hashed(NEW), within=ended)
    assert has_password(person, PASSWORD)


def test_changing_it_twice_needs_the_password_that_is_present_then(mette: Client, person: User) -> None:
    assert change(mette).status_code == 303
    assert change(mette).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Session)) == 1
