"""Roles in a browser: offered, accepted and handed over; by keyboard, in a narrow window, and without JavaScript."""

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.e2e.conftest import LANGUAGES, Visit
from tests.e2e.inspection import inspecting
from tests.e2e.place import Person, Place
from workspace.db import db
from workspace.roles import offers
from workspace.roles.models import Role

both_languages = pytest.mark.parametrize("language", LANGUAGES)
LONG_WORD = "Databeskyttelsesforordningsfortegnelseskoordinering"
NOTES = "Nøglen hænger ved døren."


def role(place: Place, name: str, holder: Person | None = None) -> str:
    """A role, held by somebody; its address."""
    with place.site.inside():
        moderator = place._membership(place.moderator)
        made = factories.make_role(moderator, name, "Svarer, når noget ikke virker")
        if holder:
            factories.hold(made, place._membership(holder), moderator)
        return f"{place.address}roles/{made.id}"


@both_languages
def test_a_role_is_offered_accepted_and_handed_over(visit: Visit, place: Place) -> None:
    address = role(place, "Drift")
    moderator = visit(place.moderator)
    moderator.open(f"{place.address}roles")
    moderator.page.get_by_role("link", name="Drift", exact=True).click()
    moderator.leave_a_mark()
    moderator.link("Offer the responsibility").click()
    moderator.field("Person").select_option(label=f"{place.partner.name}, {company(place)}")
    moderator.button("Offer the role").click()
    asked = "%(name)s is asked about ‘%(role)s’, and can accept or decline."
    moderator.is_told(asked, name=place.partner.name, role="Drift")
    expect(moderator.page.locator("#role-title")).to_be_focused()
    moderator.is_on_the_same_page()

    partner = visit(place.partner)
    partner.open(address)
    partner.leave_a_mark()
    partner.page.get_by_role("button", name=partner.say("Accept")).click()
    expect(partner.page.locator(".holder--lead")).to_contain_text(place.partner.name)
    partner.link("Hand over the responsibility").click()
    partner.button("Ask the new holder").click()
    expect(partner.summary).to_be_focused()
    partner.field("Person").select_option(index=1)
    chosen = partner.page.locator("#member option:checked").inner_text().split(",")[0]
    partner.field("What does the next one need to know?").fill(NOTES)
    partner.button("Ask the new holder").click()
    expect(partner.page.locator("#role")).to_contain_text(NOTES)
    partner.is_on_the_same_page()

    next_one = next(person for person in (place.contributor, place.moderator) if person.name == chosen)
    successor = visit(next_one)
    successor.open(address)
    successor.page.get_by_role("button", name=successor.say("Accept")).click()
    expect(successor.page.locator(".holder--lead")).to_contain_text(chosen)
    successor.open(f"{place.address}roles")
    expect(successor.heading(successor.say("Earlier handovers"))).to_be_visible()


@pytest.mark.slow
def test_an_offer_that_was_withdrawn_stands_again_by_the_button_in_the_message(visit: Visit, place: Place) -> None:
    address = role(place, "Drift")
    with place.site.inside():
        moderator, partner = place._membership(place.moderator), place._membership(place.partner)
        made = db.session.get_one(Role, int(address.rpartition("/")[2]))
        offers.offer(made, moderator, to=partner, kind=factories.Holder.ACCOUNTABLE)
    visitor = visit(place.moderator)
    visitor.open(address)
    withdraw = visitor.page.get_by_role("button", name=visitor.say("Withdraw the offer"))
    withdraw.click()
    visitor.is_told("%(name)s is no longer asked about ‘%(role)s’.", name=place.partner.name, role="Drift")
    expect(withdraw).to_have_count(0)
    visitor.page.get_by_role("button", name=visitor.say("Undo")).click()
    visitor.is_told("%(name)s is asked about ‘%(role)s’ as before.", name=place.partner.name, role="Drift")
    expect(withdraw).to_be_visible()


@pytest.mark.slow
def test_a_role_is_taken_and_laid_down_by_keyboard(visit: Visit, place: Place) -> None:
    address = role(place, "Drift")
    visitor = visit(place.contributor)
    visitor.open(address)
    visitor.tab_to(visitor.link("Ask for the role"))
    visitor.page.keyboard.press("Enter")
    visitor.tab_to(visitor.field("Why you?"))
    visitor.page.keyboard.type("Jeg kender anlægget")
    visitor.tab_to(visitor.button("Ask for the role"))
    visitor.page.keyboard.press("Enter")
    visitor.is_told("The moderators are asked.")
    moderator = visit(place.moderator)
    moderator.open(address)
    moderator.tab_to(moderator.page.get_by_role("button", name=moderator.say("Accept")))
    moderator.page.keyboard.press("Enter")
    expect(moderator.page.locator(".holder--lead")).to_contain_text(place.contributor.name)


