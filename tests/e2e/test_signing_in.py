"""Signing in, being signed out in the middle of a text, and whom the door is shut to."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.place import PASSWORD, Place
from tests.e2e.visitor import Visitor

TITLE = "Skrevet før kaffen"
KEPT = "You had been signed out in the meantime. What you typed is kept, and comes back when you have signed in."
BODY = "En lang tekst,\nsom ikke må gå tabt."


def test_a_wrong_password_takes_the_focus_to_what_is_wrong(visit: Visit, place: Place) -> None:
    visitor = visit()
    visitor.open("/sign-in")
    visitor.sign_in(place.contributor, password="forkert adgangskode")
    expect(visitor.summary).to_contain_text(visitor.say("You are not signed in"))
    expect(visitor.field("E-mail address")).to_have_value(place.contributor.email)
    expect(visitor.field("Password")).to_have_value("")
    expect(visitor.summary).to_be_focused()


@pytest.mark.slow
@pytest.mark.parametrize("language", ["da", "en"])
def test_the_sign_in_page_speaks_the_language_that_is_chosen_on_it(visit: Visit, language: str) -> None:
    visitor = visit()
    visitor.open("/sign-in")
    expect(visitor.page.locator("html")).to_have_attribute("lang", language)
    expect(visitor.button("Sign in")).to_be_visible()
    other = {"da": "English", "en": "Dansk"}[language]
    visitor.page.get_by_role("link", name=other).click()
    expect(visitor.page.locator("html")).not_to_have_attribute("lang", language)


def test_an_outsider_and_a_stranger_learn_nothing_of_a_partnership(visit: Visit, place: Place) -> None:
    outsider = visit(place.outsider)
    assert outsider.open(place.address).status == 404
    expect(outsider.page.locator("h1")).to_have_text(outsider.say("The page does not exist"))
    expect(outsider.page.locator("body")).not_to_contain_text(place.name)
    outsider.link("To the overview").click()
    expect(outsider.page.locator("h1")).to_have_text(outsider.say("Overview"))
    expect(outsider.page.locator("body")).not_to_contain_text(place.name)

    stranger = visit()
    stranger.open(place.address)
    expect(stranger.page.locator("h1")).to_have_text(stranger.say("Sign in"))


def test_an_observer_reads_and_is_offered_nothing_to_write(visit: Visit, place: Place) -> None:
    number = place.share(place.moderator)
    observer = visit(place.observer)
    observer.open(place.address)
    expect(observer.post(number)).to_be_visible()
    expect(observer.page.locator("main textarea")).to_have_count(0)
    observer.open(f"{place.address}posts/{number}")
    expect(observer.page.locator("main textarea")).to_have_count(0)
    acts = observer.page.locator("main details.menu a, main details.menu button")
    expect(acts).to_have_text([observer.say("Report to the moderators")])


def is_there_again(visitor: Visitor, form: str) -> None:
    """Wait until BODY stands in the form's field, or in the editor that this becomes once it has the focus."""
    fields = f"[...document.querySelectorAll('{form} :is(textarea, trix-editor)')]"
    visitor.wait_until(f"{fields}.some(field => (field.value ?? '').includes({BODY.splitlines()[-1]!r}))")


