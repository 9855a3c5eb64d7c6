"""Files and pictures: chosen, pasted or dropped, on their way, cut off, and as others see them."""

import base64
import io
import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any
from urllib.parse import urljoin

import pytest
from PIL import Image
from playwright.sync_api import CDPSession, FileChooser, Locator, Route, expect
from werkzeug.datastructures import FileStorage

from tests import factories
from tests.e2e.conftest import Visit
from tests.e2e.inspection import ENLARGE, NARROW, OVERHANG, PHONE, inspecting
from tests.e2e.place import Person, Place
from tests.e2e.site import Site
from tests.e2e.test_drafts import is_kept, offered, tab
from tests.e2e.test_writing import editor
from tests.e2e.visitor import Visitor
from workspace.db import db
from workspace.demo.story_documents import pdf
from workspace.files import checking, receiving
from workspace.files.attaching import Attachments
from workspace.files.models import File
from workspace.posts.models import Post

MBIT = 1_000_000 / 8  # bytes a second
GPS, ORIENTATION = 0x8825, 0x0112
PASTE = """(field, { base64, html, text }) => {
  const data = new DataTransfer();
  if (html) data.setData("text/html", html);
  if (text) data.setData("text/plain", text);
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  data.items.add(new File([bytes], "image.png", { type: "image/png" }));
  field.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
}"""
DROP = """(target, { base64, name, type }) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name, { type }));
  for (const kind of ["dragenter", "dragover", "drop"])
    target.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
}"""
UNUSABLE = (
    ("film.mp4", b"x", "video/mp4", "Video and sound can't be used here."),
    (
        "tegning.svg",
        b"<svg/>",
        "image/svg+xml",
        "That kind of file can't be used here. Pictures, PDF, Office files, text and calendar files can.",
    ),
    (
        "regnskab.xlsm",
        b"x",
        "",
        "Files with macros can't be used here. Save it without macros, as docx, xlsx, pptx or PDF.",
    ),
    ("tom.pdf", b"", "application/pdf", "The file is empty."),
)
PROGRESS = "[...document.querySelectorAll('.upload progress')].map(({ value }) => value)"


@pytest.fixture(autouse=True)
def checked(site: Site) -> Iterator[None]:
    """The worker's part: files that come are checked at once."""
    stopped = Event()

    def check() -> None:
        while not stopped.wait(0.1):
            with site.app.app_context():
                if checking.is_any_due():
                    checking.check_due()

    thread = Thread(target=check, daemon=True)
    thread.start()
    yield
    stopped.set()
    thread.join()


def photo(size: tuple[int, int] = (1200, 900), *, grain: int = 0, turned: bool = False) -> bytes:
    """A picture as a phone takes it: JPEG, with where it was taken, and `turned` as it lies in the phone.

    `grain` is how many spots of chance it has in a row: the more, the larger it is in bytes.
    """
    picture = Image.new("RGB", size, (70, 130, 90))
    if grain:
        spots = Image.frombytes("L", (grain, grain), random.Random(17).randbytes(grain * grain))
        picture = Image.merge("RGB", [spots.resize(size, Image.Resampling.BICUBIC)] * 3)
    exif = Image.Exif()
    if turned:
        exif[ORIENTATION] = 6
    exif[GPS] = {1: "N", 2: (55.0, 44.0, 1.0), 3: "E", 4: (12.0, 28.0, 2.0)}
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=92, exif=exif)
    return file.getvalue()


