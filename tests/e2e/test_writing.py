"""Writing in a browser: the editor, drafts, a line that is cut, mentions, reactions, and the end of a text."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import Visit
from tests.e2e.place import Place
from tests.e2e.visitor import Visitor
from tests.rich_text.payloads import PAYLOADS
from workspace import rich_text

COPY = """html => {
  const copy = (event) => { event.clipboardData.setData("text/html", html); event.preventDefault(); };
  document.addEventListener("copy", copy, { once: true, capture: true });
  document.execCommand("copy");
}"""
WORD = """<html xmlns:o="urn:schemas-microsoft-com:office:office"><body lang=DA><!--StartFragment-->
<p class=MsoNormal><b>Referat<o:p></o:p></b></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol'><span style='mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp;
</span></span></span><![endif]>Første punkt<o:p></o:p></p>
<p class=MsoListParagraphCxSpLast style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol'><span style='mso-list:Ignore'>·<span>&nbsp;&nbsp; </span></span></span><![endif]>Andet</p>
<!--EndFragment--></body></html>"""


def editor(visitor: Visitor, form: str = "#composer") -> Locator:
    """The editor of a form, opened by putting the caret into its text."""
    visitor.page.locator(f"{form} textarea[data-editor]").focus()
    opened = visitor.page.locator(f"{form} trix-editor")
    expect(opened).to_be_focused()
    return opened


def test_a_text_is_formatted_by_keyboard_and_shown_as_it_was_written(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.choose("progress")
    visitor.field("Heading").fill("Med fed skrift")
    editor(visitor)
    visitor.write("vigtigt")
    visitor.page.keyboard.press("ControlOrMeta+a")
    visitor.wait_until("document.querySelector('#composer trix-editor').editor.getSelectedRange().join() === '0,7'")
    visitor.page.keyboard.press("ControlOrMeta+b")
    expect(visitor.page.locator("#composer trix-editor strong")).to_have_text("vigtigt")
    visitor.button("Share progress").click()
    shared = visitor.page.locator("#posts > article").first
    expect(shared.locator(".prose strong")).to_have_text("vigtigt")


def test_the_text_is_described_by_the_hints_that_are_shown_for_its_kind(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.choose("challenge")
    hints = (
        "What is the problem, whom does it affect, and what have you tried?",
        "Personal data, CPR numbers above all, does not belong here.",
    )
    described = " ".join(visitor.say(hint) for hint in hints)
    expect(visitor.page.locator("#composer textarea[data-editor]")).to_have_accessible_description(described)
    expect(editor(visitor)).to_have_accessible_description(described)


def test_what_is_pasted_from_word_comes_out_clean(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.choose("progress")
    visitor.field("Heading").fill("Fra Word")
    editor(visitor)
    visitor.page.keyboard.type(" ")
    visitor.page.evaluate(COPY, WORD)
    visitor.page.keyboard.press("ControlOrMeta+v")
    expect(visitor.page.locator("trix-editor li")).to_have_count(2)
    visitor.button("Share progress").click()
    shared = visitor.page.locator("#posts > article .prose").first
    expect(shared.locator("li")).to_have_text(["Første punkt", "Andet"])
    expect(shared.locator("strong")).to_have_text("Referat")


def test_a_draft_is_offered_back_after_a_crash_and_gone_after_sharing(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.choose("challenge")
    visitor.field("Heading").fill("Halvt skrevet")
    editor(visitor)
    visitor.page.keyboard.type("Her gik strømmen")
    expect(visitor.page.locator("#composer .draft")).to_contain_text(visitor.say("Kept as a draft in this browser."))
    visitor.open(place.address)
    expect(visitor.page.locator("#composer .draft")).to_contain_text("Her gik strømmen")
    visitor.button("Continue with the draft").click()
    expect(visitor.field("Heading")).to_have_value("Halvt skrevet")
    visitor.button("Share a challenge").click()
    visitor.is_told("Your post is shared.")
    assert place.posts() == ["Halvt skrevet"]
    visitor.open(place.address)
    expect(visitor.page.locator("#composer .draft")).to_have_count(0)


def test_drafts_are_gone_after_signing_out(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.open(place.address)
    visitor.choose("progress")
    visitor.field("Heading").fill("Hemmeligt udkast")
    expect(visitor.page.locator("#composer .draft")).to_be_visible()
    visitor.menu.locator("summary").click()
    visitor.button("Sign out").click()
    expect(visitor.page.locator("h1")).to_have_text(visitor.say("Sign in"))
    assert visitor.page.evaluate("Object.keys(localStorage)") == []


def test_a_session_lost_in_the_middle_of_writing_loses_nothing(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    visitor.hear_nothing()
    visitor.open(place.address)
    visitor.choose("progress")
    visitor.field("Heading").fill("Midt i det hele")
    editor(visitor)
    visitor.page.keyboard.type("Det stod her før")
    place.site.end_sessions(place.contributor.id)
    visitor.button("Share progress").click()
    visitor.sign_in(place.contributor)
    expect(visitor.field("Heading")).to_have_value("Midt i det hele")
    expect(visitor.page.locator("#composer trix-editor, #composer textarea:visible").first).to_be_visible()
    visitor.button("Share progress").click()
    visitor.is_told("Your post is shared.")
    expect(visitor.page.locator("#posts .prose").first).to_have_text("Det stod her før")


@pytest.mark.parametrize("reaches", [True, False], ids=["answer lost", "request lost"])
def test_a_line_cut_while_saving_makes_one_post(visit: Visit, place: Place, reaches: bool) -> None:
    visitor = visit(place.contributor)
    visitor.watch.meant += ["ERR_FAILED", "htmx:afterRequest", "htmx:sendError"]
    visitor.open(place.address)
    visitor.choose("progress")
    visitor.field("Heading").fill("Over en dårlig linje")
    editor(visitor)
    visitor.page.keyboard.type("Kun én gang")

    def cut(route) -> None:  # type: ignore[no-untyped-def]
        if reaches:
            route.fetch()
        route.abort("failed")

    visitor.page.route("**/posts", cut)
    visitor.button("Share progress").click()
    visitor.is_told(
        "There is no connection. What you wrote is kept here, and is sent by itself when the connection is back."
    )
    visitor.page.unroute("**/posts")
    visitor.is_told("Your post is shared.")
    assert place.posts() == ["Over en dårlig linje"]


@pytest.mark.slow
def test_somebody_is_mentioned_by_keyboard(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator, "Hvem ved noget?")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{post}")
    field = editor(visitor, "#comment-form")
    visitor.page.keyboard.type("Spørg @æb")
    option = visitor.page.get_by_role("option", name="Ditte Æbelø")
    expect(option).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-expanded", "true")
    visitor.page.keyboard.press("Enter")
    expect(option).to_have_count(0)
    visitor.page.keyboard.type("i dag")
    visitor.button("Share the comment").click()
    expect(visitor.page.locator("#thread .mention")).to_have_text("@Ditte Æbelø")
    expect(visitor.page.locator("#thread .prose")).to_have_text("Spørg @Ditte Æbelø i dag")


@pytest.mark.slow
def test_somebody_is_mentioned_by_touch(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator, "Hvem ved noget?")
    visitor = visit(place.contributor, has_touch=True, viewport={"width": 360, "height": 740})
    visitor.open(f"{place.address}posts/{post}")
    editor(visitor, "#comment-form")
    visitor.page.keyboard.type("@met")
    visitor.page.get_by_role("option", name="Mette Ågård").tap()
    visitor.button("Share the comment").click()
    expect(visitor.page.locator("#thread .mention")).to_have_text("@Mette Ågård")


def test_a_withdrawal_is_undone_in_place(visit: Visit, place: Place) -> None:
    post = place.share(place.contributor, "Fortryd mig")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{post}")
    visitor.page.locator("#post summary").first.click()
    visitor.link("Withdraw the post").click()
    visitor.button("Withdraw the post").click()
    visitor.button("Undo", visitor.page.locator("#post")).click()
    expect(visitor.page.locator("h1")).to_have_text("Fortryd mig")


@pytest.mark.slow
def test_a_part_of_a_comment_is_quoted(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    comment = place.comment(post, place.partner, "Det hele er lyst og let.")
    visitor = visit(place.contributor)
    visitor.open(f"{place.address}posts/{post}")
    visitor.page.evaluate(
        """number => { const text = document.querySelector(`#comment-${number} .prose p`).firstChild;
        getSelection().setBaseAndExtent(text, 12, text, 16); }""",
        comment,
    )
    visitor.link("Quote").click()
    expect(visitor.page.locator("#comment-form trix-editor blockquote")).to_have_text("lyst")
    visitor.page.keyboard.type("Enig")
    visitor.button("Share the comment").click()
    last = visitor.page.locator("#thread > .comment").last
    expect(last.locator("blockquote")).to_have_text("lyst")
    expect(last.locator(".prose > p").last).to_have_text("Enig")


def test_two_editors_at_once_see_both_texts_and_a_proposal(visit: Visit, place: Place) -> None:
    post = place.share(place.contributor, "Aftale", "Første afsnit.\n\nAndet afsnit.")
    one, other = visit(place.contributor), visit(place.contributor)
    for visitor in (one, other):
        visitor.open(f"{place.address}posts/{post}/edit")
    other.field("Text").focus()
    editor_of_other = other.page.locator("#post trix-editor")
    expect(editor_of_other).to_be_focused()
    other.page.keyboard.press("ControlOrMeta+End")
    other.page.keyboard.type(" Rettet af den anden.")
    other.button("Save the changes").click()
    expect(other.page.locator("#post .prose")).to_contain_text("Rettet af den anden.")
    one.page.locator("#post textarea").focus()
    expect(one.page.locator("#post trix-editor")).to_be_focused()
    one.page.keyboard.press("ControlOrMeta+Home")
    one.page.keyboard.type("Aller")
    one.button("Save the changes").click()
    expect(one.page.locator("#post")).to_contain_text(
        one.say("Below is a proposal with both corrections. Read it, and save it.")
    )
    one.button("Save the changes").click()
    expect(one.page.locator("#post .prose p")).to_have_text(
        ["AllerFørste afsnit.", "Andet afsnit. Rettet af den anden."]
    )


@pytest.mark.slow
def test_reactions_are_given_in_place_and_say_who(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    visitor = visit(place.partner)
    visitor.open(f"{place.address}posts/{post}")
    visitor.link("React", visitor.page.locator("#post")).click()
    visitor.button("Thank you").click()
    expect(visitor.page.locator(f"#reactions-{post}-thanks")).to_have_attribute("aria-pressed", "true")
    expect(visitor.page.locator(f"#reactions-{post}")).to_contain_text("Ditte Æbelø")


FIRE = """() => { for (const element of document.querySelectorAll("main .prose, main .prose *, trix-editor *"))
  for (const event of ["mouseover", "focus", "animationstart", "toggle", "error", "load", "scroll", "keydown"])
    element.dispatchEvent(new Event(event, { bubbles: true })); }"""
COUNT_CALLS = """window.hits = 0;
for (const name of ["hit", "alert", "prompt", "confirm"]) window[name] = () => { window.hits += 1; };"""


@pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.slow)])
def test_nothing_of_three_hundred_payloads_is_executed(every: int, visit: Visit, place: Place) -> None:
    """Posted as HTML and as plain text, shown, quoted and opened for correcting: no call of any of them.

    `make test` takes every twelfth; that all of them are cleaned is tried without a browser.
    """
    payloads = PAYLOADS[::every]
    posts = [place.share(place.contributor, title[:120]) for title in payloads[:: len(payloads) // 7]]
    made = [
        place.comment_html(posts[index % len(posts)], place.contributor, payload if formatted else "", payload)
        for index, (payload, formatted) in enumerate((p, f) for p in payloads for f in (True, False))
    ]
    assert len(made) >= 600 // every
    visitor = visit(place.contributor)
    visitor.page.add_init_script(COUNT_CALLS)
    visitor.watch.meant += ["base-uri"]  # A <base> that is pasted is refused by the browser.
    for post in posts:
        address: str | None = f"{place.address}posts/{post}"
        while address:
            visitor.open(address)
            visitor.page.evaluate(FIRE)
            older = visitor.link("Show older comments")
            address = older.get_attribute("href") if older.count() else None
        editor(visitor, "#comment-form")
        for link in visitor.page.locator("#thread a[href^='?quote=']").all():
            link.evaluate("link => link.click()")
        if any(visitor.page.locator("#thread .prose").all_inner_texts()):
            expect(visitor.page.locator("#comment-form blockquote").first).to_be_visible()
        visitor.page.evaluate(FIRE)
        assert visitor.page.evaluate("window.hits") == 0
    whole = place.share(place.contributor, "Prøve")
    parts = [part for payload in payloads for part in (rich_text.from_html(payload), rich_text.from_plain(payload))]
    place.rewrite(whole, "".join(part.html for part in parts))
    visitor.open(f"{place.address}posts/{whole}/edit")
    editor(visitor, "#post")
    visitor.page.evaluate(FIRE)
    visitor.page.evaluate(COPY, "".join(payloads))
    visitor.page.keyboard.press("ControlOrMeta+v")
    visitor.page.evaluate(FIRE)
    assert visitor.page.evaluate("window.hits") == 0


def test_what_is_redacted_is_nowhere(visit: Visit, place: Place) -> None:
    secret = "Kodeordetkartoffel"
    post = place.share(place.contributor, f"Titel {secret}", f"Se her, @Ditte Æbelø: {secret}")
    place.edit(post, place.contributor, f"Ny {secret}", f"Også @Ditte Æbelø: {secret}")
    said = place.comment(post, place.contributor, f"> {secret}\n\n@Iben Kjær, se der")
    visitor = visit(place.moderator)
    visitor.open(f"{place.address}posts/{post}")
    assert secret in place.everything()
    visitor.link("Withdraw", visitor.comment(said)).click()
    visitor.link("Delete the text for good").click()
    expect(visitor.button("Delete the text for good")).to_be_visible()
    visitor.field("Reason").fill("Et kodeord")
    visitor.button("Delete the text for good").click()
    expect(visitor.comment(said)).to_contain_text("Et kodeord")
    visitor.page.locator("#post summary").first.click()
    visitor.link("Withdraw the post").click()
    visitor.link("Delete the text for good").click()
    expect(visitor.button("Delete the text for good")).to_be_visible()
    visitor.field("Reason").fill("Et kodeord")
    visitor.button("Delete the text for good").click()
    expect(visitor.page.locator("#post")).to_contain_text("Et kodeord")
    assert secret not in place.everything()
    for address in (place.address, f"{place.address}posts/{post}", f"{place.address}texts/{post}/versions", "/"):
        visitor.open(address)
        assert secret not in visitor.page.content(), address


WORDS = [
    "שלום עולם, מה שלומך",
    "مرحبا بالعالم كيف حالك",
    "你好世界 こんにちは 안녕하세요",
    "👩‍👩‍👧‍👦 🇩🇰 👍🏽",
    "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A",
    "\u202eabc\u202c",
    "x" * 200,
]


@pytest.mark.slow
def test_names_and_texts_of_every_script_leave_the_page_whole(visit: Visit, place: Place) -> None:
    people = [place.joined(word[:100]) for word in WORDS]
    post = place.share(people[-1], WORDS[-1][:120], "\n\n".join(WORDS))
    for word, person in zip(WORDS, people, strict=True):
        place.comment(post, person, f"- {word}\n\n> {word}")
    visitor = visit(place.contributor, viewport={"width": 320, "height": 640})
    for address in (place.address, f"{place.address}posts/{post}", f"{place.address}posts/{post}/followers", "/"):
        visitor.open(address)
        assert visitor.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), address
    visitor.open(f"{place.address}posts/{post}")
    for part in visitor.page.locator("#post .prose > p").all():
        expect(part).to_have_css("unicode-bidi", "plaintext")
    assert WORDS[5].strip("\u202c") in visitor.page.locator("#post .prose").inner_text()
    editor(visitor, "#comment-form")
    visitor.page.keyboard.insert_text("@xxx")
    expect(visitor.page.get_by_role("option")).to_have_count(1)
    assert visitor.page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), "suggestions"


@pytest.mark.slow
def test_everything_about_a_text_works_without_javascript(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor, java_script_enabled=False)
    visitor.open(place.address)
    visitor.share("progress", "Uden script", "Vi mangler:\n\n- strøm\n- skabe\n\nHvad siger du, @Mette Ågård?")
    visitor.page.get_by_role("link", name="Uden script").click()
    expect(visitor.page.locator("#post .prose li")).to_have_text(["strøm", "skabe"])
    expect(visitor.page.locator("#post .mention")).to_have_text("@Mette Ågård")
    visitor.page.locator("#post summary").click()
    visitor.link("Edit the post").click()
    visitor.write_in("Text", "Vi mangler:\n\n- strøm\n\nHvad siger du, @Mette Ågård?")
    visitor.button("Save the changes").click()
    expect(visitor.page.locator("#post .prose li")).to_have_text(["strøm"])
    visitor.link("edited").click()
    expect(visitor.page.locator("main del")).to_contain_text("skabe")
    visitor.page.go_back()
    visitor.link("React", visitor.page.locator("#post")).click()
    visitor.button("Thank you").click()
    expect(visitor.page.locator("#post")).to_contain_text(f"{visitor.say('Thank you')} 1")
    visitor.write_in("Write a comment", "Første linje\nanden linje")
    visitor.button("Share the comment").click()
    visitor.link("Quote").click()
    expect(visitor.field("Write a comment")).to_have_value(re.compile("> Første linje\n> anden linje"))
    visitor.page.get_by_role("button", name=visitor.say("Stop following")).click()
    expect(visitor.button("Follow the post")).to_be_visible()
    visitor.link("Withdraw", visitor.page.locator("#thread")).click()
    visitor.button("Withdraw the comment").click()
    visitor.button("Undo").click()
    expect(visitor.page.locator("#thread .prose")).to_contain_text("anden linje")
