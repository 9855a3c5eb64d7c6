"""The main job from end to end: sign in, share, get an answer from the other side, and find it in the overview."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import LANGUAGES, Visit
from tests.e2e.place import Place

both_languages = pytest.mark.parametrize("language", LANGUAGES)

TITLE = "Ladcykler til hjemmeplejen"
BODY = "Vi mangler et sted at lade dem op.\n\nHvem har prøvet det før?"
ANSWER = "Vi har en løsning på lager: https://cykelkraft.example/ladeskab"


@both_languages
def test_a_challenge_is_shared_answered_by_the_other_side_and_found_in_the_overview(visit: Visit, place: Place) -> None:
    place.read_everything()
    first = visit()
    first.open(place.address)
    first.sign_in(place.contributor, password="forkert adgangskode")
    expect(first.summary).to_contain_text(first.say("The e-mail address and the password don't match."))
    first.sign_in(place.contributor)
    expect(first.page).to_have_url(place.address)

    first.leave_a_mark()
    first.share("challenge", TITLE, BODY)
    shared = first.page.locator("#posts > article").first
    expect(shared.get_by_role("heading")).to_have_text(TITLE)
    expect(shared.get_by_role("link", name=TITLE)).to_be_focused()
    expect(first.composer.locator("input:checked")).to_have_count(0)
    first.is_told("Your post is shared.")
    first.is_on_the_same_page()

    second = visit(place.partner)
    second.open("/")
    news = second.page.get_by_role("article").filter(has_text=TITLE)
    expect(news.locator(".new")).to_have_text(second.say("New"))
    news.get_by_role("link", name=TITLE).click()
    expect(second.page.locator("h1")).to_have_text(TITLE)
    expect(second.page.locator("#post .prose p")).to_have_count(2)
    second.leave_a_mark()
    second.write_in("Write a comment", ANSWER)
    second.button("Share the comment").click()
    written = second.page.locator("#thread > .comment").last
    expect(written).to_be_focused()
    expect(written.get_by_role("link", name="https://cykelkraft.example/ladeskab")).to_be_visible()
    expect(second.page.locator("#comment-count")).to_have_text("1")
    expect(second.field("Write a comment")).to_have_value("")
    second.is_told("Your comment is shared.")
    second.is_on_the_same_page()

    first.open("/")
    news = first.page.get_by_role("article").filter(has_text=TITLE)
    one_new = first.say.several("%(num)s new", "%(num)s new", 1)
    expect(news.locator(".new")).to_have_text([one_new])  # Of its comments: the post is one's own.
    expect(news.locator(".comment-count")).to_have_text(
        f"{first.say.several('%(num)s comment', '%(num)s comments', 1)} {one_new}"
    )
    expect(first.page.locator("aside .item").filter(has_text=place.name).locator(".new")).to_have_text(one_new)
    news.locator(".comment-count").click()
    answer = first.page.locator("#thread > .comment").last
    expect(answer).to_contain_text("Ditte Æbelø")
    expect(answer.locator(".new")).to_have_text(first.say("New"))


@both_languages
def test_the_whole_job_is_done_without_javascript(visit: Visit, place: Place) -> None:
    place.read_everything()
    first = visit(java_script_enabled=False)
    first.open(place.address)
    first.sign_in(place.contributor, password="forkert adgangskode")
    expect(first.summary).to_contain_text(first.say("The e-mail address and the password don't match."))
    first.sign_in(place.contributor)
    expect(first.page).to_have_url(place.address)

    first.share("progress", " ", BODY)
    expect(first.summary).to_contain_text(first.say("Write a heading."))
    first.share("progress", TITLE, BODY)
    first.is_told("Your post is shared.")
    first.page.locator("#posts").get_by_role("link", name=TITLE).click()
    expect(first.page.locator("h1")).to_have_text(TITLE)
    first.write_in("Write a comment", "Jeg begynder selv.")
    first.button("Share the comment").click()
    first.is_told("Your comment is shared.")
    expect(first.page.locator("#comment-count")).to_have_text("1")

    first.link("Edit", first.page.locator("#thread")).click()
    first.write_in("Your comment", "Jeg begynder selv, i morgen.")
    first.button("Save the changes").click()
    first.is_told("Your changes are saved.")
    expect(first.page.locator("#thread .prose")).to_have_text("Jeg begynder selv, i morgen.")

    second = visit(place.partner, java_script_enabled=False)
    second.open("/")
    expect(second.page.get_by_role("article").filter(has_text=TITLE).locator(".new")).to_have_text(
        [second.say("New"), second.say.several("%(num)s new", "%(num)s new", 1)]
    )
    second.page.get_by_role("link", name=TITLE).click()
    second.page.locator("#thread .comment__acts").get_by_role("link", name=second.say("Withdraw")).click()
    second.button("Withdraw the comment").click()
    expect(second.summary).to_contain_text(second.say("Write why it is withdrawn."))
    second.field("Reason").fill("Det står et andet sted")
    second.button("Withdraw the comment").click()
    withdrawn = second.say("A moderator has withdrawn this comment: %(reason)s", reason="Det står et andet sted")
    expect(second.page.locator("#thread")).to_contain_text(withdrawn)

    first.open(f"{place.address}posts/{place.share(place.contributor, 'Til at rette')}")
    first.page.locator("#post summary").click()
    first.link("Edit the post").click()
    first.field("Heading").fill("Rettet uden script")
    first.button("Save the changes").click()
    expect(first.page.locator("h1")).to_have_text("Rettet uden script")
    first.page.locator("#post summary").click()
    first.link("Withdraw the post").click()
    first.button("Withdraw the post").click()
    expect(first.page.locator("h1")).to_have_text(first.say("Withdrawn post"))

    first.menu.locator("summary").click()
    first.button("Sign out").click()
    expect(first.page.locator("h1")).to_have_text(first.say("Sign in"))


@both_languages
def test_the_whole_job_is_done_with_the_keyboard_alone(visit: Visit, place: Place) -> None:
    place.read_everything()
    visitor = visit()
    press, write, tab_to = visitor.page.keyboard.press, visitor.write, visitor.tab_to
    visitor.open(place.address)
    tab_to(visitor.field("E-mail address"))
    write(place.moderator.email)
    tab_to(visitor.field("Password"), most=1)
    write("lampe gulerod fjernsyn")
    press("Enter")
    expect(visitor.page).to_have_url(place.address)

    tab_to(visitor.link("Skip to content"), most=1)
    expect(visitor.link("Skip to content")).to_be_in_viewport()
    press("Enter")
    expect(visitor.page.locator("main")).to_be_focused()
    tab_to(visitor.page.locator("#writer > summary"), most=12)
    press("Enter")
    tab_to(visitor.page.locator("#composer input[value=progress]"), most=2)
    press("Space")
    expect(visitor.button("Share progress")).to_be_visible()
    press("ArrowRight")
    expect(visitor.page.locator("#composer input[value=challenge]")).to_be_focused()
    tab_to(visitor.field("Heading"), most=1)
    write(TITLE)
    tab_to(visitor.field("Text"), most=1)
    write(BODY)
    tab_to(visitor.button("Share a challenge"), most=8)
    press("Enter")
    title = visitor.page.locator("#posts").get_by_role("link", name=TITLE)
    expect(title).to_be_focused()
    press("Enter")
    expect(visitor.page.locator("h1")).to_have_text(TITLE)

    menu = visitor.page.locator("#post details.menu")
    tab_to(menu.locator("summary"), most=25)
    press("Enter")
    expect(visitor.link("Edit the post")).to_be_visible()
    tab_to(visitor.link("Edit the post"), most=1)
    press("Escape")
    expect(visitor.link("Edit the post")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()

    tab_to(visitor.field("Write a comment"), most=15)  # past what is done with a challenge and with its text
    expect(visitor.page.locator("#comment-form trix-editor")).to_be_focused()
    write("Jeg spørger de andre.")
    tab_to(visitor.button("Share the comment"), most=3)  # past the buttons for formatting
    press("Space")
    written = visitor.page.locator("#thread > .comment").last
    expect(written).to_be_focused()
    tab_to(written.get_by_role("link", name=visitor.say("Edit"), exact=True), most=3)  # past its author and its time
    press("Enter")
    expect(visitor.field("Your comment")).to_be_focused()
    expect(visitor.page.locator("#thread trix-editor")).to_be_focused()
    press("ControlOrMeta+End")
    write(" I dag.")
    tab_to(visitor.button("Save the changes"), most=3)
    press("Enter")
    expect(visitor.page.locator("#thread > .comment").last).to_be_focused()
    expect(visitor.page.locator("#thread .prose")).to_have_text("Jeg spørger de andre. I dag.")
