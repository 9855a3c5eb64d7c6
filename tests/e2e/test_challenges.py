"""A challenge from one side's post to the other side's solution: with a script, by keyboard, narrow, and without."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.inspection import inspecting
from tests.e2e.place import Place
from tests.factories import PostKind

TITLE = "Hvor lader vi ladcyklerne op?"
NARROW = {"width": 320, "height": 640}
both_ways = pytest.mark.parametrize(
    "scripts", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["scripts", "plain"]
)


@pytest.fixture
def number(place: Place) -> int:
    return place.share(place.contributor, TITLE, "Vi har fire og én stikkontakt.", PostKind.CHALLENGE)


@both_ways
def test_one_side_asks_and_the_other_solves(scripts: bool, visit: Visit, place: Place, number: int) -> None:
    address = f"{place.address}posts/{number}"
    first = visit(place.contributor, java_script_enabled=scripts, viewport=NARROW)
    first.hear_nothing()  # So that the page is stale when it says that the challenge has already been solved.
    first.open(address)
    if scripts:
        first.leave_a_mark()
    first.link("Who takes it?").click()
    partner = first.page.locator("#taker option", has_text=place.partner.name).get_attribute("value")
    first.page.locator("#taker").select_option(partner)
    first.button("Save").click()
    first.is_told("%(name)s is asked to take the challenge.", name="Ditte Æbelø")
    expect(first.page.locator("#thread .comment--event")).to_have_count(1)

    second = visit(place.partner, java_script_enabled=scripts, viewport=NARROW)
    second.open(address)
    second.button("I take it").click()
    second.is_told("You have taken the challenge.")
    expect(second.page.locator("#post .status--ongoing")).to_be_visible()
    expect(second.page.locator(".lifecycle [aria-current=step]")).to_contain_text("Ditte Æbelø")
    second.link("Mark as solved").click()
    second.field("What solved it?").fill(" ")
    second.button("Mark as solved").click()
    expect(second.summary).to_contain_text(second.say("Write what solved it."))
    second.field("What solved it?").fill("Et skab med otte stik i kælderen.")
    second.button("Mark as solved").click()
    second.is_told("The challenge is solved.")
    expect(second.page.locator(".outcome")).to_contain_text("Et skab med otte stik i kælderen.")
    expect(second.page.locator("#unsolved")).to_have_text("")

    if scripts:
        first.is_on_the_same_page()
        first.link("Park").click()
        expect(first.page.locator("#steps [data-focus]")).to_have_text(
            first.say("The challenge has already been solved.")
        )
        expect(first.page.locator(".outcome")).to_contain_text("Et skab med otte stik i kælderen.")
    first.open(f"{place.address}challenges?state=solved")
    expect(first.heading(TITLE)).to_be_visible()


@pytest.mark.slow
def test_a_challenge_is_taken_and_parked_with_the_keyboard_alone(visit: Visit, place: Place, number: int) -> None:
    visitor = visit(place.moderator)
    press, tab_to = visitor.page.keyboard.press, visitor.tab_to
    visitor.open(f"{place.address}posts/{number}")
    visitor.leave_a_mark()
    tab_to(visitor.link("Park"))
    press("Enter")
    expect(visitor.page.locator("#move")).to_be_focused()
    tab_to(visitor.link("Cancel"), most=10)
    press("Enter")
    expect(visitor.page.locator("#moves")).to_be_focused()
    tab_to(visitor.link("Park"), most=4)
    press("Enter")
    expect(visitor.page.locator("#move")).to_be_focused()
    tab_to(visitor.field("Why is it parked?"), most=1)
    visitor.page.keyboard.insert_text("Vi venter på el.")
    tab_to(visitor.button("Park"), most=10)
    press("Enter")
    expect(visitor.page.locator("#post .status--parked")).to_be_visible()
    expect(visitor.page.locator("#moves")).to_be_focused()
    expect(visitor.page.locator("#thread .comment--event")).to_contain_text("Vi venter på el.")
    visitor.is_on_the_same_page()


def test_the_loser_of_a_race_keeps_the_text_and_sees_the_solution(visit: Visit, place: Place, number: int) -> None:
    first, second = visit(place.contributor), visit(place.moderator)
    for visitor, note in ((first, "Et skab."), (second, "En generator.")):
        visitor.open(f"{place.address}posts/{number}/solution")
        visitor.field("What solved it?").fill(note)
    first.button("Mark as solved").click()
    expect(first.page.locator(".outcome")).to_contain_text("Et skab.")
    second.button("Mark as solved").click()
    expect(second.page.locator("#steps [data-focus]")).to_be_focused()
    expect(second.page.locator("#steps [data-focus]")).to_have_text(
        second.say("The challenge has already been solved.")
    )
    expect(second.field("What solved it?")).to_have_value("En generator.")
    expect(second.page.locator(".outcome")).to_contain_text("Et skab.")


@pytest.mark.slow
def test_the_list_is_filtered_in_place_and_the_focus_stays(visit: Visit, place: Place, number: int) -> None:
    visitor = visit(place.observer)
    visitor.open(f"{place.address}challenges")
    visitor.leave_a_mark()
    visitor.tab_to(visitor.page.locator("#state-parked"))
    visitor.page.keyboard.press("Enter")
    expect(visitor.heading(visitor.say("No challenges here"))).to_be_visible()
    expect(visitor.page.locator("#state-parked")).to_be_focused()
    expect(visitor.page).to_have_url(f"{place.address}challenges?state=parked")
    visitor.page.go_back()
    expect(visitor.heading(TITLE)).to_be_visible()
    visitor.field("Shared by").select_option(value="company")
    expect(visitor.heading(visitor.say("No challenges here"))).to_be_visible()


@pytest.mark.slow
def test_the_pages_of_challenges_are_accessible(visit: Visit, place: Place, number: int) -> None:
    visitor = visit(place.moderator)
    address = f"{place.address}posts/{number}"
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}challenges")
        inspection.look("list of challenges")
        visitor.open(f"{place.address}challenges?state=parked")
        inspection.look("list of challenges, none")
        visitor.open(address)
        inspection.look("challenge, open")
        visitor.link("Who takes it?").click()
        visitor.button("Save").click()
        expect(visitor.page.locator("#has-taken")).to_be_visible()
        visitor.link("Give it to another").click()
        expect(visitor.page.locator("#taker")).to_be_visible()
        inspection.look("challenge taken, form for giving it to another")
        for move in ("solution", "parking", "reopening"):
            visitor.open(f"{address}/{move}")
            visitor.page.locator("#steps form button.btn--primary").click()
            expect(visitor.summary).to_be_visible()
            inspection.look(f"{move}, with errors")
        visitor.open(f"{address}/parking")
        visitor.field("Why is it parked?").fill("Vi venter på el.")
        visitor.button("Park").click()
        expect(visitor.page.locator(".outcome")).to_be_visible()
        inspection.look("challenge, parked")
        visitor.open(f"{address}/solution")
        visitor.field("What solved it?").fill("Et skab.")
        visitor.button("Mark as solved").click()
        expect(visitor.page.locator(".outcome")).to_be_visible()
        inspection.look("challenge, solved")
