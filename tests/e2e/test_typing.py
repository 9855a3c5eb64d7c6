"""Typing without a pause, at a machine's speed, while a field becomes the editor: every letter stays in its place."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.e2e.conftest import Visit
from tests.e2e.inspection import WIDE
from tests.e2e.place import Place
from tests.e2e.visitor import Visitor

PHONE = {"width": 390, "height": 844}
DRAFTS = "Object.entries(localStorage).filter(([key]) => key.startsWith('draft:')).map(([_key, draft]) => draft)"


def a_text(number: int) -> str:
    return f"Kommentar nummer {number} i ét stræk: det går stærkt, og hvert bogstav står, hvor det skal. Slut {number}"


def delay_editor(visitor: Visitor, milliseconds: int) -> None:
    """Let the editor come in the middle of a sentence."""

    def wait(route: Route) -> None:
        visitor.page.wait_for_timeout(milliseconds)
        route.continue_()

    visitor.page.route("**/editor", wait)


def go_into(visitor: Visitor, form: str, by: str) -> None:
    """Put the focus into the text of `form`, by a press or by Tab from what stands before it."""
    form_element = visitor.page.locator(form)
    if by == "click":  # Where it stands, whatever it is by then.
        box = form_element.evaluate(
            """form => { const field = [...form.querySelectorAll("textarea[data-editor], trix-editor")]
              .find(field => field.checkVisibility());
            field.scrollIntoView({ block: "center", behavior: "instant" });
            return field.getBoundingClientRect().toJSON(); }"""
        )
        visitor.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    else:
        form_element.evaluate(
            """form => { const field = form.querySelector("textarea[data-editor]");
            const all = [...document.querySelectorAll("a, button, input:not([type=hidden]), summary")];
            all.filter(element => element.compareDocumentPosition(field) & Node.DOCUMENT_POSITION_FOLLOWING
              && element.checkVisibility() && element.tabIndex >= 0).at(-1).focus(); }"""
        )
        visitor.page.keyboard.press("Tab")


def to_the_end(visitor: Visitor) -> None:
    """Put the caret behind the text. The browser tells the editor of it a moment later, before a hand presses again."""
    visitor.page.keyboard.press("ControlOrMeta+End")
    visitor.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")


def correct(visitor: Visitor, comment: int, by: str) -> None:
    """Begin to correct one's comment, behind its end."""
    visitor.link("Edit", visitor.comment(comment)).click()
    go_into(visitor, f"form#comment-{comment}", by)
    to_the_end(visitor)


def says_exactly(visitor: Visitor, form: str, text: str) -> None:
    """Expect `text` in the field, in what would be sent, and in the draft."""
    visitor.wait_until(f"({DRAFTS}).some(draft => draft.includes({json.dumps(text[-6:], ensure_ascii=False)}))")
    visible: Locator = visitor.page.locator(f"{form} :is(textarea[data-editor], trix-editor):visible")
    shown = visible.evaluate("field => (field.editor?.getDocument().toString() ?? field.value).trim()")
    assert shown == text
    assert visitor.page.locator(f"{form} textarea[name=body]").input_value() == text
    drafts = [dict(json.loads(draft)["fields"]) for draft in visitor.page.evaluate(DRAFTS)]
    assert text in [draft["body"] for draft in drafts]


def focus_has_come(visitor: Visitor, place: str) -> None:
    """Wait until the answer has put the focus to what was sent, in `place`."""
    visitor.wait_until(f"document.activeElement.closest('{place}') !== null")


Opened = Callable[..., Visitor]


@pytest.fixture(params=[pytest.param(WIDE, marks=pytest.mark.slow), PHONE], ids=["1280", "390"])
def opened(request: pytest.FixtureRequest, visit: Visit, place: Place) -> Opened:
    def open_at(address: str, editor_after: int) -> Visitor:
        visitor = visit(place.contributor, viewport=request.param, has_touch=request.param is PHONE)
        delay_editor(visitor, editor_after)
        visitor.open(address)
        return visitor

    return open_at


