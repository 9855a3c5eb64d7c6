"""What moderators do with roles in few presses: take one, offer one while adding it, ask somebody else, delete one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from tests.client import Client
from tests.factories import (
    Holder,
    Level,
    add_member,
    challenge,
    hold,
    listed,
    make_role,
    make_user,
    measured_indicator,
    start_partnership,
)
from tests.pages import Page
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.mail.models import Mail, MailState
from workspace.members.invitations import service as invitations_service
from workspace.members.models import Invitation, InvitationAnswer
from workspace.partnerships.models import MembershipState
from workspace.permissions import Conflict, NotAllowed
from workspace.roles import answers, endings, offers
from workspace.roles.assignments import AssignmentState, RoleAssignment, accountable
from workspace.roles.models import USES, NameTaken, Role

SignIn = Callable[[User], Client]
both_ways = pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])


class World:
    """A moderator and two members."""

    def __init__(self, sign_in: SignIn) -> None:
        self.mette = start_partnership("Grønne tage", by=make_user("Mette", language="en"))
        self.bo = add_member(self.mette, make_user("Bo", language="en"))
        self.carla = add_member(self.mette, make_user("Carla", language="en"))
        self.roles = f"{self.mette.partnership.address}roles"
        self.browser = sign_in(self.mette.user)
        self.of_bo = sign_in(self.bo.user)


@pytest.fixture
def world(app: Workspace, sign_in: SignIn) -> World:
    return World(sign_in)


@both_ways
def test_a_moderator_takes_a_role_and_undoes_it(world: World, htmx: bool) -> None:
    role = make_role(world.mette, "Presse")
    page = f"{world.roles}/{role.id}"
    answer = world.browser.submit(f"{page}/taking", page=page, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    held = accountable(role)
    assert held is not None
    assert held.membership_id == world.mette.id
    if not htmx:
        world.browser.submit(f"{page}/holdings/{held.id}/ending", page=page)
        assert accountable(role) is None


def test_granting_a_request_and_using_a_role_again_are_undone_from_their_messages(world: World) -> None:
    role, retired = make_role(world.mette, "Presse"), make_role(world.mette, "Data")
    asked = offers.ask(role, world.bo, kind=Holder.ACCOUNTABLE, notes="")
    endings.retire(retired, world.mette)
    db.session.commit()
    page = f"{world.roles}/{role.id}"
    world.browser.submit(f"{page}/holdings/{asked.id}/acceptance", page=page)
    assert accountable(role) is not None
    world.browser.submit(f"{page}/holdings/{asked.id}/ending", page=page)
    assert accountable(role) is None
    page = f"{world.roles}/{retired.id}"
    world.browser.submit(f"{page}/resumption", page=page)
    assert retired.retired_at is None
    world.browser.submit(f"{page}/retirement", page=page)
    assert retired.retired_at is not None


def test_nobody_takes_what_another_has_and_members_ask(world: World) -> None:
    role = make_role(world.mette, "Presse")
    hold(role, world.bo, world.mette)
    with pytest.raises(Conflict):
        answers.take(role, world.mette, kind=Holder.ACCOUNTABLE)
    answers.take(role, world.mette, kind=Holder.HELPER)
    with pytest.raises(NotAllowed):
        answers.take(make_role(world.mette), world.bo, kind=Holder.ACCOUNTABLE)
    assert world.of_bo.submit(f"{world.roles}/{role.id}/taking").status_code == 403


@both_ways
def test_no_two_roles_have_the_same_name(world: World, htmx: bool) -> None:
    first = make_role(world.mette, "Presse og medier")
    new = {"name": " presse  OG medier", "responsibility": "Taler med pressen"}
    answer = world.browser.submit(world.roles, new, page=f"{world.roles}/new", htmx=htmx)
    assert answer.status_code == 422
    assert "There is a role ‘presse OG medier’ already." in answer.text.replace("presse  OG", "presse OG")
    assert "Taler med pressen" in answer.text, "what was typed stays"
    other = make_role(world.mette, "Data")
    with pytest.raises(NameTaken):
        other.edit(world.mette, name="Presse og medier", responsibility="x", version=other.version)
    other.edit(world.mette, name="DATA", responsibility="x", version=other.version)
    endings.retire(first, world.mette)
    make_role(world.mette, "Presse og medier")
    with pytest.raises(NameTaken):
        endings.resume(first, world.mette)


def test_adding_offers_at_once(world: World) -> None:
    new = {"name": "Presse", "responsibility": "Taler med pressen", "member": str(world.bo.id)}
    assert world.browser.submit(world.roles, new, page=f"{world.roles}/new").status_code == 303
    [offered] = db.session.query(RoleAssignment).all()
    assert (offered.membership_id, offered.state, offered.kind) == (world.bo.id, "offered", "accountable")


def test_asking_somebody_else_takes_the_first_offer_back(world: World) -> None:
    role = make_role(world.mette, "Presse")
    first = offers.offer(role, world.mette, to=world.bo, kind=Holder.ACCOUNTABLE)
    db.session.commit()
    page = f"{world.roles}/{role.id}/offers/new?kind=accountable&instead={first.id}"
    fields = {"member": str(world.carla.id)}
    assert world.browser.submit(f"{world.roles}/{role.id}/offers", fields, page=page).status_code == 303
    states = {held.membership_id: held.state for held in db.session.query(RoleAssignment).all()}
    assert states == {world.bo.id: "withdrawn", world.carla.id: "offered"}


class Offered:
    """A role that Mette offers Bo from a day on, with a word; she withdraws it in the browser."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.role = make_role(world.mette, "Presse")
        self.since = clock.now() + timedelta(days=9)
        self.offer = offers.offer(
            self.role, world.mette, to=world.bo, kind=Holder.ACCOUNTABLE, notes="Ring til Ida", starts_at=self.since
        )
        db.session.commit()
        self.page = f"{world.roles}/{self.role.id}"

    def withdrawn(self, browser: Client | None = None) -> Page:
        address = f"{self.page}/holdings/{self.offer.id}/withdrawal"
        answer = (browser or self.world.browser).submit(address, follow_redirects=True)
        return Page(answer.text)

    def restored(self, browser: Client | None = None) -> tuple[int, str]:
        """What sending the form of ‘Undo’ answers, and what became of the offer."""
        address = f"{self.page}/holdings/{self.offer.id}/restoration"
        answer = (browser or self.world.browser).submit(address)
        db.session.expire_all()
        return answer.status_code, self.offer.state

    def mails(self) -> list[Mail]:
        kind = Mail.kind == "role"
        return list(db.session.scalars(select(Mail).where(kind, Mail.user_id == self.world.bo.user_id)))


