"""What others do is on the page within a second, and nothing moves under the reader's hands."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest
from playwright.sync_api import Locator, Route, expect

from tests import factories
from tests.e2e.conftest import LANGUAGES, Visit
from tests.e2e.inspection import inspecting
from tests.e2e.place import Person, Place
from tests.e2e.visitor import Visitor
from tests.factories import PostKind
from workspace.accounts import sessions
from workspace.accounts.sessions import Session
from workspace.db import db
from workspace.members.moderation import service as moderation_service
from workspace.posts.models import Post
from workspace.search import indexing

HEAR = """() => {
  window.said = [];
  new MutationObserver(() => {
    const words = document.querySelector("#said")?.textContent;
    if (words) window.said.push(words);
  }).observe(document.querySelector("#said"), { childList: true, characterData: true, subtree: true });
}"""
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
TOP = "element => element.getBoundingClientRect().top"


def watch(visitor: Visitor, address: str) -> None:
    """Open a page, wait until its stream has begun, and hear what its live region says."""
    with visitor.page.expect_response("**/live"):
        visitor.open(address)
    visitor.leave_a_mark()
    visitor.page.evaluate(HEAR)
    streams_begin(visitor)


def streams_begin(visitor: Visitor) -> None:
    """Wait until all streams of the site have been told their first numbers."""
    streams = visitor.site.watcher.streams
    for _each in range(200):
        if len(streams) and all(not stream.is_new for stream in streams.present()):
            return
        visitor.page.wait_for_timeout(20)
    raise AssertionError("No stream has begun")


def time_passes(visitor: Visitor, until: Callable[[], bool]) -> None:
    """Let the page's faked clock run, in steps: answers come in real time, a try is given up after faked seconds."""
    for _step in range(60):
        visitor.page.clock.run_for(2_000)
        visitor.page.wait_for_timeout(100)
        if until():
            return
    raise AssertionError("It did not come about in two minutes")


def streams(visitor: Visitor) -> int:
    """How many streams the visitor's browser has asked for so far, in all its tabs."""
    return len([request for request in visitor.watch.requests if request.url.endswith("/live")])


def said(visitor: Visitor) -> list[str]:
    """What the live region has said."""
    visitor.page.wait_for_timeout(300)
    found: list[str] = visitor.page.evaluate("window.said")
    return found


def write(visitor: Visitor) -> None:
    """Begin to write a comment: wait until the editor has taken the place of the plain field."""
    visitor.field("Write a comment").click()
    visitor.page.locator("#comment-form trix-editor").click()


def remove(place: Place, person: Person) -> None:
    """Remove somebody from the partnership."""
    with place.site.inside():
        moderation_service.remove(
            place._membership(place.moderator), [place._membership(person).id], reason="Nyt arbejde", confirmed=True
        )


def solve(place: Place, post: int) -> None:
    with place.site.inside():
        db.session.get_one(Post, (place.id, post)).solve(place._membership(place.moderator), "Vi byttede dæk.")


def pill(visitor: Visitor, number: int) -> Locator:
    words = visitor.say("1 new: show") if number == 1 else visitor.say("{number} new: show").format(number=number)
    return visitor.page.locator("#fresh").get_by_text(words, exact=True)


@contextmanager
def nothing_moves(target: Locator) -> Iterator[None]:
    """What is on the screen stays where it is."""
    before = target.evaluate(TOP)
    yield
    assert abs(target.evaluate(TOP) - before) < 2