SPEEDS = pytest.mark.parametrize(
    ("by", "delay", "editor_after"),
    [
        ("click", 0, 0),
        ("Tab", 5, 300),
        pytest.param("Tab", 0, 0, marks=pytest.mark.slow),
        pytest.param("click", 5, 100, marks=pytest.mark.slow),
        pytest.param("click", 5, 500, marks=pytest.mark.slow),
    ],
)


@SPEEDS
def test_two_comments_in_a_row_are_kept_to_the_letter(
    opened: Opened, place: Place, by: str, delay: int, editor_after: int
) -> None:
    post = place.share(place.moderator)
    visitor = opened(f"{place.address}posts/{post}", editor_after)
    for number in (1, 2):
        go_into(visitor, "#comment-form", by)
        visitor.page.keyboard.type(a_text(number), delay=delay)
        says_exactly(visitor, "#comment-form", a_text(number))
        visitor.button("Share the comment").click()
        expect(visitor.page.locator("#thread > .comment .prose").nth(number - 1)).to_have_text(a_text(number))
        focus_has_come(visitor, "#thread")


@SPEEDS
def test_two_posts_in_a_row_are_kept_to_the_letter(
    opened: Opened, place: Place, by: str, delay: int, editor_after: int
) -> None:
    visitor = opened(place.address, editor_after)
    for number in (1, 2):
        visitor.choose("progress")
        visitor.field("Heading").click()
        visitor.page.keyboard.type(f"Opslag {number}", delay=delay)
        if by == "Tab":
            visitor.page.keyboard.press("Tab")
        else:
            go_into(visitor, "#composer", by)
        visitor.page.keyboard.type(a_text(number), delay=delay)
        says_exactly(visitor, "#composer", a_text(number))
        visitor.button("Share progress").click()
        expect(visitor.page.locator("#posts > article .prose").first).to_have_text(a_text(number))
        focus_has_come(visitor, "#posts")
    assert place.posts() == ["Opslag 1", "Opslag 2"]


@pytest.mark.parametrize(
    ("by", "delay", "editor_after"), [("Tab", 5, 300), pytest.param("click", 0, 0, marks=pytest.mark.slow)]
)
def test_a_comment_is_corrected_twice_in_a_row_to_the_letter(
    opened: Opened, place: Place, by: str, delay: int, editor_after: int
) -> None:
    post = place.share(place.moderator)
    comment = place.comment(post, place.contributor, "Begyndelsen, ")
    visitor = opened(f"{place.address}posts/{post}", editor_after)
    text = "Begyndelsen,"
    for number in (1, 2):
        correct(visitor, comment, by)
        visitor.page.keyboard.type(f" {a_text(number)}", delay=delay)
        text += f" {a_text(number)}"
        says_exactly(visitor, f"form#comment-{comment}", text)
        visitor.button("Save the changes").click()
        expect(visitor.comment(comment).locator(".prose")).to_have_text(text)
        focus_has_come(visitor, "#thread")


def test_what_is_typed_over_a_formatted_text_before_the_editor_is_there_keeps_the_format(
    visit: Visit, place: Place
) -> None:
    post = place.share(place.moderator)
    html = "<p>Vi <strong>mangler</strong>:</p><ul><li>strøm</li><li>skabe</li></ul><p>Slut</p>"
    comment = place.comment_html(post, place.contributor, html, "")
    visitor = visit(place.contributor)
    delay_editor(visitor, 300)
    visitor.open(f"{place.address}posts/{post}")
    correct(visitor, comment, "click")
    visitor.page.keyboard.type(" på det hele")
    visitor.page.wait_for_timeout(1500)
    visitor.button("Save the changes").click()
    prose = visitor.comment(comment).locator(".prose")
    expect(prose.locator("> p")).to_have_text(["Vi mangler:", "Slut på det hele"])
    expect(prose.locator("strong")).to_have_text("mangler")
    expect(prose.locator("li")).to_have_text(["strøm", "skabe"])