@pytest.fixture
def offered(world: World) -> Offered:
    return Offered(world)


@both_ways
def test_the_very_offer_that_was_withdrawn_stands_again(offered: Offered, htmx: bool) -> None:
    page = offered.withdrawn()
    address = f"{offered.page}/holdings/{offered.offer.id}/restoration"
    assert "Bo is no longer asked about ‘Presse’. Undo" in page.text
    assert offered.offer.state is AssignmentState.WITHDRAWN
    fields = page.form(address)
    answer = offered.world.browser.post(address, data=fields, htmx=htmx, follow_redirects=not htmx)
    assert "Bo is asked about ‘Presse’ as before." in Page(answer.text).text
    db.session.expire_all()
    [offer] = db.session.scalars(select(RoleAssignment))
    assert (offer.state, offer.since, offer.notes) == (AssignmentState.OFFERED, offered.since, "Ring til Ida")
    assert (offer.offered_by_id, offer.answered_by_id, offer.answered_at) == (offered.world.mette.id, None, None)
    history = offered.world.browser.page(f"{offered.world.mette.partnership.address}about").text
    assert "let the offer of the role ‘Presse’ to Bo" in history
    answers.accept(offer, offered.world.bo)


def test_whoever_was_offered_the_role_gets_one_mail(offered: Offered) -> None:
    [mail] = offered.mails()
    for state, then in ((MailState.SENT, MailState.SENT), (MailState.SKIPPED, MailState.DUE)):
        mail.state = state
        db.session.commit()
        offered.withdrawn()
        assert offered.restored() == (303, "offered")
        assert (offered.mails(), mail.state) == ([mail], then)


