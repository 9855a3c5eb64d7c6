"""The feed: the latest activity first, twenty at a time, nothing twice and nothing lost while others write."""

from collections.abc import Callable

import pytest

from tests.client import Client
from tests.factories import add_member, challenge, comment, make_user, share, start_partnership
from tests.pages import Page
from workspace import rich_text
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships.models import Membership
from workspace.posts.models import Post, PostKind
from workspace.posts.queries import SHOWN_IN_FEED


@pytest.fixture
def moderator(app: object) -> Membership:
    return start_partnership("Digital genoptræning", by=make_user("Mette Lindholm Krag", language="en"))


@pytest.fixture
def farida(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Farida Nasser", language="en"))


@pytest.fixture
def reader(moderator: Membership, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(moderator.user)


@pytest.fixture
def home(moderator: Membership) -> str:
    return moderator.partnership.address


@pytest.fixture(params=[False, True], ids=["plain", "htmx"])
def htmx(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def numbers(page: Page) -> list[int]:
    """The posts on a page, in order."""
    return [int(str(article.get("id"))[5:]) for article in page.all("article")]


def older(page: Page) -> str:
    """The way to older posts, if there is one."""
    for paragraph in page.all("p"):
        if paragraph.get("id") == "older":
            link = paragraph.find("a")
            assert link is not None
            assert link.get("href") == link.get("hx-get")
            return str(link.get("href"))
    return ""


def read_all(reader: Client, address: str, *, htmx: bool = False, meanwhile: Callable[[], object] = int) -> list[int]:
    """What somebody sees who presses “show older” until the end, while `meanwhile` happens between pages."""
    found: list[int] = []
    while address:
        page = Page(reader.get(address, htmx=htmx).text)
        assert len(numbers(page)) <= 20 + 3
        found += numbers(page)
        address = older(page)
        meanwhile()
    return found


def test_an_empty_feed_says_what_to_do(home: str, reader: Client) -> None:
    assert "Share the first progress, or a challenge" in reader.page(home).text


def test_the_latest_activity_stands_first(home: str, reader: Client, moderator: Membership, farida: Membership) -> None:
    first, second, third = (share(farida) for _ in range(3))
    assert numbers(reader.page(home)) == [third.number, second.number, first.number]
    comment(first, moderator)
    assert numbers(reader.page(home)) == [first.number, third.number, second.number]


def test_a_correction_lifts_nothing(home: str, reader: Client, farida: Membership) -> None:
    first, second = share(farida), share(farida)
    remark = comment(second, farida)
    first.edit(farida, title="Ny titel", body=rich_text.from_plain("Ny tekst"), version=1)
    remark.edit(farida, body=rich_text.from_plain("Ny kommentar"), version=1)
    first.withdraw(farida)
    assert numbers(reader.page(home)) == [second.number, first.number]
    assert first.activity_number == first.number


def test_the_pinned_stand_first_and_only_on_the_first_page(home: str, reader: Client, moderator: Membership) -> None:
    posts = [share(moderator) for _ in range(25)]
    for post in posts[:3]:
        post.pin(moderator)
    pinned = [post.number for post in reversed(posts[:3])]
    page = reader.page(home)
    assert numbers(page)[:3] == pinned
    assert len(numbers(page)) == 23
    assert numbers(reader.page(older(page))) == [posts[4].number, posts[3].number]


def test_older_posts_come_twenty_at_a_time(home: str, reader: Client, moderator: Membership, htmx: bool) -> None:
    made = [share(moderator).number for _ in range(45)]
    first = Page(reader.get(home, htmx=htmx).text)
    second = Page(reader.get(older(first), htmx=htmx).text)
    third = Page(reader.get(older(second), htmx=htmx).text)
    assert [len(numbers(page)) for page in (first, second, third)] == [20, 20, 5]
    assert numbers(first) + numbers(second) + numbers(third) == made[::-1]
    assert not older(third)
    assert second.is_whole != htmx


@pytest.mark.parametrize("count", [19, 20, 21, 40])
def test_there_is_a_way_to_older_posts_only_where_there_are_any(
    count: int, home: str, reader: Client, moderator: Membership
) -> None:
    made = [share(moderator).number for _ in range(count)]
    assert bool(older(reader.page(home))) == (count > 20)
    assert read_all(reader, home) == made[::-1]


def test_nothing_is_lost_or_doubled_while_others_share(
    home: str, reader: Client, moderator: Membership, farida: Membership, htmx: bool
) -> None:
    made = [share(moderator).number for _ in range(45)]
    seen = read_all(reader, home, htmx=htmx, meanwhile=lambda: [share(farida) for _ in range(7)])
    assert seen == made[::-1]


def test_what_is_lifted_while_one_reads_is_never_doubled(
    home: str, reader: Client, moderator: Membership, farida: Membership
) -> None:
    made = [share(moderator) for _ in range(45)]
    waiting = iter([made[3], made[44], made[24]])

    def lift() -> None:
        post = next(waiting, None)
        if post:
            comment(post, farida)

    seen = read_all(reader, home, meanwhile=lift)
    assert len(seen) == len(set(seen))
    lifted = {made[3].number, made[24].number}  # They stand at the top again, above where the reader began.
    assert {post.number for post in made} - set(seen) <= lifted


def test_only_progress_or_only_challenges(home: str, reader: Client, moderator: Membership, htmx: bool) -> None:
    made = {kind: [share(moderator, kind=kind).number for _ in range(22)] for kind in PostKind}
    for kind in PostKind:
        address = f"{home}?kind={kind.value}"
        assert read_all(reader, address, htmx=htmx) == made[kind][::-1]
        page = Page(reader.get(address, htmx=htmx).text)
        (chosen,) = (
            link for link in page.all("a") if link.get("aria-current") == "true" and "kind=" in str(link.get("href"))
        )
        assert chosen.get("href") == address


def test_a_pinned_post_of_the_other_kind_is_left_out(home: str, reader: Client, moderator: Membership) -> None:
    post = challenge(moderator)
    share(moderator)
    post.pin(moderator)
    assert post.number not in numbers(reader.page(f"{home}?kind=progress"))
    assert numbers(reader.page(f"{home}?kind=challenge")) == [post.number]


def test_a_kind_that_is_none_shows_all(home: str, reader: Client, moderator: Membership) -> None:
    share(moderator)
    challenge(moderator)
    assert len(numbers(reader.page(f"{home}?kind=nyhed"))) == 2


def test_a_long_text_is_shown_in_part_with_a_way_to_the_whole(home: str, reader: Client, moderator: Membership) -> None:
    share(moderator, "Kort", "æ" * SHOWN_IN_FEED)
    long = share(moderator, "Lang", "ø" * SHOWN_IN_FEED + " slutningen")
    page = reader.page(home)
    assert "æ" * SHOWN_IN_FEED in page.text
    assert "slutningen" not in page.text
    assert "Read the whole post" in page.text
    assert "slutningen" in reader.page(f"{home}posts/{long.number}").text


def test_the_feed_shows_nothing_of_another_partnership(home: str, reader: Client, moderator: Membership) -> None:
    other = start_partnership("Et andet sted")
    for _ in range(5):
        share(other, "Hemmeligt")
    mine = share(moderator)
    assert numbers(reader.page(home)) == [mine.number]
    assert "Hemmeligt" not in reader.get(home).text
    assert db.session.query(Post).count() == 6