def test_a_comment_appears_for_whoever_reads_the_thread_and_is_said_once(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    place.read_everything()
    reader, writer = visit(place.contributor), visit(place.partner)
    watch(reader, f"{place.address}posts/{post}")
    writer.open(f"{place.address}posts/{post}")
    writer.write_in("Write a comment", "Det er her med det samme.")
    writer.button("Share the comment").click()
    arrived = reader.page.locator("#thread article")
    expect(arrived.locator(".prose")).to_have_text("Det er her med det samme.")
    expect(arrived.locator(".new")).to_have_text(reader.say("New"))
    expect(reader.page.locator("#comment-count")).to_have_text("1")
    expect(reader.page.locator("#unread")).to_contain_text("1")
    expect(reader.page.locator("body")).to_be_focused()
    reader.is_on_the_same_page()
    assert said(reader) == [reader.say("%(name)s has commented.", name=place.partner.name)]
    expect(writer.page.locator("#thread article")).to_have_count(1)


def test_what_was_read_as_it_came_is_not_new_afterwards(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    place.read_everything()
    reader = visit(place.contributor)
    watch(reader, f"{place.address}posts/{post}")
    place.comment(post, place.partner)
    expect(reader.page.locator("#thread .new")).to_have_count(1)
    with reader.page.expect_response("**/seen"):
        expect(reader.page.locator("#thread article")).to_be_in_viewport()
    expect(reader.page.locator("#unread .count")).to_have_count(0)
    expect(reader.page.locator("#thread .new")).to_have_count(1)
    reader.open("/")
    expect(reader.page.locator("main .new")).to_have_count(0)


@pytest.mark.slow
def test_a_comment_that_was_corrected_or_taken_back_changes_in_its_place(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    number = place.comment(post, place.partner, "Med slåfejl")
    reader, writer = visit(place.contributor), visit(place.partner)
    watch(reader, f"{place.address}posts/{post}")
    writer.open(f"{place.address}posts/{post}")
    writer.link("Edit", writer.comment(number)).click()
    writer.write_in("Your comment", "Uden slåfejl")
    writer.button("Save the changes").click()
    expect(reader.comment(number).locator(".prose")).to_have_text("Uden slåfejl")
    writer.link("Withdraw", writer.comment(number)).click()
    writer.button("Withdraw the comment").click()
    gone = reader.say("The author has withdrawn this comment.")
    expect(reader.comment(number)).to_contain_text(gone)
    expect(reader.page.locator("#comment-count")).to_have_text("0")
    assert said(reader) == []


@pytest.mark.slow
def test_a_challenge_moves_before_its_readers_eyes(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator, "Cyklerne er flade", kind=PostKind.CHALLENGE)
    reader = visit(place.partner)
    watch(reader, f"{place.address}posts/{post}")
    expect(reader.page.locator("#unsolved")).to_contain_text("1")
    solve(place, post)
    expect(reader.page.locator("#post .status--solved")).to_be_visible()
    expect(reader.page.locator("#challenge .outcome")).to_contain_text("Vi byttede dæk.")
    expect(reader.page.locator("#steps")).to_contain_text(reader.say("Open again"))
    expect(reader.page.locator("#thread .comment--event")).to_have_count(1)
    expect(reader.page.locator("#unsolved")).to_have_text("")
    reader.is_on_the_same_page()
    assert said(reader) == [reader.say("The challenge has a new status.")]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_feed_offers_what_is_new_and_moves_nothing(visit: Visit, place: Place) -> None:
    old = place.share(place.moderator, "Gammelt")
    place.read_everything()
    reader = visit(place.contributor)
    watch(reader, place.address)
    titles = reader.page.locator("#posts h3")
    with nothing_moves(reader.post(old)):
        place.share(place.partner, "Første")
        expect(pill(reader, 1)).to_be_visible()
        place.share(place.partner, "Anden")
        expect(pill(reader, 2)).to_be_visible()
        place.comment(old, place.partner)
        comments = reader.say.several("%(num)s comment", "%(num)s comments", 1)
        expect(reader.post(old).locator(".comment-count")).to_contain_text(comments)
        expect(reader.post(old).locator(".new")).to_be_visible()
    expect(titles).to_have_text(["Gammelt"])
    expect(reader.page.locator("#unread")).to_contain_text("3")
    assert said(reader) == [
        reader.say("1 new: show"),
        reader.say("{number} new: show").format(number=2),
    ]
    pill(reader, 2).click()
    expect(titles).to_have_text(["Gammelt", "Anden", "Første"])
    expect(reader.page.locator("#fresh")).to_be_hidden()
    expect(titles.get_by_role("link", name="Anden")).to_be_focused()
    reader.is_on_the_same_page()


@pytest.mark.slow
def test_a_challenge_in_the_feed_changes_its_state(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator, "Cyklerne er flade", kind=PostKind.CHALLENGE)
    reader = visit(place.contributor)
    watch(reader, place.address)
    solve(place, post)
    expect(reader.post(post).locator(".status--solved")).to_be_visible()
    expect(reader.page.locator("#unsolved")).to_have_text("")
    expect(reader.page.locator("#fresh")).to_be_hidden()


def test_ones_own_is_shown_once_and_never_offered(visit: Visit, place: Place) -> None:
    visitor = visit(place.contributor)
    watch(visitor, place.address)
    visitor.share("progress", "Mit eget", "Det er ikke nyt for mig.")
    expect(visitor.heading("Mit eget")).to_have_count(1)
    place.share(place.partner, "En andens")
    expect(pill(visitor, 1)).to_be_visible()
    expect(visitor.heading("Mit eget")).to_have_count(1)


@pytest.mark.slow
def test_the_overview_follows(visit: Visit, place: Place) -> None:
    place.read_everything()
    reader = visit(place.contributor)
    watch(reader, "/")
    expect(reader.page.locator("#waits .task")).to_have_count(0)
    with place.site.inside():
        moderator, contributor = place._membership(place.moderator), place._membership(place.contributor)
        factories.challenge(moderator, "Hvem tager den?").ask(moderator, contributor)
    expect(reader.page.locator("#waits .task")).to_have_count(1)
    expect(reader.page).to_have_title(re.compile(r"^\(1\) "))
    expect(reader.page.locator("#waiting-count")).to_contain_text("1")
    expect(reader.page.locator(f"#partnership-{place.id} .new")).to_contain_text("1")  # That I was asked is no post.
    pill(reader, 1).click()
    expect(reader.page.locator("main article")).to_have_count(1)


@pytest.mark.slow
def test_what_waits_for_me_follows_on_every_page(visit: Visit, place: Place) -> None:
    reader = visit(place.contributor)
    watch(reader, "/settings")
    expect(reader.page.locator("#waiting-count")).to_have_text("")
    with place.site.inside():
        moderator, contributor = place._membership(place.moderator), place._membership(place.contributor)
        factories.challenge(moderator).ask(moderator, contributor)
    expect(reader.page.locator("#waiting-count")).to_contain_text("1")


@pytest.mark.slow
def test_the_list_of_challenges_follows(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator, "Cyklerne er flade", kind=PostKind.CHALLENGE)
    reader = visit(place.contributor)
    watch(reader, f"{place.address}challenges?state=all")
    place.share(place.moderator, "Nøglen er væk", kind=PostKind.CHALLENGE)
    expect(pill(reader, 1)).to_be_visible()
    solve(place, post)
    expect(reader.page.locator(f"#challenge-{post} .status--solved")).to_be_visible()
    expect(reader.page.locator("#state-solved .count")).to_have_text("1")
    pill(reader, 1).click()
    expect(reader.page.locator("#challenge-list h3")).to_have_count(2)


def test_what_is_being_typed_stays_with_focus_and_scroll(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator, body="Et langt opslag. " * 200)
    for _each in range(12):
        place.comment(post, place.partner)
    writer = visit(place.contributor)
    watch(writer, f"{place.address}posts/{post}")
    write(writer)
    writer.page.keyboard.type("Jeg er midt i en sætning")
    active = writer.page.locator(":focus")
    with nothing_moves(active):
        place.comment(post, place.partner, "Afbryder ikke")
        expect(writer.page.locator("#thread article")).to_have_count(13)
    expect(active).to_be_focused()
    writer.page.keyboard.type(", som går videre")
    writer.button("Share the comment").click()
    expect(writer.page.locator("#thread .prose").last).to_have_text("Jeg er midt i en sætning, som går videre")
    expect(writer.page.locator("#thread article")).to_have_count(14)


@pytest.mark.slow
def test_what_is_being_corrected_stays_and_so_does_an_open_menu(visit: Visit, place: Place) -> None:
    post = place.share(place.contributor, "Mit opslag", kind=PostKind.CHALLENGE)
    mine = place.comment(post, place.contributor, "Min kommentar")
    writer = visit(place.contributor)
    watch(writer, f"{place.address}posts/{post}")
    writer.link("Edit", writer.comment(mine)).click()
    writer.write_in("Your comment", "Min kommentar, halvt rettet")
    writer.page.locator("#post summary").first.click()
    solve(place, post)
    expect(writer.page.locator("#post .status--solved")).to_be_visible()
    expect(writer.link("Edit the post")).to_be_visible()
    with place.site.inside():
        db.session.get_one(factories.Comment, (place.id, mine)).withdraw(
            place._membership(place.moderator), db.session.get_one(Post, (place.id, post)), "Tonen"
        )
    expect(writer.page.locator("#comment-count")).to_have_text("0")
    expect(writer.comment(mine).locator("trix-editor")).to_have_text("Min kommentar, halvt rettet")


@pytest.mark.slow
def test_six_tabs_share_one_stream_and_another_takes_over(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    first = visit(place.contributor)
    watch(first, f"{place.address}posts/{post}")
    tabs = [first]
    for _each in range(5):
        tabs.append(Visitor(first.page.context.new_page(), place.site, "da", first.watch))
        tabs[-1].open(f"{place.address}posts/{post}")
    place.comment(post, place.partner)
    for tab in tabs:
        expect(tab.page.locator("#thread article")).to_have_count(1)
    assert streams(first) == 1
    first.page.close()
    place.comment(post, place.partner)
    for tab in tabs[1:]:
        expect(tab.page.locator("#thread article")).to_have_count(2)
    assert streams(first) == 2


def test_my_own_comment_stands_once_though_the_stream_was_faster_than_the_answer(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    writer = visit(place.contributor)
    watch(writer, f"{place.address}posts/{post}")

    def answer_late(route: Route) -> None:
        answer = route.fetch()
        expect(writer.page.locator("#thread article")).to_have_count(1)
        route.fulfill(response=answer)

    writer.page.route(re.compile("/comments$"), answer_late)
    write_a_comment(writer)
    expect(writer.page.locator("#thread article")).to_be_focused()
    expect(writer.page.locator("#comment-form")).not_to_contain_text("Først over strømmen")


@pytest.mark.slow
def test_what_others_wrote_before_my_comment_stands_above_it(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    place.comment(post, place.partner, "Den første")
    visitor = visit(place.contributor)
    watch(visitor, f"{place.address}posts/{post}")
    visitor.page.evaluate(HIDE, True)
    place.comment(post, place.partner, "Den anden")
    visitor.write_in("Write a comment", "Den tredje")
    visitor.button("Share the comment").click()
    visitor.is_told("Your comment is shared.")
    visitor.page.evaluate(HIDE, False)
    expect(visitor.page.locator("#thread .prose")).to_have_text(["Den første", "Den anden", "Den tredje"])


@pytest.mark.slow
def test_what_the_stream_brings_leaves_the_focus_on_my_comment(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    writer = visit(place.contributor)
    watch(writer, f"{place.address}posts/{post}")
    with writer.page.expect_response("**/news?*"):
        write_a_comment(writer)
    writer.page.wait_for_timeout(300)
    expect(writer.page.locator("#thread article")).to_be_focused()


def write_a_comment(visitor: Visitor) -> None:
    """In the form below the thread."""
    visitor.field("Write a comment").click()
    expect(visitor.page.locator("#comment-form trix-editor")).to_be_focused()
    visitor.page.keyboard.insert_text("Først over strømmen")
    visitor.button("Share the comment").click()


def test_a_stream_that_is_cut_goes_on_and_loses_nothing(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    reader = visit(place.contributor)
    watch(reader, f"{place.address}posts/{post}")
    with reader.page.expect_request("**/live") as again:
        for stream in place.site.watcher.streams.present():
            stream.end()
        place.comment(post, place.partner)
    assert f"{place.id}:" in again.value.all_headers()["last-event-id"]
    expect(reader.page.locator("#thread article")).to_have_count(1)
    reader.is_on_the_same_page()


@pytest.mark.slow
def test_the_server_restarts_and_the_page_goes_on(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    reader = visit(place.contributor)
    reader.watch.meant += ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_EMPTY_RESPONSE"]
    watch(reader, f"{place.address}posts/{post}")
    place.site.stop()
    place.comment(post, place.partner)
    place.site.start()
    expect(reader.page.locator("#thread article")).to_have_count(1, timeout=15_000)
    place.comment(post, place.partner)
    expect(reader.page.locator("#thread article")).to_have_count(2, timeout=15_000)
    reader.is_on_the_same_page()


@pytest.mark.slow
def test_without_a_stream_the_page_asks_and_goes_back_when_there_is_room(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    place.site.watcher.streams.most = 0
    reader = visit(place.contributor)
    reader.watch.meant += ["503"]
    reader.page.clock.install()
    with reader.page.expect_response("**/live/numbers"):
        reader.open(f"{place.address}posts/{post}")
    place.comment(post, place.partner)
    with reader.page.expect_response("**/live/numbers"):
        reader.page.clock.run_for(20_000)
    expect(reader.page.locator("#thread article")).to_have_count(1)
    place.site.watcher.streams.most = 600
    time_passes(reader, lambda: bool(len(place.site.watcher.streams)))
    streams_begin(reader)
    place.comment(post, place.partner)
    time_passes(reader, lambda: reader.page.locator("#thread article").count() == 2)


@pytest.mark.slow
@pytest.mark.slow
def test_what_gets_no_answer_is_asked_for_again(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    reader = visit(place.contributor)
    watch(reader, f"{place.address}posts/{post}")
    held: list[Route] = []
    reader.page.route("**/news?*", lambda route: held.append(route), times=1)
    number = place.comment(post, place.partner, "Kom jeg frem?")
    expect(reader.comment(number)).to_be_visible(timeout=40_000)
    assert held


def test_a_hidden_tab_rests_and_catches_up_when_it_is_seen(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator)
    reader = visit(place.contributor)
    watch(reader, f"{place.address}posts/{post}")
    reader.page.evaluate(HIDE, True)
    place.comment(post, place.partner)
    asked = len(reader.watch.requests)
    reader.page.wait_for_timeout(2_500)
    assert len(reader.watch.requests) == asked
    expect(reader.page.locator("#thread article")).to_have_count(0)
    reader.page.evaluate(HIDE, False)
    expect(reader.page.locator("#thread article")).to_have_count(1)


def test_a_removed_member_is_told_and_the_page_shows_nothing_more(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator, "Fortroligt", "Kun for medlemmer")
    reader, feed = visit(place.contributor), visit(place.observer)
    watch(reader, f"{place.address}posts/{post}")
    watch(feed, place.address)
    write(reader)
    reader.page.keyboard.type("Det her har jeg skrevet selv")
    for visitor, person in ((reader, place.contributor), (feed, place.observer)):
        with inspecting(visitor) as inspection:
            remove(place, person)
            title = visitor.heading(visitor.say("You no longer have access to the partnership"))
            expect(title).to_be_visible()
            expect(title).to_be_focused()
            expect(visitor.page.locator("body")).not_to_contain_text("Fortroligt")
            expect(visitor.page.locator("body")).not_to_contain_text(place.name)
            expect(visitor.page).not_to_have_title(re.compile(place.name))
            inspection.look("out")
    expect(reader.page.locator(".submitted-text")).to_have_text("Det her har jeg skrevet selv")
    place.comment(post, place.partner, "Kun for de andre")
    reader.page.wait_for_timeout(1_500)
    assert "Kun for de andre" not in reader.page.content()


@pytest.mark.parametrize(
    ("page", "sleeps"),
    [
        ("/", False),
        ("/", True),
        pytest.param("/partnerships", False, marks=pytest.mark.slow),
        pytest.param("/search?q=fortroligt", False, marks=pytest.mark.slow),
    ],
    ids=["overview", "overview asleep", "list", "search"],
)
def test_a_page_about_all_partnerships_shows_nothing_of_one_that_its_reader_is_removed_from(
    visit: Visit, place: Place, page: str, sleeps: bool
) -> None:
    place.share(place.moderator, "Fortroligt")
    with place.site.inside():
        indexing.index_due()
    reader = visit(place.contributor)
    watch(reader, page)
    expect(reader.page.locator("main")).to_contain_text(place.name)
    if sleeps:
        reader.page.evaluate(HIDE, True)
    remove(place, place.contributor)
    if sleeps:
        reader.page.evaluate(HIDE, False)
    expect(reader.page.locator("main")).not_to_contain_text(place.name)
    assert "Fortroligt" not in reader.page.content()


@pytest.mark.parametrize("page", ["/", "{partnership}"], ids=["overview", "partnership"])
def test_what_comes_while_nobody_is_there_does_not_keep_the_session_alive(
    visit: Visit, place: Place, page: str
) -> None:
    number = place.share(place.moderator, "Et opslag", kind=PostKind.CHALLENGE)
    reader = visit(place.contributor)
    watch(reader, page.format(partnership=place.address))
    reader.settle()
    before = unused(place, place.contributor)
    with reader.page.expect_response("**/waiting" if page != "/" else "**/"):
        solve(place, number)
    reader.page.wait_for_timeout(2_000)  # What stands on the screen is noted as read.
    assert last_use(place, place.contributor) == before
    reader.open("/partnerships")
    assert last_use(place, place.contributor) > before


def unused(place: Place, person: Person) -> datetime:
    """Let nobody have used the person's session for long; its last use."""
    with place.site.inside():
        session = db.session.query(Session).filter_by(user_id=person.id).one()
        session.last_used_at -= 2 * sessions.TOUCH_INTERVAL
        return session.last_used_at


def last_use(place: Place, person: Person) -> datetime:
    with place.site.inside():
        return db.session.query(Session).filter_by(user_id=person.id).one().last_used_at


def test_a_session_that_is_ended_elsewhere_is_told_and_the_page_shows_nothing_more(visit: Visit, place: Place) -> None:
    post = place.share(place.moderator, "Fortroligt")
    reader = visit(place.contributor)
    watch(reader, f"{place.address}posts/{post}")
    place.site.end_sessions(place.contributor.id)
    title = reader.heading(reader.say("You are signed out"))
    expect(title).to_be_focused()
    expect(reader.page.locator("body")).not_to_contain_text("Fortroligt")
    with inspecting(reader) as inspection:
        inspection.look("signed out")
    reader.link("Sign in", reader.page.locator("main")).click()
    reader.sign_in(place.contributor)
    expect(reader.page.locator("h1")).to_have_text("Fortroligt")


@pytest.mark.slow
def test_what_is_offered_is_accessible_and_fits(visit: Visit, place: Place) -> None:
    place.share(place.moderator)
    for address in (place.address, "/", f"{place.address}challenges?state=all"):
        reader = visit(place.contributor)
        watch(reader, address)
        with inspecting(reader) as inspection:
            place.share(place.partner, kind=PostKind.CHALLENGE)
            expect(reader.page.locator("#fresh a")).to_be_visible()
            inspection.look(f"an offer on {address}")