@pytest.mark.slow
def test_a_role_is_taken_out_of_use_and_into_use_again_by_keyboard(visit: Visit, place: Place) -> None:
    address = role(place, "Drift", place.partner)
    visitor = visit(place.moderator)
    visitor.open(address)
    visitor.leave_a_mark()
    visitor.tab_to(visitor.link("Retire the role"))
    visitor.page.keyboard.press("Enter")
    visitor.tab_to(visitor.button("Retire the role"))
    visitor.page.keyboard.press("Enter")
    visitor.is_told("‘%(name)s’ is no longer in use. Its history can be read.", name="Drift")
    visitor.tab_to(visitor.button("Use the role again"))
    with inspecting(visitor) as inspection:
        inspection.look("a role that is not in use")
    visitor.page.keyboard.press("Enter")
    visitor.is_told("‘%(name)s’ is in use again. Offer it to somebody.", name="Drift")
    expect(visitor.page.locator("#role")).to_contain_text(visitor.say("Nobody holds the role yet."))
    visitor.is_on_the_same_page()


@pytest.mark.slow
def test_the_order_changes_by_keyboard(visit: Visit, place: Place) -> None:
    for name in ("Drift", "Kurser"):
        role(place, name)
    visitor = visit(place.moderator)
    visitor.open(f"{place.address}roles/order")
    visitor.leave_a_mark()
    button = visitor.page.get_by_role("button", name=visitor.say("Move %(name)s up", name="Kurser"))
    visitor.tab_to(button)
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#order li").first).to_contain_text("Kurser")
    expect(button).to_be_focused()
    visitor.is_on_the_same_page()


@pytest.mark.slow
def test_who_to_ask_is_answered_while_typing(visit: Visit, place: Place) -> None:
    role(place, "Drift og hotline", place.partner)
    role(place, "Kurser")
    visitor = visit(place.observer)
    visitor.open(f"{place.address}roles")
    visitor.leave_a_mark()
    visitor.field("Who do I ask about …").press_sequentially("hotl")
    expect(visitor.page.locator("#roles tbody tr")).to_have_count(1)
    expect(visitor.page.locator("#roles")).to_contain_text(place.partner.name)
    expect(visitor.field("Who do I ask about …")).to_be_focused()
    visitor.is_on_the_same_page()


@pytest.mark.slow
def test_without_javascript_a_role_is_offered_and_declined(visit: Visit, place: Place) -> None:
    address = role(place, "Drift")
    moderator = visit(place.moderator, java_script_enabled=False)
    moderator.open(f"{address}/offers/new?kind=helper")
    moderator.field("Person").select_option(label=f"{place.partner.name}, {company(place)}")
    moderator.button("Offer the role").click()
    expect(moderator.page).to_have_url(address)
    partner = visit(place.partner, java_script_enabled=False)
    partner.open(address)
    partner.page.get_by_role("link", name=partner.say("Decline")).click()
    partner.field("Reason").fill("Jeg har ikke tid")
    partner.button("Decline").click()
    expect(partner.page.locator("#role")).to_contain_text("Jeg har ikke tid")


@pytest.mark.slow
def test_the_pages_are_accessible_and_fit(visit: Visit, place: Place) -> None:
    held, vacant = role(place, "Drift", place.partner), role(place, LONG_WORD)
    with place.site.inside():
        member = place._membership(place.partner).id
    visitor = visit(place.moderator)
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}roles?q=ingenting")
        inspection.look("roles, nothing found")
        for address in (
            f"{place.address}roles",
            f"{place.address}roles/new",
            f"{place.address}roles/order",
            held,
            f"{held}/offers/new",
            f"{vacant}/requests/new",
            f"{vacant}/edit",
            f"{vacant}/retirement",
            f"{place.address}members/{member}",
        ):
            visitor.open(address)
            inspection.look(address.removeprefix(place.address))
        visitor.open(f"{held}/offers/new")
        visitor.button("Offer the role").click()
        expect(visitor.summary).to_be_visible()
        inspection.look("offer with errors")


@pytest.mark.slow
def test_the_first_roles_and_the_sets_are_accessible(visit: Visit, place: Place) -> None:
    visitor = visit(place.moderator)
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}roles")
        inspection.look("no roles yet")
        visitor.page.get_by_label(visitor.say("A network")).check()
        visitor.button("Begin with these roles").click()
        expect(visitor.page.locator("#roles tbody tr")).to_have_count(5)
        visitor.open("/partnerships/new")
        inspection.look("starting with roles")


def company(place: Place) -> str:
    """The company's name."""
    with place.site.inside():
        return place._membership(place.partner).organisation.name
