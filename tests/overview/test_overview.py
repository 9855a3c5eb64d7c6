"""The overview: the merged feed of all my partnerships, in one order, with what is new in each."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from tests.client import Client
from tests.factories import (
    Level,
    add_member,
    challenge,
    comment,
    hold,
    make_role,
    make_user,
    membership_of,
    share,
    start_partnership,
)
from tests.pages import Page
from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, MembershipState, Stage
from workspace.posts.models import Post
from workspace.roles.assignments import AssignmentKind

NOON = datetime(2026, 3, 20, 11, tzinfo=UTC)

Place = tuple[int, int]


@pytest.fixture
def farida(app: object) -> User:
    return make_user("Farida Nasser", language="en")


@pytest.fixture
def window(farida: User, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(farida)


@pytest.fixture(params=[False, True], ids=["plain", "htmx"])
def htmx(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def join(farida: User, name: str = "") -> Membership:
    """A partnership of which Farida is a member; its moderator."""
    moderator = start_partnership(name)
    add_member(moderator, farida)
    return moderator


def places(page: Page) -> list[Place]:
    """The posts on a page, in order: (partnership, number)."""
    ids = [str(heading.get("id")) for heading in page.all("h4")]
    found = [re.fullmatch(r"e(\d+)-(\d+)", name) for name in ids]
    return [(int(match[1]), int(match[2])) for match in found if match]


def place(post: Post) -> Place:
    return post.partnership_id, post.number


def older(page: Page) -> str:
    for paragraph in page.all("p"):
        if paragraph.get("id") == "older":
            return str(paragraph.find("a").get("href"))  # type: ignore[union-attr]
    return ""


def read_all(window: Client, *, htmx: bool = False, meanwhile: Callable[[], object] = int) -> list[Place]:
    found, address = list[Place](), "/"
    while address:
        page = Page(window.get(address, htmx=htmx).text)
        assert len(places(page)) <= 20
        found += places(page)
        address = older(page)
        meanwhile()
    return found


@pytest.fixture
def still() -> Iterator[None]:
    """A clock that stands still: everything happens at the same moment."""
    with clock.at(NOON):
        yield


# The order


def test_who_is_in_no_partnership_is_told_so(window: Client) -> None:
    page = window.page("/")
    assert "You are not in a partnership yet" in page.text
    assert "/partnerships/new" in page.html


def test_all_my_partnerships_flow_into_one_feed(farida: User, window: Client) -> None:
    one, other = join(farida, "Den ene"), join(farida, "Den anden")
    posts = [share(by) for by in (one, other, other, one)]
    assert places(window.page("/")) == [place(post) for post in reversed(posts)]
    comment(posts[0], one)
    assert places(window.page("/"))[0] == place(posts[0])
    assert "Den ene" in window.page("/").text


def test_what_i_am_not_in_is_not_there(farida: User, window: Client) -> None:
    mine = share(join(farida))
    share(start_partnership("Hemmeligt"), "Hemmeligt opslag")
    archived = join(farida, "Arkiveret")
    share(archived, "Arkiveret opslag")
    partnerships_service.archive(archived)
    left = join(farida, "Forladt")
    share(left, "Forladt opslag")
    db.session.query(Membership).filter_by(partnership_id=left.partnership_id, user_id=farida.id).update(
        {"state": MembershipState.ENDED}
    )
    page = window.page("/")
    assert places(page) == [place(mine)]
    for secret in ("Hemmeligt", "Arkiveret", "Forladt"):
        assert secret not in page.html


def test_pages_of_twenty_hold_everything_once(farida: User, window: Client, htmx: bool) -> None:
    moderators = [join(farida) for _ in range(3)]
    posts = [share(moderators[number * 7 % 3]) for number in range(65)]
    assert read_all(window, htmx=htmx) == [place(post) for post in reversed(posts)]


@pytest.mark.usefixtures("still")
def test_equal_moments_in_several_partnerships_lose_and_double_nothing(farida: User, window: Client) -> None:
    posts = [share(moderator) for moderator in [join(farida) for _ in range(5)] for _ in range(13)]
    seen = read_all(window)
    assert len({post.activity_at for post in posts}) == 1
    assert seen == sorted((place(post) for post in posts), reverse=True)


@pytest.mark.usefixtures("still")
def test_a_moment_that_fills_more_than_a_page_in_many_partnerships_is_read_to_its_end(
    farida: User, window: Client
) -> None:
    posts = [share(join(farida)) for _ in range(45)]
    assert read_all(window) == sorted((place(post) for post in posts), reverse=True)


def test_moments_that_differ_by_a_microsecond_stay_in_order(farida: User, window: Client) -> None:
    with clock.at(NOON - timedelta(days=1)):
        moderators = [join(farida) for _ in range(2)]
    posts = []
    for number in range(45):
        with clock.at(NOON + timedelta(microseconds=number)):
            posts.append(share(moderators[number % 2]))
    assert read_all(window) == [place(post) for post in reversed(posts)]


def test_nothing_is_lost_or_doubled_while_others_share(farida: User, window: Client) -> None:
    moderators = [join(farida) for _ in range(3)]
    posts = [share(moderators[number % 3]) for number in range(50)]
    turn = count()
    seen = read_all(window, meanwhile=lambda: [share(moderators[next(turn) % 3]) for _ in range(4)])
    assert seen == [place(post) for post in reversed(posts)]


@pytest.mark.parametrize("number", [19, 20, 21, *(pytest.param(many, marks=pytest.mark.slow) for many in (22, 41))])
def test_one_post_in_each_of_many_partnerships(number: int, farida: User, window: Client) -> None:
    posts = [share(join(farida)) for _ in range(number)]
    assert read_all(window) == [place(post) for post in reversed(posts)]


def test_the_newest_of_more_than_twenty_partnerships(farida: User, window: Client) -> None:
    """The first page looks into the twenty with the latest activity only; the later ones into all."""
    posts = [share(join(farida)) for _ in range(27)]
    busy = db.session.get(Membership, posts[0].author_id)
    assert busy is not None
    posts += [share(busy) for _ in range(3)]
    assert read_all(window) == [place(post) for post in reversed(posts)]


@pytest.mark.parametrize("every", [3, 30])
def test_partnerships_without_posts_push_none_with_posts_out(every: int, farida: User, window: Client) -> None:
    posts = [share(join(farida)) for _ in range(5)]
    for number in range(1, 26):
        moderator = join(farida)
        if number % every == 0:
            posts += [share(moderator) for _ in range(4)]
    assert read_all(window) == [place(post) for post in reversed(posts)]


def test_partnerships_without_posts_mix_no_order(farida: User, window: Client) -> None:
    old_and_busy, quiet = join(farida), join(farida)
    posts = [share(old_and_busy) for _ in range(25)] + [share(quiet)]
    for _ in range(25):
        join(farida)
    posts.append(share(old_and_busy))
    assert read_all(window) == [place(post) for post in reversed(posts)]


def test_a_clock_that_runs_back_does_not_mix_the_order(farida: User, window: Client) -> None:
    with clock.at(NOON):
        moderator = join(farida)
    with clock.at(NOON + timedelta(hours=1)):
        first = share(moderator)
    with clock.at(NOON):
        second = share(moderator)
    assert second.activity_at >= first.activity_at
    assert places(window.page("/")) == [place(second), place(first)]


@pytest.mark.parametrize(
    "cursor", ["", "x", "1.2", "1.2.3.4", "-1.1.1", "99999999999999999.1.1", "1.99999999999.1", "१.1.1"]
)
@pytest.mark.either_database
def test_a_broken_bookmark_is_no_error(cursor: str, farida: User, window: Client) -> None:
    post = share(join(farida))
    assert places(window.page(f"/?before={cursor}")) in ([place(post)], [])


def test_days_are_told_in_the_readers_zone(farida: User, window: Client) -> None:
    with clock.at(NOON):
        moderator = join(farida)
    with clock.at(datetime(2026, 3, 28, 23, 30, tzinfo=UTC)):
        share(moderator, "Efter midnat")
    assert "Sunday 29 March" in window.page("/").text
    farida.time_zone = "America/New_York"
    assert "Saturday 28 March" in window.page("/").text


# What is new


def test_new_marks_and_counts(farida: User, window: Client) -> None:
    one, other = join(farida, "Den ene"), join(farida, "Den anden")
    first = share(one)
    comment(first, one)
    share(other)
    mine = db.session.query(Membership).filter_by(user_id=farida.id, partnership_id=one.partnership_id).one()
    share(mine)
    page = window.page("/")
    assert ("2 new" in page.text, "1 new" in page.text) == (True, True)
    marks = ["New" in "".join(article.itertext()).split() for article in page.all("article")]
    assert marks == [False, True, True]


def test_everything_is_marked_as_read_up_to_what_was_shown(farida: User, window: Client) -> None:
    moderators = [join(farida) for _ in range(3)]
    for moderator in moderators:
        share(moderator)
    form = window.page("/").form("/seen")
    late = share(moderators[0])
    answer = window.post("/seen", data=form)
    assert (answer.status_code, answer.location) == (303, "/")
    memberships = db.session.query(Membership).filter_by(user_id=farida.id).order_by(Membership.partnership_id)
    assert [membership.unread for membership in memberships] == [1, 0, 0]
    page = window.page("/")
    assert "Everything is marked as read." in page.text
    marked = [article for article in page.all("article") if "New" in "".join(article.itertext()).split()]
    assert [article.get("aria-labelledby") for article in marked] == [f"e{late.partnership_id}-{late.number}"]


def test_there_is_nothing_to_mark_where_nothing_is_new(farida: User, window: Client) -> None:
    post = share(join(farida))
    window.post("/seen", data=window.page("/").form("/seen"))
    assert 'action="/seen"' not in window.page("/").html
    assert place(post) in places(window.page("/"))


def test_the_list_holds_twenty_and_leads_to_all(farida: User, window: Client) -> None:
    for _ in range(21):
        join(farida)
    page = window.page("/")
    assert len([item for item in page.all("li") if item.get("class") == "item"]) == 20
    assert "Show all my partnerships" in page.text


def test_a_withdrawn_post_says_nothing_of_what_stood_there(farida: User, window: Client) -> None:
    moderator = join(farida)
    share(moderator, "Hemmelig titel", "Hemmelig tekst").withdraw(moderator)
    page = window.page("/")
    assert "Withdrawn post" in page.text
    assert "Hemmelig" not in page.html


def test_htmx_gets_the_next_page_alone(farida: User, window: Client) -> None:
    moderator = join(farida)
    for _ in range(21):
        share(moderator)
    answer = window.get(older(window.page("/")), htmx=True)
    assert not Page(answer.text).is_whole
    assert len(places(Page(answer.text))) == 1


# Who did what, and what happened to the partnerships themselves


def row(page: Page, post: Post) -> str:
    article = next(
        each for each in page.all("article") if each.get("aria-labelledby") == f"e{place(post)[0]}-{place(post)[1]}"
    )
    return " ".join("".join(article.itertext()).split())


def test_a_row_says_who_did_what_last_and_whose_post_it_is(farida: User, window: Client) -> None:
    anna = join(farida)
    bo = add_member(anna, make_user("Bo Lund"), Level.MODERATOR)
    post = challenge(anna, "Våde sko")
    assert "commented" not in row(window.page("/"), post)
    assert "took" not in row(window.page("/"), post)
    said = comment(post, bo)
    for page in (window.page("/"), window.page(anna.partnership.address)):
        told = " ".join(page.text.split())
        assert "Bo Lund commented ·" in told
        assert anna.user.name in told
    for by in (anna, join(farida)):
        comment(share(by), by)
    assert "1 comment 1 new" in row(window.page("/"), post), "Each post has its own"
    links = [each.get("href") for each in window.page("/").all("a")]
    assert f"{anna.partnership.address}posts/{post.number}?comment={said.number}#comment-{said.number}" in links
    said.withdraw(bo, post)
    assert "commented" not in row(window.page("/"), post), "What is withdrawn is no line"
    post.solve(bo, "Tørret")
    assert "Bo Lund solved the challenge ·" in row(window.page("/"), post)
    assert "Status: Solved" in row(window.page("/"), post)


def test_what_happens_to_the_partnerships_themselves_stands_among_the_posts(farida: User, window: Client) -> None:
    with clock.at(NOON):
        mine, other = join(farida, "Grønne tage"), start_partnership("Hemmeligt")
        first = share(mine)
    with clock.at(NOON + timedelta(hours=1)):
        for partnership in (mine, other):
            partnerships_service.change_stage(partnership, Stage.TRIAL)
    with clock.at(NOON + timedelta(hours=2)):
        last = share(mine)
        page = window.page("/")
    assert "changed the stage from Idea to Trial · Grønne tage" in page.text
    assert "Hemmeligt" not in page.text
    assert page.text.index(last.title) < page.text.index("changed the stage") < page.text.index(first.title)
    assert "changed the stage" not in window.page("/?kind=progress").text


def test_the_feed_shows_one_kind_of_post_on_every_page(farida: User, window: Client, htmx: bool) -> None:
    mine, other = join(farida), join(farida)
    posts = [place(challenge(by)) for by in (mine, other) * 12]
    for by in (mine, other):
        share(by)
    page = Page(window.get("/?kind=challenge", htmx=htmx).text)
    found = places(page)
    rest = Page(window.get(older(page), htmx=htmx).text)
    assert (found + places(rest), older(rest)) == (posts[::-1], "")
    assert len(places(window.page("/?kind=progress"))) == 2
    assert len(places(window.page("/?kind=nonsense"))) == 20


def test_my_roles_are_those_that_i_hold_now(farida: User, window: Client) -> None:
    mine, other = join(farida, "Grønne tage"), join(farida, "Blå vand")
    assert "My roles" not in window.page("/").text
    for by, name, kind in ((mine, "Tovholder", AssignmentKind.ACCOUNTABLE), (other, "Målinger", AssignmentKind.HELPER)):
        hold(make_role(by, name), membership_of(by.partnership, farida), by, kind)
    hold(make_role(mine, "En andens"), mine, mine)
    page = window.page("/")
    told = " ".join(page.text.split())
    listed = told.partition("My roles")[2]
    for role in ("Tovholder Accountable", "Målinger Helper"):
        assert role in listed
    assert listed.index("Tovholder") < listed.index("Grønne tage") < listed.index("Målinger") < listed.index("Blå vand")
    assert "En andens" not in listed
