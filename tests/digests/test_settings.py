"""The page on which one chooses when one's digest comes, sees the next one, and has it sent."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.factories import add_member, challenge, comment, make_user, share, start_partnership
from workspace.accounts.mail_preferences import DigestFrequency
from workspace.accounts.models import User
from workspace.db import db
from workspace.mail.models import Mail
from workspace.partnerships import reading
from workspace.partnerships.models import Membership, PartnershipDigest

SignIn = Callable[[User], Client]
PAGE = "/settings/digest"


@pytest.fixture
def reader() -> Membership:
    moderator = start_partnership("Digital genoptræning")
    membership = add_member(moderator, make_user("Farida Nazari", email="fan@icura.example", language="en"))
    share(moderator, "Borgerne går selv i gang")
    return membership


@pytest.fixture
def farida(app: object, reader: Membership, sign_in: SignIn) -> Client:
    return sign_in(reader.user)


def digests() -> list[Mail]:
    return list(db.session.scalars(select(Mail).where(Mail.kind == "digest")))


@pytest.mark.parametrize("htmx", [False, True])
def test_choices_are_kept_and_the_next_digest_is_told(htmx: bool, farida: Client, reader: Membership) -> None:
    fields = {"digest_frequency": "daily", "digest_hour": "7", f"partnership_frequency-{reader.id}": "daily"}
    answer = farida.submit(PAGE, fields, page=PAGE, htmx=htmx)
    assert answer.status_code == (204 if htmx else 303)
    page = farida.page(PAGE)
    assert "Your choices are saved. The next digest comes on" in page.text
    assert (reader.user.digest_frequency, reader.user.digest_hour) == (DigestFrequency.DAILY, 7)
    assert reader.digest_frequency is PartnershipDigest.DAILY
    assert page.form(PAGE)["digest_frequency"] == "daily"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("digest_frequency", "hourly"),
        ("digest_hour", "2"),
        ("digest_hour", "25"),
        ("digest_weekday", "7"),
        ("digest_paused_until", "2020-01-01"),
        ("digest_paused_until", "9999-12-31"),
    ],
)
@pytest.mark.either_database
def test_what_cannot_be_chosen_is_refused_and_changes_nothing(
    field: str, value: str, farida: Client, reader: Membership
) -> None:
    for htmx in (False, True):
        answer = farida.submit(PAGE, {field: value, "digest_weekday": "4"} | {field: value}, page=PAGE, htmx=htmx)
        assert answer.status_code == 422
    assert (reader.user.digest_weekday, reader.user.digest_paused_until) == (1, None)


def test_nobody_can_choose_for_the_membership_of_another(farida: Client, reader: Membership) -> None:
    other = add_member(start_partnership())
    farida.submit(
        PAGE,
        {
            f"partnership_frequency-{other.id}": "never",
            "partnership_frequency-x": "never",
            "partnership_frequency-0": "daily",
        },
        page=PAGE,
    )
    assert other.digest_frequency is PartnershipDigest.USUAL


def test_a_pause_is_told_until_it_has_passed(farida: Client, reader: Membership) -> None:
    until = date.today() + timedelta(days=30)
    farida.submit(PAGE, {"digest_paused_until": until.isoformat()}, page=PAGE)
    assert farida.page(PAGE).form(PAGE)["digest_paused_until"] == until.isoformat()
    reader.user.digest_paused_until = date.today() - timedelta(days=1)
    assert farida.submit(PAGE, page=PAGE).status_code == 303
    assert reader.user.digest_paused_until is None


def test_the_preview_shows_the_next_digest_and_changes_nothing(farida: Client, reader: Membership) -> None:
    before = reader.digested_number
    for _ in range(2):
        page = farida.page(PAGE)
        assert "Digest: Borgerne går selv i gang" in page.text
        assert "fan@icura.example" in page.text
    assert (digests(), reader.digested_number) == ([], before)


def test_the_next_digest_can_be_sent_now_once(farida: Client, reader: Membership) -> None:
    form = farida.page(PAGE).form(f"{PAGE}/sending")
    for _ in range(2):
        assert farida.post(f"{PAGE}/sending", data=form).status_code == 303
    assert len(digests()) == 1
    page = farida.page(PAGE)
    assert "Your digest is on its way to fan@icura.example." in page.text
    assert "There is nothing new for you at the moment." in page.text


def test_nothing_new_is_not_sent(farida: Client, reader: Membership) -> None:
    reading.read_all(reader, reader.partnership.last_number)
    db.session.commit()
    farida.submit(f"{PAGE}/sending")
    assert "nothing to send" in farida.page(PAGE).text
    assert digests() == []


@pytest.mark.slow
def test_the_page_asks_the_same_with_many_posts_and_partnerships_as_with_few(
    statements: Callable[[], AbstractContextManager[list[str]]], farida: Client, reader: Membership
) -> None:
    def asked() -> int:
        with statements() as heard:
            page = farida.page(PAGE)
        assert len(page.html.encode()) < 60_000
        return len(heard)

    def grow(count: int) -> None:
        for number in range(count):
            moderator = start_partnership(f"Partnerskab {number} med et ganske langt navn")
            add_member(moderator, reader.user)
            comment(challenge(moderator, f"Udfordring {number} " + "æøå " * 20), moderator)

    grow(2)
    few = asked()
    grow(45)
    assert asked() == few
    assert "More partnerships" in farida.page(PAGE).text
