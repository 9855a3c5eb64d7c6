"""What is new: the bookmark moves to what was rendered, one's own is never new, nothing unseen is marked as seen."""

from collections.abc import Callable

import pytest

from tests.client import Client
from tests.factories import Level, add_member, comment, make_user, share, start_partnership
from tests.pages import Page
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, Stage


@pytest.fixture
def mette(app: object) -> Membership:
    return start_partnership("Digital genoptræning", by=make_user("Mette Lindholm Krag", language="en"))


@pytest.fixture
def farida(mette: Membership) -> Membership:
    return add_member(mette, make_user("Farida Nasser", language="en"))


@pytest.fixture
def window(farida: Membership, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(farida.user)


@pytest.fixture
def home(mette: Membership) -> str:
    return mette.partnership.address


@pytest.fixture(params=[False, True], ids=["plain", "htmx"])
def htmx(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def seen_form(page: Page, home: str) -> dict[str, str]:
    """What the page sends by itself to say that it has been seen; nothing where there is nothing new."""
    return page.form(f"{home}seen") if f'action="{home}seen"' in page.html else {}


def new_marks(page: Page) -> int:
    return len([mark for mark in page.all("span") if mark.get("class") == "new"])


def test_whoever_joins_begins_with_nothing_new(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    assert farida.unread == 0
    page = window.page(home)
    assert (new_marks(page), seen_form(page, home)) == (0, {})


def test_ones_own_is_never_new(mette: Membership, farida: Membership, window: Client, home: str) -> None:
    post = share(farida)
    comment(post, farida)
    post.withdraw(farida)
    db.session.commit()
    assert farida.unread == 0
    assert mette.unread == 3
    page = window.page(home)
    assert (new_marks(page), seen_form(page, home)) == (0, {})


def test_the_count_is_of_what_others_did(mette: Membership, farida: Membership, window: Client, home: str) -> None:
    share(mette)
    share(farida)
    comment(share(mette), mette)
    assert farida.unread == 3
    for address in ("/", "/partnerships"):
        assert "3 new" in window.page(address).text, address
    page = window.page(home)
    assert "3 new" in page.text
    assert new_marks(page) == 2


def test_marking_moves_the_bookmark_to_what_was_rendered(
    mette: Membership, farida: Membership, window: Client, home: str, htmx: bool
) -> None:
    share(mette)
    form = seen_form(window.page(home), home)
    share(farida)
    later = share(mette)
    answer = window.post(f"{home}seen", data=form, htmx=htmx)
    assert (answer.status_code, answer.data if htmx else answer.location) == ((204, b"") if htmx else (303, home))
    assert farida.seen_number == int(form["number"]) == later.number - 2
    assert farida.unread == 1
    window.post(f"{home}seen", data=seen_form(window.page(home), home))
    assert (farida.unread, farida.own_unseen) == (0, 0)


def test_the_bookmark_never_moves_back_nor_past_the_end(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    share(mette)
    last = mette.partnership.last_number
    for number in (last, last - 1, 1, last + 500):
        assert window.submit(f"{home}seen", {"number": str(number)}).status_code == 303
        assert farida.seen_number == last


def test_each_member_has_a_bookmark_of_their_own(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    third = add_member(mette)
    window.post(f"{home}seen", data=seen_form(window.page(home), home))
    share(mette)
    before = third.unread
    window.post(f"{home}seen", data=seen_form(window.page(home), home))
    assert (farida.unread, third.unread) == (0, before)


def test_a_post_that_is_all_the_news_is_read_on_its_own_page(
    mette: Membership, farida: Membership, window: Client, home: str, htmx: bool
) -> None:
    post = share(mette)
    comment(post, mette)
    share(farida)  # One's own in between is no news.
    comment(post, mette)
    form = seen_form(window.page(f"{home}posts/{post.number}"), home)
    assert form["post"] == str(post.number)
    window.post(f"{home}seen", data=form, htmx=htmx)
    assert farida.unread == 0


def test_reading_one_post_does_not_mark_another_as_read(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    first = share(mette)
    comment(first, mette)
    other = share(mette)
    comment(first, mette)
    window.post(f"{home}seen", data=seen_form(window.page(f"{home}posts/{first.number}"), home))
    assert farida.seen_number == other.number - 1  # As far as the first post alone was news.
    assert farida.unread == 2
    page = window.page(home)
    assert new_marks(page) == 2
    window.post(f"{home}seen", data=seen_form(window.page(f"{home}posts/{other.number}"), home))
    assert farida.unread == 1


def test_an_event_about_no_post_stays_new_until_the_feed_has_shown_it(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    partnerships_service.change_stage(mette, Stage.TRIAL)
    post = share(mette)
    window.post(f"{home}seen", data=seen_form(window.page(f"{home}posts/{post.number}"), home))
    assert farida.unread == 2
    page = window.page(home)
    assert "changed the stage from Idea to Trial" in page.text
    window.post(f"{home}seen", data=seen_form(page, home))
    assert farida.unread == 0
    assert "changed the stage" not in window.page(home).text


def test_a_number_from_before_the_bookmark_changes_nothing_on_a_post_either(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    post = share(mette)
    window.post(f"{home}seen", data=seen_form(window.page(home), home))
    seen = farida.seen_number
    window.submit(f"{home}seen", {"number": "1", "post": str(post.number)})
    assert farida.seen_number == seen


def test_older_comments_do_not_mark_the_latest_as_read(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    post = share(mette)
    for _ in range(55):
        comment(post, mette)
    address = f"{home}posts/{post.number}"
    assert seen_form(window.page(f"{address}?before={post.number + 5}"), home) == {}
    assert seen_form(window.page(address), home)


def test_a_reader_marks_as_read_and_so_does_one_in_an_archive(
    mette: Membership, sign_in: Callable[[User], Client], home: str
) -> None:
    observer = add_member(mette, make_user(language="en"), Level.OBSERVER)
    share(mette)
    partnerships_service.archive(mette)
    window = sign_in(observer.user)
    assert observer.unread == 2
    assert window.post(f"{home}seen", data=seen_form(window.page(home), home)).status_code == 303
    assert observer.unread == 0


def test_a_new_comment_is_marked_where_it_stands(mette: Membership, window: Client, home: str) -> None:
    post = share(mette)
    comment(post, mette, "Den første")
    address = f"{home}posts/{post.number}"
    window.post(f"{home}seen", data=seen_form(window.page(address), home))
    comment(post, mette, "Den anden")
    page = window.page(address)
    marked = [article for article in page.all("article") if article.get("class") == "comment"]
    assert ["New" in "".join(article.itertext()).split() for article in marked] == [False, True]
