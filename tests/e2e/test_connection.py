"""A line that is cut: only what is true is said, only to whoever asked for something, and no longer than it is true."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.place import Place
from tests.e2e.visitor import Visitor

NOTHING_TYPED = "There is no connection. Try again in a moment."
TYPED = "There is no connection. What you typed is still here: send it again in a moment."
KEPT = "There is no connection. What you wrote is kept here, and is sent by itself when the connection is back."


@pytest.fixture
def visitor(viewport: dict[str, int], visit: Visit, place: Place) -> Visitor:
    visitor: Visitor = visit(place.contributor, viewport=viewport)
    visitor.watch.meant += ["ERR_", "htmx:afterRequest", "htmx:sendError", "/live"]
    return visitor


def test_what_the_page_asks_for_by_itself_fails_without_a_word(visitor: Visitor, place: Place) -> None:
    visitor.page.route("**/waiting", lambda route: route.abort("failed"))
    with visitor.page.expect_event("requestfailed", lambda request: request.url.endswith("/waiting")):
        visitor.open(place.address)
    visitor.page.wait_for_timeout(300)
    expect(visitor.page.locator("#announcements")).to_have_text("")


def test_a_press_that_fails_is_told_until_something_succeeds(visitor: Visitor, place: Place) -> None:
    post = place.share(place.moderator)
    visitor.open(f"{place.address}posts/{post}")
    visitor.page.route("**/reactions", lambda route: route.abort("failed"))
    react = visitor.link("React", visitor.page.locator("#post"))
    react.click()
    visitor.is_told(NOTHING_TYPED)
    visitor.page.unroute("**/reactions")
    react.click()
    expect(visitor.button("Thank you")).to_be_visible()
    expect(visitor.page.locator("#announcements")).to_have_text("")


def test_what_was_typed_is_said_to_be_there_still(visitor: Visitor, place: Place) -> None:
    visitor.open("/settings")
    visitor.page.route("**/settings", lambda route: route.abort("failed"))
    visitor.field("Name").fill("Et andet navn")
    visitor.button("Save").first.click()
    visitor.is_told(TYPED)


def test_what_is_kept_is_not_promised_any_longer_than_it_is_sent(visitor: Visitor, place: Place) -> None:
    post = place.share(place.moderator)
    visitor.open(f"{place.address}posts/{post}")
    visitor.write_in("Write a comment", "Under broen")
    visitor.page.route("**/comments", lambda route: route.abort("failed"))
    visitor.button("Share the comment").click()
    visitor.is_told(KEPT)
    visitor.page.unroute("**/comments")
    expect(visitor.page.locator("#thread .prose")).to_have_text("Under broen")
    expect(visitor.page.locator("#announcements")).not_to_contain_text(visitor.say(KEPT))
