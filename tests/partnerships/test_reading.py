"""What is new: what others wrote, until its card stood on the screen, it was opened or marked as read."""

from collections.abc import Callable

import pytest

from tests.client import Client
from tests.factories import (
    Level,
    Side,
    add_member,
    challenge,
    comment,
    make_organisation,
    make_user,
    share,
    start_partnership,
)
from tests.pages import Page
from workspace.accounts.mail_preferences import MailTiming
from workspace.accounts.models import User
from workspace.db import db
from workspace.digests import compose, planning
from workspace.members.transfers import service as transfers_service
from workspace.partnerships import reading
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, Stage
from workspace.partnerships.reading import ReadingPosition


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
    """The form that marks everything as read; nothing where there is nothing new."""
    return page.form(f"{home}seen") if f'action="{home}seen"' in page.html else {}


def cards(page: Page) -> list[str]:
    """What the script says of the cards that are not read, when they have stood on the screen."""
    return [read for tag in ("article", "ul") for card in page.all(tag) if (read := card.get("data-read"))]


def scroll(window: Client, home: str, *chosen: str) -> str:
    """Let these cards stand on the screen for a while; the count that comes back."""
    answer = window.submit(f"{home}seen", {"cards": ",".join(chosen)}, htmx=True)
    assert answer.status_code == 200
    return answer.text


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
    assert mette.unread == 1, "A post that is withdrawn is no news, but a comment on it is"
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
    assert "".join(page.all("title")[0].itertext()).startswith("(3) Posts")
    assert "3 new" in page.text
    assert new_marks(page) == 3, "Two posts, and the comments on one"


