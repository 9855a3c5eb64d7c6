"""An administrator who changes somebody's address gets nowhere unseen: the old one is asked, and moderators told."""

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
import time_machine
from sqlalchemy import select
from werkzeug.test import TestResponse

from tests.client import Client
from tests.environment import Run
from tests.factories import PASSWORD, Level, add_member, make_administrator, make_user, share, start_partnership
from workspace import Workspace, clock, scheduled_jobs
from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.audit.models import AuditAction, AuditEvent
from workspace.db import db
from workspace.members.address_changes.models import AddressChange, AddressChangeOutcome
from workspace.members.moderation import service as moderation_service

SignIn = Callable[[User], Client]
Delivered = Callable[[], list[EmailMessage]]

OLD, NEW = "rasmus@gladsaxe.example", "admins.egen@x.example"
WAIT = timedelta(days=3)


class Place:
    """A member of a partnership, an administrator who wants in, and all mail, newest last."""

    def __init__(self, app: Workspace, sign_in: SignIn, delivered: Delivered) -> None:
        self.app, self.sign_in, self._delivered = app, sign_in, delivered
        self.moderator = start_partnership("Grønne tage", by=make_user("Mette Moderator", language="en"))
        share(self.moderator, "Hemmeligheden")
        self.person = make_user("Rasmus Rask", self.moderator.user.organisation, email=OLD, language="en")
        self.membership = add_member(self.moderator, self.person)
        self.admin = make_administrator(name="Anders And", email="admin@x.example", language="en")
        self.desk, self.browser = sign_in(self.admin), sign_in(self.person)
        self.address = f"/people/{self.person.id}/address"
        self._before = len(delivered())  # that they were added

    def stranger(self) -> Client:
        """A browser in which nobody is signed in, with the mailbox that a link came to."""
        found = self.app.test_client()
        assert isinstance(found, Client)
        return found

    def ask(self, email: str = NEW) -> TestResponse:
        return self.desk.submit(self.address, {"email": email}, page=self.address)

    def mails(self, to: str) -> list[EmailMessage]:
        return [mail for mail in self._delivered()[self._before :] if mail["To"] and to in mail["To"]]

    def link(self, to: str) -> str:
        """The way to answer in the newest mail to an address that has one."""
        for mail in reversed(self.mails(to)):
            if found := re.search(r"/address-changes/[\w.-]+", text_of(mail)):
                return found[0]
        raise AssertionError(f"No link to answer was sent to {to}")

    def answer(self, to: str, what: str) -> TestResponse:
        address = self.link(to)
        return self.stranger().submit(address, {"answer": what}, page=address)

    def confirm(self, browser: Client | None = None) -> TestResponse:
        """What the owner of the new mailbox does: ask for a code, and type it."""
        address, browser = self.link(NEW), browser or self.stranger()
        browser.submit(address, {"answer": "send"}, page=address)
        code = re.search(r"\d{3} \d{3}", str(self.mails(NEW)[-1]["Subject"]))
        assert code
        return browser.submit(address, {"answer": "confirm", "code": code[0]}, page=address)

    def later(self, length: timedelta) -> "time_machine.travel":
        return time_machine.travel(clock.now() + length, tick=True)

    @property
    def change(self) -> AddressChange:
        return db.session.scalars(select(AddressChange).order_by(AddressChange.id.desc()).limit(1)).one()


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body
    return str(body.get_content())


@pytest.fixture
def place(app: Workspace, sign_in: SignIn, delivered: Delivered) -> Place:
    return Place(app, sign_in, delivered)


def signs_in_by_code(place: Place, email: str) -> bool:
    browser = place.stranger()
    browser.submit("/sign-in/code", {"email": email})
    mails = place.mails(email)
    code = re.search(r"\d{3} \d{3}", str(mails[-1]["Subject"])) if mails else None
    browser.submit("/sign-in/code/answer", {"code": code[0] if code else "123456"})
    return browser.get(place.moderator.partnership.address).status_code == 200


# The attack


def test_an_administrator_does_not_read_by_changing_an_address_and_changing_it_back(place: Place) -> None:
    place.ask()
    place.confirm()  # The new mailbox is the administrator's own.
    assert place.person.email == OLD
    assert not signs_in_by_code(place, NEW)


def test_the_form_of_a_person_takes_no_address(place: Place) -> None:
    edit = f"/people/{place.person.id}/edit"
    assert place.desk.submit(edit, {"email": NEW, "name": "Rasmus R."}, page=edit).status_code == 303
    assert (place.person.email, place.person.name) == (OLD, "Rasmus R.")


