"""Files come in, belong to a text, and are read by whoever may read it."""

from collections.abc import Callable

import pytest

from tests.client import Client
from tests.factories import add_member, make_user, start_partnership
from tests.files.places import PDF, check, shared, upload, uploaded, version
from workspace.accounts.models import User
from workspace.files.models import FileState
from workspace.partnerships.models import Membership

SignIn = Callable[[User], Client]

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def moderator() -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Ågård"))


@pytest.fixture
def member(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Bo Østergaard"))


def test_a_file_is_shared_with_a_post_and_read_by_the_others(
    moderator: Membership, member: Membership, sign_in: SignIn
) -> None:
    browser, address = sign_in(member.user), f"{member.partnership.address}files/1/content"
    number = uploaded(browser, member)
    post = shared(browser, member, number)
    other = sign_in(moderator.user)
    assert other.get(address).status_code == 404, "Nobody reads it before it is checked"
    assert check() == 1
    answer = other.get(address)
    assert (answer.status_code, answer.data, answer.mimetype) == (200, PDF, "application/pdf")
    assert version(member, number).state is FileState.READY
    assert "Referat.pdf" in other.page(f"{member.partnership.address}files").text
    assert post


def test_the_same_key_makes_one_file(member: Membership, sign_in: SignIn) -> None:
    browser, key = sign_in(member.user), "0d3a4bd4-6f0c-4c1c-9a57-2f0f7cf3b1a5"
    first, second = (upload(browser, member, key=key) for _time in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert member.partnership.last_file_number == 1
    other = upload(browser, member, "Andet.pdf", key=key)
    assert other.status_code == 409
    assert member.partnership.last_file_number == 1
