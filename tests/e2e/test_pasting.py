"""Pasting: what was meant comes through, what can't be taken is said, and what the editor shows is what is kept."""

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Visit
from tests.e2e.place import Place
from tests.e2e.test_writing import COPY, editor
from tests.e2e.visitor import Visitor
from tests.rich_text.test_rich_text import CLIPBOARD
from workspace import rich_text

EMPTY = "form => form.querySelector('trix-editor').editor.loadHTML('')"
# A clipboard with files in it, which no script can fill: the event that the browser sends when it is pasted.
PASTE_WITH_FILE = """(field, { html, text, file }) => {
  const data = new DataTransfer();
  if (html) data.setData("text/html", html);
  if (text) data.setData("text/plain", text);
  if (file) data.items.add(new File(["x"], "billede.png", { type: "image/png" }));
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
DROP_FILE = """field => {
  const data = new DataTransfer();
  data.items.add(new File(["x"], "referat.docx"));
  for (const name of ["dragenter", "dragover", "drop"])
    field.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""


def spaced(html: str) -> str:
    """`html` with ordinary spaces: the editor has no others."""
    return html.replace("&nbsp;", " ")


@pytest.fixture
def written(visit: Visit, place: Place, viewport: dict[str, int]) -> Visitor:
    """Somebody who has begun a comment."""
    post = place.share(place.moderator)
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(f"{place.address}posts/{post}")
    editor(visitor, "#comment-form")
    return visitor


def trix(visitor: Visitor) -> Locator:
    return visitor.page.locator("#comment-form trix-editor")


def test_every_clipboard_is_pasted_as_the_server_would_read_it(written: Visitor) -> None:
    """All of tests/rich_text/clipboard, through the editor: what it sends is kept as what was meant."""
    form = written.page.locator("#comment-form")
    wrong = []
    for path in CLIPBOARD:
        form.evaluate(EMPTY)
        trix(written).focus()
        written.page.evaluate(COPY, path.read_text("utf-8"))
        written.page.keyboard.press("ControlOrMeta+v")
        written.wait_until("document.querySelector('#comment-form trix-editor').textContent.trim() !== ''")
        sent = form.locator("[name=body_html]").input_value()
        clean = path.with_suffix(".clean.html").read_text("utf-8").rstrip("\n")
        if spaced(rich_text.from_html(sent).html) != spaced(clean):
            wrong.append(f"{path.stem}\n  meant {clean}\n  sent  {sent}\n  kept  {rich_text.from_html(sent).html}")
    assert not wrong, "\n".join(wrong)


def test_text_comes_before_a_picture_of_it(written: Visitor) -> None:
    words = {"html": "<p>Fra <b>LibreOffice</b></p>", "text": "Fra LibreOffice", "file": True}
    trix(written).evaluate(PASTE_WITH_FILE, words)
    expect(trix(written).locator("strong")).to_have_text("LibreOffice")
    expect(written.page.locator("#comment-form [data-place='left-out']")).to_have_count(0)
    trix(written).evaluate(PASTE_WITH_FILE, {"text": " og ren tekst", "file": True})
    expect(trix(written)).to_have_text("Fra LibreOffice og ren tekst")


def test_a_picture_that_is_left_out_is_said(written: Visitor) -> None:
    trix(written).evaluate(PASTE_WITH_FILE, {"html": "<p>Se kortet</p><img src='x' alt='Kort'>", "text": "Se kortet"})
    expect(trix(written)).to_have_text("Se kortet")
    told = written.page.locator("#comment-form [data-place='left-out']")
    expect(told).to_have_text(
        written.say("The text is inserted without its pictures. Attach them as files if they are needed.")
    )
    written.page.keyboard.type(" nu")
    expect(told).to_have_count(0)
    expect(trix(written)).to_have_text("Se kortet nu")


@pytest.mark.parametrize("by", ["paste", "drop"])
@pytest.mark.parametrize("field", ["trix-editor", "textarea"])
def test_a_picture_alone_is_attached(visit: Visit, place: Place, by: str, field: str, viewport: dict[str, int]) -> None:
    post = place.share(place.moderator)
    visitor = visit(place.contributor, viewport=viewport)
    visitor.open(f"{place.address}posts/{post}")
    visitor.leave_a_mark()
    if field == "trix-editor":
        editor(visitor, "#comment-form")
    target = visitor.page.locator(f"#comment-form {field}")
    if by == "paste":  # As Chromium copies a picture from a page.
        target.evaluate(PASTE_WITH_FILE, {"file": True, "html": "<img src='https://example.dk/a.png' alt='Kort'>"})
    else:
        target.evaluate(DROP_FILE)
    expect(visitor.page.locator("#comment-form [name=uploads]")).to_have_count(1)
    expect(visitor.page.locator("#comment-form [data-place='left-out']")).to_have_count(0)
    visitor.is_on_the_same_page()


def test_a_link_is_given_as_people_write_it_or_refused_in_words(written: Visitor) -> None:
    for typed, href in (
        ("www.gladsaxe.dk", "https://www.gladsaxe.dk/"),
        ("https://x.sharepoint.com/Delte dokumenter/a.docx", "https://x.sharepoint.com/Delte%20dokumenter/a.docx"),
        ("mette@gladsaxe.dk", "mailto:mette@gladsaxe.dk"),
    ):
        written.page.locator("#comment-form").evaluate(EMPTY)
        trix(written).focus()
        written.write("Her")
        written.page.keyboard.press("ControlOrMeta+a")
        written.wait_until(
            "document.querySelector('#comment-form trix-editor').editor.getSelectedRange().join() === '0,3'"
        )
        written.button("Link", written.page.locator("#comment-form")).click()
        address = written.field("Address of the link")
        address.fill("ikke en adresse")
        written.button("Create a link").click()
        fault = written.say("Write a whole address, for example www.gladsaxe.dk.")
        expect(address).to_have_attribute("aria-invalid", "true")
        expect(address).to_have_accessible_description(fault)
        expect(written.page.get_by_text(fault)).to_be_visible()
        address.fill(typed)
        address.press("Enter")
        expect(trix(written).locator("a")).to_have_attribute("href", href)
        sent = written.page.locator("#comment-form [name=body_html]").input_value()
        assert f'href="{href}"' in rich_text.from_html(sent).html
