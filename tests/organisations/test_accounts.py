"""What administrators do about accounts: finding people, welcoming them, signing them out, who administers; and their
start page."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.factories import add_member, make_administrator, make_organisation, make_user, start_partnership
from tests.partnerships.test_log import at_once
from workspace import Workspace, clock
from workspace.accounts.models import User, administrators
from workspace.accounts.sessions import Session
from workspace.audit.models import AuditAction, AuditEvent, Outcome, record_audit
from workspace.db import db
from workspace.db.installation import note_backup, note_key, note_worker
from workspace.mail.models import Mail
from workspace.members.invitations import limits
from workspace.organisations import queries
from workspace.organisations import service as organisations_service

SignIn = Callable[[User], Client]


@pytest.fixture
def admin(app: Workspace) -> User:
    return make_administrator(name="Anders And", language="en")


@pytest.fixture
def desk(admin: User, sign_in: SignIn) -> Client:
    return sign_in(admin)


def mails(kind: str) -> list[str]:
    query = select(User.name).join(Mail, Mail.user_id == User.id).where(Mail.kind == kind).order_by(Mail.id)
    return list(db.session.scalars(query))


@pytest.mark.parametrize("htmx", [False, True])
def test_people_are_found_by_name_address_and_organisation(
    desk: Client, htmx: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    icura = make_organisation("Icura A/S")
    make_user("Åse Ager", icura, email="ase@icura.example")
    make_user("Bo Bager", icura, email="bb@icura.example")
    make_user("Carl Cykel", email="carl@andet.example")

    def found(words: str) -> list[str]:
        text = desk.get(f"/people?q={words}", htmx=htmx).text
        return [name for name in ("Åse Ager", "Bo Bager", "Carl Cykel") if f">{name}</a>" in text]

    assert found("aager") == []
    assert found("ager") == ["Åse Ager"]
    assert found("BB@icura") == ["Bo Bager"]
    assert found("icura") == ["Åse Ager", "Bo Bager"]
    assert found("") == ["Åse Ager", "Bo Bager", "Carl Cykel"]
    assert found("100%25") == []
    monkeypatch.setattr(queries, "PAGE", 1)
    first = desk.page("/people?q=icura")
    [more] = [link.get("hx-get") for link in first.all("a") if "after=" in str(link.get("hx-get"))]
    assert "Bo Bager" in first.text
    assert "Åse Ager" in desk.get(more, htmx=True).text


def test_whoever_is_added_gets_a_way_in_unless_that_is_left_out(desk: Client) -> None:
    organisation = make_organisation()
    new = f"/organisations/{organisation.id}/people"
    desk.submit(new, {"name": "Ny Nielsen", "email": "ny@example.dk"}, page=f"{new}/new")
    desk.submit(new, {"name": "Uden Mail", "email": "uden@example.dk"})
    assert mails("welcome") == ["Ny Nielsen"]
    person = db.session.scalars(select(User).where(User.name == "Uden Mail")).one()
    for said in ("gets an e-mail with a way in", "has been sent this e-mail already"):
        address, page = f"/people/{person.id}/welcome", f"/people/{person.id}/edit"
        assert said in desk.submit(address, {}, page=page, follow_redirects=True).text
    assert mails("welcome") == ["Ny Nielsen", "Uden Mail"]
    for other in (make_user(), make_user(deactivated_at=clock.now())):
        assert desk.submit(f"/people/{other.id}/welcome").status_code == 409


def test_a_person_is_signed_out_everywhere(desk: Client, admin: User, sign_in: SignIn) -> None:
    person = make_user(language="en")
    browser = sign_in(person)
    assert browser.get("/").status_code == 200
    desk.submit(f"/people/{person.id}/sign-out", {}, page=f"/people/{person.id}/edit")
    assert browser.get("/").status_code == 303
    assert not db.session.scalars(select(Session).where(Session.user_id == person.id)).all()
    line = db.session.scalars(select(AuditEvent).where(AuditEvent.action == AuditAction.ENDED_SESSIONS)).one()
    assert (line.actor_id, line.subject_id) == (admin.id, person.id)


def test_an_administrator_makes_another_and_all_are_told(desk: Client, admin: User) -> None:
    third, person = make_administrator(name="Tredje"), make_user("Mette")
    page = f"/people/{person.id}/edit"
    for _press in range(2):
        desk.submit(f"/people/{person.id}/administrator")
    assert person.is_administrator
    assert sorted(mails("administrators")) == ["Anders And", "Mette", "Tredje"]
    desk.submit(f"/people/{person.id}/administrator/removal", {}, page=page)
    assert not person.is_administrator
    acts = (AuditAction.MADE_ADMINISTRATOR, AuditAction.UNMADE_ADMINISTRATOR)
    lines = db.session.scalars(
        select(AuditEvent.action).where(AuditEvent.subject_id == person.id).order_by(AuditEvent.id)
    )
    assert [action for action in lines if action in acts] == list(acts)
    assert {one.name for one in administrators()} == {admin.name, third.name}


def test_nobody_deposes_themselves_and_no_closed_account_administers(desk: Client, admin: User) -> None:
    assert desk.submit(f"/people/{admin.id}/administrator/removal").status_code == 409
    closed = make_user(deactivated_at=clock.now())
    assert desk.submit(f"/people/{closed.id}/administrator").status_code == 409
    assert (admin.is_administrator, closed.is_administrator) == (True, False)


def test_two_who_depose_each_other_at_once_leave_one(app: Workspace, admin: User) -> None:
    other = make_administrator()
    pairs = [(admin.id, other.id), (other.id, admin.id)]

    def deposes(by_id: int, person_id: int) -> Callable[[], object]:
        return lambda: organisations_service.set_administrator(
            db.session.get_one(User, person_id), by=db.session.get_one(User, by_id), administers=False
        )

    refusals = at_once(app, *[deposes(*pair) for pair in pairs])
    assert len([refusal for refusal in refusals if refusal]) == 1
    assert len(administrators()) == 1


class TestStart:
    def test_it_says_what_needs_an_administrator(self, desk: Client, admin: User) -> None:
        note_key("x" * 32, ())
        here = start_partnership("Uden styr")
        add_member(here)
        here.user.deactivated_at = clock.now()
        person = start_partnership("Travlt").user
        limits.change(person, 600, admin)
        db.session.commit()
        page = desk.page("/admin")
        for words in ("No worker is running", "There is no fresh backup", "‘Uden styr’ has no moderator", "600 new"):
            assert words in page.text
        assert "‘Travlt’" not in page.text
        links = [link.get("href") for link in page.all("a")]
        assert f"/admin/partnerships/{here.partnership_id}/appointment" in links
        assert f"/people/{person.id}/invitation-limit" in links

    def test_what_a_limit_held_back_is_said_for_a_week(self, desk: Client) -> None:
        here = start_partnership("Travlt", by=make_user("Ivrig"))
        record_audit(AuditAction.SENT_INVITATIONS, actor=here.user, partnership=here.partnership, invitations=900)
        db.session.flush()
        event = AuditEvent(
            at=clock.now(),
            action=AuditAction.SENT_INVITATIONS,
            outcome=Outcome.REFUSED,
            actor_id=here.user_id,
            actor_name="Ivrig",
            partnership_name="Travlt",
            details={"invitations": 300},
        )
        db.session.add(event)
        db.session.commit()
        text = desk.page("/admin").text
        assert "Ivrig could not invite 300 people" in text
        assert "900" not in text

    def test_where_all_is_well_it_says_so(self, desk: Client) -> None:
        note_key("x" * 32, ())
        note_worker()
        note_backup()
        text = desk.page("/admin").text
        assert "Nothing at the moment." in text
        assert "Last backup: Today" in text
        assert "Version 0." in text