def test_a_reminder_that_was_due_meanwhile_is_sent(offered: Offered) -> None:
    offers.remind(offered.offer, offered.world.mette)
    [mail, reminder] = offered.mails()
    mail.state, reminder.state = MailState.SENT, MailState.SKIPPED
    db.session.commit()
    offered.withdrawn()
    assert offered.restored() == (303, "offered")
    assert (mail.state, reminder.state) == (MailState.SENT, MailState.DUE)


def test_only_whoever_withdrew_an_offer_lets_it_stand_again(offered: Offered, sign_in: SignIn) -> None:
    dorte = add_member(offered.world.mette, make_user("Dorte", language="en"), Level.MODERATOR)
    db.session.commit()
    offered.withdrawn()
    assert "Undo" not in offered.withdrawn(browser=sign_in(dorte.user)).text
    for person in (dorte, offered.world.bo, offered.world.carla):
        assert offered.restored(sign_in(person.user)) == (403, "withdrawn")
    stranger = sign_in(start_partnership().user)
    assert offered.restored(stranger) == (404, "withdrawn")
    assert offered.restored() == (303, "offered")


def test_a_holder_who_hands_over_undoes_it_until_the_role_is_another_s(world: World) -> None:
    role = make_role(world.mette, "Presse")
    held = hold(role, world.bo, world.mette)
    handover = offers.offer(role, world.bo, to=world.carla, kind=Holder.ACCOUNTABLE, stays_as_helper=True)
    for _ in range(2):
        offers.withdraw(handover, world.bo)
        offers.restore(handover, world.bo)
    assert (handover.state, handover.stays_as_helper) == (AssignmentState.OFFERED, True)
    offers.withdraw(handover, world.bo)
    endings.end(held, world.mette, "Nok")
    with pytest.raises(NotAllowed):
        offers.restore(handover, world.bo)


@pytest.mark.parametrize(
    "since", ["an hour", "another offer", "a request", "held", "retired", "gone", "observer", "archived"]
)
def test_an_offer_stays_withdrawn_where_it_could_not_be_made(since: str, offered: Offered) -> None:
    world, role = offered.world, offered.role
    offered.withdrawn()
    moment = clock.now()
    if since == "an hour":
        moment += timedelta(minutes=61)
    elif since == "another offer":
        offers.offer(role, world.mette, to=world.carla, kind=Holder.ACCOUNTABLE)
    elif since == "a request":
        offers.ask(role, world.bo, kind=Holder.HELPER)
    elif since == "held":
        hold(role, world.bo, world.mette)
    elif since == "retired":
        endings.retire(role, world.mette)
    elif since == "gone":
        world.bo.state = MembershipState.ENDED
    elif since == "observer":
        world.bo.level = Level.OBSERVER
    else:
        world.mette.partnership.archived_at = clock.now()
    db.session.commit()
    with clock.at(moment):
        assert offered.restored() == (409, "withdrawn")


def test_an_answer_is_not_undone_and_nor_is_a_request(offered: Offered) -> None:
    world = offered.world
    assert offered.restored() == (409, "offered")
    answers.decline(offered.offer, world.bo, "Nej")
    db.session.commit()
    assert offered.restored() == (409, "declined")
    asked = offers.ask(offered.role, world.bo, kind=Holder.HELPER)
    offers.withdraw(asked, world.bo)
    with pytest.raises(Conflict):
        offers.restore(asked, world.bo)


def test_who_declined_and_why_stands_where_the_role_waits(world: World) -> None:
    role = make_role(world.mette, "Presse")
    world.mette.partnership.created_at -= timedelta(days=20)
    offered = offers.offer(role, world.mette, to=world.bo, kind=Holder.ACCOUNTABLE)
    answers.decline(offered, world.bo, "Jeg går på orlov")
    db.session.commit()
    assert "Bo declined: Jeg går på orlov" in world.browser.page("/").text


