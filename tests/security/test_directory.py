"""Nobody reads the register of people by starting a partnership: organisations are invited, and people say yes."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.client import Client
from tests.factories import (
    PASSWORD,
    Level,
    Side,
    add_member,
    make_administrator,
    make_organisation,
    make_user,
    membership_of,
    start_partnership,
)
from workspace import Workspace
from workspace.accounts.models import User, user_with
from workspace.audit.models import AuditAction, AuditEvent
from workspace.db import db
from workspace.members.invitations import service as invitations_service
from workspace.members.join_requests import service as join_requests_service
from workspace.members.models import Invitation
from workspace.organisations.models import Organisation
from workspace.partnerships.models import Membership, Participation, Partnership, Visibility

SignIn = Callable[[User], Client]


@pytest.fixture
def stranger(app: Workspace) -> User:
    """Somebody with an account, of an organisation of their own."""
    return make_user("Frank Fremmed", language="en")


@pytest.fixture
def victim(app: Workspace) -> User:
    return make_user("Åse Offer", make_organisation("Icura"), email="aase@icura.dk", phone="+45 12 34 56 78")


def start(browser: Client, *invited: Organisation | None, name: str = "Fælde") -> Partnership:
    sides = {f"side-{organisation.id}": "others" for organisation in invited if organisation}
    typed = {"name": name, "purpose": "Høst", **sides}
    started = browser.submit("/partnerships", typed, page="/partnerships/new")
    assert started.status_code == 303
    return db.session.scalars(select(Partnership).order_by(Partnership.id.desc())).first()  # type: ignore[return-value]


def takes_part(partnership: Partnership, organisation: Organisation | None) -> bool:
    found = db.session.get(Participation, (partnership.id, organisation.id if organisation else 0))
    return found is not None and found.accepted_at is not None


def invite(browser: Client, partnership: Partnership, email: str, organisation: Organisation | None) -> str:
    """Invite, and the address of the invitation's page."""
    about = {"addresses": email, "confirm": "1", "level": "observer", "language": "en"}
    typed = about | {"organisation": organisation.id if organisation else 0}
    assert browser.submit(f"{partnership.address}invitations", typed).status_code == 303
    made = db.session.scalars(select(Invitation).order_by(Invitation.id.desc())).first()
    assert made is not None
    return f"/invitations/{invitations_service.token(made)}"


def add(browser: Client, partnership: Partnership, user: User) -> TestResponse:
    return browser.submit(f"{partnership.address}members", {"user_id": user.id, "level": "contributor"})


def test_whoever_adds_all_organisations_finds_nobody_in_them(stranger: User, victim: User, sign_in: SignIn) -> None:
    browser = sign_in(stranger)
    here = start(browser, victim.organisation)
    assert not takes_part(here, victim.organisation)
    for words in ("Åse", "Offer", "aase", "@icura.dk", "icura.dk", "aase@icura", "%", "_"):
        assert "Åse Offer" not in browser.page(f"{here.address}people?q={words.replace('%', '%25')}").text
    assert "Åse Offer" in browser.page(f"{here.address}people?q=AASE@icura.dk").text
    assert "invited" in browser.page(f"{here.address}about").text
    # Later, on the partnership's page of organisations, it is no different.
    other = start(browser, name="Fælde to")
    typed = {"organisation": str(victim.organisation_id), "side": "others"}
    page = f"{other.address}organisations"
    assert browser.submit(page, typed).status_code == 303
    assert "Åse Offer" not in browser.page(f"{other.address}people?q=Åse").text


def test_whoever_is_added_says_yes_before_the_others_see_how_to_reach_them(
    stranger: User, victim: User, sign_in: SignIn
) -> None:
    browser, theirs = sign_in(stranger), sign_in(victim)
    here = start(browser, victim.organisation)
    assert add(browser, here, victim).status_code == 303
    page = f"{here.address}members/{membership_of(here, victim).id}"
    shown = browser.page(page)
    for contact in ("aase@icura.dk", "12 34 56 78", "12345678"):
        assert contact not in shown.html
    # Meanwhile they can do everything.
    post = {"title": "Hej", "body": "Her er jeg", "kind": "progress"}
    assert theirs.submit(f"{here.address}posts", post, page=here.address).status_code == 303
    assert "aase@icura.dk" not in browser.page(page).html
    assert theirs.submit(f"{here.address}acceptance", page=here.address).status_code == 303
    shown = browser.page(page)
    assert "mailto:aase@icura.dk" in shown.html
    assert "tel:+4512345678" in shown.html
    assert "acceptance" not in theirs.page(here.address).html


