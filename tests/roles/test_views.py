"""The roles through the front door: with HTMX, with plain forms, and refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.factories import Holder, Level, Side, add_member, hold, make_role, make_user, start_partnership
from tests.pages import Page
from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, MembershipState, Partnership
from workspace.partnerships.verbs import JOINED
from workspace.roles.assignments import RoleAssignment
from workspace.roles.models import Role
from workspace.roles.verbs import OFFERED_ROLE, TOOK_ROLE

pytestmark = pytest.mark.either_database

SignIn = Callable[[User], Client]
RULE = {"name": "Data", "responsibility": "Holder fortegnelsen ajour"}


@pytest.fixture
def moderator(app: object) -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Moderator", language="en"))


@pytest.fixture
def partner(moderator: Membership) -> Membership:
    return add_member(moderator, make_partner("Farida Nazari"))


def is_holder(part: Any) -> bool:
    return "holder" in str(part.get("class")).split()


def text_of(part: Any) -> str:
    return " ".join("".join(part.itertext()).split())


def make_partner(name: str) -> User:
    return make_user(name, language="en")


def verbs(partnership: Partnership) -> list[str]:
    found = db.session.scalars(
        select(Entry).where(Entry.partnership_id == partnership.id, Entry.verb != JOINED).order_by(Entry.number)
    )
    return [str(entry.verb) for entry in found]


def assignments(role: Role) -> list[tuple[str, str, str]]:
    found = db.session.scalars(
        select(RoleAssignment).where(RoleAssignment.role_id == role.id).order_by(RoleAssignment.id)
    )
    return [(assignment.membership.user.name, assignment.kind.value, assignment.state.value) for assignment in found]


def test_a_moderator_adds_a_role_with_a_plain_form(moderator: Membership, sign_in: SignIn) -> None:
    browser, roles = sign_in(moderator.user), f"{moderator.partnership.address}roles"
    answer = browser.submit(roles, RULE, page=f"{roles}/new")
    role = db.session.scalars(select(Role)).one()
    assert (answer.status_code, answer.location) == (303, f"{roles}/{role.id}")
    assert "Data" in browser.page(roles).text
    assert verbs(moderator.partnership)[-1] == "added_role"


def test_the_same_form_twice_makes_one_role(moderator: Membership, sign_in: SignIn) -> None:
    browser, roles = sign_in(moderator.user), f"{moderator.partnership.address}roles"
    form = browser.page(f"{roles}/new").form(roles) | RULE
    assert [browser.post(roles, data=form, htmx=True).status_code for _ in range(2)] == [204, 204]
    assert len(db.session.scalars(select(Role)).all()) == 1


def test_a_role_without_a_name_comes_back(moderator: Membership, sign_in: SignIn) -> None:
    browser, roles = sign_in(moderator.user), f"{moderator.partnership.address}roles"
    for htmx in (False, True):
        answer = browser.submit(roles, RULE | {"name": " "}, page=f"{roles}/new", htmx=htmx)
        assert answer.status_code == 422
        assert RULE["responsibility"] in answer.text
        assert "Write what the role is called." in Page(answer.text).text
    assert db.session.scalars(select(Role)).all() == []


def test_a_member_who_is_no_moderator_adds_nothing(partner: Membership, sign_in: SignIn) -> None:
    roles = f"{partner.partnership.address}roles"
    assert sign_in(partner.user).submit(roles, RULE).status_code == 403
    assert "Add a role" not in sign_in(partner.user).page(roles).text


def test_a_stale_edit_shows_both_texts(moderator: Membership, sign_in: SignIn) -> None:
    role = make_role(moderator, "Data")
    browser, address = sign_in(moderator.user), f"{moderator.partnership.address}roles/{role.id}"
    form = browser.page(f"{address}/edit").form(f"{address}/edit")
    role.edit(moderator, name="Data og sikkerhed", responsibility="Alt", version=1)
    answer = browser.post(f"{address}/edit", data=form | {"name": "Mit navn"}, htmx=True)
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "Data og sikkerhed" in page.text
    again = page.form(f"{address}/edit")
    assert again["name"] == "Mit navn"
    assert browser.post(f"{address}/edit", data=again).status_code == 303
    assert role.name == "Mit navn"


def test_a_role_changes_places(moderator: Membership, sign_in: SignIn) -> None:
    first, second, third = [make_role(moderator, name) for name in ("A", "B", "C")]
    browser, order = sign_in(moderator.user), f"{moderator.partnership.address}roles/order"
    before = moderator.partnership.last_number
    answer = browser.submit(order, {"up": third.id}, page=order, htmx=True)
    assert f"#up-{third.id}" in answer.headers["HX-Trigger-After-Settle"]
    assert browser.submit(order, {"down": first.id}, page=order).status_code == 303
    assert browser.submit(order, {"up": third.id}, page=order).status_code == 303  # It is first already.
    found = db.session.scalars(select(Role).order_by(Role.position)).all()
    assert found == [third, first, second]
    assert moderator.partnership.last_number == before


def test_a_role_is_offered_and_accepted_with_htmx(moderator: Membership, partner: Membership, sign_in: SignIn) -> None:
    role = make_role(moderator, "Data")
    address = f"{moderator.partnership.address}roles/{role.id}"
    answer = sign_in(moderator.user).submit(
        f"{address}/offers",
        {"member": partner.id, "kind": "accountable", "notes": "Aftalen ligger i skabet"},
        page=f"{address}/offers/new",
        htmx=True,
    )
    assert answer.status_code == 200
    assert "Farida Nazari is asked" in Page(answer.text).text
    assert "Nobody accountable" in Page(answer.text).text
    browser, [offered] = sign_in(partner.user), db.session.scalars(select(RoleAssignment)).all()
    assert "You are asked to be accountable" in browser.page(address).text
    answer = browser.submit(f"{address}/holdings/{offered.id}/acceptance", page=address, htmx=True)
    assert "Nobody accountable" not in Page(answer.text).text
    assert assignments(role) == [("Farida Nazari", "accountable", "held")]
    assert verbs(moderator.partnership)[-2:] == ["offered_role", "took_role"]


def test_an_offer_is_declined_with_a_reason(moderator: Membership, partner: Membership, sign_in: SignIn) -> None:
    role = make_role(moderator)
    address = f"{moderator.partnership.address}roles/{role.id}"
    sign_in(moderator.user).submit(f"{address}/offers", {"member": partner.id, "kind": "helper"})
    browser, [offered] = sign_in(partner.user), db.session.scalars(select(RoleAssignment)).all()
    refusal = f"{address}/holdings/{offered.id}/refusal"
    assert browser.submit(refusal, {"reason": ""}, page=refusal).status_code == 422
    assert browser.submit(refusal, {"reason": "Jeg har ikke tid"}, page=refusal).status_code == 303
    assert "Reason: Jeg har ikke tid" in browser.page(address).text
    assert assignments(role) == [("Farida Nazari", "helper", "declined")]


def test_nobody_answers_for_another(moderator: Membership, partner: Membership, sign_in: SignIn) -> None:
    role = make_role(moderator)
    address = f"{moderator.partnership.address}roles/{role.id}"
    sign_in(moderator.user).submit(f"{address}/offers", {"member": partner.id, "kind": "helper"})
    [offered] = db.session.scalars(select(RoleAssignment)).all()
    browser = sign_in(moderator.user)
    assert browser.submit(f"{address}/holdings/{offered.id}/acceptance").status_code == 403
    assert browser.get(f"{address}/holdings/{offered.id}/refusal").status_code == 403
    assert browser.submit(f"{address}/holdings/{offered.id}/refusal", {"reason": "Nej"}).status_code == 403


def test_an_offer_that_was_withdrawn_can_not_be_accepted(
    moderator: Membership, partner: Membership, sign_in: SignIn
) -> None:
    role = make_role(moderator)
    address = f"{moderator.partnership.address}roles/{role.id}"
    browser = sign_in(moderator.user)
    browser.submit(f"{address}/offers", {"member": partner.id, "kind": "accountable"})
    [offered] = db.session.scalars(select(RoleAssignment)).all()
    it = f"{address}/holdings/{offered.id}"
    assert browser.submit(f"{it}/withdrawal", page=address, htmx=True).status_code == 200
    for htmx in (False, True):
        answer = sign_in(partner.user).submit(f"{it}/acceptance", htmx=htmx)
        assert answer.status_code == 409
        assert "It has been withdrawn in the meantime." in Page(answer.text).text
    answer = sign_in(partner.user).submit(f"{it}/refusal", {"reason": "Ellers tak"})
    assert (answer.status_code, "Ellers tak" in answer.text) == (409, True)


def test_handing_over_to_somebody_who_has_left_keeps_the_notes(
    moderator: Membership, partner: Membership, sign_in: SignIn
) -> None:
    role, holder = make_role(moderator), add_member(moderator, make_partner("Jonas Bækgaard"))
    hold(role, holder, moderator)
    address = f"{moderator.partnership.address}roles/{role.id}"
    browser = sign_in(holder.user)
    form = browser.page(f"{address}/offers/new").form(f"{address}/offers")
    partner.state = MembershipState.ENDED
    for htmx in (False, True):
        sent = form | {"member": str(partner.id), "notes": "Nøglen hænger ved døren"}
        answer = browser.post(f"{address}/offers", data=sent, htmx=htmx)
        assert answer.status_code == 409
        assert "Farida Nazari is no longer in the partnership." in Page(answer.text).text
        assert "Nøglen hænger ved døren" in answer.text
    assert assignments(role) == [("Jonas Bækgaard", "accountable", "held")]


def test_the_holder_hands_over_from_a_date_and_helps_on(
    moderator: Membership, partner: Membership, sign_in: SignIn
) -> None:
    role, holder = make_role(moderator, "Oplæring"), add_member(moderator, make_partner("Jonas Bækgaard"))
    hold(role, holder, moderator)
    address = f"{moderator.partnership.address}roles/{role.id}"
    day = clock.now() + timedelta(days=10)
    sign_in(holder.user).submit(
        f"{address}/offers",
        {"member": partner.id, "starts_on": f"{day:%Y-%m-%d}", "notes": "Kurset er i maj", "stays_as_helper": "y"},
        page=f"{address}/offers/new",
    )
    handed = db.session.scalars(select(RoleAssignment).where(RoleAssignment.membership_id == partner.id)).one()
    browser = sign_in(partner.user)
    assert browser.submit(f"{address}/holdings/{handed.id}/acceptance", page=address).status_code == 303
    overview = f"{moderator.partnership.address}roles"
    assert "Handover on" in browser.page(overview).text
    assert "Nobody accountable" not in browser.page(overview).text
    before = Page(browser.get(address).text)
    assert "Hand over the responsibility" not in before.text  # It is not theirs yet.
    later = clock.now() + timedelta(days=11)
    for assignment in db.session.scalars(select(RoleAssignment)):  # Eleven days go by.
        assignment.since = assignment.since and assignment.since - (later - clock.now())
        assignment.until = assignment.until and assignment.until - (later - clock.now())
    page = browser.page(overview).text
    assert "From Jonas Bækgaard" in page
    assert "Kurset er i maj" in browser.page(address).text
    assert "Hand over the responsibility" in browser.page(address).text
    assert assignments(role)[-1] == ("Jonas Bækgaard", "helper", "held")


def test_a_date_in_the_past_or_far_away_is_refused(moderator: Membership, partner: Membership, sign_in: SignIn) -> None:
    role = make_role(moderator)
    address = f"{moderator.partnership.address}roles/{role.id}/offers"
    for day in ("2020-01-01", "2999-01-01", "nonsense", "9999-99-99"):
        answer = sign_in(moderator.user).submit(
            address, {"member": partner.id, "starts_on": day, "notes": "Husk nøglen"}, page=f"{address}/new"
        )
        assert (answer.status_code, "Husk nøglen" in answer.text) == (422, True)
    assert assignments(role) == []


def test_a_member_asks_and_a_moderator_gives(moderator: Membership, partner: Membership, sign_in: SignIn) -> None:
    role = make_role(moderator, "Data")
    address = f"{moderator.partnership.address}roles/{role.id}"
    browser = sign_in(partner.user)
    answer = browser.submit(
        f"{address}/requests", {"notes": "Jeg kender loven"}, page=f"{address}/requests/new", htmx=True
    )
    assert "Jeg kender loven" in answer.text
    [asked] = db.session.scalars(select(RoleAssignment)).all()
    assert browser.submit(f"{address}/holdings/{asked.id}/acceptance").status_code == 403
    answer = sign_in(moderator.user).submit(f"{address}/holdings/{asked.id}/acceptance", page=address)
    assert answer.status_code == 303
    assert assignments(role) == [("Farida Nazari", "accountable", "held")]
    assert verbs(moderator.partnership)[-2:] == ["asked_for_role", "gave_role"]


def test_an_observer_reads_roles_and_takes_none(moderator: Membership, sign_in: SignIn) -> None:
    observer = add_member(moderator, make_user(language="en"), Level.OBSERVER)
    role = make_role(moderator)
    address = f"{moderator.partnership.address}roles/{role.id}"
    browser = sign_in(observer.user)
    assert "Ask for the role" not in browser.page(address).text
    assert browser.submit(f"{address}/requests").status_code == 403
    answer = sign_in(moderator.user).submit(
        f"{address}/offers", {"member": observer.id, "kind": "helper"}, page=f"{address}/offers/new"
    )
    assert answer.status_code == 409


def test_a_holder_lays_the_role_down(moderator: Membership, partner: Membership, sign_in: SignIn) -> None:
    role = make_role(moderator)
    held = hold(role, partner, moderator)
    address = f"{moderator.partnership.address}roles/{role.id}"
    ending = f"{address}/holdings/{held.id}/ending"
    browser = sign_in(partner.user)
    assert browser.submit(ending, {"reason": ""}, page=ending, htmx=True).status_code == 422
    answer = browser.submit(ending, {"reason": "Nyt arbejde"}, page=ending, htmx=True)
    assert "Nobody accountable" in Page(answer.text).text
    assert "Reason: Nyt arbejde" in Page(answer.text).text
    assert browser.get(ending).status_code == 409
    third = add_member(moderator, make_user(language="en"))
    assert sign_in(third.user).get(ending).status_code == 403
    assert sign_in(third.user).submit(ending, {"reason": "Væk"}).status_code == 403


def test_a_retired_role_is_out_of_the_table_and_its_history_stays(
    moderator: Membership, partner: Membership, sign_in: SignIn
) -> None:
    role = make_role(moderator, "Vejhuller")
    hold(role, partner, moderator, notes="Sådan gør man")
    roles = f"{moderator.partnership.address}roles"
    browser = sign_in(moderator.user)
    retirement = f"{roles}/{role.id}/retirement"
    assert browser.submit(retirement, page=retirement).status_code == 303
    assert "‘Vejhuller’ is no longer in use." in browser.page(roles).text
    assert "Vejhuller" not in browser.page(roles).text
    assert "Vejhuller" in browser.page(f"{roles}?retired").text
    assert "Sådan gør man" in browser.page(f"{roles}/{role.id}").text
    for ending in ("edit", "retirement", "offers/new", "requests/new"):
        assert browser.get(f"{roles}/{role.id}/{ending}").status_code == 409
    assert browser.submit(f"{roles}/{role.id}/offers", {"member": partner.id, "notes": "x"}).status_code == 409


def test_a_retired_role_is_taken_into_use_again_and_is_vacant(
    moderator: Membership, partner: Membership, sign_in: SignIn
) -> None:
    role = make_role(moderator, "Vejhuller")
    hold(role, partner, moderator, notes="Sådan gør man")
    roles = f"{moderator.partnership.address}roles"
    page, browser, other = f"{roles}/{role.id}", sign_in(moderator.user), sign_in(partner.user)
    browser.submit(f"{page}/retirement", page=f"{page}/retirement")
    assert "Use the role again" not in other.page(page).text
    assert other.submit(f"{page}/resumption").status_code == 403
    for _each in range(2):  # A second press finds it done.
        assert browser.submit(f"{page}/resumption").status_code == 303
    shown = browser.page(page).text
    assert "Nobody accountable" in shown
    assert "Sådan gør man" in shown
    assert "Vejhuller" in browser.page(roles).text
    about = browser.page(f"{moderator.partnership.address}about").text
    assert about.count("brought the role ‘Vejhuller’ back into use") == 1


def test_a_role_is_vacant_when_its_holder_is_no_longer_active(
    moderator: Membership, partner: Membership, sign_in: SignIn
) -> None:
    role = make_role(moderator, "Data")
    hold(role, partner, moderator)
    roles = f"{moderator.partnership.address}roles"
    browser = sign_in(moderator.user)
    assert "Nobody accountable" not in browser.page(roles).text
    for state in (MembershipState.SUSPENDED, MembershipState.ENDED):
        partner.state = state
        assert "Nobody accountable" in browser.page(roles).text
    assert "Farida Nazari" in browser.page(f"{roles}/{role.id}").text
    partner.state = MembershipState.ACTIVE
    assert "Nobody accountable" not in browser.page(roles).text


def test_whoever_takes_a_role_themselves_is_not_said_to_have_offered_it(moderator: Membership, sign_in: SignIn) -> None:
    role = make_role(moderator, "Data")
    sign_in(moderator.user).submit(f"{moderator.partnership.address}roles/{role.id}/taking", {"kind": "accountable"})
    verbs = list(db.session.scalars(select(Entry.verb)))
    assert verbs.count(TOOK_ROLE) == 1
    assert OFFERED_ROLE not in verbs


def test_whoever_becomes_an_observer_takes_care_of_nothing_any_more(
    moderator: Membership, partner: Membership, sign_in: SignIn
) -> None:
    role = make_role(moderator, "Data")
    hold(role, partner, moderator)
    home = moderator.partnership.address
    browser = sign_in(moderator.user)
    typed = {"member": partner.id, "level": "observer"}
    asked = browser.submit(f"{home}members/levels", typed)
    assert "If you confirm, nobody takes care of it." in Page(asked.text).text
    browser.submit(f"{home}members/levels", typed | {"confirmed": "1"})
    shown = browser.page(f"{home}roles").text
    assert "Nobody accountable" in shown
    assert "Only observes now" in browser.page(f"{home}roles/{role.id}").text
    browser.submit(f"{home}members/levels", {"member": partner.id, "level": "contributor"})
    assert "Nobody accountable" not in browser.page(f"{home}roles").text


def test_the_roles_and_the_members_table_say_that_nobody_cares_for_a_role_meanwhile(
    moderator: Membership, partner: Membership, sign_in: SignIn
) -> None:
    role = make_role(moderator, "Data")
    hold(role, partner, moderator)
    browser, home = sign_in(moderator.user), moderator.partnership.address
    assert "Nobody meanwhile" not in browser.page(f"{home}roles").text
    partner.state = MembershipState.SUSPENDED
    for address in ("roles", f"roles/{role.id}"):
        [holder] = [one for one in browser.page(f"{home}{address}").all("li") if is_holder(one)]
        assert "Nobody meanwhile" in text_of(holder)
        assert "Accountable" not in text_of(holder)
    assert "Nobody accountable" in browser.page(f"{home}roles").text
    assert "Nobody meanwhile: Data" in browser.page(f"{home}members").text
    # A moderator can give the role to somebody else for good.
    assert f"roles/{role.id}/holdings/" in browser.page(f"{home}roles/{role.id}").html
    partner.state = MembershipState.ENDED
    assert "Farida" not in browser.page(f"{home}roles").text


def test_roles_without_anybody_accountable_come_first(
    moderator: Membership, partner: Membership, sign_in: SignIn
) -> None:
    first, _second = make_role(moderator, "Tovholder"), make_role(moderator, "Udbredelse")
    hold(first, partner, moderator)
    page = sign_in(moderator.user).page(f"{moderator.partnership.address}roles")
    headings = [" ".join(row.itertext()) for row in page.all("th") if row.get("scope") == "row"]
    assert ["Udbredelse" in heading for heading in headings] == [True, False]


def test_one_sided_roles_are_flagged(moderator: Membership, partner: Membership, sign_in: SignIn) -> None:
    role = make_role(moderator)
    hold(role, partner, moderator)
    roles = f"{moderator.partnership.address}roles"
    assert "One side only" in sign_in(moderator.user).page(roles).text
    hold(role, moderator, moderator, Holder.HELPER)
    assert "One side only" not in sign_in(moderator.user).page(roles).text


@pytest.mark.parametrize("words", ["databeskyttelse", "BESKYTTELSE", "aftale data", "ajour"])
def test_the_filter_answers_who_to_ask(words: str, moderator: Membership, sign_in: SignIn) -> None:
    make_role(moderator, "Data og databeskyttelse", "Holder aftalen ajour")
    make_role(moderator, "Kurser", "Oplæring af terapeuter")
    roles = f"{moderator.partnership.address}roles"
    for htmx in (False, True):
        answer = sign_in(moderator.user).get(roles, query_string={"q": words}, htmx=htmx)
        page = Page(answer.text)
        assert page.is_whole is not htmx
        assert ("databeskyttelse" in page.text, "Kurser" in page.text) == (True, False)
        assert "1 role found" in page.text


def test_a_filter_that_finds_nothing_says_so(moderator: Membership, sign_in: SignIn) -> None:
    make_role(moderator)
    for words in ("%", "_", "hverken eller"):
        page = sign_in(moderator.user).get(f"{moderator.partnership.address}roles", query_string={"q": words})
        assert "No role is about" in Page(page.text).text


def test_an_empty_table_begins_with_a_set(moderator: Membership, partner: Membership, sign_in: SignIn) -> None:
    roles = f"{moderator.partnership.address}roles"
    assert "Begin with these roles" not in sign_in(partner.user).page(roles).text
    browser = sign_in(moderator.user)
    assert browser.submit(f"{roles}/set", {}, page=roles).status_code == 303
    assert "Choose a set of roles first." in browser.page(roles).text
    for _ in range(2):
        assert browser.submit(f"{roles}/set", {"role_set": "network"}).status_code == 303
    page = browser.page(roles).text
    assert ("5 roles" in page, "Coordinator" in page, "New members" in page) == (True, True, True)
    assert verbs(moderator.partnership).count("added_role") == 5


def test_a_partnership_starts_with_a_set_of_roles(moderator: Membership, sign_in: SignIn) -> None:
    browser = sign_in(moderator.user)
    fields = {"name": "Nyt sammen", "purpose": "At prøve", "role_set": "centre"}
    answer = browser.submit("/partnerships", fields, page="/partnerships/new")
    assert "Premises" in browser.page(f"{answer.location}roles").text
    answer = browser.submit("/partnerships", fields | {"role_set": "bogus"}, page="/partnerships/new")
    assert "Begin with these roles" in browser.page(f"{answer.location}roles").text


def test_a_post_waits_for_whoever_is_accountable(moderator: Membership, partner: Membership, sign_in: SignIn) -> None:
    browser, place = sign_in(moderator.user), moderator.partnership.address
    assert "Which role does it concern?" not in browser.page(place).text
    role = make_role(moderator, "Data")
    hold(role, partner, moderator)
    answer = browser.submit(
        f"{place}posts",
        {"kind": "challenge", "title": "Hvem må se tallene?", "body": "Vi er i tvivl.", "role": role.id},
        page=place,
        htmx=True,
    )
    assert "Waiting for Farida Nazari" in Page(answer.text).text
    assert "Waiting for Farida Nazari" in browser.page(place).text
    partner.state = MembershipState.ENDED
    assert "Waiting for somebody accountable" in browser.page(place).text


def test_a_post_names_no_role_of_another_partnership(moderator: Membership, sign_in: SignIn) -> None:
    make_role(moderator)
    elsewhere = make_role(start_partnership())
    browser, place = sign_in(moderator.user), moderator.partnership.address
    fields = {"kind": "progress", "title": "Noget", "body": "Noget", "role": elsewhere.id}
    assert browser.submit(f"{place}posts", fields, page=place).status_code == 404


def test_a_role_of_another_partnership_is_not_there(moderator: Membership, sign_in: SignIn) -> None:
    stranger = start_partnership()
    role = make_role(stranger)
    held = hold(role, stranger, stranger)
    own = make_role(moderator)
    roles, browser = f"{moderator.partnership.address}roles", sign_in(moderator.user)
    assert browser.get(f"{roles}/{role.id}").status_code == 404
    assert browser.submit(f"{roles}/{role.id}/offers", {"member": moderator.id}).status_code == 404
    assert browser.submit(f"{roles}/{own.id}/holdings/{held.id}/ending", {"reason": "x"}).status_code == 404
    answer = browser.submit(f"{roles}/{own.id}/offers", {"member": stranger.id}, page=f"{roles}/{own.id}/offers/new")
    assert answer.status_code == 422


def test_what_happens_to_roles_is_told_in_the_history(
    moderator: Membership, partner: Membership, sign_in: SignIn
) -> None:
    hold(make_role(moderator, "Data"), partner, moderator)
    told = sign_in(partner.user).page(f"{moderator.partnership.address}about").text
    for sentence in ("added the role ‘Data’", "offered Farida Nazari the role ‘Data’", "took over the responsibility"):
        assert sentence in told


def test_notes_ask_about_cpr_numbers(moderator: Membership, partner: Membership, sign_in: SignIn) -> None:
    role = make_role(moderator)
    address = f"{moderator.partnership.address}roles/{role.id}/offers"
    browser = sign_in(moderator.user)
    answer = browser.submit(
        address, {"member": partner.id, "notes": "Spørg 010190-1234"}, page=f"{address}/new", htmx=True
    )
    assert answer.status_code == 422
    again = Page(answer.text).form(address) | {"cpr_checked": "y"}
    assert browser.post(address, data=again, htmx=True).status_code == 200


def test_the_sides_of_the_partnership_are_the_columns(moderator: Membership, sign_in: SignIn) -> None:
    make_role(moderator)
    roles = f"{moderator.partnership.address}roles"
    assert "The company" not in sign_in(moderator.user).page(roles).text
    add_member(moderator, side=Side.COMPANY)
    assert "The company" in sign_in(moderator.user).page(roles).text