def png() -> str:
    """A screenshot, in base64."""
    file = io.BytesIO()
    Image.new("RGB", (640, 400), (200, 210, 220)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def given(name: str, content: bytes, kind: str = "image/jpeg") -> Any:
    """A file as it is chosen."""
    return {"name": name, "mimeType": kind, "buffer": content}


def slowed(visitor: Visitor, *, mbit: float) -> CDPSession:
    """Let the line of the visitor's page be so slow, in both directions."""
    session = visitor.page.context.new_cdp_session(visitor.page)
    session.send("Network.enable")
    speed = {"downloadThroughput": mbit * MBIT, "uploadThroughput": mbit * MBIT}
    session.send("Network.emulateNetworkConditions", {"offline": False, "latency": 40, **speed})
    return session


def chooser(visitor: Visitor, form: str = "#composer") -> Locator:
    """The field that chooses files."""
    return visitor.page.locator(f"{form} input[type=file][multiple]")


def tiles(visitor: Visitor, form: str = "#composer") -> Locator:
    return visitor.page.locator(f"{form} .upload")


def is_up(visitor: Visitor, name: str, form: str = "#composer") -> Locator:
    """Expect that the file of that name is up; its tile."""
    tile = tiles(visitor, form).filter(has_text=name)
    expect(tile.locator("[name=uploads]")).to_be_attached()
    return tile


def write(visitor: Visitor, title: str) -> None:
    """Write progress without sending it."""
    visitor.choose("progress")
    visitor.field("Heading").fill(title)
    visitor.write_in("Text", "Sådan gik det.")


def shared_picture(visitor: Visitor) -> Locator:
    return visitor.page.locator("#posts article").first.locator(".photos img")


def is_drawn(visitor: Visitor, picture: Locator) -> None:
    """Expect that the browser shows the picture, and not only its frame."""
    expect(picture).to_be_visible()
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0


def attach(place: Place, by: Person, title: str, files: list[tuple[str, bytes]], alt: str = "") -> int:
    """A post that carries these files, which are checked already; its number."""
    post = place.share(by, title)
    with place.site.inside():
        sent = [FileStorage(io.BytesIO(content), filename=name) for name, content in files]
        numbers = [receiving.receive_here(place._membership(by), each, receiving.new_one_time_key()) for each in sent]
    with place.site.inside():
        checking.check_due()
    with place.site.inside():
        found = db.session.get_one(Post, (place.id, post))
        attached = Attachments(uploads=tuple(numbers), alts=dict.fromkeys(numbers, alt))
        found.edit(place._membership(by), title=found.title, body=_body(found), version=found.version, files=attached)
    return post


def _body(post: Post) -> Any:
    from workspace import rich_text

    return rich_text.from_html(post.body_html)


def files(place: Place) -> list[File]:
    """All files of the partnership."""
    with place.site.inside():
        found = db.session.query(File).filter_by(partnership_id=place.id).order_by(File.number).all()
        db.session.expunge_all()
        return found


@pytest.mark.slow
def test_a_photo_from_a_phone_stands_in_a_shared_post_within_ten_seconds(visit: Visit, place: Place) -> None:
    """Of 4 MB at 10 Mbit/s, from choosing it to seeing it in the post: written before, shared at once."""
    visitor = visit(place.contributor, viewport=PHONE, has_touch=True)
    visitor.open(place.address)
    write(visitor, "Med billede")
    content = photo((4000, 3000), grain=640, turned=True)
    assert 3_500_000 < len(content) < 6_000_000, len(content)
    slowed(visitor, mbit=10)
    begun = time.monotonic()
    chooser(visitor).set_input_files(given("IMG_4071.jpg", content))
    visitor.button("Share progress").click()
    expect(visitor.heading("Med billede")).to_be_visible(timeout=30_000)
    expect(shared_picture(visitor)).to_be_visible(timeout=30_000)
    is_drawn(visitor, shared_picture(visitor))
    taken = time.monotonic() - begun
    print(f"\nA photo of {len(content) / 1e6:.1f} MB at 10 Mbit/s: {taken:.1f} s")
    shown = shared_picture(visitor).evaluate("({ naturalWidth, naturalHeight }) => naturalWidth < naturalHeight")
    assert shown, "it does not stand upright"
    assert taken < 20, f"{taken:.1f} seconds"  # The goal is ten, on a machine that does nothing else.


@pytest.mark.slow
def test_the_progress_of_a_slow_line_is_true(visit: Visit, place: Place) -> None:
    """At 1 Mbit/s: what is told goes up steadily, and in the middle of the time it is in the middle."""
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.choose("progress")
    content = photo(grain=900, size=(1000, 1000))
    slowed(visitor, mbit=1)
    begun, told = time.monotonic(), []
    chooser(visitor).set_input_files(given("langsom.jpg", content))
    while not visitor.page.locator("[name=uploads]").count() and time.monotonic() - begun < 60:
        if values := visitor.page.evaluate(PROGRESS):
            told.append((time.monotonic() - begun, values[0]))
        visitor.page.wait_for_timeout(100)
    whole = time.monotonic() - begun
    values = [value for _at, value in told]
    assert values == sorted(values)
    expected = len(content) / MBIT
    assert whole > expected * 0.8, f"{whole:.1f} s for {len(content)} bytes: the line was not slow"
    for at, value in told:
        assert abs(value - at / whole) < 0.35, f"{value:.0%} told after {at / whole:.0%} of the time: {told}"


def test_a_cut_line_is_said_and_one_press_sends_the_file_once(visit: Visit, place: Place) -> None:
    """Cut before anything came, and then with only the answer lost: the key of the file stays the same."""
    visitor = visit(place.contributor)
    visitor.watch.meant += ["ERR_FAILED", "ERR_CONNECTION_FAILED", "/files"]
    visitor.open(place.address)
    visitor.choose("progress")
    uploads = re.compile(rf"{place.address}files$")
    keys: list[str] = []

    def arrive_without_answer(route: Route) -> None:
        keys.append(_key_of(route))
        route.fetch()
        route.abort("connectionfailed")

    visitor.page.route(uploads, lambda route: (keys.append(_key_of(route)), route.abort("connectionfailed")))
    chooser(visitor).set_input_files(given("afbrudt.jpg", photo()))
    tile = tiles(visitor)
    expect(tile).to_contain_text(visitor.say("The connection was lost. The file is not sent."))
    visitor.page.unroute(uploads)
    visitor.page.route(uploads, arrive_without_answer)
    tile.get_by_role("button", name=visitor.say("Try again")).click()
    expect(tile.get_by_role("button", name=visitor.say("Try again"))).to_be_visible()
    visitor.page.unroute(uploads)
    visitor.page.route(uploads, lambda route: (keys.append(_key_of(route)), route.continue_()))
    tile.get_by_role("button", name=visitor.say("Try again")).click()
    is_up(visitor, "afbrudt.jpg")
    assert len(keys) == 3, keys
    assert len(set(keys)) == 1, keys
    assert [file.name for file in files(place)] == ["afbrudt.jpg"]


def _key_of(route: Route) -> str:
    found = re.search(rb'name="one_time_key"\r\n\r\n([0-9a-f-]+)', route.request.post_data_buffer or b"")
    return found[1].decode() if found else ""


@pytest.mark.parametrize("field", ["textarea", "trix-editor"])
def test_a_screenshot_is_pasted_and_a_name_is_given_to_it(visit: Visit, place: Place, field: str) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.choose("progress")
    if field == "trix-editor":
        editor(visitor)
    # As Chromium copies a picture from a page: markup, but no text.
    visitor.page.locator(f"#composer {field}").evaluate(
        PASTE, {"base64": png(), "html": "<img src='https://x.dk/a.png'>"}
    )
    tile = is_up(visitor, visitor.say("Screenshot"))
    expect(
        tile.get_by_label(re.compile(visitor.say("What does the picture show?").replace("?", r"\?")))
    ).to_be_visible()
    visitor.page.locator(f"#composer {field}").evaluate(PASTE, {"base64": png(), "text": "Kun ordene"})
    expect(tiles(visitor)).to_have_count(1)


@pytest.mark.slow
def test_a_pdf_is_dropped_on_a_composer_that_is_folded_away(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    dropped = {"base64": base64.b64encode(pdf("Referat", "# Referat\nVi mødtes.")).decode(), "type": "application/pdf"}
    visitor.page.locator("#writer summary").evaluate(DROP, {"name": "Referat.pdf", **dropped})
    is_up(visitor, "Referat.pdf")
    visitor.field("Heading").fill("Referatet")
    visitor.write_in("Text", "Her er det.")
    visitor.button("Share progress").click()
    card = visitor.page.locator("#posts article").first
    expect(card.get_by_role("link", name="Referat.pdf", exact=True)).to_be_visible()
    expect(card.locator(".attachment")).to_contain_text("PDF, ")


@pytest.mark.slow
def test_everything_is_done_by_keyboard_and_heard(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    choosers: list[FileChooser] = []
    # Long before: nobody is told when the browser has heard that somebody listens.
    visitor.page.on("filechooser", lambda opened: choosers.append(opened))
    visitor.open(place.address)
    visitor.choose("progress")
    visitor.field("Text").focus()
    expect(visitor.page.locator("#composer trix-editor")).to_be_focused()
    visitor.write("")  # Once it is drawn, the editor no longer takes the focus back.
    visitor.tab_to(chooser(visitor))
    with visitor.page.expect_event("filechooser"):
        visitor.page.keyboard.press("Enter")
    choosers[0].set_files([given("et.jpg", photo()), given("to.pdf", pdf("To", "To"), "application/pdf")])
    is_up(visitor, "et.jpg")
    is_up(visitor, "to.pdf")
    said = visitor.page.locator("#composer [data-said]")
    expect(said).to_have_text(re.compile(r"(et\.jpg|to\.pdf)"))
    visitor.tab_to(tiles(visitor).first.get_by_role("button"), key="Shift+Tab")
    visitor.page.keyboard.press("Enter")
    undo = tiles(visitor).first.get_by_role("button", name=visitor.say("Undo"))
    expect(undo).to_be_focused()
    expect(said).to_have_text(visitor.say("%(name)s is removed.", name="et.jpg"))
    expect(visitor.page.locator("[name=uploads]")).to_have_count(1)
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("[name=uploads]")).to_have_count(2)
    expect(tiles(visitor).first.get_by_role("button")).to_be_focused()
    visitor.page.keyboard.press("Tab")
    visitor.page.keyboard.type("Et grønt felt")
    write(visitor, "Kun med tasterne")
    visitor.button("Share progress").click()
    expect(shared_picture(visitor)).to_have_attribute("alt", "Et grønt felt")


def test_without_script_the_form_takes_the_files_along_and_keeps_them_when_it_fails(
    visit: Visit, place: Place, tmp_path: Path
) -> None:
    visitor = visit(place.contributor, java_script_enabled=False)
    visitor.open(f"{place.address}?share=progress")
    (tmp_path / "Møde.jpg").write_bytes(photo())
    (tmp_path / "Referat.pdf").write_bytes(pdf("Referat", "Vi mødtes."))
    chooser(visitor).set_input_files([tmp_path / "Møde.jpg", tmp_path / "Referat.pdf"])
    visitor.field("Heading").fill("Uden script")
    visitor.field("Text").fill(" ")
    visitor.button("Share progress").click()
    expect(tiles(visitor)).to_have_count(2)  # The text was missing; the files need not be chosen again.
    visitor.field("Text").fill("Nu med tekst.")
    tiles(visitor).first.get_by_role("textbox").fill("Fire ved et bord")
    visitor.button("Share progress").click()
    card = visitor.page.locator("#posts article").first
    expect(card.get_by_role("heading", name="Uden script")).to_be_visible()
    visitor.page.wait_for_timeout(1500)
    visitor.page.reload()
    is_drawn(visitor, card.get_by_role("img", name="Fire ved et bord"))
    card.get_by_role("img", name="Fire ved et bord").click()
    expect(visitor.heading("Fire ved et bord")).to_be_visible()
    assert len(files(place)) == 2


@pytest.mark.slow
@pytest.mark.parametrize("size", [NARROW, PHONE], ids=["320", "390"])
def test_nothing_is_wider_than_a_phone(visit: Visit, place: Place, size: dict[str, int]) -> None:
    long_name = "Et-meget-langt-navn-som-ingen-kan-dele-" + "x" * 90
    attach(place, place.partner, "Med filer", [(f"{long_name}.pdf", pdf("A", "A")), (f"{long_name}.jpg", photo())])
    visitor = visit(place.contributor, viewport=size)
    visitor.open(place.address)
    assert visitor.page.evaluate(OVERHANG) == []
    visitor.choose("progress")
    chooser(visitor).set_input_files([given(f"{long_name}2.jpg", photo()), given("film.mp4", b"x" * 100, "video/mp4")])
    is_up(visitor, long_name)
    assert visitor.page.evaluate(OVERHANG) == []
    for address in ("files", "files?kind=pictures", "files/1", "files/2"):
        visitor.open(f"{place.address}{address}")
        assert visitor.page.evaluate(OVERHANG) == [], address


@pytest.mark.slow
def test_each_state_is_accessible(visit: Visit, place: Place) -> None:
    attach(
        place, place.partner, "Med filer", [("a.jpg", photo()), ("b.jpg", photo()), ("c.pdf", pdf("A", "A"))], "Et felt"
    )
    visitor = visit(place.contributor)
    visitor.watch.meant += ["ERR_FAILED", "ERR_CONNECTION_FAILED"]
    with inspecting(visitor) as inspection:
        visitor.open(place.address)
        inspection.look("the feed with pictures")
        visitor.choose("progress")
        chooser(visitor).set_input_files([given("en.jpg", photo()), given("film.mp4", b"x", "video/mp4")])
        is_up(visitor, "en.jpg")
        inspection.look("one up, one refused")
        tiles(visitor).first.get_by_role("button").click()
        inspection.look("one removed")
        visitor.page.route("**/files", lambda route: route.abort("connectionfailed"))
        chooser(visitor).set_input_files(given("afbrudt.jpg", photo()))
        expect(visitor.composer.get_by_role("button", name=visitor.say("Try again"))).to_be_visible()
        inspection.look("one cut off")
        visitor.page.unroute("**/files")
        visitor.page.on("dialog", lambda dialog: dialog.accept())
        for address in ("files", "files?kind=documents", "files/1", "files/3"):
            visitor.open(f"{place.address}{address}")
            inspection.look(address)
    own = visit(place.partner)
    with inspecting(own) as inspection:
        for address in ("files/1", "files/3", "files/1/withdrawal", "files/1/redaction"):
            own.open(f"{place.address}{address}")
            inspection.look(f"{address} of one's own")


def test_two_tabs_send_at_the_same_time_and_each_keeps_its_own(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    other = tab(visitor, place.address)
    for each, name in ((visitor, "den-ene.jpg"), (other, "den-anden.jpg")):
        each.choose("progress")
        chooser(each).set_input_files(given(name, photo()))
    for each, name in ((visitor, "den-ene.jpg"), (other, "den-anden.jpg")):
        is_up(each, name)
        expect(tiles(each)).to_have_count(1)
    for each, title in ((visitor, "Den ene"), (other, "Den anden")):
        write(each, title)
        each.button("Share progress").click()
        expect(each.heading(title)).to_be_visible()
        expect(tiles(each)).to_have_count(0)
    assert [(file.name, file.entry_number is not None) for file in files(place)] == [
        ("den-ene.jpg", True),
        ("den-anden.jpg", True),
    ]


def test_two_comments_in_a_row_each_carry_their_picture(visit: Visit, place: Place) -> None:
    post = place.share(place.partner)
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{post}")
    visitor.leave_a_mark()
    for text in ("Den første", "Den anden"):
        chooser(visitor, "#comment-form").set_input_files(given(f"{text}.jpg", photo()))
        is_up(visitor, f"{text}.jpg", "#comment-form")
        visitor.write_in("Write a comment", text)
        visitor.button("Share the comment").click()
        expect(visitor.page.locator("#thread > .comment").last.locator(".prose")).to_have_text(text)
        is_drawn(visitor, visitor.page.locator("#thread > .comment").last.locator(".photos img"))
        expect(tiles(visitor, "#comment-form")).to_have_count(0)
    visitor.is_on_the_same_page()
    expect(visitor.page.locator("#thread .photos")).to_have_count(2)


def test_a_draft_brings_its_files_back_with_what_they_show(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    write(visitor, "Halvt skrevet")
    chooser(visitor).set_input_files(given("kladde.jpg", photo()))
    is_up(visitor, "kladde.jpg").get_by_role("textbox").fill("Et felt med korn")
    is_kept(visitor, "Et felt med korn")
    visitor.page.reload()
    expect(offered(visitor, "#composer")).to_contain_text(visitor.say("with files"))
    visitor.button("Continue with the draft").click()
    expect(is_up(visitor, "kladde.jpg").get_by_role("textbox")).to_have_value("Et felt med korn")
    visitor.button("Share progress").click()
    expect(shared_picture(visitor)).to_have_attribute("alt", "Et felt med korn")
    visitor.open(place.address)
    expect(offered(visitor, "#composer")).to_have_count(0)


@pytest.mark.slow
def test_what_cannot_be_used_is_said_before_it_is_sent_or_by_whoever_looks_inside(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.choose("progress")
    for name, content, kind, words in UNUSABLE:
        chooser(visitor).set_input_files(given(name, content, kind))
        expect(tiles(visitor).filter(has_text=name)).to_contain_text(visitor.say(words))
    assert files(place) == []
    chooser(visitor).set_input_files(given("forklaedt.pdf", b"MZ\x90\x00" + b"x" * 500, "application/pdf"))
    refused = tiles(visitor).filter(has_text="forklaedt.pdf")
    expect(refused.locator(".upload__refusal")).to_be_visible(timeout=15_000)
    expect(refused.locator("[name=uploads]")).to_have_count(0)
    chooser(visitor).set_input_files([given(f"{nth}.txt", b"a", "text/plain") for nth in range(11)])
    too_many = visitor.say("A text carries at most %(num)s files.", num=10)
    expect(tiles(visitor).filter(has_text=too_many)).to_have_count(1)


def test_a_withdrawn_file_is_gone_for_the_others_and_can_be_had_back(visit: Visit, place: Place) -> None:
    post = attach(place, place.contributor, "Med billede", [("a.jpg", photo())], "Et felt")
    other = visit(place.partner)
    other.open(f"{place.address}posts/{post}")
    is_drawn(other, other.page.get_by_role("img", name="Et felt"))
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}files/1")
    visitor.link("Remove the file").click()
    visitor.button("Remove the file").click()
    expect(visitor.page).to_have_url(re.compile(rf"posts/{post}$"))
    expect(visitor.page.locator("#post .photos")).to_have_count(0)
    for address in ("files/1", "files/1/content", "files/1/preview/480"):
        assert other.page.request.get(f"{place.address}{address}").status == 404, address
    other.page.reload()
    expect(other.page.locator("#post .photos")).to_have_count(0)
    visitor.page.locator("#announcements").get_by_role("button", name=visitor.say("Undo")).click()
    is_drawn(visitor, visitor.page.get_by_role("img", name="Et felt"))


@pytest.mark.slow
def test_pictures_are_turned_over_one_by_one_without_script(visit: Visit, place: Place) -> None:
    post = attach(place, place.partner, "Med fire", [(f"{nth}.jpg", photo()) for nth in range(4)])
    visitor = visit(place.observer, java_script_enabled=False)
    visitor.open(f"{place.address}posts/{post}")
    assert visitor.page.locator("#post .photo").count() == 3
    visitor.page.locator("#post .photo a").first.click()
    visited = [visitor.page.url]
    while visitor.page.locator("a[rel=next]").count():
        visitor.page.locator("a[rel=next]").click()
        visited.append(visitor.page.url)
    assert len(set(visited)) == 4
    visitor.page.locator("a[rel=prev]").click()
    assert visitor.page.url == visited[-2]
    visitor.page.get_by_role("link", name="Med fire").click()
    expect(visitor.page).to_have_url(re.compile(rf"posts/{post}$"))


@pytest.mark.slow
def test_a_feed_of_thirty_pictures_is_fetched_as_it_is_looked_at(visit: Visit, place: Place) -> None:
    for nth in range(10):
        attach(place, place.partner, f"Tre billeder {nth}", [(f"{each}.jpg", photo(grain=300)) for each in range(3)])
    visitor = visit(place.observer, viewport=PHONE)
    sizes: list[int] = []
    visitor.page.on(
        "response",
        lambda response: sizes.append(int(response.headers["content-length"])) if "/preview/" in response.url else None,
    )
    visitor.open(place.address)
    visitor.page.wait_for_timeout(500)
    first = len(sizes)
    expect(visitor.page.locator("#posts .photo img")).to_have_count(30, timeout=20_000)
    asked = 30
    for _look in range(asked * 2):
        visitor.page.mouse.wheel(0, 700)
        visitor.page.wait_for_timeout(60)
    visitor.page.wait_for_timeout(500)
    print(f"\n{first} of {asked} pictures at once, {len(sizes)} in all, the largest of {max(sizes) / 1000:.1f} kB")
    assert first < asked
    assert len(sizes) <= asked
    assert max(sizes) <= 30_000
    assert sum(sizes) <= 30 * 30_000


@pytest.mark.slow
def test_a_pdf_opens_in_the_viewer_in_a_sandbox_and_is_downloaded_from_its_page(visit: Visit, place: Place) -> None:
    post = attach(place, place.partner, "Med PDF", [("Referat.pdf", pdf("Referat", "Vi mødtes."))])
    visitor = visit(place.observer)
    visitor.watch.meant += [
        "chrome-extension://",
        "chrome://resources",
        "Several elements have the id",
    ]  # The viewer is a page of its own.
    visitor.open(f"{place.address}posts/{post}")
    expect(visitor.page.locator("#post .attachment img")).to_be_visible()
    headers = visitor.page.request.get(f"{place.address}files/1/content").headers
    assert headers["content-security-policy"] == "sandbox; default-src 'none'"
    visitor.page.get_by_role("link", name="Referat.pdf", exact=True).click()
    address = urljoin(visitor.page.url, f"{place.address}files/1/content")
    for _look in range(100):  # The frames come one by one, and each stands empty at first.
        frames = [frame.url for frame in visitor.page.frames]
        if len(frames) == 3 and frames[2] == address:
            break
        visitor.page.wait_for_timeout(100)
    page, viewer, document = frames
    assert viewer.startswith("chrome-extension://")
    assert page == document == address
    visitor.open(f"{place.address}files/1")
    with visitor.page.expect_download() as download:
        visitor.link("Download").click()
    assert download.value.suggested_filename == "Referat.pdf"
    assert download.value.path().read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_pages_can_be_read_on_a_phone_where_the_text_is_large(visit: Visit, place: Place) -> None:
    attach(place, place.partner, "Opslag", [("Referat.pdf", pdf("Referat", "Vi mødtes."))])
    with place.site.inside():
        by = place._membership(place.moderator)
        role = factories.make_role(by, "Drift")
        factories.hold(role, place._membership(place.partner), by)
        address = f"roles/{role.id}"
        indicator = factories.measured_indicator(role, by, place._membership(place.partner))
        factories.measure(indicator, by)
        result, member = f"results/{indicator.number}", f"members/{place._membership(place.partner).id}"
    visitor = visit(place.moderator, viewport={"width": 360, "height": 740})
    for page, name in (("files", ".document__name > :is(a, b)"), (address, ".holder > small")):
        visitor.open(f"{place.address}{page}")
        visitor.page.evaluate(ENLARGE)
        box = visitor.page.locator(name).first.bounding_box()
        assert box
        assert box["width"] > 100, f"The letters of a name stand one below the other: {page}"
    for page in ("results", result, member, "administration"):
        visitor.open(f"{place.address}{page}")
        visitor.page.evaluate(ENLARGE)
        assert visitor.page.evaluate(OVERHANG) == [], page
