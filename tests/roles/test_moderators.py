"""What moderators do with roles in few presses: take one, offer one while adding it, ask somebody else, delete one."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.client import Client
from tests.factories import Holder, Level, add_member, challenge, hold, make_role, make_user, start_partnership
from workspace import Workspace
from workspace.accounts.models import User
from workspace.db import db
from workspace.permissions import Conflict, NotAllowed
from workspace.roles import answers, endings, offers
from workspace.roles.assignments import RoleAssignment, accountable
from workspace.roles.models import NameTaken

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