@pytest.mark.parametrize("is_closed", [False, True], ids=["open account", "closed account"])
def test_the_old_address_is_asked_and_says_no(place: Place, is_closed: bool) -> None:
    if is_closed:
        place.desk.submit(f"/people/{place.person.id}/closing")
    place.ask()
    [mail] = place.mails(OLD)
    assert NEW in text_of(mail)
    assert "Anders And" in text_of(mail)
    if not is_closed:
        place.confirm()
    place.answer(OLD, "object")
    assert place.change.outcome is AddressChangeOutcome.OBJECTED
    with place.later(4 * WAIT):
        scheduled_jobs.run_due_jobs()
        assert place.person.email == OLD
    assert "said no" in str(place.mails("admin@x.example")[-1]["Subject"])


def test_opening_a_link_of_a_mail_changes_nothing(place: Place) -> None:
    place.ask()
    for to in (OLD, NEW):
        assert place.stranger().get(place.link(to)).status_code == 200
    change = place.change
    assert (change.confirmed_at, change.agreed_at, change.outcome) == (None, None, AddressChangeOutcome.OPEN)


# When it happens


def test_it_happens_when_the_new_address_is_confirmed_and_the_old_one_agrees(place: Place) -> None:
    place.ask()
    place.answer(OLD, "agree")
    assert place.person.email == OLD
    place.confirm()
    assert place.person.email == NEW
    assert signs_in_by_code(place, NEW)


def test_it_happens_to_a_closed_account_in_the_same_way(place: Place) -> None:
    place.desk.submit(f"/people/{place.person.id}/closing")
    place.ask()
    place.confirm()
    assert place.person.email == OLD
    place.answer(OLD, "agree")
    assert place.person.email == NEW
    assert not signs_in_by_code(place, NEW)


def test_or_three_days_after_it_was_asked_for_without_objection(place: Place) -> None:
    place.ask()
    place.confirm()
    with place.later(WAIT - timedelta(minutes=5)):
        scheduled_jobs.run_due_jobs()
        assert place.person.email == OLD
    with place.later(WAIT + timedelta(minutes=1)):
        scheduled_jobs.run_due_jobs()
        assert place.person.email == NEW


def test_time_alone_confirms_nothing(place: Place) -> None:
    place.ask()
    with place.later(WAIT + timedelta(days=1)):
        scheduled_jobs.run_due_jobs()
        assert place.person.email == OLD
        assert place.change.outcome is AddressChangeOutcome.OPEN
    with place.later(timedelta(days=15)):
        scheduled_jobs.run_due_jobs()
        assert place.change.outcome is AddressChangeOutcome.EXPIRED


def test_each_link_answers_for_its_own_address_only(place: Place) -> None:
    place.ask()
    new, old = place.link(NEW), place.link(OLD)
    for what in ("agree", "object"):
        place.stranger().submit(new, {"answer": what})
    assert (place.change.agreed_at, place.change.outcome) == (None, AddressChangeOutcome.OPEN)
    place.stranger().submit(old, {"answer": "send"})
    place.stranger().submit(old, {"answer": "confirm", "code": "000000"})
    assert place.change.confirmed_at is None
    assert len(place.mails(NEW)) == 1


def test_a_code_is_typed_where_it_was_asked_for(place: Place) -> None:
    place.ask()
    address = place.link(NEW)
    place.stranger().submit(address, {"answer": "send"})
    code = re.search(r"\d{3} \d{3}", str(place.mails(NEW)[-1]["Subject"]))
    assert code
    assert place.stranger().submit(address, {"answer": "confirm", "code": code[0]}).status_code == 422
    assert place.change.confirmed_at is None


def test_all_sessions_end(place: Place) -> None:
    place.ask()
    place.confirm()
    place.answer(OLD, "agree")
    assert place.browser.get("/settings").status_code == 303
    assert not db.session.scalar(select(Session.id).where(Session.user_id == place.person.id))


def test_a_code_to_the_old_address_signs_nobody_in_afterwards(place: Place) -> None:
    browser = place.stranger()
    place.ask()
    place.confirm()
    browser.submit("/sign-in/code", {"email": OLD})
    code = re.search(r"\d{3} \d{3}", str(place.mails(OLD)[-1]["Subject"]))
    assert code
    place.answer(OLD, "agree")
    assert browser.submit("/sign-in/code/answer", {"code": code[0]}).status_code == 422


