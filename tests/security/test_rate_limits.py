"""Rate limits of signing in: a stranger who uses up every one keeps no owner out, and guesses little."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import cast

import pytest
import time_machine
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.client import Client
from tests.factories import PASSWORD, make_user
from tests.pages import Page
from workspace import Workspace, clock, create_app
from workspace.accounts.models import User
from workspace.accounts.sign_in import FAILURES_OF_NETWORK
from workspace.config import Settings
from workspace.db import db, rate_limits
from workspace.db.rate_limits import RateLimit
from workspace.web.throttling import rate_limiter

HER = "mette@gladsaxe.example"
HOME = "203.0.113.7"
ENGLISH = {"Accept-Language": "en"}

Delivered = Callable[[], list[EmailMessage]]


@pytest.fixture
def person(app: Workspace) -> User:
    return make_user("Mette Lindholm Krag", email=HER, language="en")


class Browser:
    """A browser in some network."""

    def __init__(self, app: Workspace, address: str) -> None:
        self.client = cast(Client, app.test_client())
        self.sent = {"environ_base": {"REMOTE_ADDR": address}, "headers": ENGLISH}

    def sign_in(self, password: str = PASSWORD, email: str = HER) -> int:
        """Sign in; the status."""
        fields = {"email": email, "password": password}
        return self.client.submit("/sign-in", fields, page="/sign-in", **self.sent).status_code

    def sign_out(self) -> "Browser":
        self.client.submit("/sign-out")
        return self

    def ask_code(self, email: str = HER) -> TestResponse:
        return self.client.submit("/sign-in/code", {"email": email}, **self.sent)

    def answer(self, code: str) -> TestResponse:
        return self.client.submit("/sign-in/code/answer", {"code": code}, **self.sent)


def strangers(app: Workspace, networks: int) -> Iterator[Browser]:
    """Browsers of strangers, each in a network of its own."""
    for number in range(networks):
        yield Browser(app, f"198.51.100.{number}")


def use_up_passwords(app: Workspace) -> None:
    """Guess from everywhere, until no stranger may guess any more."""
    for stranger in strangers(app, 5):
        while stranger.sign_in("forkert") == 422:
            pass
    assert Browser(app, "192.0.2.99").sign_in() == 429


def use_up_codes(app: Workspace) -> None:
    """Ask for codes and guess them from everywhere, until no stranger may guess any more."""
    for stranger in strangers(app, 3):
        for _each in range(11):
            stranger.ask_code()
            for _try in range(5):
                stranger.answer("000000")


def code_in(mail: EmailMessage) -> str:
    found = re.search(r"\d{3} \d{3}", str(mail["Subject"]))
    assert found
    return found[0]


def test_a_stranger_uses_up_every_limit_and_the_owner_still_signs_in(
    app: Workspace, person: User, delivered: Delivered
) -> None:
    owner = Browser(app, HOME)
    assert owner.sign_in() == 303
    owner.sign_out()
    use_up_passwords(app)
    use_up_codes(app)
    for _each in range(FAILURES_OF_NETWORK.amount):  # what the owner's own network may do for all accounts
        rate_limiter().hit(FAILURES_OF_NETWORK, "sign-in", HOME)
    assert Browser(app, HOME).sign_in() == 429
    assert owner.sign_in() == 303
    owner.sign_out()
    delivered()
    assert owner.ask_code().status_code == 303
    assert owner.answer(code_in(delivered()[-1])).status_code == 303


def test_in_a_new_browser_the_owner_gets_in_by_a_code_whatever_one_stranger_does(
    app: Workspace, person: User, delivered: Delivered
) -> None:
    stranger = Browser(app, "198.51.100.1")
    while stranger.sign_in("forkert") == 422:
        pass
    for _each in range(11):
        stranger.ask_code()
        for _try in range(5):
            stranger.answer("000000")
    sent = delivered()
    assert len(sent) == 5
    owner = Browser(app, HOME)
    assert owner.ask_code().status_code == 303
    page = owner.client.page("/sign-in/code/answer", **owner.sent).text
    assert "so no new one was sent. Type the code from the newest" in page
    assert len(delivered()) == len(sent)
    assert owner.answer(code_in(sent[-1])).status_code == 303


def test_an_unknown_mailbox_is_told_the_same(app: Workspace, person: User) -> None:
    for email in (HER, "nobody@x.example"):
        browser = Browser(app, HOME)
        pages = []
        for _each in range(6):
            assert browser.ask_code(email).status_code == 303
            pages.append(browser.client.page("/sign-in/code/answer", **browser.sent).text)
        assert ["no new one" in page for page in pages] == [False] * 5 + [True]


def test_a_repeated_code_works_once_whoever_uses_it(app: Workspace, person: User, delivered: Delivered) -> None:
    for _each in range(5):
        (first := Browser(app, "198.51.100.1")).ask_code()
    (second := Browser(app, "198.51.100.2")).ask_code()
    code = code_in(delivered()[-1])
    assert second.answer(code).status_code == 303
    late = first.answer(code)
    assert late.status_code == 422
    assert "can't be used any more" in Page(late.text).text


def test_a_repeated_code_is_of_that_account_only(app: Workspace, person: User, delivered: Delivered) -> None:
    make_user(email="other@x.example")
    for _each in range(5):
        Browser(app, HOME).ask_code()
        Browser(app, HOME).ask_code("other@x.example")
    theirs = next(mail for mail in reversed(delivered()) if mail["To"] == "other@x.example")
    owner = Browser(app, HOME)
    owner.ask_code()
    assert owner.answer(code_in(theirs)).status_code == 422


def test_an_account_has_twenty_tries_an_hour_from_all_networks_together(app: Workspace, person: User) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        guesses = [browser.sign_in("forkert") for browser in strangers(app, 25)]
        assert guesses == [422] * 20 + [429] * 5
        time.shift(timedelta(minutes=61))
        assert Browser(app, "192.0.2.1").sign_in() == 303


def test_the_codes_of_an_account_have_twenty_tries_an_hour_as_well(app: Workspace, person: User) -> None:
    tried = 0
    for stranger in strangers(app, 10):
        stranger.ask_code()
        tried += sum(stranger.answer("000000").status_code == 422 for _each in range(5))
    assert tried == 20


def test_one_network_gets_ten_codes_a_day_for_an_account(app: Workspace, person: User) -> None:
    with time_machine.travel(clock.now(), tick=False) as time:
        asked = []
        for _each in range(11):
            asked.append(Browser(app, HOME).ask_code().status_code)
            time.shift(timedelta(minutes=16))
        assert asked == [303] * 10 + [429]
        assert Browser(app, "198.51.100.1").ask_code().status_code == 303
        time.shift(timedelta(hours=24))
        assert Browser(app, HOME).ask_code().status_code == 303


def test_all_addresses_of_an_ipv6_network_count_together(app: Workspace, person: User) -> None:
    guesses = [Browser(app, f"2001:db8:1:2::{number}").sign_in("forkert") for number in range(6)]
    assert guesses == [422] * 5 + [429]
    assert Browser(app, "2001:db8:1:3::1").sign_in() == 303


def test_a_known_browser_has_limits_too_and_knows_no_other_account(app: Workspace, person: User) -> None:
    make_user(email="other@x.example")
    browser = Browser(app, HOME)
    assert browser.sign_in() == 303
    browser.sign_out()
    assert [browser.sign_in("forkert") for _each in range(6)] == [422] * 5 + [429]
    for stranger in strangers(app, 20):
        stranger.sign_in("forkert", "other@x.example")
    assert browser.sign_in(email="other@x.example") == 429


@pytest.mark.parametrize("forged", ["", "x", "." * 1000, "a" * 48, "æ" * 48])
def test_a_forged_browser_is_not_known(forged: str, app: Workspace, person: User) -> None:
    for stranger in strangers(app, 20):
        stranger.sign_in("forkert")
    browser = Browser(app, HOME)
    browser.client.set_cookie("samspil_browser", forged)
    assert browser.sign_in() == 429


def test_no_address_stands_in_the_keys(app: Workspace, person: User) -> None:
    browser = Browser(app, HOME)
    browser.sign_in("forkert")
    browser.ask_code()
    browser.sign_in("forkert", "0101901234@x.example")
    stored = str(db.session.execute(select(RateLimit)).all()) + str(db.session.scalars(select(RateLimit.key)).all())
    assert "LIMITER" in stored
    for told in (HER, "gladsaxe", HOME, "0101901234"):
        assert told not in stored
    assert "mette" not in str(browser.client.get_cookie("samspil_browser"))


@pytest.fixture
def make_app(settings: Settings, app: Workspace) -> Iterator[Callable[..., Workspace]]:
    """What makes one more process on the same database, with other settings."""
    made: list[Workspace] = []

    def make(**changed: str) -> Workspace:
        other = create_app(replace(settings, **changed))
        other.test_client_class = Client
        made.append(other)
        return other

    yield make
    for other in made:
        with other.app_context():
            db.engine.dispose()


def test_processes_without_a_redis_count_together(
    app: Workspace, person: User, make_app: Callable[..., Workspace]
) -> None:
    other = make_app()
    guesses = [Browser(app if number % 2 else other, HOME).sign_in("forkert") for number in range(6)]
    assert guesses == [422] * 5 + [429]


def test_while_redis_is_away_signing_in_goes_on_and_is_counted(
    app: Workspace, person: User, make_app: Callable[..., Workspace], caplog: pytest.LogCaptureFixture
) -> None:
    alone = make_app(rate_limit_url="redis://:word@127.0.0.1:1/0")
    assert Browser(alone, HOME).sign_in() == 303
    guesses = [Browser(alone, HOME).sign_in("forkert") for _each in range(6)]
    assert guesses == [422] * 5 + [429]
    assert Browser(alone, "192.0.2.1").ask_code().status_code == 303
    assert caplog.text.count("Redis does not answer") == 1
    assert "word" not in caplog.text


@pytest.mark.either_database
def test_the_worker_forgets_what_no_limit_looks_at_any_more(app: Workspace, person: User) -> None:
    Browser(app, HOME).sign_in("forkert")
    rate_limits.forget_expired()
    assert db.session.scalar(select(func.count()).select_from(RateLimit)) == 3
    with clock.at(clock.now() + timedelta(minutes=61)):
        rate_limits.forget_expired()
    assert db.session.scalar(select(func.count()).select_from(RateLimit)) == 0


def test_the_database_is_asked_the_same_whether_or_not_an_address_has_an_account(
    app: Workspace, person: User, statements: Callable[..., object]
) -> None:
    """So that the time tells nobody: a mail to nobody is written as well, and undone."""
    asked = []
    for email in (HER, "nobody@x.example"):
        browser = Browser(app, HOME)
        with statements() as said:  # type: ignore[attr-defined]
            browser.ask_code(email)
        asked.append(said)
    assert asked[0] == asked[1]
    assert sum("INSERT INTO mail" in statement for statement in asked[1]) == 1
