"""Drafts: kept while one writes, gone with the answer that took them, each tab's its own, offered when left behind."""

import json
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.e2e.conftest import Visit
from tests.e2e.place import Person, Place
from tests.e2e.visitor import Visitor

FORM = "#comment-form"
WAITING = "There is no connection. What you wrote is kept here, and is sent by itself when the connection is back."

# What is waited for is a hundredth as long.
IMPATIENT = """
const { set } = Object.getOwnPropertyDescriptor(XMLHttpRequest.prototype, "timeout");
Object.defineProperty(XMLHttpRequest.prototype, "timeout", { set(time) { set.call(this, time / 100); } });
"""


@pytest.fixture(params=[390, pytest.param(1280, marks=pytest.mark.slow)])
def size(request: pytest.FixtureRequest) -> dict[str, Any]:
    return {"viewport": {"width": request.param, "height": 800}}


@pytest.fixture
def thread(place: Place) -> str:
    """The address of a post to comment on."""
    return f"{place.address}posts/{place.share(place.moderator)}"


def tab(visitor: Visitor, address: str) -> Visitor:
    """Another tab of the same browser."""
    other = Visitor(visitor.page.context.new_page(), visitor.site, visitor.say.language, visitor.watch)
    other.open(address)
    return other


def offered(visitor: Visitor, form: str = FORM) -> Locator:
    return visitor.page.locator(f"{form} .draft[data-says=offered]")


def write(visitor: Visitor, text: str) -> None:
    """Write a comment, and wait until it is kept."""
    visitor.write_in("Write a comment", text)
    is_kept(visitor, text)


def is_kept(visitor: Visitor, text: str) -> None:
    visitor.wait_until(
        f"Object.values(localStorage).some(kept => kept.includes({json.dumps(text, ensure_ascii=False)}))"
    )


def keeps(visitor: Visitor, number: int) -> None:
    """Expect that the browser keeps so many drafts."""
    visitor.wait_until(f"Object.keys(localStorage).length === {number}")


def send(visitor: Visitor, text: str) -> None:
    """Share the comment, and wait until it stands last and the form is empty."""
    visitor.button("Share the comment").click()
    expect(comments(visitor).last).to_have_text(text)
    expect(visitor.page.locator(f"{FORM} textarea")).to_have_value("")
    visitor.settle()


def comments(visitor: Visitor) -> Locator:
    return visitor.page.locator("#thread > .comment .prose")


def go_on(visitor: Visitor, text: str) -> None:
    visitor.button("Continue with the draft").click()
    expect(visitor.page.locator(f"{FORM} trix-editor")).to_be_focused()
    expect(visitor.page.locator(f"{FORM} trix-editor")).to_have_text(text)


def key(visitor: Visitor) -> str:
    return visitor.page.locator(f"{FORM} [name=one_time_key]").input_value()


def test_one_comment_after_the_other_is_shared_and_none_is_offered_as_a_draft(
    visit: Visit, place: Place, thread: str, size: dict[str, Any]
) -> None:
    visitor = visit(place.contributor, **size)
    visitor.open(thread)
    visitor.leave_a_mark()
    keys = set()
    for text in ("Den første", "Den anden", "Den tredje"):
        keys.add(key(visitor))
        write(visitor, text)
        send(visitor, text)
        expect(offered(visitor)).to_have_count(0)
        keeps(visitor, 0)
    visitor.is_on_the_same_page()
    assert len(keys | {key(visitor)}) == 4
    visitor.open(thread)
    expect(offered(visitor)).to_have_count(0)
    expect(comments(visitor)).to_have_text(["Den første", "Den anden", "Den tredje"])


def test_one_post_after_the_other_is_shared_and_none_is_offered_as_a_draft(
    visit: Visit, place: Place, size: dict[str, Any]
) -> None:
    visitor = visit(place.contributor, **size)
    visitor.open(place.address)
    for title in ("Den første", "Den anden"):
        visitor.choose("progress")
        visitor.field("Heading").fill(title)
        visitor.write_in("Text", f"{title} tekst")
        is_kept(visitor, f"{title} tekst")
        visitor.button("Share progress").click()
        expect(visitor.heading(title)).to_be_visible()
        visitor.settle()
        expect(offered(visitor, "#composer")).to_have_count(0)
        keeps(visitor, 0)
    assert place.posts() == ["Den første", "Den anden"]


