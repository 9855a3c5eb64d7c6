"""Comments: written, corrected, withdrawn, read; with HTMX, plain, and refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.factories import Level, add_member, comment, make_user, share, start_partnership
from tests.pages import Page
from workspace.accounts.models import User
from workspace.comments.models import Comment
from workspace.comments.verbs import COMMENTED
from workspace.db import db
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership
from workspace.partnerships.verbs import Verb
from workspace.posts.models import Post
from workspace.posts.verbs import WITHDREW


@dataclass
class Thread:
    """A post by Mette, the moderator, in a partnership with Farida and an observer; each with a browser."""

    mette: Membership
    farida: Membership
    post: Post
    browsers: dict[str, Client]

    @property
    def page(self) -> str:
        return f"{self.mette.partnership.address}posts/{self.post.number}"

    @property
    def address(self) -> str:
        return f"{self.page}/comments"


@pytest.fixture
def thread(app: object, sign_in: Callable[[User], Client]) -> Thread:
    mette = start_partnership("Digital genoptræning", by=make_user("Mette Lindholm Krag", language="en"))
    farida = add_member(mette, make_user("Farida Nasser", language="en"))
    observer = add_member(mette, make_user("Ole Læser", language="en"), Level.OBSERVER)
    memberships = {"mette": mette, "farida": farida, "observer": observer}
    return Thread(
        mette, farida, share(mette), {name: sign_in(membership.user) for name, membership in memberships.items()}
    )


@pytest.fixture(params=[False, True], ids=["plain", "htmx"])
def htmx(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def numbers(page: Page) -> list[int]:
    """The comments on a page, in order."""
    ids = [str(article.get("id")) for article in page.all("article")]
    return [int(name.removeprefix("comment-")) for name in ids if re.fullmatch(r"comment-\d+", name)]


def verbs() -> list[Verb]:
    return list(db.session.scalars(select(Entry.verb).order_by(Entry.number)))


def count_shown(page: Page) -> str:
    (shown,) = (span for span in page.all("span") if span.get("id") == "comment-count")
    return "".join(shown.itertext()).split()[0]


# Write


def test_a_plain_comment_leads_to_itself_in_the_thread(thread: Thread) -> None:
    browser = thread.browsers["farida"]
    answer = browser.submit(thread.address, {"body": "Vi har det også.\n\nSe www.icura.dk"}, page=thread.page)
    made = db.session.scalars(select(Comment)).one()
    assert (answer.status_code, answer.location) == (303, f"{thread.page}?comment={made.number}#comment-{made.number}")
    page = browser.page(thread.page)
    assert numbers(page) == [made.number]
    assert count_shown(page) == "1"
    assert "Your comment is shared." in page.text
    assert (made.author_id, made.post_number) == (thread.farida.id, thread.post.number)
    assert verbs()[-1] is COMMENTED


def test_htmx_adds_the_comment_in_place_and_the_count_follows(thread: Thread) -> None:
    browser = thread.browsers["farida"]
    answer = browser.submit(thread.address, {"body": "Vi har det også."}, page=thread.page, htmx=True)
    page = Page(answer.text)
    made = db.session.scalars(select(Comment)).one()
    assert (answer.status_code, page.is_whole) == (200, False)
    (last,) = (element for element in page.all("div") if element.get("hx-swap-oob") == "beforeend:#thread")
    assert last.find("article").get("id") == f"comment-{made.number}"  # type: ignore[union-attr]
    assert count_shown(page) == "1"
    assert page.form(thread.address)["body"].strip() == ""
    assert answer.headers["HX-Trigger-After-Settle"] == f'{{"focus-on": "#comment-{made.number}"}}'


def test_a_comment_lifts_its_post_and_counts(thread: Thread) -> None:
    share(thread.mette)
    for _ in range(2):
        thread.browsers["farida"].submit(thread.address, {"body": "Ja"})
    assert thread.post.comment_count == 2
    assert thread.post.activity_number == thread.mette.partnership.last_number
    assert "2 comments" in thread.browsers["observer"].page(thread.mette.partnership.address).text


def test_a_reader_does_not_comment_and_sees_no_form(thread: Thread, htmx: bool) -> None:
    browser = thread.browsers["observer"]
    assert browser.submit(thread.address, {"body": "Nej"}, htmx=htmx).status_code == 403
    assert 'id="comment-form"' not in browser.get(thread.page).text
    assert db.session.query(Comment).count() == 0


def test_an_empty_comment_comes_back_with_the_focus_on_what_is_wrong(thread: Thread, htmx: bool) -> None:
    answer = thread.browsers["farida"].submit(thread.address, {"body": " "}, page=thread.page, htmx=htmx)
    page = Page(answer.text)
    assert (answer.status_code, page.is_whole) == (422, not htmx)
    assert "Write a comment." in page.text
    assert "data-focus" in answer.text


def test_a_comment_on_a_post_that_is_withdrawn_is_kept_for_its_author(thread: Thread) -> None:
    form = thread.browsers["farida"].page(thread.page).form(thread.address)
    thread.post.withdraw(thread.mette)
    answer = thread.browsers["farida"].post(thread.address, data=form | {"body": "Min lange tekst"})
    assert answer.status_code == 409
    assert Page(answer.text).form(thread.address)["body"] == "Min lange tekst"
    assert 'id="comment-form"' not in thread.browsers["farida"].get(thread.page).text


# Edit


def test_the_author_corrects_a_comment(thread: Thread, htmx: bool) -> None:
    made, browser = comment(thread.post, thread.farida, "Vi har det osse."), thread.browsers["farida"]
    address = f"{thread.address}/{made.number}/edit"
    form = Page(browser.get(address, htmx=htmx).text).form(address)
    assert (form["body"].strip(), form["version"]) == ("Vi har det osse.", "1")
    answer = browser.post(address, data=form | {"body": "Vi har det også."}, htmx=htmx)
    if htmx:
        page = Page(answer.text)
        assert (answer.status_code, numbers(page), count_shown(page)) == (200, [made.number], "1")
        assert answer.headers["HX-Trigger-After-Settle"] == f'{{"focus-on": "#comment-{made.number}"}}'
    else:
        here = f"{thread.page}?comment={made.number}#comment-{made.number}"
        assert (answer.status_code, answer.location) == (303, here)
    assert (made.body_text, made.version) == ("Vi har det også.", 2)
    assert "edited" in thread.browsers["observer"].page(thread.page).text
    assert thread.post.activity_number == made.number


def test_an_empty_correction_says_at_its_field_what_is_wrong(thread: Thread, htmx: bool) -> None:
    made, browser = comment(thread.post, thread.farida, "Først"), thread.browsers["farida"]
    address = f"{thread.address}/{made.number}/edit"
    page = Page(browser.submit(address, {"body": " "}, page=address, htmx=htmx).text)
    field = next(each for each in page.all("textarea") if each.get("name") == "body")
    error = next(each for each in page.all("p") if each.get("id") == field.get("aria-describedby"))
    assert "Write a comment." in "".join(error.itertext())


def test_who_comes_too_late_sees_both_texts_and_loses_nothing(thread: Thread, htmx: bool) -> None:
    made, browser = comment(thread.post, thread.farida, "Først"), thread.browsers["farida"]
    address = f"{thread.address}/{made.number}/edit"
    first, second = (browser.page(address).form(address) for _ in range(2))
    assert browser.post(address, data=first | {"body": "Den anden tekst"}).status_code == 303
    answer = browser.post(address, data=second | {"body": "Min tekst"}, htmx=htmx)
    page = Page(answer.text)
    assert (answer.status_code, page.is_whole) == (409, not htmx)
    assert "The text has been changed in the meantime" in page.text
    assert "Den anden tekst" in page.text
    form = page.form(address)
    assert (form["body"].strip(), form["version"]) == ("Min tekst", "2")
    assert browser.post(address, data=form).status_code == 303
    assert made.body_text == "Min tekst"


def test_nobody_else_corrects_a_comment(thread: Thread, htmx: bool) -> None:
    made = comment(thread.post, thread.farida, "Min")
    for name in ("mette", "observer"):
        browser, address = thread.browsers[name], f"{thread.address}/{made.number}/edit"
        assert browser.get(address, htmx=htmx).status_code == 403
        assert browser.submit(address, {"body": "Din", "version": "1"}, htmx=htmx).status_code == 403
    assert made.body_text == "Min"


# Withdraw


def test_the_author_takes_a_comment_back_and_its_place_stays(thread: Thread, htmx: bool) -> None:
    first, second = (comment(thread.post, thread.farida, text) for text in ("Hemmelig", "Åben"))
    address = f"{thread.address}/{first.number}/withdrawal"
    form = Page(thread.browsers["farida"].get(address, htmx=htmx).text).form(address)
    assert "reason" not in form
    answer = thread.browsers["farida"].post(address, data=form, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    page = thread.browsers["observer"].page(thread.page)
    assert numbers(page) == [first.number, second.number]
    assert "Hemmelig" not in page.text
    assert "The author has withdrawn this comment." in page.text
    assert (count_shown(page), thread.post.comment_count) == ("1", 1)


def test_a_moderator_withdraws_anothers_with_a_reason(thread: Thread, htmx: bool) -> None:
    made = comment(thread.post, thread.farida)
    address, browser = f"{thread.address}/{made.number}/withdrawal", thread.browsers["mette"]
    refused = browser.submit(address, {"reason": ""}, page=address, htmx=htmx)
    assert refused.status_code == 422
    assert "Write why it is withdrawn." in Page(refused.text).text
    assert not made.is_withdrawn
    assert browser.submit(address, {"reason": "Et navn"}, htmx=htmx).status_code == (200 if htmx else 303)
    shown = thread.browsers["farida"].page(thread.page).text
    assert "A moderator has withdrawn this comment: Et navn" in shown


def test_nobody_else_withdraws_a_comment(thread: Thread, htmx: bool) -> None:
    made = comment(thread.post, thread.mette)
    for name in ("farida", "observer"):
        browser, address = thread.browsers[name], f"{thread.address}/{made.number}/withdrawal"
        assert browser.get(address, htmx=htmx).status_code == 403
        assert browser.submit(address, {"reason": "Fordi"}, htmx=htmx).status_code == 403
    assert not made.is_withdrawn


def test_withdrawing_twice_counts_once(thread: Thread) -> None:
    made = comment(thread.post, thread.farida)
    comment(thread.post, thread.farida)
    for _ in range(2):
        thread.browsers["farida"].submit(f"{thread.address}/{made.number}/withdrawal")
    assert thread.post.comment_count == 1
    assert verbs().count(WITHDREW) == 1


def test_a_withdrawn_comment_is_not_corrected(thread: Thread, htmx: bool) -> None:
    made = comment(thread.post, thread.farida)
    made.withdraw(thread.farida, thread.post)
    browser, address = thread.browsers["farida"], f"{thread.address}/{made.number}/edit"
    assert browser.get(address, htmx=htmx).status_code == 409
    assert browser.submit(address, {"body": "Ny", "version": "1"}, htmx=htmx).status_code == 409


# Read


def older(page: Page) -> str:
    for paragraph in page.all("p"):
        if paragraph.get("id") == "older-comments":
            return str(paragraph.find("a").get("hx-get"))  # type: ignore[union-attr]
    return ""


def test_the_latest_fifty_stand_oldest_first_and_older_ones_come_on_demand(thread: Thread, htmx: bool) -> None:
    made = [comment(thread.post, thread.farida).number for _ in range(120)]
    browser = thread.browsers["observer"]
    first = browser.page(thread.page)
    assert numbers(first) == made[70:]
    second = Page(browser.get(older(first), htmx=htmx).text)
    comment(thread.post, thread.farida)
    third = Page(browser.get(older(second), htmx=htmx).text)
    assert numbers(third) + numbers(second) + numbers(first) == made
    assert not older(third)
    assert second.is_whole != htmx
    if not htmx:
        assert "Show the latest comments" in second.text


@pytest.mark.parametrize("count", [49, 50, 51])
def test_there_is_a_way_to_older_comments_only_where_there_are_any(count: int, thread: Thread) -> None:
    for _ in range(count):
        comment(thread.post, thread.farida)
    assert bool(older(thread.browsers["observer"].page(thread.page))) == (count > 50)


@pytest.mark.parametrize(("count", "shown"), [(8, 2000), (9, 800), (20, 800), (21, 140)])
def test_the_longer_the_thread_the_shorter_each_comment(count: int, shown: int, thread: Thread) -> None:
    made = [comment(thread.post, thread.farida, "æ" * shown + " slutningen") for _ in range(count)]
    browser = thread.browsers["farida"]
    page = browser.page(thread.page)
    assert page.text.count("æ" * shown) == count
    assert "slutningen" not in page.text
    assert page.text.count("Show the whole comment") == count
    whole = Page(browser.get(f"{thread.address}/{made[0].number}", htmx=True).text)
    assert "slutningen" in whole.text
    addresses = [urljoin(thread.page, link.get("href", "")) for link in whole.all("a")]
    assert f"{thread.address}/{made[0].number}/edit" in addresses


def test_a_comment_has_a_page_of_its_own(thread: Thread, htmx: bool) -> None:
    made = comment(thread.post, thread.farida, "Hele teksten")
    browser = thread.browsers["observer"]
    answer = browser.get(f"{thread.address}/{made.number}", htmx=htmx)
    if not htmx:
        assert answer.location == f"{thread.page}?comment={made.number}#comment-{made.number}"
        answer = browser.get(answer.location)
    page = Page(answer.text)
    assert "Hele teksten" in page.text
    assert page.is_whole != htmx


def test_a_text_is_shown_as_it_was_typed_whatever_it_holds(thread: Thread) -> None:
    comment(thread.post, thread.farida, '<script>alert("x")</script> & <b>fed</b>\n\njavascript:alert(1)')
    page = thread.browsers["observer"].page(thread.page)
    assert '<script>alert("x")</script> & <b>fed</b>' in page.text
    addresses = [urljoin(f"https://samspil.example{thread.page}", link.get("href", "")) for link in page.all("a")]
    assert all(address.startswith(("https://samspil.example/", "mailto:hjaelp@")) for address in addresses)