def test_who_changes_their_own_address_ends_their_other_sessions(place: Place) -> None:
    other = place.sign_in(place.person)
    typed = {"email": "ny@gladsaxe.example", "present_password": PASSWORD}
    place.browser.submit("/settings/address", typed)
    code = re.search(r"\d{3} \d{3}", str(place.mails("ny@gladsaxe.example")[-1]["Subject"]))
    assert code
    place.browser.submit("/settings/address/answer", {"code": code[0]})
    assert place.person.email == "ny@gladsaxe.example"
    assert place.browser.get("/settings").status_code == 200
    assert other.get("/settings").status_code == 303


def test_who_changes_their_own_address_ends_the_codes_to_the_old_one(place: Place) -> None:
    reader, new = place.stranger(), "ny@gladsaxe.example"
    reader.submit("/sign-in/code", {"email": OLD})
    code = re.search(r"\d{3} \d{3}", str(place.mails(OLD)[-1]["Subject"]))
    place.browser.submit("/settings/address", {"email": new, "present_password": PASSWORD})
    own = re.search(r"\d{3} \d{3}", str(place.mails(new)[-1]["Subject"]))
    assert code
    assert own
    place.browser.submit("/settings/address/answer", {"code": own[0]})
    assert place.person.email == new
    assert reader.submit("/sign-in/code/answer", {"code": code[0]}).status_code == 422
    assert reader.get(place.moderator.partnership.address).status_code == 303


# Who learns of it


def test_the_moderators_are_told_when_it_is_asked_for(place: Place) -> None:
    elsewhere = start_partnership("Et andet sted", by=place.moderator.user)
    add_member(elsewhere, place.person)
    gone = start_partnership("Forbi")
    moderation_service.remove(gone, [add_member(gone, place.person).id], reason="x")
    place.ask()
    [mail] = place.mails(place.moderator.user.email)
    assert "Rasmus Rask" in str(mail["Subject"])
    assert all(word in text_of(mail) for word in (NEW, "Grønne tage", "Et andet sted"))
    assert not place.mails(gone.user.email)


@pytest.mark.parametrize("has_accepted", [True, False])
def test_the_moderators_read_addresses_only_of_who_lets_the_others_see_them(place: Place, has_accepted: bool) -> None:
    place.membership.accepted_at = place.membership.joined_at if has_accepted else None
    place.ask()
    place.confirm()
    place.answer(OLD, "agree")
    [mail] = place.mails(place.moderator.user.email)
    assert "Rasmus Rask" in text_of(mail)
    assert "Grønne tage" in text_of(mail)
    for address in (OLD, NEW):
        assert (address in text_of(mail)) is has_accepted


def test_it_stands_in_the_audit_log(place: Place) -> None:
    place.ask()
    place.confirm()
    place.answer(OLD, "agree")
    about = select(AuditEvent.action, AuditEvent.actor_id).where(AuditEvent.subject_id == place.person.id)
    events = {action: actor for action, actor in db.session.execute(about)}
    assert events[AuditAction.ASKED_FOR_ADDRESS] == place.admin.id
    assert AuditAction.CHANGED_ADDRESS in events


def test_the_old_address_is_told_in_the_end_too(place: Place) -> None:
    place.ask()
    place.confirm()
    place.answer(OLD, "agree")
    assert "is changed" in str(place.mails(OLD)[-1]["Subject"])


# Round about it


def test_a_second_request_replaces_the_first(place: Place) -> None:
    place.ask()
    first = place.link(NEW)
    assert place.link(OLD)
    place.ask("tredje@x.example")
    assert place.stranger().get(first).status_code == 410
    assert place.change.address == "tredje@x.example"
    assert len(place.mails(OLD)) == 2


def test_it_can_be_taken_back(place: Place) -> None:
    place.ask()
    link = place.link(OLD)
    assert place.desk.submit(f"{place.address}/cancellation").status_code == 303
    assert place.stranger().get(link).status_code == 410
    with place.later(2 * WAIT):
        scheduled_jobs.run_due_jobs()
        assert place.person.email == OLD


def test_an_address_that_was_taken_meanwhile_is_not_taken_twice(place: Place) -> None:
    place.ask()
    place.answer(OLD, "agree")
    make_user(email=NEW.upper())
    place.confirm()
    assert place.person.email == OLD
    assert place.change.outcome is AddressChangeOutcome.WITHDRAWN


def test_an_address_of_another_account_is_refused(place: Place) -> None:
    make_user(email=NEW)
    assert place.ask().status_code == 422
    assert not place.mails(OLD)


