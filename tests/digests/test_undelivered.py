"""A digest that was refused for good: its reader sees it at the next visit."""

from collections.abc import Callable

import pytest

from tests.client import Client
from tests.factories import add_member, make_user, share, start_partnership
from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.digests import bounce_views, planning
from workspace.mail.models import Mail, MailState
from workspace.partnerships.models import Membership

SignIn = Callable[[User], Client]
PAGE = "/settings/digest/undelivered"
NOTICE = "Your last digest could not be delivered"


@pytest.fixture
def reader(app: object) -> Membership:
    moderator = start_partnership("Digital genoptræning")
    membership = add_member(moderator, make_user("Farida Nazari", email="fan@icura.example", language="en"))
    share(moderator, "Borgerne går selv i gang")
    return membership


def end(reader: Membership, key: str, state: MailState) -> Mail:
    """Let a digest of the reader's end so."""
    planning.send_now(reader.user, key)
    db.session.commit()
    mail = db.session.query(Mail).filter_by(kind="digest").order_by(Mail.id.desc()).first()
    assert mail is not None
    mail.state, mail.finished_at = state, clock.now()
    db.session.commit()
    return mail


@pytest.mark.parametrize("state", [MailState.REFUSED, MailState.FAILED])
def test_its_reader_is_told_and_can_read_it(state: MailState, reader: Membership, sign_in: SignIn) -> None:
    farida = sign_in(reader.user)
    end(reader, "one", state)
    assert bounce_views.flag_users() == 1
    assert NOTICE in farida.page("/").text
    page = farida.page(PAGE)
    assert "Borgerne går selv i gang" in page.text
    assert "The e-mail to fan@icura.example of today at" in page.text
    farida.submit(PAGE)
    assert NOTICE not in farida.page("/").text
    assert bounce_views.flag_users() == 0
    assert NOTICE not in farida.page("/").text


def test_the_next_one_that_fails_is_told_again(reader: Membership, sign_in: SignIn) -> None:
    farida = sign_in(reader.user)
    end(reader, "one", MailState.REFUSED)
    bounce_views.flag_users()
    farida.submit(PAGE)
    end(reader, "two", MailState.REFUSED)
    assert bounce_views.flag_users() == 1
    assert NOTICE in farida.page("/").text


@pytest.mark.parametrize("state", [MailState.SENT, MailState.SKIPPED, MailState.DUE])
def test_nothing_is_told_of_what_was_delivered(state: MailState, reader: Membership, sign_in: SignIn) -> None:
    end(reader, "one", state)
    assert bounce_views.flag_users() == 0
    assert NOTICE not in sign_in(reader.user).page("/").text
    assert sign_in(reader.user).get(PAGE).location == "/settings/digest"


def test_nobody_sees_the_digest_of_another(reader: Membership, sign_in: SignIn) -> None:
    end(reader, "one", MailState.REFUSED)
    bounce_views.flag_users()
    other = sign_in(make_user(language="en"))
    assert NOTICE not in other.page("/").text
    assert other.get(PAGE).location == "/settings/digest"