def test_a_yes_ends_with_the_membership(stranger: User, victim: User, sign_in: SignIn) -> None:
    browser = sign_in(stranger)
    here = start(browser, victim.organisation)
    member = add_member(membership_of(here, stranger), victim)
    page = f"{here.address}members/{member.id}"
    assert "aase@icura.dk" in browser.page(page).html
    removal = {"member": str(member.id), "reason": "x"}
    assert browser.submit(f"{here.address}members/removal", removal).status_code == 303
    assert "aase@icura.dk" not in browser.page(page).html
    assert add(browser, here, victim).status_code == 303
    assert "aase@icura.dk" not in browser.page(page).html


def test_an_organisation_takes_part_when_one_of_its_people_accepts(
    stranger: User, victim: User, sign_in: SignIn
) -> None:
    browser = sign_in(stranger)
    make_user("Bo Kollega", victim.organisation)
    here = start(browser, victim.organisation)
    invitation = invite(browser, here, "aase@icura.dk", victim.organisation)
    assert not takes_part(here, victim.organisation)
    assert sign_in(victim).submit(invitation, page=invitation).status_code == 303
    assert takes_part(here, victim.organisation)
    assert "Bo Kollega" in browser.page(f"{here.address}people?q=Bo").text
    assert "Åse Offer from Icura said yes on behalf of Icura" in browser.page(f"{here.address}about").text
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == AuditAction.ACCEPTED_PARTICIPATION)).one()
    assert (line.actor_id, line.details) == (victim.id, {"after": "Icura"})


def test_an_organisation_takes_part_when_an_added_person_says_yes(
    stranger: User, victim: User, sign_in: SignIn
) -> None:
    browser = sign_in(stranger)
    here = start(browser, victim.organisation)
    add(browser, here, victim)
    assert not takes_part(here, victim.organisation)
    sign_in(victim).submit(f"{here.address}acceptance")
    assert takes_part(here, victim.organisation)


def test_an_organisation_takes_part_when_its_person_asks_to_join(stranger: User, victim: User, sign_in: SignIn) -> None:
    moderator = start_partnership(by=stranger)
    join_requests_service.set_visibility(moderator, Visibility.LISTED)
    here = moderator.partnership
    listed = f"/partnerships/listed/{here.id}/requests"
    assert sign_in(victim).submit(listed, {"words": "Hej"}).status_code == 303
    approval = f"{here.address}requests/{membership_of(here, victim).id}/approval"
    assert sign_in(stranger).submit(approval, {"level": "observer"}).status_code == 303
    assert takes_part(here, victim.organisation)


def test_who_was_invited_for_an_organisation_by_a_stranger_can_not_accept_for_it(
    stranger: User, victim: User, sign_in: SignIn, client: Client
) -> None:
    """Otherwise one's own second address would open the register of any organisation."""
    browser = sign_in(stranger)
    here = start(browser, victim.organisation)
    invitation = invite(browser, here, "mig.igen@evil.dk", victim.organisation)
    account = {"name": "Mig Igen", "password": PASSWORD}
    assert client.submit(invitation, account, page=invitation).status_code == 303
    assert not takes_part(here, victim.organisation)
    client.submit(f"{here.address}acceptance")
    assert not takes_part(here, victim.organisation)
    # Nor in a partnership that comes later, or that they start themselves.
    puppet = user_with("mig.igen@evil.dk")
    assert puppet is not None
    later = start(browser, victim.organisation, name="Senere")
    invitation = invite(browser, later, "mig.igen@evil.dk", victim.organisation)
    assert client.submit(invitation, page=invitation).status_code == 303
    assert not takes_part(later, victim.organisation)
    assert not takes_part(start(client, name="Egen"), victim.organisation)
    assert "Åse Offer" not in client.page("/partnerships/egen/people?q=Åse").text
    # Where the organisation does take part, nobody takes them for one of its people.
    elsewhere = start_partnership(by=make_user(language="en"), sides={victim.organisation: Side.COMPANY})  # type: ignore[dict-item]
    found = sign_in(elsewhere.user).page(f"{elsewhere.partnership.address}people?q=Mig")
    assert "Mig Igen" not in found.text


def test_who_came_by_a_link_can_not_accept_for_an_organisation(
    stranger: User, victim: User, sign_in: SignIn, client: Client
) -> None:
    here = start(sign_in(stranger), victim.organisation)
    link = join_requests_service.open_link(membership_of(here, stranger), level=Level.OBSERVER, hours=2, most_uses=5)
    db.session.commit()
    about = {"email": "mig@evil.dk", "organisation": str(victim.organisation_id)}
    assert client.submit(f"/join/{invitations_service.token(link)}", about).status_code == 303
    made = db.session.scalars(select(Invitation)).one()
    invitation = f"/invitations/{invitations_service.token(made)}"
    assert client.submit(invitation, {"name": "Mig", "password": PASSWORD}, page=invitation).status_code == 303
    assert not takes_part(here, victim.organisation)


