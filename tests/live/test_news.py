"""The partials with what came after a number: no more than that, at a constant cost, to members only."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.client import Client
from tests.factories import add_member, challenge, comment, make_user, share, start_partnership
from tests.pages import Page
from workspace import Workspace
from workspace.accounts import sessions
from workspace.accounts.models import User
from workspace.accounts.sessions import Session
from workspace.db import db
from workspace.partnerships.models import Membership
from workspace.posts.models import Post

SignIn = Callable[[User], Client]
Statements = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership(by=make_user("Mette Ågård", language="en"))


def of_post(moderator: Membership, post: Post) -> str:
    return f"{moderator.partnership.address}posts/{post.number}/news"


def of_feed(moderator: Membership, kind: str = "") -> str:
    return f"{moderator.partnership.address}news?kind={kind}"


def news(reader: Client, address: str, after: int | str) -> Page:
    """What came after the entry `after`."""
    return Page(reader.get(f"{address}{'&' if '?' in address else '?'}after={after}", htmx=True).text)


def ids(page: Page) -> set[str]:
    return {str(element.get("id")) for element in page.root.iter() if element.get("id")}


def last(moderator: Membership) -> int:
    db.session.commit()
    return moderator.partnership.last_number


def said(page: Page) -> str:
    (words,) = (element for element in page.all("p") if element.get("data-live") == "say")
    return "".join(words.itertext())


def test_only_what_came_later_comes(moderator: Membership, sign_in: SignIn) -> None:
    member, post = add_member(moderator, make_user("Bo Holm")), share(moderator)
    comment(post, moderator, "Før")
    before = last(moderator)
    found = comment(post, member, "Efter")
    page = news(sign_in(moderator.user), of_post(moderator, post), before)
    assert "Efter" in page.text
    assert "Før" not in page.text
    assert ids(page) >= {f"comment-{found.number}", "comment-count", "unread", "unsolved", "live"}
    assert "post" not in ids(page)
    assert said(page) == "Bo Holm has commented."
    (hook,) = (element for element in page.all("div") if element.get("id") == "live")
    assert hook.get("data-numbers") == f"{post.partnership_id}:{last(moderator)}"


def test_what_one_does_oneself_comes_without_a_word(moderator: Membership, sign_in: SignIn) -> None:
    post = share(moderator)
    before = last(moderator)
    comment(post, moderator)
    assert said(news(sign_in(moderator.user), of_post(moderator, post), before)) == ""


def test_a_challenge_that_moved_comes_whole(moderator: Membership, sign_in: SignIn) -> None:
    member = add_member(moderator, make_user(language="en"))
    post = challenge(moderator)
    before = last(moderator)
    post.solve(moderator, "Vi byttede dæk.")
    page = news(sign_in(member.user), of_post(moderator, post), before)
    assert ids(page) >= {"post", "steps", "challenge", f"event-{last(moderator)}"}
    assert said(page) == "The challenge has a new status."


def test_many_comments_are_counted(moderator: Membership, sign_in: SignIn) -> None:
    member, post = add_member(moderator), share(moderator)
    before = last(moderator)
    for _each in range(3):
        comment(post, member)
    assert said(news(sign_in(moderator.user), of_post(moderator, post), before)) == "3 new comments."


def test_the_feed_brings_the_posts_that_something_happened_to(moderator: Membership, sign_in: SignIn) -> None:
    old, _quiet = share(moderator), share(moderator)
    pinned = share(moderator)
    pinned.pin(moderator)
    before = last(moderator)
    new = challenge(moderator)
    comment(old, moderator)
    comment(pinned, moderator)
    page = news(sign_in(moderator.user), of_feed(moderator), before)
    assert {found for found in ids(page) if found.startswith("post-")} == {
        f"post-{post.number}" for post in (old, new, pinned)
    }
    page = news(sign_in(moderator.user), of_feed(moderator, "challenge"), before)
    assert {found for found in ids(page) if found.startswith("post-")} == {f"post-{new.number}"}


@pytest.mark.parametrize("after", ["", "x", "-1", "99999999999"])
def test_a_number_that_is_none_is_the_beginning(after: str, moderator: Membership, sign_in: SignIn) -> None:
    post = share(moderator)
    found = comment(post, moderator)
    page = news(sign_in(moderator.user), of_post(moderator, post), after)
    assert f"comment-{found.number}" in ids(page)


def test_without_htmx_the_page_itself_answers(moderator: Membership, sign_in: SignIn) -> None:
    post, reader = share(moderator), sign_in(moderator.user)
    for address in (of_post(moderator, post), of_feed(moderator)):
        assert f"{reader.get(address).location.rstrip('/')}/" == address.partition("news")[0]


def test_the_cost_is_the_same_whatever_came(moderator: Membership, sign_in: SignIn, statements: Statements) -> None:
    member, post, asked = add_member(moderator), challenge(moderator), []
    reader = sign_in(moderator.user)
    for many in (1, 30):
        before = last(moderator)
        for _each in range(many):
            comment(post, member)
            share(member)
        if many > 1:
            post.reopen(moderator, "Flad igen")
        post.solve(moderator, "Vi byttede dæk.")
        for address in (of_post(moderator, post), of_feed(moderator)):
            with statements() as heard:
                news(reader, address, before)
            asked.append(len(heard))
    assert asked[:2] == asked[2:]
    assert max(asked) <= 8


def test_what_a_page_asks_for_by_itself_does_not_keep_the_session_alive(moderator: Membership, sign_in: SignIn) -> None:
    post, reader = share(moderator), sign_in(moderator.user)
    db.session.query(Session).one().last_used_at -= sessions.TOUCH_INTERVAL
    used = db.session.query(Session).one().last_used_at
    for address in ("/live", "/live/numbers", of_post(moderator, post), of_feed(moderator)):
        reader.get(address, htmx=True)
        assert db.session.query(Session).one().last_used_at == used
    reader.get(moderator.partnership.address)
    assert db.session.query(Session).one().last_used_at > used