def test_marking_moves_the_bookmark_to_what_was_rendered(
    mette: Membership, farida: Membership, window: Client, home: str, htmx: bool
) -> None:
    share(mette)
    form = seen_form(window.page(home), home)
    share(farida)
    later = share(mette)
    answer = window.post(f"{home}seen", data=form, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert 'data-unread="1"' in answer.text if htmx else answer.location == home
    assert farida.seen_number == later.number - 1, "One's own lies below it"
    assert farida.unread == 1
    window.post(f"{home}seen", data=seen_form(window.page(home), home))
    assert (farida.unread, farida.seen_number) == (0, later.number)


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


def test_opening_a_post_reads_it_and_its_thread(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    first = share(mette)
    comment(first, mette)
    other = share(mette)
    comment(first, mette)
    page = window.page(f"{home}posts/{first.number}")
    assert new_marks(page) == 2, "They stay on the page that has read them"
    assert 'data-unread="1"' in page.html
    assert (farida.unread, farida.seen_number) == (1, other.number - 1)
    assert new_marks(window.page(home)) == 1
    window.page(f"{home}posts/{other.number}")
    assert (farida.unread, farida.seen_number) == (0, mette.partnership.last_number)


def test_only_who_opens_a_post_reads_it(mette: Membership, farida: Membership, window: Client, home: str) -> None:
    """Not a browser that fetches it in case it is asked for, nor a request for its head or for a part of it."""
    address = f"{home}posts/{share(mette).number}"
    window.get(address, headers={"Sec-Purpose": "prefetch;prerender"})
    window.head(address)
    window.get(address, htmx=True)
    assert farida.unread == 1


def test_a_card_that_stood_on_the_screen_is_read_and_its_comments_are_not(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    post, other = share(mette), share(mette)
    comment(post, mette)
    page = window.page(home)
    assert new_marks(page) == 3
    assert 'data-unread="2"' in scroll(window, home, f"{post.number}:{post.number}")
    assert farida.unread == 2
    page = window.page(home)
    assert cards(page) == [f"{other.number}:{other.number}"]
    assert [mark for mark in ("1 new", "2 new") if mark in page.text] == ["1 new", "2 new"]
    link = next(
        link for link in page.all("a") if link.get("class") == "comment-count" and "1 new" in "".join(link.itertext())
    )
    leads_to = f"posts/{post.number}?comment={post.number + 2}#comment-{post.number + 2}"
    assert str(link.get("href")).removeprefix(home) == leads_to


def test_how_far_a_challenge_is_is_read_on_its_card(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    post = challenge(mette)
    older = window.page(home)
    post.solve(mette, "Løst")
    scroll(window, home, *cards(older))
    assert farida.unread == 0
    [card] = cards(window.page(home))
    assert card == f"{post.number}:{mette.partnership.last_number}"
    scroll(window, home, card)
    assert farida.seen_number == mette.partnership.last_number


def test_what_can_not_be_read_says_so_to_nobody(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    post = share(mette)
    for cards_sent in (
        "",
        "x",
        "1",
        ":",
        f"{post.number}:",
        "9:999999999999",
        "-1:5",
        f"999:{post.number}",
        "1:" * 5000,
    ):
        scroll(window, home, cards_sent)
    assert (farida.unread, db.session.query(ReadingPosition).count()) == (1, 0)


def test_what_is_withdrawn_is_no_news_and_is_again_when_it_is_brought_back(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    post = share(mette)
    said = comment(post, mette)
    said.withdraw(mette, post)
    assert farida.unread == 1
    assert new_marks(window.page(home)) == 1
    said.bring_back(mette, post)
    assert farida.unread == 2
    window.page(f"{home}posts/{post.number}")
    said.withdraw(mette, post)
    said.bring_back(mette, post)
    assert farida.unread == 0, "What was read stays read"
    said.redact(mette, post, "Et navn")
    assert farida.unread == 0


def test_an_event_about_no_post_stays_new_until_the_feed_has_shown_it(
    mette: Membership, farida: Membership, window: Client, home: str
) -> None:
    partnerships_service.change_stage(mette, Stage.TRIAL)
    post = share(mette)
    window.page(f"{home}posts/{post.number}")
    assert (farida.unread, farida.seen_number) == (0, post.number - 2)
    page = window.page(home)
    assert "changed the stage from Idea to Trial" in page.text
    assert "Mark as read" not in page.text
    scroll(window, home, *cards(page))
    assert farida.seen_number == mette.partnership.last_number
    assert "changed the stage" not in window.page(home).text


def test_no_more_is_kept_than_there_is_room_for_and_digests_tell_of_what_was_passed(
    mette: Membership, farida: Membership, window: Client, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_ROWS", 2)
    for membership in (mette, farida):
        membership.mail_timing = MailTiming.DIGEST
    posts = [share(mette, f"Nummer {number}") for number in range(6)]
    for post in posts[1::2]:
        window.page(f"{home}posts/{post.number}")
    assert farida.unread == 2, "The first counts as read"
    assert db.session.query(ReadingPosition).filter_by(membership_id=farida.id).count() <= 2
    told = {block.title for block in compose.build(planning.coming(farida.user)).blocks}
    assert {"Nummer 0", "Nummer 2", "Nummer 4"} <= told
    assert not {"Nummer 3", "Nummer 5"} & told
    reading.read_all(farida, mette.partnership.last_number)
    assert compose.build(planning.coming(farida.user)).blocks == []


def test_a_member_who_comes_for_another_organisation_has_read_the_same(mette: Membership, farida: Membership) -> None:
    first, _second = share(mette), share(mette)
    reading.read_post(farida, first.number, first.number)
    other = make_organisation()
    partnerships_service.set_sides(mette, {other.id: Side.OTHERS})
    moved = transfers_service.move(mette, farida.id, other.id, confirmed=True)
    assert moved.unread == 1


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
    window.page(f"{address}?before={post.number + 5}")
    assert farida.unread == 51
    window.page(address)
    assert farida.unread == 0


def test_a_reader_marks_as_read_and_so_does_one_in_an_archive(
    mette: Membership, sign_in: Callable[[User], Client], home: str
) -> None:
    observer = add_member(mette, make_user(language="en"), Level.OBSERVER)
    share(mette)
    post = share(mette)
    partnerships_service.archive(mette)
    window = sign_in(observer.user)
    window.page(f"{home}posts/{post.number}")
    assert observer.unread == 1
    assert window.post(f"{home}seen", data=seen_form(window.page(home), home)).status_code == 303
    assert observer.unread == 0


def test_a_new_comment_is_marked_where_it_stands(mette: Membership, window: Client, home: str) -> None:
    post = share(mette)
    comment(post, mette, "Den første")
    address = f"{home}posts/{post.number}"
    window.page(address)
    comment(post, mette, "Den anden")
    page = window.page(address)
    marked = [article for article in page.all("article") if article.get("class") == "comment"]
    assert ["New" in "".join(article.itertext()).split() for article in marked] == [False, True]