def test_a_colleague_who_was_invited_by_a_colleague_can_accept(victim: User, sign_in: SignIn, client: Client) -> None:
    first = start(sign_in(victim))
    invitation = invite(sign_in(victim), first, "bo@icura.dk", victim.organisation)
    client.submit(invitation, {"name": "Bo Kollega", "password": PASSWORD}, page=invitation)
    colleague = user_with("bo@icura.dk")
    assert colleague is not None
    assert colleague.organisation_confirmed
    moderator = start_partnership()
    here = start(sign_in(moderator.user), victim.organisation, name="Ny")
    add(sign_in(moderator.user), here, colleague)
    client.submit(f"{here.address}acceptance")
    assert takes_part(here, victim.organisation)


def test_an_administrator_says_yes_for_an_organisation(stranger: User, victim: User, sign_in: SignIn) -> None:
    here = start(sign_in(stranger), victim.organisation)
    administrator = make_administrator(language="en")
    browser, address = sign_in(administrator), f"/admin/partnerships/{here.id}/organisations"
    assert address in browser.page("/admin/partnerships").html
    yes = {"organisation": [str(victim.organisation_id), "x", "999999"]}
    for other in (stranger, victim):
        assert sign_in(other).submit(address, yes).status_code == 404
    assert browser.submit(address, {"organisation": []}, page=address).status_code == 303
    assert not takes_part(here, victim.organisation)
    assert browser.submit(address, yes, page=address).status_code == 303
    assert takes_part(here, victim.organisation)
    history = sign_in(stranger).page(f"{here.address}about").text
    assert "An administrator said yes on behalf of Icura" in history
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == AuditAction.ACCEPTED_PARTICIPATION)).one()
    assert (line.actor_id, line.partnership_id) == (administrator.id, here.id)


def test_an_administrator_s_word_settles_whom_an_account_belongs_to(
    stranger: User, victim: User, sign_in: SignIn, client: Client
) -> None:
    here = start(sign_in(stranger), victim.organisation)
    invitation = invite(sign_in(stranger), here, "ny@icura.dk", victim.organisation)
    client.submit(invitation, {"name": "Ny Kollega", "password": PASSWORD}, page=invitation)
    person = user_with("ny@icura.dk")
    assert person is not None
    edit = f"/people/{person.id}/edit"
    assert sign_in(make_administrator()).submit(edit, {"title": "Leder"}, page=edit).status_code == 303
    client.submit(f"{here.address}acceptance")
    assert takes_part(here, victim.organisation)


def test_nobody_is_listed_in_ranks_that_they_have_not_joined(stranger: User, victim: User, sign_in: SignIn) -> None:
    here = start(sign_in(stranger), victim.organisation)
    join_requests_service.set_visibility(membership_of(here, stranger), Visibility.LISTED)
    db.session.commit()
    for browser in (sign_in(make_user(language="en")), sign_in(victim)):
        assert "Fælde" in (page := browser.page("/partnerships/listed").text)
        assert "Icura" not in page.replace("Åse Offer", "").partition("Fælde")[2]


def test_partnerships_are_started_ten_times_a_day(stranger: User, sign_in: SignIn) -> None:
    browser = sign_in(stranger)
    for number in range(10):
        start(browser, name=f"Nummer {number}")
    over = browser.submit("/partnerships", {"name": "Nummer 11", "purpose": "Høst"}, page="/partnerships/new")
    assert over.status_code == 429
    assert "You have started as many partnerships as you can in 24 hours." in over.text
    assert 'value="Nummer 11"' in over.text
    assert (
        sign_in(make_user()).submit("/partnerships", {"name": "B", "purpose": "x"}, page="/partnerships/new").location
    )


def test_one_asks_to_join_twenty_times_a_day(stranger: User, sign_in: SignIn) -> None:
    browser = sign_in(stranger)
    moderators: list[Membership] = []
    for _number in range(21):
        moderators.append(start_partnership())
        join_requests_service.set_visibility(moderators[-1], Visibility.LISTED)
    db.session.commit()
    ask = [f"/partnerships/listed/{moderator.partnership_id}/requests" for moderator in moderators]
    answers = [browser.submit(address, {"words": "Lad mig se"}) for address in ask]
    assert [answer.status_code for answer in answers] == [303] * 20 + [429]
    assert "You have asked to join as often as you can in 24 hours." in answers[-1].text
    assert "Lad mig se" in answers[-1].text