def test_a_correction_is_no_draft_when_it_is_saved(visit: Visit, place: Place, thread: str) -> None:
    place.comment(int(thread.rsplit("/", 1)[1]), place.contributor, "Før")
    visitor = visit(place.contributor)
    visitor.open(thread)
    for text in ("Rettet", "Rettet igen"):
        visitor.link("Edit").click()
        visitor.write_in("Your comment", text)
        is_kept(visitor, text)
        visitor.button("Save the changes").click()
        expect(comments(visitor)).to_have_text(text)
        keeps(visitor, 0)
    visitor.link("Edit").click()
    expect(visitor.field("Your comment").and_(visitor.page.locator("trix-editor"))).to_be_focused()
    expect(visitor.page.locator(".draft")).to_have_count(0)
    visitor.page.keyboard.type("!")
    visitor.page.keyboard.press("Backspace")
    visitor.link("Cancel").click()
    visitor.link("Edit").click()
    expect(visitor.field("Your comment")).to_be_visible()
    expect(offered(visitor, "form.comment--wide")).to_have_count(0)


def test_two_tabs_on_one_post_have_a_draft_each(visit: Visit, place: Place, thread: str, size: dict[str, Any]) -> None:
    one = visit(place.contributor, **size)
    one.open(thread)
    other = tab(one, thread)
    for visitor, text in ((one, "I den ene fane"), (other, "I den anden fane")):
        visitor.page.bring_to_front()
        write(visitor, text)
    keeps(one, 2)
    one.page.bring_to_front()
    send(one, "I den ene fane")
    expect(offered(one)).to_have_count(0)
    keeps(one, 1)
    other.page.bring_to_front()
    expect(other.page.locator(f"{FORM} trix-editor")).to_have_text("I den anden fane")
    other.page.reload()
    expect(offered(other)).to_contain_text("I den anden fane")
    expect(offered(other).locator("time")).not_to_be_empty()
    go_on(other, "I den anden fane")
    send(other, "I den anden fane")
    write(other, "Og en til")
    send(other, "Og en til")
    keeps(other, 0)
    expect(comments(other)).to_have_text(["I den ene fane", "I den anden fane", "Og en til"])


def test_what_a_closed_tab_left_is_offered_in_the_next_one(visit: Visit, place: Place, thread: str) -> None:
    one = visit(place.contributor)
    one.open(thread)
    write(one, "Efterladt")
    other = tab(one, thread)
    write(other, "Skrevet imens")
    send(other, "Skrevet imens")  # It has looked by then.
    expect(offered(other)).to_have_count(0)
    one.page.close()
    other.open(thread)
    expect(offered(other)).to_contain_text("Efterladt")
    other.button("Delete the draft").click()
    expect(offered(other)).to_have_count(0)
    keeps(other, 0)


def test_what_is_written_beside_an_offer_is_kept_as_well(
    visit: Visit, place: Place, thread: str, size: dict[str, Any]
) -> None:
    visitor = visit(place.contributor, **size)
    visitor.open(thread)
    write(visitor, "Den gamle kladde")
    visitor.open(thread)
    expect(offered(visitor)).to_contain_text("Den gamle kladde")
    write(visitor, "Skrevet ved siden af")
    visitor.open(thread)
    expect(offered(visitor)).to_contain_text("Skrevet ved siden af")  # The latest first.
    go_on(visitor, "Skrevet ved siden af")
    expect(offered(visitor)).to_contain_text("Den gamle kladde")
    go_on(visitor, "Den gamle kladde")  # What stood in the form is offered in its turn.
    expect(offered(visitor)).to_contain_text("Skrevet ved siden af")
    send(visitor, "Den gamle kladde")
    expect(offered(visitor)).to_contain_text("Skrevet ved siden af")
    write(visitor, "Tilbuddet er overset")
    send(visitor, "Tilbuddet er overset")
    go_on(visitor, "Skrevet ved siden af")
    send(visitor, "Skrevet ved siden af")
    keeps(visitor, 0)
    texts = ["Den gamle kladde", "Tilbuddet er overset", "Skrevet ved siden af"]
    expect(comments(visitor)).to_have_text(texts)


def test_what_is_written_while_the_text_is_on_its_way_is_a_draft(visit: Visit, place: Place, thread: str) -> None:
    visitor = visit(place.contributor)
    visitor.open(thread)
    write(visitor, "Afsendt")
    held: list[Route] = []
    visitor.page.route("**/comments", lambda route: held.append(route))
    with visitor.page.expect_request("**/comments"):
        visitor.button("Share the comment").click()
    visitor.page.locator(f"{FORM} trix-editor").press_sequentially(" og mere")
    is_kept(visitor, "Afsendt og mere")
    held[0].continue_()
    expect(comments(visitor)).to_have_text(["Afsendt"])
    expect(offered(visitor)).to_contain_text("Afsendt og mere")


