"""Messages stand on the screen near what was pressed, say what is true, and go with the next request."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.e2e.conftest import Visit
from tests.e2e.place import Place
from tests.e2e.visitor import Visitor
from tests.factories import PostKind

LONG = "En lang tekst, som fylder hele skærmen. " * 70


def is_near(message: Locator, pressed: dict[str, float], visitor: Visitor) -> bool:
    """Whether the message is whole on the screen, and at the edge nearest to what was pressed."""
    box = message.bounding_box()
    assert box
    height = visitor.page.evaluate("innerHeight")
    is_above = pressed["y"] + pressed["height"] / 2 < height / 2
    return box["y"] >= 0 and box["y"] + box["height"] <= height and (box["y"] < height / 2) == is_above


def press(visitor: Visitor, target: Locator) -> dict[str, float]:
    """Press it where it stands, and say where that was."""
    target.scroll_into_view_if_needed()
    box = target.bounding_box()
    assert box
    target.click()
    return box  # type: ignore[return-value]


@pytest.fixture
def far_down(visit: Visit, place: Place, viewport: dict[str, int]) -> Visitor:
    """Somebody who reads the end of a long thread."""
    post = place.share(place.moderator, "Langt", LONG)
    for _time in range(3):
        place.comment(post, place.partner, LONG)
    place.comment(post, place.partner, "Kort")
    place.read_everything()
    visitor: Visitor = visit(place.contributor, viewport=viewport)
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.open(f"{place.address}posts/{post}")
    visitor.settle()
    return visitor


def test_what_was_done_is_told_where_it_is_seen_and_gone_with_the_next_request(far_down: Visitor) -> None:
    visitor, message = far_down, far_down.page.locator("#announcements .notice")
    visitor.write_in("Write a comment", "Under broen")
    pressed = press(visitor, visitor.button("Share the comment"))
    visitor.is_told("Your comment is shared.")
    assert is_near(message, pressed, visitor)
    expect(message).to_have_class("notice notice--ok")
    pressed = press(visitor, visitor.button("Copy link").last)
    visitor.is_told("The link is copied.")
    expect(message).to_have_count(1)
    assert is_near(message, pressed, visitor)
    visitor.link("React", visitor.page.locator("#thread article").last).click()
    expect(visitor.button("Thank you")).to_be_visible()
    expect(message).to_have_count(0)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (None, "There is no connection. Try again in a moment."),
        (500, "It did not work this time. Try again in a moment."),
    ],
)
def test_what_failed_is_told_there_too_and_never_beside_an_old_success(
    far_down: Visitor, status: int | None, told: str
) -> None:
    visitor, message = far_down, far_down.page.locator("#announcements .notice")
    visitor.watch.meant += ["ERR_", "htmx:", "500"]
    visitor.button("Copy link").last.click()
    visitor.is_told("The link is copied.")

    def fail(route: Route) -> None:
        route.fulfill(status=status, body="Internal Server Error") if status else route.abort("failed")

    visitor.page.route("**/reactions", fail)
    pressed = press(visitor, visitor.link("React", visitor.page.locator("#thread article").last))
    visitor.is_told(told)
    expect(message).to_have_count(1)
    expect(message).to_have_class("notice notice--error")
    assert is_near(message, pressed, visitor)
    visitor.button("Close the message").click()
    expect(message).to_have_count(0)


@pytest.mark.parametrize("why", ["refused", "missing", "too often"])
def test_a_refusal_is_told_in_the_same_place(far_down: Visitor, place: Place, why: str) -> None:
    visitor = far_down
    visitor.watch.meant.append("Response Status Error Code")
    answers: dict[str, dict[str, Any]] = {
        "refused": {"status": 403, "body": '<div class="notice notice--error">Nej</div>'},
        "missing": {"status": 404, "body": '<div class="notice notice--error">Nej</div>'},
        "too often": {"status": 429, "body": "Nej"},
    }
    visitor.page.route("**/reactions", lambda route: route.fulfill(content_type="text/html", **answers[why]))
    pressed = press(visitor, visitor.link("React", visitor.page.locator("#thread article").last))
    message = visitor.page.locator("#announcements .notice--error")
    expect(message).to_have_count(1)
    assert is_near(message, pressed, visitor)


def test_what_is_saved_is_told_on_the_next_page_and_read_aloud_once(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open("/settings")
    visitor.button("Save").first.click()
    visitor.is_told("Your settings are saved.")
    message = visitor.page.locator("#announcements .notice")
    expect(message).to_have_count(1)
    box = message.bounding_box()
    assert box
    assert 0 <= box["y"] < viewport["height"] - box["height"]


def test_a_page_without_scripts_has_the_message_in_its_text(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor, java_script_enabled=False)
    visitor.open("/settings")
    visitor.button("Save").first.click()
    visitor.is_told("Your settings are saved.")
    expect(visitor.page.locator(".live")).to_have_css("position", "static")
    expect(visitor.page.locator("#announcements .notice")).to_have_class(re.compile("notice--ok"))


@pytest.mark.slow
def test_who_closes_a_message_by_keyboard_is_back_where_they_were(visit: Visit, place: Place) -> None:
    post = place.share(place.partner, kind=PostKind.CHALLENGE)
    visitor = visit(place.moderator)
    visitor.open(f"{place.address}posts/{post}")
    visitor.button("We have this too").press("Enter")
    visitor.is_told("The others can see that you have this challenge too.")
    expect(visitor.page.locator("#moves")).to_be_focused()
    visitor.tab_to(visitor.button("Close the message"), key="Shift+Tab")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#announcements .notice")).to_have_count(0)
    expect(visitor.page.locator("main :focus")).to_have_count(1)
