"""On a phone: what one came for is on the first screen, and everything is within reach. On a desk, too."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.inspection import NARROW, PHONE, WIDE
from tests.e2e.place import Place, administrator
from tests.e2e.site import Site
from tests.factories import PostKind


@pytest.mark.parametrize("size", [pytest.param(PHONE, marks=pytest.mark.slow), NARROW], ids=["390", "320"])
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

    visitor = visit(place.moderator, viewport=size)
    place.ask_to_join(place.outsider)
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


def test_the_first_post_stands_on_the_first_screen_and_what_is_open_is_one_press_away(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    place.read_everything()
    place.share(place.partner, "Den åbne", kind=PostKind.CHALLENGE)
    newest = place.share(place.partner, "Det nyeste")
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(place.address)
    expect(visitor.post(newest).get_by_role("link", name="Det nyeste")).to_be_in_viewport(ratio=1)
    status = visitor.page.get_by_role("complementary", name=visitor.say("How things stand"))
    if viewport == PHONE:
        expect(status).not_to_be_in_viewport()
        visitor.page.locator(".glance").click()
    else:
        expect(visitor.page.locator(".glance")).to_be_hidden()
    expect(status.get_by_role("link", name="Den åbne")).to_be_in_viewport()


def test_what_is_pinned_and_read_leaves_the_first_screen_to_what_is_new(visit: Visit, place: Place) -> None:
    pinned = place.share(place.moderator, "Det fastgjorte", "En lang tekst, som alle skal læse. " * 15)
    place.pin(pinned, place.moderator)
    visitor = visit(place.contributor, viewport=PHONE)
    visitor.open(place.address)
    text = visitor.post(pinned).locator(".prose")
    expect(text).to_be_visible()
    place.read_everything()
    newest = place.share(place.partner, "Det nyeste")
    later = visit(place.contributor, viewport=PHONE)
    later.open(place.address)
    expect(later.post(pinned).get_by_role("link", name="Det fastgjorte")).to_be_visible()
    expect(later.post(pinned).locator(".prose")).to_be_hidden()
    expect(later.post(newest).get_by_role("link", name="Det nyeste")).to_be_in_viewport(ratio=1)
    later.page.set_viewport_size(WIDE)
    expect(later.post(pinned).locator(".prose")).to_be_visible()


def test_the_composer_is_one_line_until_it_is_used_and_again_afterwards(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(place.address)
    writer = visitor.page.locator("#writer")
    assert writer.bounding_box()["height"] < 70  # type: ignore[index]
    for title in ("Det første", "Det andet"):
        visitor.share("progress", title, "Sådan gik det.")
        expect(visitor.heading(title)).to_be_visible()
        expect(writer).not_to_have_attribute("open", "")
    writer.locator("summary").click()
    visitor.choose("progress")
    visitor.field("Heading").fill("Halvt skrevet")
    expect(visitor.composer.get_by_text(visitor.say("Kept as a draft in this browser."))).to_be_visible()
    visitor.page.reload()
    expect(visitor.button("Continue with the draft")).to_be_visible()
    visitor.open(f"{place.address}?share=challenge#composer")
    expect(visitor.field("Heading")).to_be_visible()


def test_a_card_leads_to_answering_and_to_what_can_be_done_with_it(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    own, other = place.share(place.contributor, "Mit"), place.share(place.partner, "Deres")
    visitor = visit(place.contributor, viewport=viewport)
    visitor.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.open(place.address)
    visitor.post(other).locator(".menu summary").click()
    expect(visitor.link("Report to the moderators", visitor.post(other))).to_be_visible()
    expect(visitor.post(other).get_by_role("link", name=visitor.say("Edit the post"))).to_have_count(0)
    visitor.button("Copy link", visitor.post(other)).click()
    visitor.is_told("The link is copied.")
    assert visitor.page.evaluate("navigator.clipboard.readText()").endswith(f"{place.address}posts/{other}")
    visitor.post(own).locator(".menu summary").click()
    visitor.link("Edit the post", visitor.post(own)).click()
    expect(visitor.page).to_have_url(f"{place.address}posts/{own}/edit")
    visitor.open(place.address)
    visitor.post(other).get_by_role("link", name=visitor.say.of_button("Comment")).click()
    expect(visitor.field("Write a comment")).to_be_focused()
    expect(visitor.field("Write a comment")).to_be_in_viewport()

    observer = visit(place.observer, viewport=viewport)
    observer.open(place.address)
    expect(observer.post(other).get_by_role("link", name=visitor.say.of_button("Comment"))).to_have_count(0)


def test_what_is_asked_of_one_stands_before_the_thread(visit: Visit, place: Place, viewport: dict[str, int]) -> None:
    challenge = place.share(place.contributor, kind=PostKind.CHALLENGE)
    for number in range(5):
        place.comment(challenge, place.partner, f"Kommentar {number}")
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(f"{place.address}posts/{challenge}")
    tops = [visitor.page.locator(part).bounding_box()["y"] for part in ("#post", "#steps", "#thread")]  # type: ignore[index]
    assert tops == sorted(tops)
    places = "[...document.querySelectorAll('#post, #steps, #thread')].map(({ id }) => id)"
    assert visitor.page.evaluate(places) == ["post", "steps", "thread"]

    visitor.link("Mark as solved").click()
    fold = visitor.page.locator("summary", has_text=visitor.say("Progress that solved it"))
    if fold.count():
        expect(fold.locator(".icon")).to_be_visible()


def test_reactions_following_and_copying_stand_in_one_row(visit: Visit, place: Place) -> None:
    post = place.share(place.contributor)
    visitor = visit(place.contributor, viewport=PHONE)
    visitor.open(f"{place.address}posts/{post}")
    row = visitor.page.locator("#post .acts")
    boxes = [part.bounding_box() for part in row.locator("a, button").all()]
    assert len(boxes) == 4
    middles = [box["y"] + box["height"] / 2 for box in boxes if box]
    assert max(middles) - min(middles) < 3, boxes
    sizes = row.locator("a, button").evaluate_all("parts => parts.map(part => getComputedStyle(part).fontSize)")
    assert len(set(sizes)) == 1


def test_filters_keep_their_labels_beside_them(visit: Visit, place: Place, viewport: dict[str, int]) -> None:
    visitor = visit(place.moderator, viewport=viewport)
    for address in ("challenges", "members"):
        visitor.open(f"{place.address}{address}")
        for field in visitor.page.locator(".filter-field").all():
            label, choice = field.locator("label").bounding_box(), field.locator(".input").bounding_box()
            assert label
            assert choice
            assert label["y"] < choice["y"] + choice["height"] / 2 < label["y"] + label["height"], address


@pytest.mark.slow
def test_a_post_that_was_brought_back_can_be_answered_at_once(visit: Visit, place: Place) -> None:
    post = place.share(place.contributor, "Fortrudt")
    visitor, other = visit(place.contributor), visit(place.partner)
    for each in (visitor, other):
        each.open(f"{place.address}posts/{post}")
    visitor.page.locator("#post .menu summary").click()
    visitor.link("Withdraw the post").click()
    visitor.button("Withdraw the post").click()
    expect(visitor.field("Write a comment")).to_have_count(0)
    visitor.button("Undo").click()
    visitor.write_in("Write a comment", "Den er her igen")
    visitor.button("Share the comment").click()
    expect(visitor.page.locator("#thread .prose")).to_have_text("Den er her igen")