def test_a_person_who_has_changed_it_themselves_is_not_changed_again(place: Place) -> None:
    place.ask()
    place.confirm()
    place.person.email = "selv@gladsaxe.example"
    db.session.commit()
    with place.later(2 * WAIT):
        scheduled_jobs.run_due_jobs()
    assert place.person.email == "selv@gladsaxe.example"


def test_an_account_that_opens_nothing_is_corrected_at_once(place: Place) -> None:
    """A slip of the pen when a person was added: nobody has used the account, and it is in no partnership."""
    person = make_user("Ny", email="nyy@x.example")
    person.password_hash = None
    db.session.commit()
    place.desk.submit(f"/people/{person.id}/address", {"email": "ny@x.example"})
    assert person.email == "ny@x.example"


@pytest.mark.parametrize("has", ["a password", "a membership", "administration"])
def test_any_other_account_is_not(place: Place, has: str) -> None:
    person = make_user("Ny", place.moderator.user.organisation, email="nyy@x.example")
    person.password_hash = person.password_hash if has == "a password" else None
    person.is_administrator = has == "administration"
    if has == "a membership":
        add_member(place.moderator, person, Level.OBSERVER)
    db.session.commit()
    place.desk.submit(f"/people/{person.id}/address", {"email": "ny@x.example"})
    assert person.email == "nyy@x.example"


def test_the_command_line_changes_it_at_once_and_tells_the_same_people(place: Place, run: Run) -> None:
    place.ask("tredje@x.example")
    done = run("user", "address", OLD, NEW)
    assert done.exit_code == 0, done.output
    db.session.expire_all()
    assert place.person.email == NEW
    assert place.browser.get("/settings").status_code == 303
    assert place.mails(OLD)
    assert "is changed" in text_of(place.mails(place.moderator.user.email)[-1])
    assert db.session.scalars(select(AddressChange.outcome).order_by(AddressChange.id)).all() == [
        AddressChangeOutcome.WITHDRAWN,
        AddressChangeOutcome.DONE,
    ]


@pytest.mark.parametrize("arguments", [(OLD, "admin@x.example"), (OLD, "ingen adresse"), ("ingen@x.example", NEW)])
def test_the_command_line_says_what_will_not_do(place: Place, run: Run, arguments: tuple[str, str]) -> None:
    done = run("user", "address", *arguments)
    assert done.exit_code == 1
    assert place.person.email == OLD


# Passwords


def test_an_administrator_sends_a_reset_to_the_persons_own_address(place: Place) -> None:
    place.ask()
    address = f"/people/{place.person.id}/password-reset"
    for said in ("gets an e-mail about choosing a new password", "has been sent this e-mail already"):
        assert said in place.desk.submit(address, follow_redirects=True).text
    resets = [mail for mail in place.mails(OLD) if "password" in str(mail["Subject"])]
    assert len(resets) == 1, "An hour has one"
    assert "/sign-in/code?next=/settings/password" in text_of(resets[0])
    assert not [mail for mail in place.mails(NEW) if "password" in str(mail["Subject"])]
    sent = select(AuditEvent.actor_id).where(AuditEvent.action == AuditAction.SENT_PASSWORD_RESET)
    assert db.session.scalars(sent).all() == [place.admin.id]


def test_a_closed_account_is_sent_no_reset(place: Place) -> None:
    place.desk.submit(f"/people/{place.person.id}/closing")
    assert place.desk.submit(f"/people/{place.person.id}/password-reset").status_code == 409


def test_no_page_sets_the_password_of_another(place: Place) -> None:
    before = place.person.password_hash
    for page in ("edit", "address"):
        address = f"/people/{place.person.id}/{page}"
        assert "password" not in place.desk.page(address).form(address)
        place.desk.submit(address, {"password": "x" * 20, "new_password": "x" * 20, "password_hash": "x"}, page=address)
    db.session.refresh(place.person)
    assert place.person.password_hash == before


def test_docs_security_lists_all_that_an_administrator_can_do_to_a_person(app: Workspace) -> None:
    """What comes to it belongs into docs/security.md, with who learns of it, and then here."""
    rules = {
        str(rule).removeprefix("/people/<number:user_id>/")
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and str(rule).startswith("/people/")
    }
    assert rules == {
        "welcome",
        "sign-out",
        "administrator",
        "administrator/removal",
        "edit",
        "address",
        "address/cancellation",
        "password-reset",
        "closing",
        "opening",
        "invitation-limit",
    }
