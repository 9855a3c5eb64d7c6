"""The bell: what others did that concerns me is counted in the top bar until the very thing has been opened."""

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Visit
from tests.e2e.inspection import inspecting
from tests.e2e.place import Place
from tests.e2e.visitor import Visitor
from tests.factories import PostKind


@pytest.fixture
def answered(place: Place) -> tuple[int, int]:
    """Two posts of the contributor's, an older and a newer one, with an answer to each; all else has been read."""
    older = place.share(place.contributor, "Det første", kind=PostKind.CHALLENGE)
    newer = place.share(place.contributor, "Det andet")
    place.read_everything()
    for post in (older, newer):
        place.comment(post, place.partner, f"Svaret på nummer {post}")
    return older, newer


def bell(visitor: Visitor) -> Locator:
    """The link in the top bar, with its number."""
    return visitor.page.locator(".notices-link")


def new(visitor: Visitor) -> Locator:
    """What is marked as new on the page of notices."""
    return visitor.page.locator("main li", has=visitor.page.locator(".new"))


def test_a_notice_leads_to_the_answer_and_is_read_by_that_alone(
    visit: Visit, place: Place, answered: tuple[int, int], viewport: dict[str, int]
) -> None:
    older, _newer = answered
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(place.address)
    expect(bell(visitor)).to_contain_text("2")
    expect(bell(visitor)).to_be_in_viewport(ratio=1)
    visitor.button("Mark as read").click()
    expect(visitor.button("Mark as read")).to_have_count(0)
    bell(visitor).click()
    expect(visitor.heading(visitor.say("Notices"))).to_be_visible()
    expect(new(visitor)).to_have_count(2)
    assert visitor.page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    new(visitor).filter(has_text="Det første").get_by_role("link").click()
    answer = visitor.page.locator("#thread article", has_text=f"Svaret på nummer {older}")
    expect(answer).to_be_in_viewport()
    expect(bell(visitor)).to_contain_text("1")
    bell(visitor).click()
    expect(visitor.page.locator("main li")).to_have_count(2)
    expect(new(visitor)).to_contain_text("Det andet")
    visitor.button("Empty the list").click()
    visitor.is_told("The list is emptied.")
    expect(visitor.heading(visitor.say("No notices"))).to_be_visible()
    expect(bell(visitor).locator(".count")).to_have_count(0)


def test_what_is_read_or_comes_is_counted_in_both_tabs(
    visit: Visit, place: Place, answered: tuple[int, int], viewport: dict[str, int]
) -> None:
    older, _newer = answered
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open("/partnerships")
    expect(bell(visitor)).to_contain_text("2")
    other = visitor.page.context.new_page()
    other.goto(f"{place.address}posts/{older}")
    expect(other.locator(".notices-link")).to_contain_text("1")
    expect(bell(visitor)).to_contain_text("1")
    place.comment(older, place.moderator, "Endnu et svar")
    expect(bell(visitor)).to_contain_text("2")


def test_the_bell_is_used_by_keyboard(visit: Visit, place: Place, answered: tuple[int, int]) -> None:
    visitor = visit(place.contributor)
    visitor.open("/partnerships")
    expect(bell(visitor)).to_contain_text("2")
    visitor.tab_to(bell(visitor))
    visitor.page.keyboard.press("Enter")
    expect(new(visitor)).to_have_count(2)
    visitor.tab_to(new(visitor).first.get_by_role("link"))
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#thread article", has_text="Svaret på nummer")).to_be_in_viewport()


@pytest.mark.slow
def test_nothing_is_in_the_way_of_anybody_under_the_bell(visit: Visit, place: Place, answered: tuple[int, int]) -> None:
    visitor = visit(place.contributor)
    with inspecting(visitor) as inspection:
        visitor.open("/notices")
        expect(new(visitor)).to_have_count(2)
        inspection.look("new notices")
        visitor.button("Empty the list").click()
        expect(visitor.heading(visitor.say("No notices"))).to_be_visible()
        inspection.look("no notices, with the message")