def test_paragraphs_spaces_and_the_caret_are_kept_when_the_field_becomes_the_editor(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    visitor = visit(place.contributor)
    delay_editor(visitor, 300)
    visitor.open(f"{place.address}posts/{post}")
    go_into(visitor, "#comment-form", "click")
    visitor.page.keyboard.type("Første linje\nAnden linje\n\nAndet afsnit slut")
    for _letter in "slut":
        visitor.page.keyboard.press("ArrowLeft")
    visitor.page.keyboard.type("med mellemrum ")
    expect(visitor.page.locator("#comment-form trix-editor")).to_be_focused()
    visitor.page.keyboard.type("til ")
    visitor.button("Share the comment").click()
    expect(visitor.page.locator("#thread .prose > p")).to_have_text(
        ["Første linjeAnden linje", "Andet afsnit med mellemrum til slut"]
    )
    expect(visitor.page.locator("#thread .prose br")).to_have_count(1)


def test_the_caret_stays_in_a_text_that_becomes_the_editor(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    comment = place.comment(post, place.contributor, "Vi mødes torsdag")
    visitor = visit(place.contributor)
    delay_editor(visitor, 300)
    visitor.open(f"{place.address}posts/{post}")
    correct(visitor, comment, "Tab")
    for _letter in "torsdag":
        visitor.page.keyboard.press("ArrowLeft")
    expect(visitor.page.locator(f"form#comment-{comment} trix-editor")).to_be_focused()
    visitor.page.keyboard.type("på ")
    visitor.button("Save the changes").click()
    expect(visitor.comment(comment).locator(".prose")).to_have_text("Vi mødes på torsdag")


def test_somebody_is_mentioned_in_one_go(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    visitor = visit(place.contributor)
    delay_editor(visitor, 100)
    visitor.open(f"{place.address}posts/{post}")
    go_into(visitor, "#comment-form", "click")
    visitor.page.keyboard.type("Spørg @æb")
    expect(visitor.page.get_by_role("option", name="Ditte Æbelø")).to_have_attribute("aria-selected", "true")
    visitor.page.keyboard.press("Enter")
    visitor.page.keyboard.type("i dag")
    visitor.button("Share the comment").click()
    expect(visitor.page.locator("#thread .mention")).to_have_text("@Ditte Æbelø")
    expect(visitor.page.locator("#thread .prose")).to_have_text("Spørg @Ditte Æbelø i dag")


def test_a_composition_is_not_broken_off(visit: Visit, place: Place) -> None:
    """An input method (IME) composes in the field for as long as it likes; the editor waits."""
    post = place.share(place.moderator)
    visitor = visit(place.contributor)
    delay_editor(visitor, 200)
    visitor.open(f"{place.address}posts/{post}")
    keyboard = visitor.page.context.new_cdp_session(visitor.page)
    go_into(visitor, "#comment-form", "click")
    for composed in ("k", "かn", "かんj", "かんじ"):
        keyboard.send("Input.imeSetComposition", {"text": composed, "selectionStart": 0, "selectionEnd": len(composed)})
    visitor.page.wait_for_timeout(1200)
    expect(visitor.page.locator("#comment-form textarea")).to_be_focused()
    keyboard.send("Input.insertText", {"text": "漢字"})
    expect(visitor.page.locator("#comment-form trix-editor")).to_be_focused()
    visitor.page.keyboard.type(" og mere")
    visitor.button("Share the comment").click()
    expect(visitor.page.locator("#thread .prose")).to_have_text("漢字 og mere")


def test_what_is_sent_while_the_editor_is_still_on_its_way_is_sent_whole(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    visitor = visit(place.contributor)
    delay_editor(visitor, 100)
    visitor.open(f"{place.address}posts/{post}")
    for number in (1, 2):
        go_into(visitor, "#comment-form", "click")
        visitor.page.keyboard.type(a_text(number))
        visitor.button("Share the comment").click()
        expect(visitor.page.locator("#thread > .comment .prose").nth(number - 1)).to_have_text(a_text(number))
        focus_has_come(visitor, "#thread")
