"""Files in the forms of numbers, comments and corrections; stopped, asked for again, replaced, in forced colours."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.e2e.conftest import Visit
from tests.e2e.inspection import OVERHANG, PHONE, inspecting
from tests.e2e.place import Place
from tests.e2e.test_files import attach, checked, chooser, files, given, is_drawn, is_up, photo, slowed, tiles
from tests.e2e.test_results import SAVED, measure_together
from tests.e2e.visitor import Visitor
from workspace.demo.story_documents import pdf

__all__ = ["checked"]  # by which the worker's part is done here, too

NUMBERS = "form.is-printed"
# What marks the edge of an element: its border's colour, beside what it stands on.
EDGE = """element => {
  const { borderTopColor, borderTopStyle, borderTopWidth, backgroundColor } = getComputedStyle(element);
  return borderTopStyle !== "none" && parseFloat(borderTopWidth) > 0 && borderTopColor !== backgroundColor;
}"""


def wait_until_ready(visitor: Visitor, place: Place) -> None:
    """Wait until the worker has been through all files."""
    for _look in range(100):
        if all(file.shown == file.newest for file in files(place)):
            return
        visitor.page.wait_for_timeout(100)
    raise AssertionError("The files are not ready")


def newest_readings(place: Place, number: int) -> str:
    return f"{place.address}results/{number}"


@pytest.mark.parametrize("java_script", [True, False], ids=["script", "plain"])
def test_a_number_is_entered_with_its_evidence_on_a_phone(
    visit: Visit, place: Place, tmp_path: Path, java_script: bool
) -> None:
    number = measure_together(place, [place.partner])
    visitor = visit(place.contributor, viewport=PHONE, has_touch=True, java_script_enabled=java_script)
    visitor.open(f"{place.address}results/numbers")
    if java_script:
        chooser(visitor, NUMBERS).set_input_files(given("Udtræk.pdf", pdf("Udtræk", "7 besøg"), "application/pdf"))
        is_up(visitor, "Udtræk.pdf", NUMBERS)
    else:
        (tmp_path / "Udtræk.pdf").write_bytes(pdf("Udtræk", "7 besøg"))
        chooser(visitor, NUMBERS).set_input_files(tmp_path / "Udtræk.pdf")
    visitor.page.locator(".owed input.input").first.fill("ca. 7")
    visitor.button("Save the numbers").click()
    expect(visitor.page.get_by_role("alert")).to_be_visible()
    is_up(visitor, "Udtræk.pdf", NUMBERS)  # What was wrong is the number; the file need not be chosen again.
    assert not java_script or visitor.page.evaluate(OVERHANG) == []
    visitor.page.locator(".owed input.input").first.fill("7")
    visitor.button("Save the numbers").click()
    expect(visitor.page.locator("#announcements")).to_contain_text(SAVED)
    assert [file.entry_number is not None for file in files(place)] == [True]
    other = visit(place.observer, viewport=PHONE)
    wait_until_ready(visitor, place)
    other.open(newest_readings(place, number))
    other.page.locator(".reading__head").first.click()
    shown = other.page.locator(".reading__files").get_by_role("link", name="Udtræk.pdf", exact=True)
    expect(shown).to_be_visible()
    assert other.page.evaluate(OVERHANG) == []
    assert other.page.request.get(f"{place.address}files/1/content").status == 200


def test_the_forms_of_numbers_and_what_they_brought_are_accessible(visit: Visit, place: Place) -> None:
    number = measure_together(place, [place.partner])
    visitor = visit(place.contributor)
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}results/numbers")
        chooser(visitor, NUMBERS).set_input_files([given("felt.jpg", photo()), given("film.mp4", b"x", "video/mp4")])
        is_up(visitor, "felt.jpg", NUMBERS)
        inspection.look("numbers with files")
        visitor.page.locator(".owed input.input").first.fill("7")
        visitor.button("Save the numbers").click()
        expect(visitor.page.locator("#announcements")).to_contain_text(SAVED)
        visitor.open(newest_readings(place, number))
        visitor.page.locator(".reading__head").first.click()
        is_drawn(visitor, visitor.page.locator(".reading__files img"))
        inspection.look("a number with a picture")
        visitor.page.locator(".readings a[href$=correction]").click()
        chooser(visitor, "#correction").set_input_files(given("rettet.pdf", pdf("A", "A"), "application/pdf"))
        is_up(visitor, "rettet.pdf", "#correction")
        inspection.look("a correction with a file")
        visitor.field("Why is it corrected?").fill("Et udtræk til")
        visitor.button("Correct the number").click()
        expect(visitor.page.locator(".reading__files")).to_have_count(2)
        inspection.look("a corrected number, with files of before")


def test_comment_and_edit_forms_with_tiles_are_accessible(visit: Visit, place: Place) -> None:
    post = attach(place, place.contributor, "Med filer", [("a.jpg", photo()), ("b.pdf", pdf("B", "B"))], "Et felt")
    visitor = visit(place.contributor)
    with inspecting(visitor) as inspection:
        visitor.open(f"{place.address}posts/{post}")
        chooser(visitor, "#comment-form").set_input_files(
            [
                given("c.jpg", photo()),
                given("d.pdf", pdf("D", "D"), "application/pdf"),
                given("e.mp4", b"x", "video/mp4"),
            ]
        )
        for name in ("c.jpg", "d.pdf"):
            is_up(visitor, name, "#comment-form")
        inspection.look("the comment form with files")
        visitor.write_in("Write a comment", "Her er de")
        visitor.button("Share the comment").click()
        comment = visitor.page.locator("#thread > .comment").last
        is_drawn(visitor, comment.locator(".photos img"))
        comment.get_by_role("link", name=visitor.say("Edit"), exact=True).click()
        edit = "#thread form"
        chooser(visitor, edit).set_input_files(given("f.jpg", photo()))
        is_up(visitor, "f.jpg", edit)
        inspection.look("editing a comment with files, below the form for another")
        visitor.open(f"{place.address}posts/{post}/edit")
        chooser(visitor, "form#post").set_input_files(given("g.jpg", photo()))
        is_up(visitor, "g.jpg", "form#post")
        inspection.look("editing a post with files")


def test_tiles_and_pictures_are_seen_in_forced_colours(visit: Visit, place: Place) -> None:
    pictures = [(f"{nth}.jpg", photo()) for nth in range(4)]
    post = attach(place, place.partner, "Med filer", [*pictures, ("b.pdf", pdf("B", "B"))], "Et felt")
    visitor = visit(place.contributor, forced_colors="active")
    visitor.open(f"{place.address}posts/{post}")
    assert visitor.page.evaluate("matchMedia('(forced-colors: active)').matches")
    is_drawn(visitor, visitor.page.locator("#post .photo img").first)
    assert visitor.page.locator("#post .attachment").evaluate(EDGE)
    more = visitor.page.locator("#post .photo__more")
    expect(more).to_be_visible()
    assert more.evaluate("element => getComputedStyle(element).backgroundColor") == "rgb(255, 255, 255)"
    chooser(visitor, "#comment-form").set_input_files([given("c.jpg", photo()), given("e.mp4", b"x", "video/mp4")])
    is_up(visitor, "c.jpg", "#comment-form")
    for tile in tiles(visitor, "#comment-form").all():
        assert tile.evaluate(EDGE)
        expect(tile.get_by_role("button").locator("svg")).to_be_visible()
    is_drawn(visitor, tiles(visitor, "#comment-form").first.locator("img"))
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    visitor.open(f"{place.address}files/1")
    is_drawn(visitor, visitor.page.locator(".viewer img"))
    following = visitor.link("Next picture")
    visitor.tab_to(following)
    outline = following.evaluate("element => getComputedStyle(element).outlineStyle")
    assert outline != "none", "where the focus is can't be seen"


def test_a_file_that_is_stopped_on_its_way_is_not_there(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.choose("progress")
    line = slowed(visitor, mbit=1)
    chooser(visitor).set_input_files([given("stoppet.jpg", photo((1000, 1000), grain=900)), given("med.jpg", photo())])
    sending = tiles(visitor).filter(has_text="stoppet.jpg")
    expect(sending.get_by_role("progressbar")).to_be_visible()
    sending.get_by_role("button").press("Enter")
    expect(tiles(visitor).filter(has_text="stoppet.jpg")).to_have_count(0)
    expect(visitor.composer.locator("[data-said]")).to_have_text(
        visitor.say("%(name)s is not sent.", name="stoppet.jpg")
    )
    expect(visitor.composer.locator("[data-attach]").first).to_be_focused()
    line.detach()
    is_up(visitor, "med.jpg")
    visitor.field("Heading").fill("Uden den ene")
    visitor.write_in("Text", "Sådan gik det.")
    visitor.button("Share progress").click()
    expect(visitor.heading("Uden den ene")).to_be_visible()
    assert [file.name for file in files(place)] == ["med.jpg"]


@pytest.mark.parametrize("java_script", [True, False], ids=["script", "plain"])
def test_a_new_version_is_sent_by_hand_and_the_older_stays(
    visit: Visit, place: Place, tmp_path: Path, java_script: bool
) -> None:
    post = attach(place, place.partner, "Med referat", [("Referat.pdf", pdf("Første", "Udgave 1"))])
    newer = tmp_path / "Referat rettet.pdf"
    newer.write_bytes(pdf("Anden", "Udgave 2"))
    visitor = visit(place.contributor, java_script_enabled=java_script)  # A document is worked on together.
    wait_until_ready(visitor, place)
    visitor.open(f"{place.address}posts/{post}")
    visitor.page.locator("#post .attachment small a").click()
    visitor.field("A newer version").set_input_files(newer)
    visitor.button("Send the new version").click()
    visitor.is_told("The new version is sent. It is checked, and takes the place of the one before.")
    wait_until_ready(visitor, place)
    visitor.page.reload()
    versions = visitor.page.locator(".file-versions li")
    expect(versions).to_have_count(2)
    expect(versions.first).to_contain_text(visitor.say("Version %(number)s, shown", number=2))
    contents = [visitor.page.request.get(f"{place.address}files/1/content/{n}").body() for n in (1, 2)]
    assert [content == newer.read_bytes() for content in contents] == [False, True]
    visitor.open(f"{place.address}posts/{post}")
    expect(visitor.page.locator("#post .attachment")).to_contain_text(visitor.say("version %(number)s", number=2))
    expect(visitor.page.locator(".comment--event").last).to_contain_text("Referat.pdf")


def test_a_placeholder_that_gets_no_answer_asks_again_quietly_and_not_for_ever(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.watch.meant += ["ERR_CONNECTION_FAILED", "503", "htmx:afterRequest", "htmx:sendError"]
    asked: list[str] = []

    def fail(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) < 3:
            route.abort("connectionfailed")
        else:
            route.fallback()

    visitor.page.clock.install()
    visitor.page.route(re.compile(r"/files/uploads\?upload="), fail)
    visitor.open(place.address)
    visitor.choose("progress")
    chooser(visitor).set_input_files(given("felt.jpg", photo()))
    tile = is_up(visitor, "felt.jpg")
    picture: Locator = tile.locator("img")
    wait_until_ready(visitor, place)
    for _second in range(100):
        if picture.count():
            break
        visitor.page.clock.run_for(1000)
        visitor.page.wait_for_timeout(100)
    is_drawn(visitor, picture)
    assert len(asked) >= 3
    expect(visitor.page.locator("#announcements .notice")).to_have_count(0)
    visitor.page.unroute(re.compile(r"/files/uploads\?upload="))
    lost: list[str] = []

    def lose(route: Route) -> None:
        lost.append(route.request.url)
        route.fulfill(status=503)

    visitor.page.route(re.compile(r"/files/uploads\?upload="), lose)
    chooser(visitor).set_input_files(given("aldrig.jpg", photo()))
    is_up(visitor, "aldrig.jpg")
    for _minute in range(12):
        visitor.page.clock.run_for(30_000)
        visitor.page.wait_for_timeout(50)
    assert len(lost) == 7, "six tries after the first"
