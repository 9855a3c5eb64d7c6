"""The list of challenges: its filters in the address, its pages, and what it costs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.client import Client
from tests.factories import (
    Level,
    Side,
    add_member,
    challenge,
    comment,
    hold,
    make_organisation,
    make_role,
    make_user,
    start_partnership,
)
from tests.pages import LARGEST_PAGE, Page
from tests.test_statements import Reader, Statements, add_members, add_posts, author_of
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships.models import Membership
from workspace.posts import co_affected
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import Post, PostKind

SignIn = Callable[[User], Client]


class World:
    """Challenges in every state, by two sides."""

    def __init__(self, sign_in: SignIn) -> None:
        with clock.at(clock.now() - timedelta(days=30)):
            self.mette = start_partnership(by=make_user("Mette", language="en"))
        self.farida = add_member(self.mette, make_user("Farida", language="en"), side=Side.COMPANY)
        self.observer = add_member(self.mette, make_user("Otto", language="en"), Level.OBSERVER)
        self.address = f"{self.mette.partnership.address}challenges"
        self.browser = sign_in(self.observer.user)
        with clock.at(clock.now() - timedelta(days=30)):
            challenge(self.mette, "Stille")
            challenge(self.farida, "Parkeret").park(self.farida, "Ferie")
            challenge(self.mette, "Løst").solve(self.mette, "Sådan.")
            challenge(self.mette, "Trukket").withdraw(self.mette)
        challenge(self.farida, "Åben").ask(self.mette, self.farida)
        challenge(self.mette, "Taget").take(self.mette)
        db.session.commit()

    def titles(self, query: str = "", **options: Any) -> list[str]:
        page = self.browser.page(self.address + query, **options)
        return [("".join(heading.itertext())).strip() for heading in page.all("h3")]


@pytest.fixture
def world(app: Workspace, sign_in: SignIn) -> World:
    return World(sign_in)


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", ["Taget", "Åben", "Stille"]),
        ("?state=nonsense&side=nowhere&taker=x&days=7&before=-1", ["Taget", "Åben", "Stille"]),
        ("?state=still", ["Stille"]),
        ("?state=open", ["Åben", "Stille"]),
        ("?state=ongoing", ["Taget"]),
        ("?state=parked", ["Parkeret"]),
        ("?state=solved", ["Løst"]),
        ("?state=all", ["Taget", "Åben", "Løst", "Parkeret", "Stille"]),
        ("?side=company", ["Åben"]),
        ("?side=company&state=all", ["Åben", "Parkeret"]),
        ("?side=others", ["No challenges here"]),
        ("?taker={mette}", ["Taget"]),
        ("?taker={farida}", ["Åben"]),
        ("?taker=99999", ["No challenges here"]),
    ],
)
def test_the_filters_are_in_the_address(query: str, titles: list[str], htmx: bool, world: World) -> None:
    query = query.format(mette=world.mette.id, farida=world.farida.id)
    assert world.titles(query, htmx=htmx) == titles


def test_the_list_can_be_narrowed_to_a_role_whose_holder_may_move_what_concerns_it(
    world: World, sign_in: SignIn
) -> None:
    data = make_role(world.mette, "Data og databeskyttelse")
    peter = add_member(world.mette, make_user("Peter", language="en"))
    concerning = challenge(world.mette, "Om data", role=data)
    address = f"{world.mette.partnership.address}posts/{concerning.number}/solution"
    browser = sign_in(peter.user)
    assert world.titles(f"?role={data.id}") == ["Om data"]
    assert browser.get(address).status_code == 403
    hold(data, peter, world.mette)
    assert browser.submit(address, {"note": "Aftalen er underskrevet."}).status_code == 303
    assert world.titles(f"?role={data.id}&state=solved") == ["Om data"]


def test_each_filter_says_how_many_it_shows(world: World) -> None:
    for query in ("", "?side=company", f"?taker={world.mette.id}"):
        page = world.browser.page(world.address + query)
        links = {link.get("id"): link for link in page.all("a") if (link.get("id") or "").startswith("state-")}
        assert len(links) == 7
        for link in links.values():
            shown = world.titles(str(link.get("href")).removeprefix(world.address))
            count = int("".join(link.itertext()).split()[-1])
            assert count == len([title for title in shown if title != "No challenges here"])


def test_the_tab_and_the_head_count_what_is_unsolved(world: World) -> None:
    page = world.browser.page(world.address)
    (tab,) = (
        link for link in page.all("a") if link.get("aria-current") == "page" and "challenges" in link.get("href", "")
    )
    assert "".join(tab.itertext()).split() == ["Challenges", "3", "unsolved"]
    assert "3 unsolved now" in page.text


def test_the_list_says_who_and_how_far(world: World) -> None:
    text = world.browser.page(f"{world.address}?state=all").text
    for words in ("Farida is asked", "Stalled", "Parked", "Solved"):
        assert words in text


def test_a_foreigner_does_not_find_it(world: World, sign_in: SignIn) -> None:
    assert sign_in(make_user()).get(world.address).status_code == 404


def add_challenges(partnership: Any, count: int) -> None:
    """Rows as by so many challenges, in all states."""
    first = add_posts(partnership, 2 * count)
    author = author_of(partnership)
    rows = db.session.query(Post).filter(
        Post.partnership_id == partnership.id, Post.number >= first, Post.kind == PostKind.CHALLENGE
    )
    for place, post in enumerate(rows):
        post.status, post.status_at = list(ChallengeStatus)[place % 4], post.created_at
        if post.status is ChallengeStatus.ONGOING:
            post.taker_id = author
        post.title = f"Hvordan får vi {'æ' * 90} til at køre {place}"[:120]
    partnership.unsolved_count += count // 2
    db.session.commit()


def test_a_page_asks_the_same_with_a_thousand_challenges_as_with_ten(sign_in: SignIn, statements: Statements) -> None:
    reader = Reader(sign_in, statements)
    add_challenges(reader.partnership, 12)
    addresses = (
        "{home}",
        "{home}challenges",
        "{home}challenges?state=all&side=company",
        "{home}challenges?before={last}",
    )
    few = reader.asks_each(*addresses)
    add_challenges(reader.partnership, 1000)
    add_members(reader, 30)
    assert reader.asks_each(*addresses) == few
    assert max(few.values()) <= 10, few


def test_the_page_of_a_challenge_asks_at_most_eight_times(sign_in: SignIn, statements: Statements) -> None:
    reader = Reader(sign_in, statements)
    author = db.session.get_one(Membership, author_of(reader.partnership))
    posts = []
    for moves in (1, 60):
        post = challenge(author)
        co_affected.join(post, reader.membership)
        for _ in range(moves):
            comment(post, reader.membership)
            post.take(author)
            post.reopen(author, "Om igen")
        post.ask(author, reader.membership)
        post.accept(reader.membership)
        made = challenge(author).number
        post.solve(author, "Sådan.", [made])
        db.session.commit()
        posts.append(post)
    for post in posts:  # What is read by opening is noted once, after the answer.
        reader.asks(f"{reader.partnership.address}posts/{post.number}")
    asked = [
        {
            htmx: reader.asks(f"{reader.partnership.address}posts/{post.number}{query}", htmx=htmx)
            for htmx in (False, True)
        }
        for post in posts
        for query in ("", "?before=9999")
    ]
    assert asked[:2] == asked[2:]
    assert max(count for of_page in asked for count in of_page.values()) <= 10, asked


def test_the_list_comes_in_pages_of_fifty_that_stay_small(sign_in: SignIn, statements: Statements) -> None:
    reader = Reader(sign_in, statements)
    add_challenges(reader.partnership, 240)
    numbers: list[str] = []
    address = f"{reader.partnership.address}challenges?state=open"
    sizes = []
    while address:
        page = reader.browser.page(address)
        sizes.append(len(page.html.encode()))
        items = [item.get("id", "") for item in page.all("li") if item.get("id", "").startswith("challenge-")]
        assert len(items) <= 50
        numbers += items
        links = [link.get("href") or "" for link in page.all("a") if "before=" in (link.get("href") or "")]
        address = links[0] if links else ""
    assert len(numbers) == len(set(numbers)) == 60
    assert max(sizes) < LARGEST_PAGE


def test_older_ones_are_added_in_place(sign_in: SignIn, statements: Statements) -> None:
    reader = Reader(sign_in, statements)
    add_challenges(reader.partnership, 240)
    first = reader.browser.page(f"{reader.partnership.address}challenges?state=open")
    (older,) = [link.get("href") or "" for link in first.all("a") if "before=" in (link.get("href") or "")]
    answer = reader.browser.get(older, htmx=True)
    assert len(Page(answer.text).all("li")) == 10
    assert "figures" not in answer.text
    assert answer.headers["HX-Trigger-After-Settle"].startswith('{"focus-on": "#challenge-')


def test_fifty_challenges_with_long_words_and_names_stay_small(sign_in: SignIn) -> None:
    organisation = make_organisation("Den selvejende daginstitution Skærsøgård Ærtebjerg ved Åløkken")
    mette = start_partnership(by=make_user("Åse Kjærsgård Sønderborg-Mørkøv", organisation, language="da"))
    title = ("Håndbårne øvelser på gården gør både æbler & pærer sundere <for os alle> " * 3)[:120]
    with clock.at(clock.now() - timedelta(days=20)):
        for _ in range(51):
            challenge(mette, title, answer_by=(clock.now() + timedelta(days=3)).date()).take(mette)
    db.session.commit()
    answer = sign_in(mette.user).get(f"{mette.partnership.address}challenges")
    assert len(answer.data) < LARGEST_PAGE, len(answer.data)


def test_the_numbers_beside_the_states_are_those_of_now(sign_in: SignIn) -> None:
    mette = start_partnership(by=make_user("Mette", language="en"))

    def told() -> dict[str, int]:
        db.session.commit()
        links = sign_in(mette.user).page(f"{mette.partnership.address}challenges").all("a")
        states = [link for link in links if link.get("id", "").startswith("state-")]
        found = {link.get("id", "")[6:]: int("".join(link.itertext()).split()[-1]) for link in states}
        return {state: count for state, count in found.items() if count}

    assert told() == {}
    first, second = challenge(mette), challenge(mette)
    assert told() == {"unsolved": 2, "open": 2, "all": 2}
    first.take(mette)
    assert told() == {"unsolved": 2, "open": 1, "ongoing": 1, "all": 2}
    with clock.at(clock.now() + timedelta(days=14, minutes=-1)):
        assert told() == {"unsolved": 2, "open": 1, "ongoing": 1, "all": 2}
    with clock.at(clock.now() + timedelta(days=14, minutes=1)):
        assert told() == {"unsolved": 2, "still": 2, "open": 1, "ongoing": 1, "all": 2}
        comment(first, mette)
        assert told() == {"unsolved": 2, "still": 1, "open": 1, "ongoing": 1, "all": 2}
    first.solve(mette, "Sådan.")
    assert told() == {"unsolved": 1, "open": 1, "solved": 1, "all": 2}
    second.park(mette, "Ferie")
    assert told() == {"parked": 1, "solved": 1, "all": 2}
    second.reopen(mette, "Ferien er slut")
    assert told() == {"unsolved": 1, "open": 1, "solved": 1, "all": 2}
    second.withdraw(mette)
    assert told() == {"solved": 1, "all": 1}
    second.bring_back(mette)
    assert told() == {"unsolved": 1, "open": 1, "solved": 1, "all": 2}
    second.redact(mette, "Navne på borgere")
    assert told() == {"solved": 1, "all": 1}
