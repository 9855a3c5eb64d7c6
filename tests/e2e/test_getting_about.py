"""Moving about: back to where one was, into another tab, to what is new; and what a text tells of itself."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.e2e.conftest import Visit
from tests.e2e.place import Place
from tests.factories import PostKind
from workspace.partnerships import queries as partnership_queries


def test_back_from_a_post_leads_to_the_place_in_what_was_shown(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    numbers = [place.share(place.partner, f"Opslag {number}") for number in range(45)]
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(place.address)
    for shown in (40, 45):
        visitor.link("Show older posts").click()
        expect(visitor.page.locator("#posts > article")).to_have_count(shown)
    opened = visitor.post(numbers[2]).locator("h3 a")
    opened.scroll_into_view_if_needed()
    before = visitor.page.evaluate("scrollY")
    opened.click()
    expect(visitor.page).to_have_url(re.compile(f"posts/{numbers[2]}$"))
    visitor.page.go_back()
    expect(visitor.page.locator("#posts > article")).to_have_count(45)
    expect(opened).to_be_in_viewport()
    expect(opened).to_be_focused()
    assert abs(visitor.page.evaluate("scrollY") - before) < 5


def test_the_focus_goes_to_what_comes_in_the_place_of_what_was_pressed(
    visit: Visit, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partnership_queries, "PAGE", 3)
    with place.site.inside():
        by = place._membership(place.moderator)
        role = factories.make_role(by, "Cykelstier")
        factories.hold(role, place._membership(place.contributor), by)
        address = f"{place.address}roles/{role.id}"
    visitor = visit(place.moderator)
    heading = visitor.page.locator("main h1")
    for name in ("Hand over the responsibility", "Add a helper", "Edit the role", "Retire the role"):
        visitor.open(address)
        visitor.page.locator("#role .row").get_by_role("link", name=visitor.say(name), exact=True).press("Enter")
        expect(heading).not_to_have_text("Cykelstier")
        expect(heading).to_be_focused()
        visitor.link("Cancel").press("Enter")
        expect(heading).to_have_text("Cykelstier")
        expect(heading).to_be_focused()
    reader = visit(place.observer)
    reader.open(f"{place.address}members")
    reader.link("Show more members").press("Enter")
    expect(reader.page.locator("li[id^=member-]").nth(3).get_by_role("link")).to_be_focused()


def test_a_press_with_ctrl_opens_a_tab_everywhere(visit: Visit, place: Place) -> None:
    challenge = place.share(place.contributor, kind=PostKind.CHALLENGE)
    place.comment(challenge, place.contributor, "Min egen")
    visitor = visit(place.contributor)
    for address, name in (
        ("", "Challenges"),
        (f"posts/{challenge}", "Mark as solved"),
        (f"posts/{challenge}", "Quote"),
        (f"posts/{challenge}", "React"),
    ):
        visitor.open(f"{place.address}{address}")
        link = visitor.page.locator("main").get_by_role("link", name=visitor.say(name)).last
        with visitor.page.context.expect_page() as opened:
            link.click(modifiers=["ControlOrMeta"])
        opened.value.close()
        expect(visitor.page).to_have_url(f"{place.address}{address}")


def test_what_is_offered_as_new_leads_to_it_and_not_to_what_is_pinned(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    pinned = place.share(place.moderator, "Fastgjort")
    place.pin(pinned, place.moderator)
    for number in range(6):
        place.share(place.partner, f"Opslag {number}", "Lang. " * 60)
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(place.address)
    new = place.share(place.partner, "Det nye")
    visitor.page.locator("#fresh a").click(timeout=20_000)
    expect(visitor.post(new).locator("h3 a")).to_be_focused()
    expect(visitor.post(new)).to_be_in_viewport()


def test_what_is_opened_stays_open_when_somebody_else_acts(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    post = place.share(place.contributor, "Et opslag")
    comment = place.comment(post, place.contributor, "En kommentar")
    visitor = visit(place.moderator, viewport=viewport)
    visitor.open(f"{place.address}posts/{post}")
    for part in ("#post", f"#comment-{comment}"):
        visitor.link("React", visitor.page.locator(part)).click()
        expect(visitor.button("Thank you", visitor.page.locator(part))).to_be_visible()
    place.edit(post, place.contributor, "Et rettet opslag", "Nu med mere")
    expect(visitor.page.locator("#post-title")).to_have_text("Et rettet opslag", timeout=20_000)
    for part in ("#post", f"#comment-{comment}"):
        expect(visitor.button("Thank you", visitor.page.locator(part))).to_be_visible()


def test_a_quotation_says_whose_it_is_and_is_in_sight(visit: Visit, place: Place, viewport: dict[str, int]) -> None:
    post = place.share(place.moderator)
    quoted = place.comment(post, place.partner, "Under broen")
    for number in range(9):
        place.comment(post, place.moderator, f"Kommentar {number}. " * 20)
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(f"{place.address}posts/{post}")
    visitor.link("Quote", visitor.comment(quoted)).click()
    editor = visitor.page.locator("#comment-form trix-editor")
    expect(editor).to_be_focused()
    expect(editor).to_be_in_viewport()
    wrote = visitor.say("%(name)s wrote:", name=place.partner.name)
    expect(editor).to_have_text(f"{wrote}\nUnder broen\n", use_inner_text=True)
    visitor.page.keyboard.insert_text("Enig")
    visitor.button("Share the comment").click()
    expect(visitor.page.locator("#thread .prose").last.locator("blockquote")).to_have_text("Under broen")
    expect(visitor.page.locator("#thread .prose").last).to_contain_text(wrote)

    plain = visit(place.contributor, java_script_enabled=False)
    plain.open(f"{place.address}posts/{post}?quote={quoted}")
    expect(plain.field("Write a comment")).to_have_value(f"{wrote}\n\n> Under broen")


def test_a_text_tells_how_near_it_is_to_its_limit_and_buttons_what_holds(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    post = place.share(place.moderator)
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(f"{place.address}posts/{post}")
    told = visitor.page.locator("#comment-form [data-count]")
    visitor.write_in("Write a comment", "x" * 3000)
    expect(told).to_have_count(0)
    visitor.write_in("Write a comment", "x" * 3812)
    expect(told).to_have_text("3.812 af 4.000 tegn")
    visitor.write_in("Write a comment", "x" * 4086)
    expect(told).to_have_text("Teksten er 86 tegn for lang")
    bold = visitor.page.locator("#comment-form button[data-trix-attribute=bold]")
    expect(bold).to_have_attribute("aria-pressed", "false")
    visitor.field("Write a comment").press("ControlOrMeta+b")
    expect(bold).to_have_attribute("aria-pressed", "true")


def test_printing_prints_the_text(visit: Visit, place: Place, viewport: dict[str, int]) -> None:
    post = place.share(place.moderator, "Overskriften", "Hele teksten")
    place.comment(post, place.partner, "Svaret")
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(f"{place.address}posts/{post}")
    visitor.page.emulate_media(media="print")
    for text in ("Overskriften", "Hele teksten", "Svaret", place.partner.name):
        expect(visitor.page.locator("main").get_by_text(text).first).to_be_visible()
    for gone in (".tabs", "#comment-form", ".comment__acts", ".acts", ".live"):
        expect(visitor.page.locator(gone).first).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False])
def test_after_writing_one_stands_at_the_comment_and_the_address_leads_to_it(
    visit: Visit, place: Place, viewport: dict[str, int], scripts: bool
) -> None:
    post = place.share(place.moderator, "Langt", "Lang. " * 600)
    comment = place.comment(post, place.contributor, "Før")
    for number in range(4):
        place.comment(post, place.partner, f"Kommentar {number}. " * 40)
    visitor = visit(place.contributor, viewport=viewport, java_script_enabled=scripts)
    visitor.open(f"{place.address}posts/{post}/comments/{comment}/edit")
    visitor.write_in("Your comment", "Efter")
    visitor.button("Save the changes").click()
    expect(visitor.page).to_have_url(f"{place.address}posts/{post}?comment={comment}#comment-{comment}")
    expect(visitor.comment(comment)).to_be_in_viewport()
    if not scripts:
        visitor.field("Write a comment").fill("Den sidste")
        visitor.button("Share the comment").click()
        expect(visitor.page).to_have_url(re.compile(r"\?comment=(\d+)#comment-\1$"))
        expect(visitor.page.locator("#thread article").last).to_be_in_viewport()
