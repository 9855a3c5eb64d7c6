"""Signing in, and staying signed in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from tests.accounts.broken import broken
from tests.client import Client
from tests.factories import PASSWORD, make_user
from tests.pages import Page
from workspace import clock
from workspace.accounts import sessions
from workspace.accounts import sign_in as sign_in_module
from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.db import db
from workspace.web.throttling import rate_limiter

SignIn = Callable[[User], Client]

WRONG = "The e-mail address and the password don't match."
NOW = datetime(2026, 3, 24, 9, tzinfo=UTC)


@pytest.fixture
def person(app: object) -> User:
    return make_user("Mette Lindholm Krag", email="mette@gladsaxe.example", language="en")


def attempt(client: Client, email: str = "mette@gladsaxe.example", password: str = PASSWORD, **fields: str):
    return client.submit(
        "/sign-in",
        {"email": email, "password": password} | fields,
        page="/sign-in",
        headers={"Accept-Language": "en"},
    )


def number_of_sessions() -> int:
    return db.session.scalar(select(func.count()).select_from(Session)) or 0


def test_the_right_password_leads_to_the_overview(client: Client, person: User) -> None:
    answer = attempt(client)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/settings").status_code == 200


def test_an_address_counts_in_any_spelling(client: Client, person: User) -> None:
    assert attempt(client, "  METTE@Gladsaxe.Example ").status_code == 303


def test_a_wrong_password_signs_nobody_in_and_keeps_the_address(client: Client, person: User) -> None:
    answer = attempt(client, password="det er ikke den")
    assert answer.status_code == 422
    assert WRONG in Page(answer.text).text
    assert Page(answer.text).form("/sign-in")["email"] == "mette@gladsaxe.example"
    assert "det er ikke den" not in answer.text
    assert number_of_sessions() == 0


def test_an_unknown_address_gets_the_same_answer_as_a_wrong_password(client: Client, person: User) -> None:
    known = attempt(client, "mette@gladsaxe.example", "det er ikke den")
    unknown = attempt(client, "hvem@gladsaxe.example", "det er ikke den")
    assert unknown.status_code == known.status_code
    told = Page(known.text).text.replace("mette@", "hvem@")
    assert Page(unknown.text).text == told


def test_an_unknown_address_is_checked_against_a_password_as_well(
    client: Client, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []
    verify = sign_in_module.passwords._hasher.verify

    def counted(password: str, known: str) -> bool:
        checked.append(known)
        return verify(password, known)

    monkeypatch.setattr(sign_in_module.passwords._hasher, "verify", counted)
    attempt(client, "hvem@gladsaxe.example", "det er ikke den")
    assert len(checked) == 1


@pytest.mark.parametrize("fields", [{"deactivated_at": NOW}, {"password_hash": None}])
def test_who_is_deactivated_or_has_no_password_does_not_get_in(
    client: Client, person: User, fields: dict[str, object]
) -> None:
    for field, value in fields.items():
        setattr(person, field, value)
    assert attempt(client).status_code == 422
    assert number_of_sessions() == 0


def test_after_five_failures_the_account_waits_and_is_told_how_long(client: Client, person: User) -> None:
    for _ in range(5):
        assert attempt(client, password="forkert").status_code == 422
    answer = attempt(client)
    assert answer.status_code == 429
    assert "Too many attempts. Try again in 15 minutes." in Page(answer.text).text
    assert answer.headers["Retry-After"] == "900"
    assert number_of_sessions() == 0


def test_one_account_that_waits_does_not_stop_another_from_the_same_address(client: Client, person: User) -> None:
    make_user(email="jonas@icura.example")
    for _ in range(6):
        attempt(client, password="forkert")
    assert attempt(client, "jonas@icura.example").status_code == 303


def test_after_a_quarter_of_an_hour_the_account_may_try_again(client: Client, person: User) -> None:
    with time_machine.travel(NOW, tick=False) as time:
        for _ in range(6):
            attempt(client, password="forkert")
        time.shift(timedelta(minutes=14))
        assert attempt(client).status_code == 429
        time.shift(timedelta(minutes=2))
        assert attempt(client).status_code == 303


def test_success_forgives_the_failures_before_it(client: Client, person: User) -> None:
    for _ in range(4):
        attempt(client, password="forkert")
    assert attempt(client).status_code == 303
    client.submit("/sign-out")
    for _ in range(4):
        attempt(client, password="forkert")
    assert attempt(client).status_code == 303


def test_a_network_address_has_a_limit_of_its_own(client: Client, person: User) -> None:
    db.session.commit()
    for _ in range(200):
        rate_limiter().hit(sign_in_module.FAILURES_OF_NETWORK, "sign-in", "127.0.0.1")
    assert attempt(client).status_code == 429


def test_one_lands_where_one_was_going(client: Client, person: User) -> None:
    sent = client.get("/settings/sessions?x=1")
    assert (sent.status_code, sent.location) == (303, "/sign-in?next=/settings/sessions%3Fx%3D1")
    form = client.page(sent.location).form("/sign-in")
    answer = client.post("/sign-in", data=form | {"email": person.email, "password": PASSWORD})
    assert answer.location == "/settings/sessions?x=1"


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\t/evil.example",
    ],
)
@pytest.mark.either_database
def test_one_never_lands_on_another_site(client: Client, person: User, target: str) -> None:
    assert attempt(client, next=target).location == "/"


def test_without_a_script_what_was_typed_comes_back_after_signing_in(client: Client, person: User) -> None:
    asked = client.submit("/settings", {"name": "Mette Krag", "title": "Chef"})
    assert asked.status_code == 401
    form = Page(asked.text).form("/sign-in")
    back = client.post("/sign-in", data=form | {"email": person.email, "password": PASSWORD})
    assert back.status_code == 200
    assert Page(back.text).form("/settings")["title"] == "Chef"


def test_a_script_is_sent_to_sign_in_and_leads_back_to_the_page(client: Client) -> None:
    headers = {"HX-Current-URL": "http://localhost/settings/sessions"}
    answer = client.submit("/settings/sessions/ending", htmx=True, headers=headers)
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/settings/sessions"


def test_signing_out_ends_the_session_in_the_database(sign_in: SignIn, person: User) -> None:
    browser = sign_in(person)
    kept = browser.get_cookie("samspil")
    assert browser.submit("/sign-out").location == "/sign-in"
    assert number_of_sessions() == 0
    assert kept
    browser.set_cookie("samspil", kept.value)
    assert browser.get("/settings").status_code == 303


def test_a_session_that_is_ended_in_the_database_is_over_at_once(sign_in: SignIn, person: User) -> None:
    browser = sign_in(person)
    assert browser.get("/settings").status_code == 200
    sessions.end_all(person)
    assert browser.get("/settings").status_code == 303


def test_whoever_is_deactivated_is_out_at_once(sign_in: SignIn, person: User) -> None:
    browser = sign_in(person)
    person.deactivated_at = clock.now()
    assert browser.get("/settings").status_code == 303


def test_a_session_ends_after_eight_idle_hours(client: Client, person: User) -> None:
    with time_machine.travel(NOW, tick=False) as time:
        attempt(client)
        time.shift(timedelta(hours=7, minutes=59))
        assert client.get("/settings").status_code == 200
        time.shift(timedelta(hours=8, minutes=1))  # The twenty hours are not over.
        assert client.get("/settings").status_code == 303


def test_a_session_ends_after_twenty_hours_however_much_it_is_used(client: Client, person: User) -> None:
    with time_machine.travel(NOW, tick=False) as time:
        attempt(client)
        for _ in range(19):
            time.shift(timedelta(hours=1))
            assert client.get("/settings").status_code == 200
        time.shift(timedelta(hours=1))
        assert client.get("/settings").status_code == 303


def test_whoever_asks_for_it_stays_signed_in_for_thirty_days(client: Client, person: User) -> None:
    with time_machine.travel(NOW, tick=False) as time:
        attempt(client, remember="y")
        client.delete_cookie("samspil")  # The browser was closed.
        time.shift(timedelta(days=29))
        assert client.get("/settings").status_code == 200
        time.shift(timedelta(days=1))
        assert client.get("/settings").status_code == 303


def test_the_last_use_is_written_down_hourly_at_most(sign_in: SignIn, person: User) -> None:
    with time_machine.travel(NOW, tick=False) as time:
        browser = sign_in(person)
        time.shift(timedelta(minutes=59))
        browser.get("/settings")
        assert db.session.scalar(select(Session.last_used_at)) == NOW
        time.shift(timedelta(minutes=1))
        browser.get("/settings")
        assert db.session.scalar(select(Session.last_used_at)) == NOW + timedelta(hours=1)


def test_the_sign_in_page_asks_the_database_nothing(client: Client, statements: Callable) -> None:
    with statements() as asked:
        client.page("/sign-in")
    assert asked == []


def test_whoever_is_signed_in_goes_on_from_the_sign_in_page(sign_in: SignIn, person: User) -> None:
    assert sign_in(person).get("/sign-in?next=/settings").location == "/settings"


@pytest.mark.parametrize("email", [b"mette\0@gladsaxe.example", b"mette\xff@gladsaxe.example"])
def test_text_that_is_none_is_refused_at_the_field(client: Client, person: User, email: bytes) -> None:
    form = {"csrf_token": client.token(), "email": email, "password": PASSWORD}
    answer = client.post("/sign-in", **broken(form))
    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text


def test_a_form_without_its_token_is_not_ours(client: Client, person: User) -> None:
    answer = client.post("/sign-in", data={"email": person.email, "password": PASSWORD})
    assert answer.status_code == 400
    assert number_of_sessions() == 0


@pytest.mark.parametrize("before", ["\u200b", "\ufeff", "\u00a0 ", "\u2068", "me\u00adtte@gladsaxe.example"], ids=ascii)
def test_an_invisible_character_in_an_address_is_none_of_it(client: Client, person: User, before: str) -> None:
    typed = before if "@" in before else f"{before}mette@gladsaxe.example"
    assert attempt(client, typed).status_code == 303


def test_the_second_of_two_sign_in_forms_leads_in_for_the_same_person_only(client: Client, person: User) -> None:
    make_user("En anden", email="anden@gladsaxe.example")
    form = Page(client.get("/sign-in").text).form("/sign-in") | {"next": "/settings", "password": PASSWORD}
    assert attempt(client).status_code == 303
    second = client.post("/sign-in", data=form | {"email": "Mette@gladsaxe.example"})
    assert (second.status_code, second.location) == (303, "/settings")
    assert client.post("/sign-in", data=form | {"email": "anden@gladsaxe.example"}).status_code == 400