def cut_after_it_arrived(visitor: Visitor) -> None:
    """Let what is shared reach the server, and its answer be lost."""
    visitor.watch.meant += ["ERR_FAILED", "htmx:afterRequest", "htmx:sendError"]

    def cut(route: Route) -> None:
        route.fetch()
        route.abort("failed")

    visitor.page.route("**/comments", cut)


@pytest.mark.parametrize("way", ["as well", "instead"])
def test_a_text_that_was_changed_after_the_line_was_cut_does_not_replace_what_arrived(
    visit: Visit, place: Place, thread: str, size: dict[str, Any], way: str
) -> None:
    visitor = visit(place.contributor, **size)
    visitor.hear_nothing()
    visitor.open(thread)
    write(visitor, "Det nåede frem")
    cut_after_it_arrived(visitor)
    visitor.button("Share the comment").click()
    visitor.is_told(WAITING)
    visitor.write_in("Write a comment", "Noget andet")
    visitor.page.unroute("**/comments")
    visitor.button("Share the comment").click()
    expect(visitor.summary).to_have_text(visitor.say("You have already shared this, but with a different text"))
    expect(visitor.summary).to_be_focused()
    expect(visitor.page.locator(FORM)).to_contain_text("Det nåede frem")
    expect(visitor.page.locator(f"{FORM} textarea")).to_have_value("Noget andet")
    expect(offered(visitor)).to_have_count(0)
    visitor.button("Share the comment" if way == "as well" else "Replace what you have shared").click()
    expect(visitor.summary).to_have_count(0)
    keeps(visitor, 0)
    visitor.open(thread)
    expect(comments(visitor)).to_have_text(["Det nåede frem", "Noget andet"] if way == "as well" else ["Noget andet"])


def test_a_text_whose_answer_was_lost_with_the_page_is_still_shared_once(
    visit: Visit, place: Place, thread: str
) -> None:
    visitor = visit(place.contributor)
    visitor.hear_nothing()
    visitor.open(thread)
    write(visitor, "Kun én gang")
    cut_after_it_arrived(visitor)
    visitor.button("Share the comment").click()
    visitor.is_told(WAITING)
    visitor.page.unroute("**/comments")
    visitor.open(thread)
    expect(comments(visitor)).to_have_text(["Kun én gang"])
    go_on(visitor, "Kun én gang")
    visitor.button("Share the comment").click()
    visitor.is_told("Your comment is shared.")
    expect(comments(visitor)).to_have_text(["Kun én gang"])
    keeps(visitor, 0)


def test_what_is_refused_goes_on_with_its_draft(visit: Visit, place: Place, thread: str) -> None:
    visitor = visit(place.contributor)
    visitor.open(thread)
    write(visitor, "Borgeren er 0101901234.")
    visitor.button("Share the comment").click()
    expect(visitor.summary).to_be_focused()
    expect(offered(visitor)).to_have_count(0)
    keeps(visitor, 1)
    visitor.field("Write a comment").focus()
    expect(visitor.page.locator(f"{FORM} trix-editor")).to_be_focused()
    write(visitor, "Borgeren er glad.")
    keeps(visitor, 1)
    send(visitor, "Borgeren er glad.")
    keeps(visitor, 0)


def test_two_tabs_that_lost_the_session_get_back_what_each_of_them_wrote(
    visit: Visit, place: Place, thread: str
) -> None:
    one = visit(place.contributor)
    one.hear_nothing()
    one.open(thread)
    other = tab(one, thread)
    other.hear_nothing()
    other.open(thread)
    texts = ["Fra den ene", "Fra den anden"]
    for visitor, text in zip((one, other), texts, strict=True):
        visitor.page.bring_to_front()
        write(visitor, text)
    place.site.end_sessions(place.contributor.id)
    for visitor in (one, other):
        visitor.page.bring_to_front()
        visitor.button("Share the comment").click()
        expect(visitor.page.locator("h1")).to_have_text(visitor.say("Sign in"))
    one.page.bring_to_front()
    one.sign_in(place.contributor)
    expect(one.page.locator(f"{FORM} textarea")).to_have_value(texts[0])
    one.button("Share the comment").click()
    expect(comments(one).last).to_have_text(texts[0])
    expect(offered(one)).to_contain_text(texts[1])  # Its tab is at the sign-in page and has let go of it.
    one.page.close()
    other.page.bring_to_front()
    other.open(thread)
    expect(other.page.locator(f"{FORM} textarea")).to_have_value(texts[1])


