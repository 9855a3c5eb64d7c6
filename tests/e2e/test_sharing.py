"""Writing a post: what is asked, what is refused, and nothing lost on the way."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.place import Place

CPR_WARNING = "This looks like a CPR number. Personal data does not belong here: take it out."


def test_progress_is_shared_in_place_and_stands_before_the_others(visit: Visit, place: Place) -> None:
    older = place.share(place.moderator, "Ældre")
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.leave_a_mark()
    expect(visitor.field("Heading")).to_be_hidden()
    visitor.share("progress", "Den første", "Det virker.")
    first = visitor.page.locator("#posts > article").first
    expect(first.locator(".kind--progress")).to_be_visible()
    expect(first.get_by_role("link", name="Den første")).to_be_focused()
    visitor.share("progress", "Den anden", "Det virker stadig.")
    expect(visitor.page.locator("#posts h3")).to_have_text(["Den anden", "Den første", "Ældre"])
    expect(visitor.post(older)).to_have_count(1)
    visitor.is_on_the_same_page()
    assert place.posts() == ["Ældre", "Den første", "Den anden"]


@pytest.mark.slow
def test_the_first_post_takes_the_place_of_the_words_that_there_is_none(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    expect(visitor.heading(visitor.say("No posts yet"))).to_be_visible()
    visitor.share("progress", "Nu er der et", "Det første.")
    expect(visitor.heading("Nu er der et")).to_be_visible()
    expect(visitor.heading(visitor.say("No posts yet"))).to_have_count(0)


def test_what_is_wrong_takes_the_focus_and_leads_to_the_field(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.share("challenge", " ", "Teksten bliver stående")
    expect(visitor.summary).to_be_focused()
    expect(visitor.field("Heading")).to_have_attribute("aria-invalid", "true")
    expect(visitor.field("Text")).to_have_value("Teksten bliver stående")
    visitor.link("Write a heading.", visitor.summary).click()
    expect(visitor.field("Heading")).to_be_focused()
    visitor.field("Heading").fill("Nu med overskrift")
    visitor.button("Share a challenge").click()
    expect(visitor.page.locator("#posts").get_by_role("heading", name="Nu med overskrift")).to_be_visible()
    expect(visitor.summary).to_have_count(0)


def test_a_cpr_number_is_asked_about_once(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.share("progress", "Sagsnummer", "Det hedder 010190-1234 hos os.")
    expect(visitor.summary).to_be_focused()
    expect(visitor.summary).to_contain_text(visitor.say(CPR_WARNING))
    assert place.posts() == []
    visitor.field("It is not a CPR number: share it as it is").check()
    visitor.button("Share progress").click()
    expect(visitor.heading("Sagsnummer")).to_be_visible()
    assert place.posts() == ["Sagsnummer"]


def test_a_cpr_number_that_is_taken_out_is_not_asked_about_again(visit: Visit, place: Place) -> None:
    number = place.share(place.moderator)
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{number}")
    visitor.write_in("Write a comment", "Borgeren er 0101901234.")
    visitor.button("Share the comment").click()
    expect(visitor.summary).to_contain_text(visitor.say(CPR_WARNING))
    expect(visitor.summary).to_be_focused()
    visitor.field("Write a comment").focus()
    expect(visitor.page.locator("trix-editor")).to_be_focused()  # Its toolbar has moved the button that is pressed.
    visitor.write_in("Write a comment", "Borgeren er glad.")
    visitor.button("Share the comment").click()
    expect(visitor.page.locator("#thread .prose")).to_have_text("Borgeren er glad.")
    expect(visitor.summary).to_have_count(0)


def test_without_a_connection_the_text_stays_and_it_is_said(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.watch.meant = ["ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest"]
    visitor.open(place.address)
    visitor.page.context.set_offline(True)
    visitor.has_editor = False
    visitor.share("progress", "På toget", "Uden dækning.")
    visitor.is_told(
        "There is no connection. What you wrote is kept here, and is sent by itself when the connection is back."
    )
    expect(visitor.field("Heading")).to_have_value("På toget")
    expect(visitor.field("Text")).to_have_value("Uden dækning.")
    visitor.page.context.set_offline(False)
    expect(visitor.heading("På toget")).to_be_visible()
    visitor.is_told("Your post is shared.")
    assert place.posts() == ["På toget"]


def test_a_double_click_makes_one_post(visit: Visit, place: Place) -> None:
    for scripts, title in ((True, "Med script"), (False, "Uden script")):
        visitor = visit(place.contributor, java_script_enabled=scripts)
        visitor.open(place.address)
        visitor.choose("progress")
        visitor.field("Heading").fill(title)
        visitor.write_in("Text", "Kun én gang.")
        visitor.button("Share progress").dblclick()
        expect(visitor.heading(title)).to_have_count(1)
        visitor.settle()
    assert place.posts() == ["Med script", "Uden script"]


def test_what_is_written_is_text_and_never_markup(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    visitor.share("progress", evil, evil)
    expect(visitor.page.locator("#posts .post__title")).to_have_text(evil)
    expect(visitor.page.locator("#posts .prose")).to_have_text(evil)
    expect(visitor.page.locator("#posts :is(img, script)")).to_have_count(0)
