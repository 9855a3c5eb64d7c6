"""What pages with roles cost: the same statements at 5 and at 200 roles, and few bytes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta

import pytest

from tests.client import Client
from tests.factories import Holder, Side, add_member, hold, make_role, make_user, start_partnership
from workspace.accounts.models import User
from workspace.clock import now
from workspace.db import db
from workspace.i18n.formatting import short_date
from workspace.partnerships.labels import SIDES
from workspace.partnerships.models import Membership
from workspace.roles import action_items, offers
from workspace.roles.assignments import AssignmentKind, AssignmentState, RoleAssignment
from workspace.roles.models import Role

SignIn = Callable[[User], Client]
Statements = Callable[[], AbstractContextManager[list[str]]]
MOST = 8
MOST_OF_FEED = 9  # with the roles that lack somebody beside it, and what waits for a moderator on its tabs
MOST_OF_MEMBER = 11  # with all that a moderator can do about the member


@pytest.fixture
def moderator(app: object) -> Membership:
    return start_partnership("Digital genoptræning af knæ og hofter", by=make_user("Mette Lindholm Krag"))


def fill(moderator: Membership, members: list[Membership], many: int) -> Role:
    """So many roles, each with an accountable holder and helpers; the first is made by the verbs."""
    first = make_role(moderator, f"Tovholder {many}", "Holder sammen på partnerskabet og indkalder til møder")
    hold(first, members[0], moderator, notes="Sådan gør man")
    for number in range(many - 1):
        role = make_role(
            moderator, f"Drift og brugerhjælp {many}.{number}", "Svarer, når noget ikke virker for borgeren"
        )
        for place, member in enumerate(members):
            db.session.add(
                RoleAssignment(
                    partnership_id=role.partnership_id,
                    role_id=role.id,
                    membership_id=member.id,
                    kind=AssignmentKind.HELPER if place else AssignmentKind.ACCOUNTABLE,
                    state=AssignmentState.HELD,
                    since=now(),
                )
            )
    db.session.commit()
    return first


OTHER_TABS = ("members/2", "", "roles?q=drift", "roles/order", "roles/1", "about")


@pytest.mark.slow
@pytest.mark.parametrize("tab", ["roles", *OTHER_TABS])
def test_a_page_asks_as_much_at_5_as_at_200_roles(
    tab: str, moderator: Membership, sign_in: SignIn, statements: Statements
) -> None:
    members = [add_member(moderator, make_user(f"Signe Vestergaard-Thomsen {number}")) for number in range(4)]
    browser, counted = sign_in(moderator.user), []
    for many in (5, 195):
        fill(moderator, members, many)
        address = f"{moderator.partnership.address}{tab}"
        browser.get(address)  # It notes that what happened to the role has been read.
        with statements() as asked:
            answer = browser.get(address)
        assert answer.status_code == 200
        assert len(answer.data) < 60_000
        counted.append(len(asked))
    most = {"": MOST_OF_FEED, "members/2": MOST_OF_MEMBER}.get(tab, MOST)
    assert counted[0] == counted[1] <= most, "\n\n".join(asked)


@pytest.mark.slow
def test_pages_of_50_lead_on_to_all_roles(moderator: Membership, sign_in: SignIn) -> None:
    fill(moderator, [moderator], 120)
    browser, address, seen = sign_in(moderator.user), f"{moderator.partnership.address}roles", []
    while address:
        page = browser.page(address, htmx=True)
        seen += [row.get("id") for row in page.all("tr") if (row.get("id") or "").startswith("role-")]
        more = [link.get("href") or "" for link in page.all("a") if "after=" in (link.get("href") or "")]
        address = more[0] if more else ""
    assert len(seen) == len(set(seen)) == 120


def test_a_broken_place_in_the_list_is_its_beginning(moderator: Membership, sign_in: SignIn) -> None:
    make_role(moderator, "Data")
    for after in ("x", "1", "1.2.3.4", "-1.0.0", "9999999999999.1.1"):
        for list_ in ("roles", "roles/order"):
            answer = sign_in(moderator.user).get(f"{moderator.partnership.address}{list_}?after={after}")
            assert (answer.status_code, "Data" in answer.text) == (200, True)


def test_what_waits_for_a_person_is_one_statement_each(moderator: Membership, statements: Statements) -> None:
    member, other = add_member(moderator), add_member(moderator)
    offered = offers.offer(make_role(moderator, "Data"), moderator, to=member, kind=AssignmentKind.ACCOUNTABLE)
    asked = offers.ask(make_role(moderator, "Kurser"), other, kind=AssignmentKind.HELPER, notes="Gerne")
    hold(make_role(moderator, "Drift"), member, moderator)
    both = make_role(moderator, "Begge")
    hold(both, moderator, moderator)
    hold(both, member, moderator, Holder.HELPER)
    moderator.partnership.created_at -= timedelta(days=20)
    db.session.commit()
    me, them = moderator.user, member.user
    found = {}
    for query, user in (
        (action_items.offers_to, them),
        (action_items.requests_for_roles, me),
        (action_items.lacking_roles, me),
    ):
        with statements() as asked_for:
            found[query.__name__] = list(query(user))
        assert len(asked_for) <= 2  # the person is read again after the commit
        assert list(query(them if user is me else me)) == []
    assert [item.key for item in found["offers_to"]] == [f"offer:{offered.id}"]
    assert [item.key for item in found["requests_for_roles"]] == [f"role_request:{asked.id}"]
    asked_of = {item.title: (item.kind, item.about) for item in found["lacking_roles"]}
    assert asked_of == {
        "Data": ("offered_to_another", ""),
        "‘Kurser’ has nobody accountable": ("vacant", f"vacant since {short_date(now())}"),
        "‘Drift’ is held by one side only": ("one_sided", SIDES[Side.COMPANY]),
    }
