"""What is new: read when it stood on the screen for most of a second, marked through the visit, read in all tabs."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.inspection import WIDE
from tests.e2e.place import Place
from tests.e2e.visitor import Visitor
from tests.factories import PostKind

PHONE = {"width": 390, "height": 844}
LONG_TEXT = "Et langt afsnit om det, der skete, og hvad vi lærte af det. " * 4


@pytest.fixture(params=[pytest.param(PHONE, id="390"), pytest.param(WIDE, id="1280", marks=pytest.mark.slow)])
def size(request: pytest.FixtureRequest) -> Any:
    return request.param


def unread(visitor: Visitor) -> Any:
    return visitor.page.locator("#unread .count")


def test_what_stood_on_the_screen_is_read_and_what_is_below_it_is_not(visit: Visit, place: Place, size: Any) -> None:
    place.read_everything()
    posts = [place.share(place.partner, f"Nyhed {number}", LONG_TEXT) for number in range(12)]
    visitor = visit(place.contributor, viewport=size)
    with visitor.page.expect_response("**/seen") as answer:
        visitor.open(place.address)
        expect(visitor.page).to_have_title(f"(12) {visitor.say('Posts')} – {place.name} – Samspil")
        visitor.post(posts[-1]).scroll_into_view_if_needed()
    assert answer.value.status == 200
    expect(unread(visitor)).not_to_contain_text("12")
    left = int(visitor.page.locator("#unread").get_attribute("data-unread") or 0)
    assert 0 < left < 12
    expect(visitor.page).to_have_title(f"({left}) {visitor.say('Posts')} – {place.name} – Samspil")
    expect(visitor.page.locator("#posts .post__head .new")).to_have_count(12)
    assert place.unread(place.contributor) == left
    with visitor.page.expect_response("**/seen"):
        visitor.post(posts[0]).scroll_into_view_if_needed()
    expect(visitor.post(posts[0]).locator(".new")).to_be_visible()
    assert place.unread(place.contributor) < left


@pytest.mark.slow
def test_a_glance_reads_nothing(visit: Visit, place: Place, viewport: dict[str, int]) -> None:
    place.read_everything()
    place.share(place.partner, "Nyhed")
    visitor = visit(place.contributor, viewport=viewport)
    for _ in range(3):
        visitor.open(place.address)
        expect(visitor.page.locator("#posts .new")).to_be_visible()
        visitor.page.wait_for_timeout(200)
        visitor.open("/settings")
    assert place.unread(place.contributor) == 1


def test_marks_stay_through_the_visit_and_go_with_it(visit: Visit, place: Place, size: Any) -> None:
    post = place.share(place.partner, "Kendt")
    place.read_everything()
    place.comment(post, place.partner, "Den nye kommentar")
    new = place.share(place.partner, "Nyhed")
    visitor = visit(place.contributor, viewport=size)
    with visitor.page.expect_response("**/seen"):
        visitor.open(place.address)
        visitor.post(new).scroll_into_view_if_needed()
    expect(visitor.post(post).locator(".comment-count .new")).to_have_text("1 ny")
    visitor.post(post).locator(".comment-count").click()
    said = visitor.page.locator("#thread article")
    expect(said.locator(".new")).to_have_text(visitor.say("New"))
    expect(said).to_be_in_viewport()
    expect(unread(visitor)).to_have_count(0)
    visitor.page.reload()
    expect(said.locator(".new")).to_have_text(visitor.say("New"))
    visitor.open(place.address)
    expect(visitor.post(new).locator(".new")).to_have_text(visitor.say("New"))
    expect(visitor.post(post).locator(".new")).to_have_count(0)
    visitor.open("/")
    expect(visitor.page.locator("main .new")).to_have_count(1)
    later = visit(place.contributor, viewport=size)
    later.open(place.address)
    expect(later.post(new)).to_be_visible()
    expect(later.page.locator("main .new, .tabs .count--new")).to_have_count(0)


def test_the_overview_says_who_did_what_and_leads_to_the_first_new_comment(
    visit: Visit, place: Place, size: Any
) -> None:
    post = place.share(place.moderator, "Hvem har en ladcykel?", kind=PostKind.CHALLENGE)
    place.share(place.moderator, "Vi har fået en ladcykel")
    for number in range(8):
        place.comment(post, place.moderator, f"Kendt {number}. {LONG_TEXT}")
    place.read_everything()
    first = place.comment(post, place.partner, "Den første nye")
    place.comment(post, place.partner, "Den anden nye")
    visitor = visit(place.contributor, viewport=size)
    visitor.open("/")
    row = visitor.page.locator("main article", has_text="Hvem har en ladcykel?")
    expect(row).to_contain_text(visitor.say("%(who)s commented", who=place.partner.name))
    expect(row.locator(".status")).to_contain_text("Åben")
    visitor.link("Progress").click()
    expect(row).to_have_count(0)
    expect(visitor.page.locator("main article")).to_have_count(1)
    visitor.link("All", visitor.page.locator("main")).click()
    row.locator(".comment-count", has_text=visitor.say.several("%(num)s new", "%(num)s new", 2)).click()
    expect(visitor.comment(first)).to_be_in_viewport()
    expect(visitor.page).to_have_url(f"{place.address}posts/{post}?comment={first}#comment-{first}")


@pytest.mark.slow
def test_what_is_read_in_one_tab_is_read_in_the_others(visit: Visit, place: Place, viewport: dict[str, int]) -> None:
    place.read_everything()
    post = place.share(place.partner, "Nyhed")
    place.comment(post, place.partner, "En kommentar")
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(f"{place.address}members")
    expect(unread(visitor)).to_contain_text("2")
    other = visitor.page.context.new_page()
    other.goto(f"{place.address}posts/{post}")
    expect(unread(visitor)).to_have_count(0)


@pytest.mark.slow
def test_marking_as_read_ends_the_marks(visit: Visit, place: Place, viewport: dict[str, int]) -> None:
    place.read_everything()
    place.share(place.partner, "Nyhed")
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(place.address)
    expect(visitor.page.locator("#posts .new")).to_be_visible()
    visitor.button("Mark as read").click()
    expect(visitor.button("Mark as read")).to_have_count(0)
    expect(visitor.page.locator("main .new")).to_have_count(0)


@pytest.mark.slow
def test_a_mark_stays_when_its_comment_changes_and_goes_when_it_is_withdrawn(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    post = place.share(place.moderator)
    place.read_everything()
    number = place.comment(post, place.partner)
    visitor, writer = visit(place.contributor, viewport=viewport), visit(place.partner, viewport=viewport)
    visitor.open(f"{place.address}posts/{post}")
    mark = visitor.comment(number).locator(".new")
    expect(mark).to_be_visible()
    writer.open(f"{place.address}posts/{post}")
    writer.link("Edit", writer.comment(number)).click()
    writer.write_in("Your comment", "Rettet")
    writer.button("Save the changes").click()
    expect(visitor.comment(number).locator(".prose")).to_have_text("Rettet")
    expect(mark).to_be_visible()
    writer.link("Withdraw", writer.comment(number)).click()
    writer.button("Withdraw the comment").click()
    expect(visitor.comment(number)).to_contain_text(visitor.say("The author has withdrawn this comment."))
    expect(mark).to_have_count(0)


@pytest.mark.slow
def test_without_javascript_opening_reads_and_so_does_the_button(visit: Visit, place: Place) -> None:
    place.read_everything()
    opened, left = place.share(place.partner, "Åbnet"), place.share(place.partner, "Ikke åbnet")
    visitor = visit(place.contributor, java_script_enabled=False)
    visitor.open(place.address)
    visitor.post(opened).locator("h3 a").click()
    visitor.open(place.address)
    expect(visitor.post(opened).locator(".new")).to_have_count(0)
    expect(visitor.post(left).locator(".new")).to_be_visible()
    visitor.button("Mark as read").click()
    expect(visitor.page.locator("main .new")).to_have_count(0)
