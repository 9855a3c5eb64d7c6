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


@pytest.mark.slow
def test_the_pages_of_search_are_good_to_read_for_everybody(visit: Visit, place: Place) -> None:
    place.share(place.moderator, "Temperaturmålingen er klar", "Den viser 19 grader.")
    index(place)
    visitor = visit(place.partner)
    with inspecting(visitor) as inspection:
        for words in ("", "måling", "måling kørestol", "xyzzy", "og", "måling&kind=challenge&since=year"):
            visitor.open(f"/search?q={words}")
            inspection.look(f"search for {words}")
