"""Correcting and taking back what one has written."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.place import Place
from tests.e2e.visitor import Visitor


def open_menu(visitor: Visitor, item: str) -> None:
    visitor.page.locator("#post summary").click()
    visitor.link(item).click()


def test_a_post_is_corrected_in_place(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Med slåfejl", "Teksten")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{number}")
    visitor.leave_a_mark()
    open_menu(visitor, "Edit the post")
    expect(visitor.field("Heading")).to_have_value("Med slåfejl")
    visitor.field("Heading").fill("Uden slåfejl")
    visitor.button("Save the changes").click()
    expect(visitor.page.locator("h1")).to_have_text("Uden slåfejl")
    expect(visitor.page.locator("h1")).to_be_focused()
    expect(visitor.page.locator("#post .byline")).to_contain_text(visitor.say("edited"))
    visitor.is_told("Your changes are saved.")
    visitor.is_on_the_same_page()


@pytest.mark.slow
def test_a_correction_that_is_cancelled_changes_nothing(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Som det var", "Teksten")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{number}")
    visitor.leave_a_mark()
    open_menu(visitor, "Edit the post")
    visitor.field("Heading").fill("Noget andet")
    visitor.link("Cancel").click()
    expect(visitor.page.locator("h1")).to_have_text("Som det var")
    visitor.is_on_the_same_page()
    open_menu(visitor, "Withdraw the post")
    visitor.link("Cancel").click()
    expect(visitor.page.locator("h1")).to_have_text("Som det var")


@pytest.mark.slow
def test_a_correction_begins_with_the_focus_in_the_form(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor)
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{number}")
    open_menu(visitor, "Edit the post")
    expect(visitor.field("Heading")).to_be_visible()
    expect(visitor.page.locator("form#post :focus, form#post:focus")).to_have_count(1)


@pytest.mark.slow
def test_a_withdrawal_begins_with_the_focus_in_the_form(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor)
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{number}")
    open_menu(visitor, "Withdraw the post")
    expect(visitor.button("Withdraw the post")).to_be_visible()
    expect(visitor.page.locator("form#post :focus, form#post:focus")).to_have_count(1)


def test_a_stale_correction_shows_both_texts(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Første", "Første udgave")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{number}")
    open_menu(visitor, "Edit the post")
    visitor.write_in("Text", "Min udgave")
    place.edit(number, place.contributor, "Anden", "Anden udgave")
    with visitor.page.expect_response(lambda response: response.request.method == "POST") as answer:
        visitor.button("Save the changes").click()
    assert answer.value.status == 409
    expect(visitor.summary).to_be_focused()
    expect(visitor.page.locator("form#post")).to_contain_text("Anden udgave")
    expect(visitor.field("Text")).to_have_value("Min udgave")
    visitor.button("Save the changes").click()
    expect(visitor.page.locator("article#post .prose")).to_have_text("Min udgave")


def test_a_stale_correction_shows_both_texts_without_javascript(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Første", "Første udgave")
    visitor = visit(place.contributor, java_script_enabled=False)
    visitor.open(f"{place.address}posts/{number}/edit")
    visitor.write_in("Text", "Min udgave")
    place.edit(number, place.contributor, "Anden", "Anden udgave")
    visitor.button("Save the changes").click()
    expect(visitor.page.locator("form#post")).to_contain_text("Anden udgave")
    expect(visitor.field("Text")).to_have_value("Min udgave")
    visitor.button("Save the changes").click()
    expect(visitor.page.locator("article#post .prose")).to_have_text("Min udgave")


def test_ones_own_post_is_withdrawn_and_its_place_stays(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Fortrudt", "Teksten")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{number}")
    visitor.leave_a_mark()
    open_menu(visitor, "Withdraw the post")
    expect(visitor.field("Reason")).to_have_count(0)
    visitor.button("Withdraw the post").click()
    expect(visitor.page.locator("h1")).to_have_text(visitor.say("Withdrawn post"))
    expect(visitor.page.locator("h1")).to_be_focused()
    visitor.is_told("The post is withdrawn.")
    visitor.is_on_the_same_page()
    visitor.open(place.address)
    expect(visitor.post(number)).to_contain_text(visitor.say("The author has withdrawn this post."))
    expect(visitor.page.locator("main")).not_to_contain_text("Fortrudt")


@pytest.mark.slow
def test_a_moderator_withdraws_anothers_post_with_a_reason(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Med et navn i", "Teksten")
    visitor = visit(place.partner)
    visitor.open(f"{place.address}posts/{number}")
    open_menu(visitor, "Withdraw the post")
    visitor.button("Withdraw the post").click()
    expect(visitor.summary).to_be_focused()
    visitor.field("Reason").fill("Der står et navn")
    visitor.button("Withdraw the post").click()
    reason = visitor.say("A moderator has withdrawn this post: %(reason)s", reason="Der står et navn")
    expect(visitor.page.locator("#post")).to_contain_text(reason)


def test_a_comment_is_corrected_and_withdrawn_in_place(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    other = place.comment(post, place.partner, "En andens")
    mine = place.comment(post, place.contributor, "Min")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{post}")
    visitor.leave_a_mark()
    for act in ("Edit", "Withdraw"):
        expect(visitor.link(act, visitor.comment(other))).to_have_count(0)
    visitor.link("Edit", visitor.comment(mine)).click()
    expect(visitor.field("Your comment")).to_be_focused()
    visitor.write_in("Your comment", "Min, rettet")
    visitor.button("Save the changes").click()
    expect(visitor.comment(mine)).to_be_focused()
    expect(visitor.comment(mine).locator(".prose")).to_have_text("Min, rettet")
    visitor.link("Withdraw", visitor.comment(mine)).click()
    visitor.link("Cancel", visitor.comment(mine)).click()
    expect(visitor.comment(mine).locator(".prose")).to_have_text("Min, rettet")
    visitor.link("Withdraw", visitor.comment(mine)).click()
    visitor.button("Withdraw the comment", visitor.comment(mine)).click()
    expect(visitor.comment(mine)).to_contain_text(visitor.say("The author has withdrawn this comment."))
    expect(visitor.comment(mine)).to_be_focused()
    expect(visitor.page.locator("#comment-count")).to_have_text("1")
    visitor.is_on_the_same_page()


@pytest.mark.slow
def test_a_moderator_withdraws_anothers_comment_with_a_reason(visit: Visit, place: Place) -> None:
    post = place.share(place.contributor)
    number = place.comment(post, place.contributor, "Upassende")
    visitor = visit(place.partner)
    visitor.open(f"{place.address}posts/{post}")
    expect(visitor.link("Edit", visitor.comment(number))).to_have_count(0)
    visitor.link("Withdraw", visitor.comment(number)).click()
    visitor.button("Withdraw the comment").click()
    expect(visitor.summary).to_be_focused()
    visitor.field("Reason").fill("Tonen")
    visitor.button("Withdraw the comment").click()
    reason = visitor.say("A moderator has withdrawn this comment: %(reason)s", reason="Tonen")
    expect(visitor.comment(number)).to_contain_text(reason)


@pytest.mark.slow
def test_a_post_is_pinned_and_stands_first(visit: Visit, place: Place) -> None:
    number = place.share(place.contributor, "Vigtigt")
    place.share(place.contributor, "Nyere")
    visitor = visit(place.moderator)
    visitor.open(f"{place.address}posts/{number}")
    visitor.page.locator("#post summary").click()
    visitor.button("Pin at the top").click()
    visitor.is_told("‘%(title)s’ is pinned and comes first.", title="Vigtigt")
    visitor.open(place.address)
    expect(visitor.page.locator("#posts h3")).to_have_text(["Vigtigt", "Nyere"])


def test_the_editor_joins_nothing_in_a_text_that_is_corrected(visit: Visit, place: Place) -> None:
    html = (
        "<h2>Plan</h2><blockquote><p>Først</p><p>så</p></blockquote><p>en<br>to</p>"
        "<ul><li>a<br>b<ul><li>c</li></ul></li></ul><ol><li>d</li></ol><p>Slut</p>"
    )
    post = place.share(place.moderator)
    comment = place.comment_html(post, place.contributor, html, "")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{post}")
    visitor.link("Edit", visitor.comment(comment)).click()
    visitor.field("Your comment").focus()
    expect(visitor.page.locator("trix-editor")).to_be_focused()
    visitor.page.keyboard.press("ControlOrMeta+End")
    visitor.page.keyboard.type(" her")
    visitor.button("Save the changes").click()
    prose = visitor.page.locator(f"article#comment-{comment} .prose")
    expect(prose.locator("> p").last).to_have_text("Slut her")
    shown = prose.evaluate("prose => prose.innerHTML").strip()
    assert shown.replace("h3>", "h2>").replace("h4>", "h2>") == html.replace("Slut", "Slut her")


@pytest.mark.parametrize("action", ["edit", "withdrawal"])
def test_a_comment_that_was_corrected_in_a_tab_of_its_own_is_shown_in_its_thread(
    visit: Visit, place: Place, action: str
) -> None:
    post = place.share(place.moderator)
    comment = place.comment(post, place.contributor, "Min kommentar")
    for number in range(30):
        place.comment(post, place.partner, f"Kommentar {number}")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{post}/comments/{comment}/{action}")
    if action == "edit":
        expect(visitor.page.locator("trix-editor")).to_be_focused()
        visitor.page.keyboard.press("ControlOrMeta+End")
        visitor.page.keyboard.type(" er rettet")
        visitor.button("Save the changes").click()
        expect(visitor.comment(comment).locator(".prose")).to_have_text("Min kommentar er rettet")
    else:
        visitor.button("Withdraw the comment").click()
    expect(visitor.page).to_have_url(re.compile(rf"/posts/{post}\?comment={comment}#comment-{comment}$"))
    expect(visitor.comment(comment)).to_be_in_viewport()


def test_a_post_that_was_corrected_in_a_tab_of_its_own_is_shown_on_its_page(visit: Visit, place: Place) -> None:
    post = place.share(place.contributor, "Med slåfejl", "Teksten")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{post}/edit")
    visitor.field("Heading").fill("Uden slåfejl")
    visitor.button("Save the changes").click()
    expect(visitor.page).to_have_url(re.compile(rf"/posts/{post}$"))
    expect(visitor.page.locator("h1")).to_have_text("Uden slåfejl")
    expect(visitor.field("Write a comment")).to_be_visible()
