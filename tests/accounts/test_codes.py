"""Codes by mail: signing in without a password, a new password, and a new address."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.client import Client
from tests.factories import PASSWORD, make_user
from tests.pages import Page
from workspace import Workspace, clock
from workspace.accounts import passwords, sessions
from workspace.accounts.models import User
from workspace.accounts.verification_codes import VerificationCode
from workspace.db import db
from workspace.mail.models import Mail

Delivered = Callable[[], list[EmailMessage]]
SignIn = Callable[[User], Client]
ENGLISH = {"Accept-Language": "en"}
HER = "mette@gladsaxe.example"


@pytest.fixture
def person(app: object) -> User:
    return make_user("Mette Lindholm Krag", email=HER, language="en")


def ask(client: Client, email: str = HER, **fields: str) -> TestResponse:
    return client.submit("/sign-in/code", {"email": email} | fields, headers=ENGLISH)


def answer(client: Client, code: str, **fields: str) -> TestResponse:
    return client.submit("/sign-in/code/answer", {"code": code} | fields, headers=ENGLISH)


def code_in(mails: list[EmailMessage]) -> str:
    found = re.search(r"\d{3} \d{3}", str(mails[-1]["Subject"]))
    assert found, mails[-1]["Subject"]
    return found[0]


def wrong(code: str) -> str:
    return code[:-1] + ("1" if code[-1] == "0" else "0")


def test_the_code_of_the_mail_signs_in_and_leads_on(client: Client, person: User, delivered: Delivered) -> None:
    assert ask(client, next="/settings/password").location == "/sign-in/code/answer"
    [mail] = delivered()
    assert mail["To"] == HER
    day = f"{clock.now().astimezone(ZoneInfo('Europe/Copenhagen')):%-d %B %Y} at"
    for part in mail.iter_parts():
        assert day in part.get_content(), "the day is still right when the mail is read on another"
    signed_in = answer(client, code_in([mail]))
    assert (signed_in.status_code, signed_in.location) == (303, "/settings/password")
    assert client.get("/settings").status_code == 200


def test_the_mail_with_a_code_says_the_hour_as_danes_write_it(
    client: Client, person: User, delivered: Delivered
) -> None:
    person.language = "da"
    with clock.at(datetime(2026, 3, 10, 7, 5, tzinfo=UTC)):
        ask(client)
        [mail] = delivered()
    for part in mail.iter_parts():
        assert "10. marts 2026 kl. 8.05." in " ".join(part.get_content().split())


def test_the_button_beside_the_password_asks_for_a_code(client: Client, person: User, delivered: Delivered) -> None:
    form = client.page("/sign-in?next=/partnerships").form("/sign-in")
    assert client.post("/sign-in/code", data=form | {"email": HER.upper(), "remember": "y"}).status_code == 303
    assert answer(client, code_in(delivered())).location == "/partnerships"
    assert db.session.scalars(select(sessions.Session.remembered)).one()


def test_a_code_works_once(client: Client, person: User, delivered: Delivered, app: Workspace) -> None:
    ask(client)
    with client.session_transaction() as cookie:
        asked = dict(cookie["code"])
    code = code_in(delivered())
    assert answer(client, code).status_code == 303
    with client.session_transaction() as cookie:
        cookie["code"] = asked
    again = answer(client, code)
    assert again.status_code == 422
    assert "can't be used any more" in Page(again.text).text


def test_a_code_is_mailed_again_after_a_quiet_day(client: Client, person: User, delivered: Delivered) -> None:
    """All older codes are deleted then, and on SQLite the next one gets the number of the first."""
    ask(client)
    assert len(delivered()) == 1
    with clock.at(clock.now() + timedelta(days=2)):
        ask(client)
        assert len(delivered()) == 2


def test_a_code_works_only_in_the_browser_that_asked(
    client: Client, person: User, delivered: Delivered, app: Workspace
) -> None:
    ask(client)
    code = code_in(delivered())
    other = app.test_client()
    assert isinstance(other, Client)
    assert answer(other, code).location == "/sign-in/code"
    ask(other, "somebody@else.example")
    assert answer(other, code).status_code == 422
    assert answer(client, code).status_code == 303


def test_a_code_is_too_old_after_ten_minutes(client: Client, person: User, delivered: Delivered) -> None:
    ask(client)
    code = code_in(delivered())
    with clock.at(clock.now() + timedelta(minutes=10, seconds=1)):
        late = answer(client, code)
    assert late.status_code == 422
    assert "can't be used any more" in Page(late.text).text


def test_after_five_tries_even_the_right_code_is_refused(client: Client, person: User, delivered: Delivered) -> None:
    ask(client)
    code = code_in(delivered())
    for _ in range(4):
        assert "This is not the code" in Page(answer(client, wrong(code)).text).text
    assert "can't be used any more" in Page(answer(client, wrong(code)).text).text
    assert answer(client, code).status_code == 422


def test_nobody_learns_whether_an_address_has_an_account(client: Client, person: User, delivered: Delivered) -> None:
    known, unknown = ask(client), ask(client, "hvem@gladsaxe.example")
    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)
    assert "hvem@gladsaxe.example" in client.page("/sign-in/code/answer").text
    for _ in range(4):
        assert "This is not the code" in Page(answer(client, "123456").text).text
    assert "can't be used any more" in Page(answer(client, "123456").text).text
    assert [mail["To"] for mail in delivered()] == [HER]


def test_a_closed_account_gets_no_code_and_lets_nobody_in(client: Client, person: User, delivered: Delivered) -> None:
    ask(client)
    code = code_in(delivered())
    person.deactivated_at = clock.now()
    assert answer(client, code).status_code == 422
    ask(client)
    assert len(delivered()) == 1


def test_a_mailbox_is_not_filled(client: Client, person: User, delivered: Delivered) -> None:
    for _ in range(10):
        assert ask(client).status_code == 303
    assert len(delivered()) == 5
    refused = ask(client)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 60


def test_a_code_that_is_too_old_when_it_would_be_sent_is_not(
    client: Client, person: User, delivered: Delivered
) -> None:
    ask(client)
    with clock.at(clock.now() + timedelta(minutes=11)):
        assert delivered() == []


def test_the_database_holds_no_code(client: Client, person: User, delivered: Delivered) -> None:
    ask(client)
    digits = code_in(delivered()).replace(" ", "")
    code, mail = db.session.scalars(select(VerificationCode)).one(), db.session.scalars(select(Mail)).one()
    held = [str(getattr(row, column.key)) for row in (code, mail) for column in row.__table__.columns]
    assert not [value for value in held if digits in value]


def test_what_was_typed_comes_through_signing_in_with_a_code(
    client: Client, person: User, delivered: Delivered
) -> None:
    carried = {"kept_for": "/partnerships/x/posts", "kept-title": "En lang tekst"}
    asked = ask(client, **carried)
    assert asked.status_code == 200
    assert Page(asked.text).form("/sign-in/code/answer")["kept-title"] == "En lang tekst"
    signed_in = answer(client, code_in(delivered()), **carried)
    assert "En lang tekst" in signed_in.text


# A new password


def test_who_came_with_a_code_may_choose_a_new_password(client: Client, person: User, delivered: Delivered) -> None:
    ask(client, next="/settings/password")
    answer(client, code_in(delivered()))
    assert "present_password" not in client.page("/settings/password").form("/settings/password")
    changed = client.submit("/settings/password", {"new_password": "gynge saddel torden"})
    assert changed.status_code == 303
    assert passwords.matches(person, "gynge saddel torden")


def test_half_an_hour_later_the_present_password_is_asked_for(
    client: Client, person: User, delivered: Delivered
) -> None:
    ask(client)
    answer(client, code_in(delivered()))
    with clock.at(clock.now() + timedelta(minutes=31)):
        refused = client.submit("/settings/password", {"new_password": "gynge saddel torden"})
    assert refused.status_code == 422
    assert passwords.matches(person, PASSWORD)


# A new address


def test_a_new_address_counts_when_its_code_has_been_typed(sign_in: SignIn, person: User, delivered: Delivered) -> None:
    browser = sign_in(person)
    new = {"email": "ny@gladsaxe.example", "present_password": PASSWORD}
    assert browser.submit("/settings/address", new).location == "/settings/address/answer"
    [mail] = delivered()
    assert mail["To"] == "ny@gladsaxe.example"
    assert person.email == HER
    changed = browser.submit("/settings/address/answer", {"code": code_in([mail])})
    assert changed.location == "/settings"
    assert person.email == "ny@gladsaxe.example"
    assert [mail["To"] for mail in delivered()][1:] == [HER], "The old address is told"


def test_without_the_password_no_address_is_changed(sign_in: SignIn, person: User, delivered: Delivered) -> None:
    browser = sign_in(person)
    refused = browser.submit("/settings/address", {"email": "ny@gladsaxe.example", "present_password": "forkert"})
    assert refused.status_code == 422
    assert delivered() == []


def test_an_address_of_another_account_is_not_taken(sign_in: SignIn, person: User, delivered: Delivered) -> None:
    other = make_user(email="anden@gladsaxe.example")
    browser = sign_in(person)
    browser.submit("/settings/address", {"email": other.email, "present_password": PASSWORD})
    refused = browser.submit("/settings/address/answer", {"code": code_in(delivered())})
    assert refused.status_code == 422
    assert "Another account has this address" in Page(refused.text).text
    assert (person.email, other.email) == (HER, "anden@gladsaxe.example")


def test_a_code_for_an_address_signs_nobody_in(
    sign_in: SignIn, client: Client, person: User, delivered: Delivered
) -> None:
    browser = sign_in(person)
    browser.submit("/settings/address", {"email": "ny@gladsaxe.example", "present_password": PASSWORD})
    with browser.session_transaction() as cookie:
        token = cookie["address_code"]["token"]
    code = code_in(delivered())
    with client.session_transaction() as cookie:
        cookie["code"] = {"token": token, "to": HER, "next": "", "remember": False}
    assert answer(client, code).status_code == 422
    other = sign_in(make_user())
    with other.session_transaction() as cookie:
        cookie["address_code"] = {"token": token, "to": "ny@gladsaxe.example"}
    assert other.submit("/settings/address/answer", {"code": code}).status_code == 422
    assert person.email == HER
