"""Searching in a browser: the key, the field, the phone, without scripts, and axe."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.inspection import inspecting
from tests.e2e.place import Place
from workspace.search import indexing


def index(place: Place) -> None:
    """What the worker does every second."""
    with place.site.inside():
        indexing.index_due()


def test_the_key_leads_into_the_field_and_enter_to_what_is_found(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator, "Temperaturmålingen er klar", "Den viser 19 grader.")
    index(place)
    visitor = visit(place.partner)
    visitor.open(place.address)
    visitor.page.keyboard.press("/")
    expect(visitor.page.locator("#search")).to_be_focused()
    visitor.page.keyboard.type("måling/er")
    expect(visitor.page.locator("#search")).to_have_value("måling/er")
    visitor.page.locator("#search").fill("måling")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator(".hit mark")).to_have_text("målingen")
    expect(visitor.page.locator(".chip")).to_contain_text(place.name)
    visitor.page.locator(".hit a").click()
    expect(visitor.page).to_have_url(f"{place.site.url}{place.address}posts/{post}")
    visitor.page.go_back()
    expect(visitor.page.locator(".hit")).to_have_count(1)


def test_a_phone_has_a_page_for_it(visit: Visit, place: Place) -> None:
    place.share(place.moderator, "Temperaturmålingen er klar", "Den viser 19 grader.")
    index(place)
    visitor = visit(place.partner, viewport={"width": 390, "height": 800})
    visitor.open("/")
    expect(visitor.page.locator("#search")).to_be_hidden()
    visitor.page.locator(".topseek").click()
    visitor.page.locator("#search-here").fill("grader")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator(".hit")).to_have_count(1)
    expect(visitor.page.locator(".narrow nav").first).to_be_hidden()
    visitor.page.locator(".narrow > summary").click()
    expect(visitor.page.locator(".narrow nav").first).to_be_visible()


def test_without_scripts_one_searches_narrows_and_goes_on(visit: Visit, place: Place) -> None:
    for number in range(25):
        place.share(place.moderator, f"Temperaturmåling nummer {number}", "Den viser 19 grader.")
    index(place)
    visitor = visit(place.partner, java_script_enabled=False)
    visitor.open(place.address)
    visitor.page.locator("#search").fill("måling")
    visitor.page.locator("#search").press("Enter")
    hits = visitor.page.locator(".hit")
    expect(hits).to_have_count(20)
    expect(visitor.page.locator(".hit mark").first).to_have_text("måling")
    narrow = visitor.page.locator(".narrow")
    narrow.get_by_role("link", name="Udfordringer").click()
    expect(hits).to_have_count(0)
    visitor.page.get_by_role("link", name="Søg i alt").click()
    expect(hits).to_have_count(20)
    visitor.page.get_by_role("link", name="Vis flere").click()
    expect(hits).to_have_count(5)
    hits.first.get_by_role("link").click()
    expect(visitor.page.locator("h1")).to_contain_text("Temperaturmåling nummer 4")


def test_the_way_back_leads_to_the_place_and_the_keyboard_is_enough(visit: Visit, place: Place) -> None:
    for number in range(45):
        place.share(place.moderator, f"Temperaturmåling nummer {number}", "Den viser 19 grader.")
    index(place)
    visitor = visit(place.partner)
    visitor.open("/search?q=måling")
    more = visitor.page.get_by_role("link", name="Vis flere")
    more.focus()
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator(".hit").first).to_contain_text("nummer 24")
    last = visitor.page.locator(".hit a").last
    last.focus()
    there = visitor.page.evaluate("scrollY")
    assert there > 0
    address = visitor.page.url
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("h1")).to_contain_text("Temperaturmåling nummer 5")
    visitor.page.go_back()
    expect(visitor.page).to_have_url(address)
    expect(visitor.page.locator(".hit").last).to_be_in_viewport()


@pytest.mark.slow
def test_the_pages_of_search_are_good_to_read_for_everybody(visit: Visit, place: Place) -> None:
    place.share(place.moderator, "Temperaturmålingen er klar", "Den viser 19 grader.")
    index(place)
    visitor = visit(place.partner)
    with inspecting(visitor) as inspection:
        for words in ("", "måling", "måling kørestol", "xyzzy", "og", "måling&kind=challenge&since=year"):
            visitor.open(f"/search?q={words}")
            inspection.look(f"search for {words}")