def test_a_text_that_gets_no_answer_is_sent_again(visit: Visit, place: Place, thread: str) -> None:
    visitor = visit(place.contributor)
    visitor.watch.meant += ["htmx:timeout", "htmx:afterRequest"]
    visitor.page.add_init_script(IMPATIENT)
    visitor.open(thread)
    write(visitor, "Det blev stille")
    held: list[Route] = []
    visitor.page.route("**/comments", lambda route: held.append(route))
    visitor.button("Share the comment").click()
    visitor.is_told(WAITING)
    visitor.page.unroute("**/comments")
    expect(comments(visitor)).to_have_text(["Det blev stille"])
    keeps(visitor, 0)


def test_a_tab_goes_on_after_signing_in_again_in_another(visit: Visit, place: Place, thread: str) -> None:
    visitor = visit(place.contributor)
    visitor.watch.meant += ["Response Status Error Code 400"]
    visitor.open(thread)
    write(visitor, "Skrevet i går")
    signed_in_elsewhere(visitor, place.contributor)
    visitor.page.locator(f"{FORM} #attachments").set_input_files(
        {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"Lidt efter lidt"}
    )
    expect(visitor.page.locator(f"{FORM} [name=uploads]")).to_have_count(1)
    signed_in_elsewhere(visitor, place.contributor)
    visitor.button("Share the comment").click()
    visitor.is_told("What you typed is here. Send it again.")
    send(visitor, "Skrevet i går")
    keeps(visitor, 0)


def test_a_tab_shows_nothing_of_what_somebody_else_sees_who_has_signed_in_in_another(
    visit: Visit, place: Place, thread: str
) -> None:
    visitor = visit(place.contributor)
    visitor.watch.meant += ["Response Status Error Code 400"]
    visitor.open(thread)
    write(visitor, "Mit eget")
    signed_in_elsewhere(visitor, place.partner)
    visitor.button("Share the comment").click()
    expect(visitor.heading(visitor.say("You are signed out"))).to_be_focused()
    expect(visitor.page.locator(".submitted-text")).to_have_text("Mit eget")
    expect(visitor.page.locator("body")).not_to_contain_text(visitor.say("What you typed is here. Send it again."))


def signed_in_elsewhere(visitor: Visitor, person: Person) -> None:
    """Have another session than the page's, as after signing in in another tab."""
    cookie = {"name": "samspil", "value": visitor.site.cookie(person.id), "url": visitor.site.url}
    visitor.page.context.add_cookies([cookie])


def test_another_persons_draft_is_not_offered(visit: Visit, place: Place, thread: str) -> None:
    visitor = visit(place.contributor)
    visitor.open(thread)
    write(visitor, "Kun for mig")
    cookie = {"name": "samspil", "value": place.site.cookie(place.partner.id), "url": place.site.url}
    visitor.page.context.add_cookies([cookie])
    visitor.open(thread)
    expect(visitor.page.locator(FORM)).to_be_visible()
    expect(offered(visitor)).to_have_count(0)
    write(visitor, "En andens")
    send(visitor, "En andens")
    keeps(visitor, 1)


def test_a_draft_is_forgotten_after_four_weeks(visit: Visit, place: Place, thread: str) -> None:
    visitor = visit(place.contributor)
    visitor.open(thread)
    write(visitor, "Gammel kladde")
    visitor.page.evaluate(
        """days => { for (const [key, kept] of Object.entries(localStorage))
        localStorage.setItem(key, JSON.stringify({ ...JSON.parse(kept), at: Date.now() - days * 86400e3 })); }""",
        29,
    )
    visitor.open(thread)
    keeps(visitor, 0)
    expect(offered(visitor)).to_have_count(0)


@pytest.mark.parametrize("trouble", ["full", "blocked"])
def test_a_browser_that_keeps_nothing_says_so_and_the_text_is_shared(
    visit: Visit, place: Place, thread: str, trouble: str
) -> None:
    visitor = visit(place.contributor)
    refuse = {
        "full": "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError'); };",
        "blocked": """for (const name of ["localStorage", "sessionStorage"])
            Object.defineProperty(window, name, { get() { throw new DOMException("", "SecurityError"); } });""",
    }[trouble]
    visitor.page.add_init_script(refuse)
    visitor.open(thread)
    visitor.write_in("Write a comment", "Ingen plads")
    words = visitor.say("This browser can't keep a draft. Send the text before you leave the page.")
    expect(visitor.page.locator(f"{FORM} .draft")).to_have_text(words)
    send(visitor, "Ingen plads")
    visitor.write_in("Write a comment", "Heller ikke nu")
    send(visitor, "Heller ikke nu")
    expect(comments(visitor)).to_have_text(["Ingen plads", "Heller ikke nu"])