@both_ways
def test_a_role_that_was_never_used_is_deleted(world: World, htmx: bool) -> None:
    unused, used, concerned = (make_role(world.mette, name) for name in ("Ubrugt", "Brugt", "Nævnt"))
    endings.end(hold(used, world.bo, world.mette), world.mette, "Nok")
    challenge(world.bo, role=concerned)
    db.session.commit()
    for role in (used, concerned):
        assert "Delete the role" not in world.browser.page(f"{world.roles}/{role.id}/retirement").text
        assert world.browser.submit(f"{world.roles}/{role.id}/deletion").status_code == 409
    page = f"{world.roles}/{unused.id}/retirement"
    assert "Delete the role" in world.browser.page(page).text
    assert world.of_bo.submit(f"{world.roles}/{unused.id}/deletion").status_code == 403
    answer = world.browser.submit(f"{world.roles}/{unused.id}/deletion", htmx=htmx)
    assert answer.status_code == (204 if htmx else 303)
    assert world.browser.get(f"{world.roles}/{unused.id}").status_code == 404
    world.browser.page(world.roles)  # which tells of it
    assert "Ubrugt" not in world.browser.page(f"{world.roles}?retired").text
    make_role(world.mette, "Ubrugt")


@pytest.mark.parametrize("use", ["an indicator", "an invitation"])
def test_a_role_that_something_rests_on_is_not_deleted(use: str, world: World, sign_in: SignIn) -> None:
    role = make_role(world.mette, "Målinger")
    if use == "an indicator":
        measured_indicator(role, world.mette)
    else:
        invitation = invited_to(role, world)
    address = f"{world.roles}/{role.id}"
    assert "Delete the role" not in world.browser.page(f"{address}/retirement").text
    assert world.browser.submit(f"{address}/deletion").status_code == 409
    assert world.browser.get(address).status_code == 200
    if use == "an invitation":
        db.session.execute(update(Invitation).values(answer=InvitationAnswer.DECLINED))
        assert "Delete the role" in world.browser.page(f"{address}/retirement").text
        assert world.browser.submit(f"{address}/deletion").status_code == 303
        db.session.expire_all()
        assert (invitation.role_id, role.deleted_at is None) == (role.id, False)


def invited_to(role: Role, world: World) -> Invitation:
    about = {"level": Level.CONTRIBUTOR, "organisation_id": world.mette.organisation_id, "language": "en"}
    [person] = listed("ny@x.dk")
    rows = [replace(person, role_id=role.id)]
    [made] = invitations_service.invite(world.mette, rows, greeting="", **about)  # type: ignore[arg-type]
    assert made.role_id == role.id
    return made


def test_every_table_that_refers_to_roles_counts_as_a_use_of_them() -> None:
    referring = {
        table.name
        for table in db.metadata.tables.values()
        if any(key.column.table.name == "role" for key in table.foreign_keys)
    }
    assert {table.__tablename__ for table, *_conditions in USES} == referring


def test_a_role_that_was_deleted_meanwhile_is_not_resumed(world: World) -> None:
    role = make_role(world.mette, "Presse")
    endings.delete(role, world.mette)
    with pytest.raises(Conflict):
        endings.resume(role, world.mette)
    assert world.browser.submit(f"{world.roles}/{role.id}/resumption").status_code == 404


def test_each_holder_has_one_menu(world: World) -> None:
    role = make_role(world.mette, "Presse")
    hold(role, world.bo, world.mette)
    hold(role, world.mette, world.mette, Holder.HELPER)
    add_member(world.mette, make_user("Otto"), Level.OBSERVER)
    page = world.browser.page(f"{world.roles}/{role.id}")
    menus = [item for item in page.all("li") if "holder--acts" in (item.get("class") or "")]
    assert len(menus) == 2
    assert (
        len(
            [
                item
                for item in world.of_bo.page(f"{world.roles}/{role.id}").all("li")
                if "holder--acts" in (item.get("class") or "")
            ]
        )
        == 1
    ), "only one's own"
