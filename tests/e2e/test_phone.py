"""On a phone: what one came for is on the first screen, and everything is within reach. On a desk, too."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.inspection import NARROW, PHONE
from tests.e2e.place import Place, administrator
from tests.e2e.site import Site


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["390", "320"])
def test_the_head_and_the_tabs_stand_on_one_line_each(
    visit: Visit, place: Place, site: Site, size: dict[str, int]
) -> None:
    for person in (place.contributor, administrator(site)):
        visitor = visit(person, viewport=size)
        visitor.open("/")
        top = visitor.page.locator(".topbar")
        assert top.bounding_box()["height"] < 70, person.name  # type: ignore[index]
    visitor.menu.locator("summary").click()
    visitor.link("Audit log", visitor.menu).click()
    expect(visitor.page).to_have_url("/admin/trail")

    visitor = visit(place.contributor, viewport=size)
    visitor.open(f"{place.address}about")
    tabs = visitor.page.locator(".tabs")
    assert tabs.bounding_box()["height"] < 60  # type: ignore[index]
    expect(visitor.link("About", tabs)).to_be_in_viewport(ratio=1)  # It scrolls, so that one sees where one is.
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == size["width"]


def test_the_facts_are_folded(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor, viewport=PHONE)
    visitor.open(place.address)
    access = visitor.page.get_by_text(visitor.say("Your access"))
    expect(access).to_be_hidden()
    visitor.page.get_by_text(visitor.say("stage %(number)s of 5", number=1)).click()
    expect(access).to_be_visible()
