"""The way out of mails: without signing in, for a year, by POST only, and only ever to less (RFC 8058)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.client import Client
from tests.factories import add_member, make_user, start_partnership
from tests.pages import Page
from workspace.accounts.mail_preferences import DigestFrequency, MailTiming
from workspace.accounts.models import User
from workspace.db import db
from workspace.digests import preferences
from workspace.notifications import unsubscribe
from workspace.notifications.dispatch import NotificationKind, preferred_timing
from workspace.partnerships.models import Membership, PartnershipDigest

SignIn = Callable[[User], Client]

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def reader(app: object) -> Membership:
    return add_member(start_partnership("Digital genoptræning"), make_user("Farida Nazari", email="fan@icura.example"))


def way(user: User, notice: NotificationKind | None = None) -> str:
    return f"/unsubscribe/{unsubscribe.token(user, notice)}"


def test_the_button_of_a_mail_program_ends_the_digest(client: Client, reader: Membership) -> None:
    reader.digest_frequency = PartnershipDigest.DAILY
    for _ in range(2):
        answer = client.post(way(reader.user), data=ONE_CLICK)
        assert answer.status_code == 200
    assert (reader.user.digest_frequency, reader.user.next_digest_at) == (DigestFrequency.OFF, None)
    assert reader.digest_frequency is PartnershipDigest.USUAL


def test_the_button_of_a_mail_program_moves_news_into_the_digest(client: Client, reader: Membership) -> None:
    for _ in range(2):
        assert client.post(way(reader.user, NotificationKind.ANSWER), data=ONE_CLICK).status_code == 200
    assert preferred_timing(reader.user, NotificationKind.ANSWER) is MailTiming.DIGEST
    assert preferred_timing(reader.user, NotificationKind.MENTIONED) is MailTiming.AT_ONCE
    assert reader.user.digest_frequency is DigestFrequency.WEEKLY


def test_it_only_ever_lowers(client: Client, reader: Membership) -> None:
    preferences.lower_notices(reader.user, [NotificationKind.ANSWER], MailTiming.NEVER)
    preferences.lower_digest(reader.user, DigestFrequency.OFF)
    for less in ("digest", "weekly", "daily", "at_once", ""):
        client.post(way(reader.user, NotificationKind.ANSWER), data={"less": less})
        client.post(way(reader.user), data={"less": less})
    assert preferred_timing(reader.user, NotificationKind.ANSWER) is MailTiming.NEVER
    assert reader.user.digest_frequency is DigestFrequency.OFF


def test_a_get_changes_nothing_and_shows_the_choices(client: Client, reader: Membership) -> None:
    for notice in (None, *NotificationKind):
        page = client.page(way(reader.user, notice), headers=ENGLISH)
        assert "f•••@icura.example" in page.text
        for personal in ("Farida", "fan@", "Digital genoptræning"):
            assert personal not in page.html
        assert preferred_timing(reader.user, NotificationKind.ANSWER) is MailTiming.AT_ONCE
    assert reader.user.digest_frequency is DigestFrequency.WEEKLY


def test_the_page_lowers_step_by_step(client: Client, reader: Membership) -> None:
    reader.user.digest_frequency = DigestFrequency.DAILY

    def press(words: str, address: str) -> str:
        page = client.page(address, headers=ENGLISH)
        [button] = [button for button in page.all("button") if "".join(button.itertext()) == words]
        return Page(client.post(address, data={"less": button.get("value")}, headers=ENGLISH).text).text

    digest, reply = way(reader.user), way(reader.user, NotificationKind.ANSWER)
    assert "From now on the digest comes once a week." in press("Send the digest once a week", digest)
    assert "From now on you get no digest." in press("Send no digest", digest)
    assert "From now on you find this in your digest." in press("Tell me in the digest instead", reply)
    assert "From now on you get no e-mail about this." in press("Don't tell me of this by e-mail", reply)
    assert "no digest and no news by e-mail" in press("Send neither digest nor news", digest)
    assert {preferred_timing(reader.user, notice) for notice in NotificationKind} == {MailTiming.NEVER}


def undo_of(html: str) -> str:
    [button] = [button for button in Page(html).all("button") if button.get("name") == "undo"]
    return button.get("value", "")


def test_what_was_just_done_can_be_undone(client: Client, reader: Membership) -> None:
    address = way(reader.user)
    preferences.lower_notices(reader.user, [NotificationKind.ANSWER], MailTiming.DIGEST)
    reader.digest_frequency = PartnershipDigest.DAILY
    db.session.commit()
    done = client.post(address, data={"less": "everything"}, headers=ENGLISH)
    assert reader.user.digest_frequency is DigestFrequency.OFF
    undone = client.post(address, data={"undo": undo_of(done.text)}, headers=ENGLISH)
    assert "It is undone" in undone.text
    assert (reader.user.digest_frequency, reader.digest_frequency) == (DigestFrequency.WEEKLY, PartnershipDigest.DAILY)
    assert reader.user.next_digest_at is not None
    assert preferred_timing(reader.user, NotificationKind.ANSWER) is MailTiming.DIGEST
    assert preferred_timing(reader.user, NotificationKind.MENTIONED) is MailTiming.AT_ONCE


def test_undoing_never_undoes_another_choice(client: Client, reader: Membership) -> None:
    other = make_user(email="other@icura.example")
    db.session.commit()

    def refused(user: User, undo: str) -> bool:
        return "could not be undone" in client.post(way(user), data={"undo": undo}, headers=ENGLISH).text

    with time_machine.travel(datetime(2026, 3, 16, 9, tzinfo=UTC), tick=False) as clock:
        undo = undo_of(client.post(way(reader.user), data=ONE_CLICK).text)
        undo_of_other = undo_of(client.post(way(other), data=ONE_CLICK).text)
        assert refused(reader.user, undo_of_other)
        assert refused(reader.user, undo[:-1] + "x")
        assert refused(reader.user, way(reader.user).removeprefix("/unsubscribe/"))
        clock.shift(timedelta(minutes=59))
        preferences.lower_notices(other, [NotificationKind.ANSWER], MailTiming.NEVER)
        db.session.commit()
        assert refused(other, undo_of_other)
        clock.shift(timedelta(minutes=2))
        assert refused(reader.user, undo)
    assert reader.user.digest_frequency is other.digest_frequency is DigestFrequency.OFF


def test_an_address_works_for_a_year_and_a_forged_one_never(client: Client, reader: Membership) -> None:
    with time_machine.travel(datetime(2026, 3, 16, 9, tzinfo=UTC), tick=False) as clock:
        signed = way(reader.user)
        clock.shift(timedelta(days=365))
        assert client.get(signed).status_code == 200
        clock.shift(timedelta(days=3))
        assert client.get(signed).status_code == 404
        assert client.post(signed, data=ONE_CLICK).status_code == 404
    for forged in (signed[:-1] + "x", "/unsubscribe/WzEsImRpZ2VzdCJd.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb"):
        assert client.post(forged, data=ONE_CLICK).status_code == 404
    assert reader.user.digest_frequency is DigestFrequency.WEEKLY


def test_whoever_is_signed_in_lowers_only_whom_the_address_names(sign_in: SignIn, reader: Membership) -> None:
    other = make_user()
    sign_in(other).post(way(reader.user), data=ONE_CLICK)
    db.session.refresh(other)
    assert (other.digest_frequency, reader.user.digest_frequency) == (DigestFrequency.WEEKLY, DigestFrequency.OFF)


@pytest.mark.parametrize("htmx", [False, True])
def test_how_soon_is_chosen_by_kind_and_by_partnership(htmx: bool, sign_in: SignIn, reader: Membership) -> None:
    farida = sign_in(reader.user)
    fields = {"answer": "digest", "mentioned": "never", f"mail_timing-{reader.id}": "digest"}
    answer = farida.submit("/settings/mail", fields, page="/settings/mail", htmx=htmx)
    assert answer.status_code == (204 if htmx else 303)
    assert preferred_timing(reader.user, NotificationKind.ANSWER) is MailTiming.DIGEST
    assert reader.mail_timing is MailTiming.DIGEST
    form = farida.page("/settings/mail").form("/settings/mail")
    assert (form["mentioned"], form["challenge"], form[f"mail_timing-{reader.id}"]) == ("never", "at_once", "digest")
    refused = farida.submit("/settings/mail", {"answer": "hourly"}, page="/settings/mail", htmx=htmx)
    assert refused.status_code == 422
    assert preferred_timing(reader.user, NotificationKind.ANSWER) is MailTiming.DIGEST
