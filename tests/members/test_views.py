"""A member's page: who they are, how to reach them, and their roles."""

from collections.abc import Callable

import pytest

from tests.client import Client
from tests.factories import Holder, Level, add_member, challenge, hold, make_role, make_user, start_partnership
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships.models import Membership, MembershipState
from workspace.roles import endings

pytestmark = pytest.mark.either_database

SignIn = Callable[[User], Client]


@pytest.fixture
def moderator(app: object) -> Membership:
    return start_partnership(by=make_user("Mette Moderator", language="en"))


def test_everybody_in_the_partnership_sees_contact_and_roles(moderator: Membership, sign_in: SignIn) -> None:
    member = add_member(moderator, make_user("Farida Nazari", email="farida@icura.example", phone="12 34 56 78"))
    observer = add_member(moderator, make_user(language="en"), Level.OBSERVER)
    hold(make_role(moderator, "Data"), member, moderator)
    former = hold(make_role(moderator, "Kurser"), member, moderator, Holder.HELPER)
    endings.end(former, member, "Ingen tid")
    page = sign_in(observer.user).page(f"{moderator.partnership.address}members/{member.id}")
    for words in ("Farida Nazari", "farida@icura.example", "12 34 56 78", "Roles before", "Kurser", "Data"):
        assert words in page.text
    assert page.text.index("Data") < page.text.index("Roles before") < page.text.index("Kurser")
    assert "leaves the partnership" not in page.text


def test_a_moderator_sees_what_the_roles_would_lack(moderator: Membership, sign_in: SignIn) -> None:
    member = add_member(moderator, make_user("Farida Nazari"))
    hold(make_role(moderator, "Data"), member, moderator)
    shared = make_role(moderator, "Kurser")
    hold(shared, moderator, moderator)
    hold(shared, member, moderator, Holder.HELPER)
    text = sign_in(moderator.user).page(f"{moderator.partnership.address}members/{member.id}").text
    assert "nobody is accountable for: Data" in text
    assert "only one side is left in: Kurser" in text


def test_somebody_who_has_left_still_has_a_page(moderator: Membership, sign_in: SignIn) -> None:
    member = add_member(moderator, make_user("Farida Nazari"))
    hold(make_role(moderator, "Data"), member, moderator)
    member.state = MembershipState.ENDED
    text = sign_in(moderator.user).page(f"{moderator.partnership.address}members/{member.id}").text
    assert "No longer in the partnership" in text
    assert "leaves the partnership" not in text


def test_what_a_member_has_taken_on_is_there(moderator: Membership, sign_in: SignIn) -> None:
    member = add_member(moderator, make_user("Farida Nazari"))
    for title in ("Taget af Farida", "Løst af Farida"):
        challenge(member, title).take(member)
    challenge(moderator, "Taget af en anden").take(moderator)
    challenge(member, "Trukket tilbage").withdraw(member)
    db.session.commit()
    page = sign_in(moderator.user).page(f"{moderator.partnership.address}members/{member.id}")
    assert "Challenges taken" in page.text
    assert "Taget af Farida" in page.text
    assert "Løst af Farida" in page.text
    assert "Taget af en anden" not in page.text
    assert "Trukket tilbage" not in page.text


def test_a_member_of_another_partnership_is_not_there(moderator: Membership, sign_in: SignIn) -> None:
    stranger = start_partnership()
    browser = sign_in(moderator.user)
    assert browser.get(f"{moderator.partnership.address}members/{stranger.id}").status_code == 404
    assert browser.get(f"{stranger.partnership.address}members/{stranger.id}").status_code == 404


def test_names_lead_to_it(moderator: Membership, sign_in: SignIn) -> None:
    hold(make_role(moderator), moderator, moderator)
    for tab in ("members", "roles"):
        page = sign_in(moderator.user).page(f"{moderator.partnership.address}{tab}")
        links = [link.get("href") for link in page.all("a")]
        assert f"{moderator.partnership.address}members/{moderator.id}" in links