def test_a_text_in_the_composer_survives_a_session_that_ended(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.hear_nothing()
    visitor.open(place.address)
    visitor.site.end_sessions(place.contributor.id)
    visitor.has_editor = False
    visitor.share("challenge", TITLE, BODY)
    expect(visitor.page.locator("h1")).to_have_text(visitor.say("Sign in"))
    visitor.sign_in(place.contributor)
    expect(visitor.page).to_have_url(place.address)
    visitor.is_told("You are signed in again. What you typed is here, but has not been sent yet.")
    expect(visitor.composer.locator("input[value=challenge]")).to_be_checked()
    expect(visitor.field("Heading")).to_have_value(TITLE)
    is_there_again(visitor, "#composer")
    assert place.posts() == []
    visitor.button("Share a challenge").click()
    visitor.is_told("Your post is shared.")
    assert place.posts() == [TITLE]
    visitor.page.reload()
    expect(visitor.field("Heading")).to_have_value("")


def test_a_comment_survives_a_session_that_ended(visit: Visit, place: Place) -> None:
    number = place.share(place.moderator)
    visitor = visit(place.contributor)
    visitor.hear_nothing()
    visitor.open(f"{place.address}posts/{number}")
    visitor.site.end_sessions(place.contributor.id)
    visitor.has_editor = False
    visitor.write_in("Write a comment", BODY)
    visitor.button("Share the comment").click()
    visitor.sign_in(place.contributor)
    expect(visitor.page).to_have_url(f"{place.address}posts/{number}")
    is_there_again(visitor, "#comment-form")
    visitor.button("Share the comment").click()
    visitor.is_told("Your comment is shared.")
    for line in BODY.splitlines():
        expect(visitor.page.locator("#thread")).to_contain_text(line)


def test_a_correction_survives_a_session_that_ended(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Før", "Før")
    visitor = visit(place.contributor)
    visitor.hear_nothing()
    visitor.open(f"{place.address}posts/{number}")
    visitor.page.locator("#post summary").click()
    visitor.link("Edit the post").click()
    visitor.write_in("Text", BODY)
    visitor.site.end_sessions(place.contributor.id)
    visitor.button("Save the changes").click()
    visitor.sign_in(place.contributor)
    expect(visitor.page).to_have_url(f"{place.address}posts/{number}/edit")
    is_there_again(visitor, "main")
    visitor.button("Save the changes").click()
    expect(visitor.page.locator("#post .prose")).to_contain_text("En lang tekst,")


def test_a_text_survives_a_session_that_ended_without_javascript(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor, java_script_enabled=False)
    visitor.open(place.address)
    visitor.site.end_sessions(place.contributor.id)
    visitor.share("progress", TITLE, BODY)
    expect(visitor.page.locator("main")).to_contain_text(
        visitor.say(
            "You had been signed out in the meantime. What you typed is kept, and comes back when you have signed in."
        )
    )
    visitor.sign_in(place.contributor, password="forkert adgangskode")
    visitor.sign_in(place.contributor)
    expect(visitor.page.locator(".submitted-text").first).to_have_text(TITLE)
    visitor.button("Send it again").click()
    visitor.is_told("Your post is shared.")
    assert place.posts() == [TITLE]


@pytest.mark.parametrize("way", ["password", "code"])
def test_a_mail_s_link_to_a_comment_leads_to_it_through_signing_in(
    visit: Visit, place: Place, viewport: dict[str, int], way: str
) -> None:
    post = place.share(place.moderator, TITLE, "Lang. " * 600)
    comments = [place.comment(post, place.partner, "Også lang. " * 80) for _time in range(14)]
    address = f"{place.address}posts/{post}?comment={comments[2]}#comment-{comments[2]}"
    visitor = visit(viewport=viewport)
    visitor.open(address)
    if way == "password":
        visitor.sign_in(place.contributor)
    else:
        visitor.field("E-mail address").fill(place.contributor.email)
        visitor.button("E-mail me a code instead").click()
        visitor.field("The code from the e-mail").fill(place.code_for(place.contributor))
        visitor.button("Sign in").click()
    expect(visitor.page).to_have_url(address)
    expect(visitor.comment(comments[2])).to_be_in_viewport()


def test_whoever_is_signed_out_while_writing_is_told_that_the_text_is_kept_and_comes_back_to_it(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    number = place.share(place.moderator, TITLE, "Lang. " * 900)
    visitor = visit(place.contributor, viewport=viewport)
    visitor.hear_nothing()
    visitor.open(f"{place.address}posts/{number}")
    visitor.write_in("Write a comment", BODY)
    visitor.site.end_sessions(place.contributor.id)
    visitor.button("Share the comment").click()
    expect(visitor.page.locator("h1")).to_have_text(visitor.say("Sign in"))
    expect(visitor.page.get_by_text(visitor.say(KEPT))).to_be_visible()
    visitor.sign_in(place.contributor)
    expect(visitor.field("Write a comment")).to_be_in_viewport()
    expect(visitor.field("Write a comment")).to_be_focused()
    expect(visitor.field("Write a comment")).to_have_text(BODY, use_inner_text=True)


def test_a_text_is_kept_too_when_the_page_hears_that_the_session_is_over(visit: Visit, place: Place) -> None:
    number = place.share(place.moderator)
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{number}")
    visitor.write_in("Write a comment", BODY)
    visitor.site.end_sessions(place.contributor.id)
    expect(visitor.page.locator("h1")).to_have_text(visitor.say("You are signed out"), timeout=20_000)
    visitor.link("Sign in", visitor.page.locator("main")).click()
    expect(visitor.page.get_by_text(visitor.say(KEPT))).to_be_visible()
    visitor.sign_in(place.contributor)
    expect(visitor.field("Write a comment")).to_have_text(BODY, use_inner_text=True)


@pytest.mark.parametrize("sees", ["the tab again", "only the form"])
def test_the_second_of_two_sign_in_tabs_leads_in(
    visit: Visit, place: Place, viewport: dict[str, int], sees: str
) -> None:
    first = visit(viewport=viewport)
    first.open(place.address)
    second = Visitor(first.page.context.new_page(), first.site, first.say.language, first.watch)
    second.open(f"/sign-in?next={place.address}members")
    for tab in (first, second):
        tab.sign_in(place.contributor) if tab is first or sees == "only the form" else tab.page.evaluate(
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
        expect(tab.page).to_have_url(place.address if tab is first else f"{place.address}members")
    third = Visitor(first.page.context.new_page(), first.site, first.say.language, first.watch)
    third.open("/sign-in/code")
    third.open("/sign-in/code/answer")
    expect(third.page).to_have_url("/")


def test_an_address_with_danish_letters_or_unseen_ones_signs_in(visit: Visit, place: Place) -> None:
    person = place.newcomer("Gerda Gårdmand", email="gårdmand@gladsaxe.example")
    visitor = visit()
    visitor.open("/sign-in")
    visitor.field("E-mail address").fill("ikke en adresse")
    visitor.button("Sign in").click()
    expect(visitor.summary).to_be_focused()
    visitor.field("E-mail address").fill("\u200b\ufeffga\u030ardmand@gladsaxe.example\u00a0")
    visitor.field("Password").fill(PASSWORD)
    visitor.button("Sign in").click()
    expect(visitor.page.locator("h1")).to_have_text(visitor.say("Overview"))
    assert person.email in visitor.page.request.get("/settings").text()
