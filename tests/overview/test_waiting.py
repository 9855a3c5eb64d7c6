"""What waits for me: each kind of item is told to whom it concerns, once, and goes when it is settled."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.factories import (
    Holder,
    Level,
    Side,
    add_member,
    challenge,
    comment,
    hold,
    make_organisation,
    make_role,
    make_user,
    share,
    start_partnership,
)
from tests.pages import LARGEST_PAGE, Page
from workspace import Workspace, clock, retention, rich_text
from workspace.accounts.models import User
from workspace.db import db
from workspace.i18n.formatting import short_date
from workspace.mail.models import Mail
from workspace.overview.action_items import action_list
from workspace.overview.models import Postponement
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership, MembershipState
from workspace.posts.models import Post
from workspace.roles import answers, endings, offers
from workspace.roles.assignments import RoleAssignment
from workspace.roles.models import Role

SignIn = Callable[[User], Client]
Statements = Callable[[], AbstractContextManager[list[str]]]

MOST = 18
PUT_OFF = "/waiting/postponements"
LONG_AGO = timedelta(days=30)

both_ways = pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])


def days_ago(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


class World:
    """A partnership of two sides, with somebody at each level; and Ulla, who moderates another one."""

    def __init__(self, sign_in: SignIn) -> None:
        with clock.at(clock.now() - LONG_AGO):
            self.mette = start_partnership("Grønne tage", by=make_user("Mette", language="en"))
        self.farida = add_member(self.mette, make_user("Farida", language="en"), side=Side.COMPANY)
        self.bo = add_member(self.mette, make_user("Bo", language="en"), side=Side.COMPANY)
        self.otto = add_member(self.mette, make_user("Otto", language="en"), Level.OBSERVER)
        self.ulla = start_partnership("Et andet", by=make_user("Ulla", language="en"))
        self.everybody = (self.mette, self.farida, self.bo, self.otto, self.ulla)
        self.address = self.mette.partnership.address
        self.browsers = {member.user.name: sign_in(member.user) for member in self.everybody}

    def browser(self, member: Membership) -> Client:
        return self.browsers[member.user.name]

    def told(self) -> dict[str, list[str]]:
        """What the overview tells everybody for whom something waits."""
        told = {name: items(browser.page("/")) for name, browser in self.browsers.items()}
        return {name: waiting for name, waiting in told.items() if waiting}

    def role(self, name: str, *, accountable: Membership | None = None, helper: Membership | None = None) -> Role:
        made = make_role(self.mette, name)
        for member, kind in ((accountable, Holder.ACCOUNTABLE), (helper, Holder.HELPER)):
            if member:
                hold(made, member, self.mette, kind)
        return made

    def ask(self, title: str = "Strøm på taget") -> Post:
        """A challenge that Farida is asked to take."""
        post = challenge(self.mette, title)
        post.ask(self.mette, self.farida)
        db.session.commit()
        return post

    def offer(self, name: str = "Data") -> RoleAssignment:
        """A role that is offered to Farida; by itself it waits for nobody else."""
        role = self.role(name, accountable=self.mette, helper=self.bo)
        made = offers.offer(role, self.mette, to=self.farida, kind=Holder.HELPER)
        db.session.commit()
        return made

    def ask_address(self, post: Post) -> str:
        return f"{self.address}waiting/challenges/{post.number}"

    def offer_address(self, offered: RoleAssignment) -> str:
        return f"{self.address}waiting/roles/{offered.role_id}/{offered.id}"

    def let_everything_wait(self) -> None:
        """One of each kind, for Farida and for Mette."""
        with clock.at(days_ago(15)):
            challenge(self.mette, "Stille")
        self.ask()
        self.offer()
        challenge(self.mette, "Vand i kælderen", role=self.role("Drift", accountable=self.farida, helper=self.mette))
        challenge(self.farida, "Byggetilladelse").take(self.farida)
        challenge(self.mette, "Jord og frø").take(self.mette)
        carla = add_member(self.mette, make_user("Carla", self.bo.user.organisation, language="en"))
        offers.ask(self.role("Kurser", accountable=self.bo, helper=self.mette), carla, kind=Holder.HELPER)
        self.role("Presse")
        self.role("Indkøb", accountable=self.bo)
        share(self.bo, "Grus", "Hvad siger du, @Farida?")
        db.session.commit()


OF_FARIDA = [
    "You are asked to take: Strøm på taget",
    "Mette offers you the role ‘Data’ as helper",
    "Bo mentions you: Grus",
    "Waiting for your role: Vand i kælderen",
    "You have taken: Byggetilladelse",
]
OF_METTE = [
    "You have taken: Jord og frø",
    "Carla asks for the role ‘Kurser’",
    "‘Presse’ has nobody accountable",
    "Stalled: Stille",
    "‘Indkøb’ is held by one side only",
]


@pytest.fixture
def world(app: Workspace, sign_in: SignIn) -> World:
    return World(sign_in)


def items(page: Page) -> list[str]:
    """The titles of what waits, in order."""
    return [_title(item) for item in page.all("li") if item.get("class") == "task"]


def quiet(page: Page) -> list[str]:
    """What waits for others, or was put off: each with what is said of it."""
    found = [item for item in page.all("li") if item.get("class") == "task task--quiet"]
    metas = ["".join(next(item.iter("p")).itertext()).strip() for item in found]
    return [f"{_title(item)}: {meta}" for item, meta in zip(found, metas, strict=True)]


def _title(item: Any) -> str:
    return "".join(next(item.iter("h3")).itertext()).strip()


def addresses(page: Page) -> list[str]:
    """Where the buttons of what waits lead, and the forms that settle it in one press."""
    tasks = [item for item in page.all("li") if item.get("class") == "task"]
    found = [
        (form.get("action") for item in tasks for form in item.iter("form") if form.get("action") != PUT_OFF),
        (link.get("href") for item in tasks for link in item.iter("a") if "btn" in (link.get("class") or "")),
    ]
    return [str(address) for group in found for address in group]


def count(page: Page) -> str:
    """The number in the top bar, with its words."""
    (place,) = [span for span in page.all("span") if span.get("id") == "waiting-count"]
    return " ".join("".join(place.itertext()).split())


def title(page: Page) -> str:
    return (page.all("title")[0].text or "").strip()


# Who is told what


def test_nothing_waits_in_a_new_partnership(world: World) -> None:
    assert world.told() == {}
    page = world.browser(world.farida).page("/")
    assert "You are up to date." in page.text
    assert (count(page), title(page)) == ("", "Overview – Samspil")


def test_a_challenge_waits_for_whoever_is_asked_to_take_it(world: World) -> None:
    post = world.ask()
    assert world.told() == {"Farida": ["You are asked to take: Strøm på taget"]}
    assert addresses(world.browser(world.farida).page("/")) == [world.ask_address(post)]


def test_an_offered_role_waits_for_whoever_it_is_offered_to(world: World) -> None:
    offered = world.offer()
    assert world.told() == {"Farida": ["Mette offers you the role ‘Data’ as helper"]}
    assert addresses(world.browser(world.farida).page("/")) == [world.offer_address(offered)]


def test_a_mention_waits_until_its_post_has_been_opened(world: World) -> None:
    post = share(world.mette, "Grus")
    said = comment(post, world.mette, "Hvad siger du, @Farida?")
    comment(post, world.farida, "@Farida skal nok svare.")
    assert world.told() == {"Farida": ["Mette mentions you: Grus"]}
    browser = world.browser(world.farida)
    assert addresses(browser.page("/")) == [f"{world.address}waiting/mentions/{said.number}"]
    links = [link.get("href") for link in browser.page("/").all("a")]
    assert f"{world.address}posts/{post.number}?comment={said.number}#comment-{said.number}" in links
    assert browser.post(world.address + "seen", data=browser.page(world.address).form(world.address + "seen"))
    assert world.told() == {"Farida": ["Mette mentions you: Grus"]}, "The feed does not show comments"
    browser.page(f"{world.address}posts/{post.number}")
    assert world.told() == {}


@both_ways
def test_a_mention_is_settled_in_one_press(world: World, htmx: bool) -> None:
    post = share(world.mette, "Grus", "Se her, @Otto og @Bo")
    assert world.told() == {name: ["Mette mentions you: Grus"] for name in ("Bo", "Otto")}
    answer = world.browser(world.otto).submit(f"{world.address}waiting/mentions/{post.number}", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert world.told() == {"Bo": ["Mette mentions you: Grus"]}


def test_a_mention_on_an_older_page_of_a_thread_is_settled_there(world: World) -> None:
    post = share(world.mette, "Grus")
    said = comment(post, world.mette, "@Farida")
    for _ in range(70):
        comment(post, world.bo)
    world.browser(world.farida).page(f"{world.address}posts/{post.number}?comment={said.number}")
    assert world.told() == {}
    assert world.farida.unread > 40, "What was on later pages is new still"


def test_a_mention_that_was_withdrawn_or_taken_out_waits_for_nobody(world: World) -> None:
    post = share(world.mette, "Grus", "@Farida")
    said = comment(post, world.mette, "@Bo")
    post.edit(world.mette, title="Grus", body=rich_text.from_plain("@Otto"), version=1)
    said.withdraw(world.mette, post)
    db.session.commit()
    assert world.told() == {"Otto": ["Mette mentions you: Grus"]}
    post.redact(world.mette, "Et navn")
    db.session.commit()
    assert world.told() == {}


def test_a_challenge_waits_for_whoever_is_accountable_for_its_role(world: World) -> None:
    role = world.role("Drift", accountable=world.farida, helper=world.mette)
    post = challenge(world.bo, "Vand i kælderen", role=role)
    assert world.told() == {"Farida": ["Waiting for your role: Vand i kælderen"]}
    assert addresses(world.browser(world.farida).page("/")) == [f"{world.address}posts/{post.number}"]


@pytest.mark.parametrize("move", ["take", "ask"])
def test_a_challenge_no_longer_waits_for_its_role_when_it_has_somebody(world: World, move: str) -> None:
    post = challenge(world.bo, "Vand", role=world.role("Drift", accountable=world.farida, helper=world.mette))
    if move == "take":
        post.take(world.bo)
        assert world.told() == {"Bo": ["You have taken: Vand"]}
    else:
        post.ask(world.bo, world.mette)
        assert world.told() == {"Mette": ["You are asked to take: Vand"]}


def test_a_challenge_waits_for_whoever_has_taken_it(world: World) -> None:
    post = challenge(world.mette, "Byggetilladelse")
    post.ask(world.mette, world.bo)
    post.accept(world.bo)
    assert world.told() == {"Bo": ["You have taken: Byggetilladelse"]}
    assert addresses(world.browser(world.bo).page("/")) == [f"{world.address}posts/{post.number}/solution"]


def test_a_request_for_a_role_waits_for_moderators(world: World) -> None:
    role = world.role("Kurser", accountable=world.farida, helper=world.mette)
    offers.ask(role, world.bo, kind=Holder.HELPER)
    assert world.told() == {"Mette": ["Bo asks for the role ‘Kurser’"]}
    assert addresses(world.browser(world.mette).page("/")) == [f"{world.address}roles/{role.id}"]


def test_a_request_of_somebody_who_has_left_waits_for_nobody(world: World) -> None:
    offers.ask(world.role("Kurser", accountable=world.farida, helper=world.mette), world.bo, kind=Holder.HELPER)
    world.bo.state = MembershipState.ENDED
    assert world.told() == {}


def test_a_role_without_anybody_accountable_waits_for_moderators(world: World) -> None:
    role = world.role("Presse")
    assert world.told() == {"Mette": ["‘Presse’ has nobody accountable"]}
    assert addresses(world.browser(world.mette).page("/")) == [f"{world.address}roles/{role.id}"]


def test_a_role_is_vacant_when_its_holder_has_left(world: World) -> None:
    world.role("Presse", accountable=world.farida, helper=world.mette)
    assert world.told() == {}
    world.farida.state, world.farida.state_since = MembershipState.SUSPENDED, days_ago(3)
    assert world.told() == {"Mette": ["‘Presse’ has nobody accountable"]}
    [vacant] = action_list(world.mette.user).waiting
    assert vacant.about == f"vacant since {short_date(days_ago(3))}"


def test_what_stands_still_for_fourteen_days_waits_for_moderators(world: World) -> None:
    for days, name in ((15, "Stille"), (13, "Frisk")):
        with clock.at(days_ago(days)):
            challenge(world.farida, name)
    assert world.told() == {"Mette": ["Stalled: Stille"]}


def test_a_role_that_one_side_holds_alone_waits_for_moderators(world: World) -> None:
    role = world.role("Indkøb", accountable=world.farida, helper=world.bo)
    assert world.told() == {"Mette": ["‘Indkøb’ is held by one side only"]}
    hold(role, world.mette, world.mette, Holder.HELPER)
    assert world.told() == {}


def test_where_there_is_one_side_only_no_role_is_one_sided(world: World) -> None:
    hold(make_role(world.ulla, "Alene"), world.ulla, world.ulla)
    assert world.told() == {}


def test_everything_that_waits_is_told_what_others_wait_for_first(world: World) -> None:
    world.let_everything_wait()
    assert world.told() == {"Farida": OF_FARIDA, "Mette": OF_METTE}
    page = world.browser(world.farida).page("/")
    assert (count(page), title(page)) == ("5 things waiting for you", "(5) Overview – Samspil")


# Told once


def test_a_challenge_is_told_once_for_the_first_reason_that_fits(world: World) -> None:
    role = world.role("Drift", accountable=world.mette, helper=world.farida)
    with clock.at(days_ago(20)):
        challenge(world.farida, "Spurgt", role=role).ask(world.farida, world.mette)
        challenge(world.farida, "Rollens", role=role)
        challenge(world.farida, "Taget", role=role).take(world.mette)
        challenge(world.farida, "Stille")
    assert world.told() == {
        "Mette": [
            "You are asked to take: Spurgt",
            "Waiting for your role: Rollens",
            "You have taken: Taget",
            "Stalled: Stille",
        ]
    }


def test_a_vacant_role_with_helpers_of_one_side_is_told_once(world: World) -> None:
    world.role("Presse", helper=world.farida)
    assert world.told() == {"Mette": ["‘Presse’ has nobody accountable"]}


# What does not wait


def archive(world: World) -> None:
    partnerships_service.archive(world.mette)


def end_membership(world: World) -> None:
    world.mette.state = world.farida.state = MembershipState.ENDED


def suspend_membership(world: World) -> None:
    world.mette.state = world.farida.state = MembershipState.SUSPENDED


def only_let_read(world: World) -> None:
    world.mette.level = world.farida.level = Level.OBSERVER


@pytest.mark.parametrize("close", [archive, end_membership, suspend_membership])
def test_nothing_waits_for_those_who_can_do_nothing(world: World, close: Callable[[World], None]) -> None:
    world.let_everything_wait()
    close(world)
    assert world.told() == {}


def test_who_may_only_read_is_told_of_what_reading_settles(world: World) -> None:
    world.let_everything_wait()
    only_let_read(world)
    assert world.told() == {"Farida": ["Bo mentions you: Grus"]}


def test_who_no_longer_moderates_keeps_only_their_own(world: World) -> None:
    world.let_everything_wait()
    world.mette.level = Level.CONTRIBUTOR
    assert world.told()["Mette"] == ["You have taken: Jord og frø"]


def test_what_is_solved_parked_or_withdrawn_waits_for_nobody(world: World) -> None:
    with clock.at(days_ago(20)):
        challenge(world.mette).solve(world.mette, "Sådan.")
        challenge(world.mette).park(world.mette, "Ferie")
        taken, asked = challenge(world.mette), challenge(world.mette)
        taken.take(world.mette)
        asked.ask(world.mette, world.farida)
        for post in (taken, asked):
            post.withdraw(world.mette)
    assert world.told() == {}


def test_a_retired_role_waits_for_nobody(world: World) -> None:
    offered = world.offer()
    endings.retire(world.role("Presse"), world.mette)
    endings.retire(offered.role, world.mette)
    assert world.told() == {}


# Settling


def test_a_challenge_is_taken_in_place(world: World) -> None:
    post, browser = world.ask(), world.browser(world.farida)
    world.offer()
    assert count(browser.page("/")) == "2 things waiting for you"
    answer = browser.submit(world.ask_address(post), page="/", htmx=True)
    page = Page(answer.text)
    assert answer.status_code == 200
    assert items(page) == ["Mette offers you the role ‘Data’ as helper", "You have taken: Strøm på taget"]
    assert "You have taken the challenge." in page.text
    assert answer.headers["HX-Trigger-After-Settle"] == '{"focus-on": "#waiting"}'
    assert post.taker_id == world.farida.id


def test_a_role_is_accepted_in_place_and_the_numbers_follow(world: World) -> None:
    offered, browser = world.offer(), world.browser(world.farida)
    world.ask()
    page = browser.page("/")
    assert (count(page), title(page)) == ("2 things waiting for you", "(2) Overview – Samspil")
    answer = browser.submit(world.offer_address(offered), page="/", htmx=True)
    page = Page(answer.text)
    assert items(page) == ["You are asked to take: Strøm på taget"]
    assert (count(page), title(page)) == ("1 thing waiting for you", "(1) Overview – Samspil")
    assert "You have the role ‘Data’ now." in page.text
    assert answer.headers["HX-Trigger-After-Settle"] == '{"focus-on": "#waiting"}'
    assert next(element.get("id") for element in page.root if element.get("id")) == "waits"


def test_when_the_last_is_settled_no_number_is_left(world: World) -> None:
    offered, browser = world.offer(), world.browser(world.farida)
    page = Page(browser.submit(world.offer_address(offered), page="/", htmx=True).text)
    assert (items(page), count(page), title(page)) == ([], "", "Overview – Samspil")
    assert "You are up to date." in page.text


def test_a_plain_form_leads_back_to_the_overview(world: World) -> None:
    post, offered, browser = world.ask(), world.offer(), world.browser(world.farida)
    for address, words in (
        (world.ask_address(post), "You have taken the challenge."),
        (world.offer_address(offered), "You have the role ‘Data’ now."),
    ):
        answer = browser.submit(address, page="/")
        assert (answer.status_code, answer.location) == (303, "/")
        assert words in browser.page("/").text
    assert world.told() == {"Farida": ["You have taken: Strøm på taget"]}


@both_ways
def test_pressing_twice_settles_once(world: World, htmx: bool) -> None:
    post, offered, browser = world.ask(), world.offer(), world.browser(world.farida)
    for address in (world.ask_address(post), world.offer_address(offered)):
        number = world.mette.partnership.last_number
        for _ in range(2):
            assert browser.submit(address, htmx=htmx).status_code == (200 if htmx else 303)
        assert world.mette.partnership.last_number == number + 1


# Refused


@both_ways
def test_nobody_settles_what_waits_for_another(world: World, htmx: bool) -> None:
    post, offered = world.ask(), world.offer()
    for member, taking, accepting in ((world.bo, 409, 403), (world.mette, 409, 403), (world.otto, 403, 403)):
        browser = world.browser(member)
        assert browser.submit(world.ask_address(post), htmx=htmx).status_code == taking
        assert browser.submit(world.offer_address(offered), htmx=htmx).status_code == accepting
    assert world.told() == {"Farida": OF_FARIDA[:2]}


@both_ways
def test_an_outsider_finds_nothing_to_settle(world: World, htmx: bool) -> None:
    post, offered = world.ask(), world.offer()
    for address in (world.ask_address(post), world.offer_address(offered)):
        assert world.browser(world.ulla).submit(address, htmx=htmx).status_code == 404
    assert world.told() == {"Farida": OF_FARIDA[:2]}


def test_what_is_not_there_is_not_settled(world: World) -> None:
    offered, browser = world.offer(), world.browser(world.farida)
    for place in ("challenges/99999", f"roles/{offered.role_id}/99999", f"roles/99999/{offered.id}"):
        assert browser.submit(f"{world.address}waiting/{place}").status_code == 404


@both_ways
def test_an_offer_that_was_withdrawn_says_so(world: World, htmx: bool) -> None:
    offered, browser = world.offer(), world.browser(world.farida)
    form = browser.page("/").form(world.offer_address(offered))
    offers.withdraw(offered, world.mette)
    answer = browser.post(world.offer_address(offered), data=form, htmx=htmx)
    assert answer.status_code == 409
    assert "It has been withdrawn in the meantime." in Page(answer.text).text
    assert (answer.headers.get("HX-Retarget") == "#announcements") is htmx
    assert world.told() == {}


@both_ways
def test_a_challenge_that_another_has_taken_says_so(world: World, htmx: bool) -> None:
    post, browser = world.ask(), world.browser(world.farida)
    form = browser.page("/").form(world.ask_address(post))
    post.take(world.mette, instead_of=world.farida.id)
    answer = browser.post(world.ask_address(post), data=form, htmx=htmx)
    assert answer.status_code == 409
    assert "You are no longer asked to take this challenge." in Page(answer.text).text
    assert post.taker_id == world.mette.id


@both_ways
def test_a_challenge_that_was_withdrawn_is_not_taken(world: World, htmx: bool) -> None:
    post, browser = world.ask(), world.browser(world.farida)
    post.withdraw(world.mette)
    assert browser.submit(world.ask_address(post), htmx=htmx).status_code == 409
    assert post.taker_id is None


@both_ways
def test_nothing_is_settled_in_an_archive(world: World, htmx: bool) -> None:
    post, offered, browser = world.ask(), world.offer(), world.browser(world.farida)
    partnerships_service.archive(world.mette)
    for address in (world.ask_address(post), world.offer_address(offered)):
        assert browser.submit(address, htmx=htmx).status_code == 409


# The number on other pages


def test_other_pages_fetch_the_number(world: World) -> None:
    browser = world.browser(world.farida)
    for address in ("/partnerships", world.address, "/settings"):
        page = browser.page(address)
        (place,) = [span for span in page.all("span") if span.get("id") == "waiting-count"]
        assert (place.get("hx-get"), place.get("hx-trigger"), count(page)) == ("/waiting", "load", "")
    assert browser.page("/waiting", htmx=True).text == ""
    world.ask()
    assert browser.page("/waiting", htmx=True).text == "1 thing waiting for you1 new"  # and the bell's
    world.offer()
    assert browser.page("/waiting", htmx=True).text == "2 things waiting for you2 new"


def test_without_htmx_the_number_is_on_the_overview(world: World) -> None:
    answer = world.browser(world.farida).get("/waiting")
    assert (answer.status_code, answer.location) == (303, "/")


def test_older_posts_have_the_number_above_them_too(world: World) -> None:
    browser = world.browser(world.farida)
    world.ask()
    for _ in range(20):
        share(world.mette)
    [link] = [link for link in browser.page("/").all("a") if "before=" in (link.get("href") or "")]
    page = browser.page(str(link.get("href")))
    assert items(page) == []
    [place] = [span for span in page.all("span") if span.get("id") == "waiting-count"]
    assert (place.get("hx-get"), count(page)) in (("/waiting", ""), (None, "1 thing waiting for you"))


# What it costs


def test_the_overview_asks_the_same_with_sixty_items_as_with_two(world: World, statements: Statements) -> None:
    browser = world.browser(world.mette)

    def asked() -> dict[str, int]:
        counts = {}
        for address, htmx in (("/", False), ("/waiting", True)):
            with statements() as heard:
                assert browser.get(address, htmx=htmx).status_code == 200
            counts[address] = len(heard)
        return counts

    def wait(times: int) -> None:
        for _ in range(times):
            challenge(world.farida).take(world.mette)
            world.role(f"Rolle {db.session.query(Role).count()}")

    wait(1)
    few = asked()
    assert max(few.values()) <= MOST, few
    wait(29)
    assert items(browser.page("/")) == ["You have taken 30 challenges", "30 roles have nobody accountable"]
    assert asked() == few


@pytest.mark.slow
def test_four_hundred_items_are_asked_for_and_said_like_two(world: World, statements: Statements) -> None:
    """In ten partnerships: the same statements, and one line for each partnership."""
    browser = world.browser(world.mette)

    def asked() -> int:
        with statements() as heard:
            assert browser.get("/").status_code == 200
        return len(heard)

    def let_wait(partnerships: int, roles: int) -> None:
        for _ in range(partnerships):
            with clock.at(clock.now() - LONG_AGO):
                moderator = start_partnership(by=world.mette.user)
            for number in range(roles):
                make_role(moderator, f"Rolle {number}")

    let_wait(1, 2)
    few = asked()
    let_wait(9, 44)
    assert asked() == few
    page = browser.page("/")
    assert (count(page), items(page)[1]) == ("10 things waiting for you", "44 roles have nobody accountable")


# In a partnership's first two weeks


def test_nothing_is_said_of_roles_in_a_partnerships_first_two_weeks(world: World) -> None:
    with clock.at(days_ago(13)):
        new = start_partnership(by=world.mette.user)
        make_role(new, "Ny")
    assert world.told() == {}
    new.partnership.created_at = days_ago(15)
    assert world.told() == {"Mette": ["‘Ny’ has nobody accountable"]}


# Several as one


def test_several_of_a_kind_in_a_partnership_are_one(world: World) -> None:
    for name in ("Presse", "Data", "Drift"):
        world.role(name)
    page = world.browser(world.mette).page("/")
    assert (items(page), count(page)) == (["3 roles have nobody accountable"], "1 thing waiting for you")
    assert addresses(page) == [f"{world.address}roles"]
    for title in ("En", "To", "Tre"):
        challenge(world.mette, title).ask(world.mette, world.farida)
    assert len(items(world.browser(world.farida).page("/"))) == 3, "what is asked of one person is said one by one"


# Not now


@both_ways
def test_what_is_put_off_until_a_day_comes_back_on_that_day(world: World, htmx: bool) -> None:
    post, browser = world.ask(), world.browser(world.farida)
    key = f"asked:{world.mette.partnership_id}:{post.number}"
    answer = put_off(browser, key, "week", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    page = Page(answer.text) if htmx else browser.page("/")
    assert (items(page), count(page)) == ([], "")
    assert "You are asked to take: Strøm på taget: shown again in a week." in page.text
    assert quiet(browser.page("/")) == ["You are asked to take: Strøm på taget: Grønne tage"]
    [until] = db.session.scalars(select(Postponement.until))
    assert timedelta(days=6) < until - clock.now() < timedelta(days=7)
    with clock.at(clock.now() + timedelta(days=8)):
        assert action_list(world.farida.user).waiting
        retention.prune()
    assert db.session.scalars(select(Postponement.until)).all() == []


def test_putting_off_can_be_undone(world: World) -> None:
    post, browser = world.ask(), world.browser(world.farida)
    put_off(browser, f"asked:{world.mette.partnership_id}:{post.number}", "tomorrow")
    browser.submit(f"{PUT_OFF}/removal", page="/")
    assert items(browser.page("/")) == ["You are asked to take: Strøm på taget"]


def test_what_is_put_off_until_it_changes_comes_back_when_it_does(world: World) -> None:
    browser = world.browser(world.mette)
    roles = [world.role(name) for name in ("Presse", "Data")]
    put_off(browser, f"vacant:{world.mette.partnership.slug}", "change")
    assert items(browser.page("/")) == []
    world.role("Drift")
    assert items(browser.page("/")) == ["‘Drift’ has nobody accountable"], "a new one was not put off"
    declined = offers.offer(roles[0], world.mette, to=world.bo, kind=Holder.ACCOUNTABLE)
    answers.decline(declined, world.bo, "Nej")
    assert items(browser.page("/")) == ["2 roles have nobody accountable"], "an answer came"


def test_nobody_puts_off_what_waits_for_another(world: World) -> None:
    post = world.ask()
    key = f"asked:{world.mette.partnership_id}:{post.number}"
    assert put_off(world.browser(world.bo), key, "week").status_code == 303
    assert world.told() == {"Farida": ["You are asked to take: Strøm på taget"]}
    assert put_off(world.browser(world.bo), "x" * 5000, "week").status_code == 303


def test_what_one_moderator_puts_off_still_waits_for_the_others(world: World, sign_in: SignIn) -> None:
    other = sign_in(add_member(world.mette, make_user("Signe", language="en"), Level.MODERATOR).user)
    world.role("Presse")
    world.role("Data")
    put_off(world.browser(world.mette), f"vacant:{world.mette.partnership.slug}", "change")
    assert items(world.browser(world.mette).page("/")) == []
    assert items(other.page("/")) == ["2 roles have nobody accountable"]


# When one has done one's part


def test_an_offered_role_says_who_was_asked_and_when(world: World) -> None:
    role, browser = world.role("Presse"), world.browser(world.mette)
    with clock.at(days_ago(2)):
        offered = offers.offer(role, world.mette, to=world.farida, kind=Holder.ACCOUNTABLE)
        db.session.commit()
    page = browser.page("/")
    assert (items(page), count(page)) == ([], "")
    assert quiet(page) == ["Presse: Farida was asked two days ago · Grønne tage"]
    reminder = f"{world.offer_address(offered)}/reminder"
    for _ in range(2):
        assert browser.submit(reminder, page="/").status_code == 303
    assert quiet(browser.page("/")) == ["Presse: Farida was asked two days ago, and reminded today · Grønne tage"]
    assert mails(world.farida, "reminder") == 1, "once a day"


def test_an_asked_challenge_says_who_was_asked_and_when(world: World) -> None:
    browser = world.browser(world.mette)
    with clock.at(days_ago(1)):
        post = world.ask()
    assert quiet(browser.page("/")) == ["Strøm på taget: Farida was asked yesterday · Grønne tage"]
    reminder = f"{world.ask_address(post)}/reminder"
    for member, status in ((world.bo, 403), (world.otto, 403), (world.ulla, 404)):
        assert world.browser(member).submit(reminder).status_code == status
    assert browser.submit(reminder, page="/", htmx=True).status_code == 200
    assert mails(world.farida, "reminder") == 1
    post.decline(world.farida, "Nej")
    assert browser.submit(reminder).status_code == 409


def put_off(browser: Client, key: str, until: str, *, htmx: bool = False) -> Any:
    """Press one of the buttons of “Not now”."""
    return browser.submit(PUT_OFF, {until: key}, page="/", htmx=htmx)


def mails(member: Membership, words: str) -> int:
    """How many mails with these words in their key are to be sent to the member."""
    keys = db.session.query(Mail.key).filter_by(user_id=member.user_id)
    return sum(words in key for (key,) in keys)


def test_a_page_with_fifty_items_and_long_titles_stays_small(sign_in: SignIn) -> None:
    organisation = make_organisation("Den selvejende daginstitution Skærsøgård Ærtebjerg ved Åløkken")
    mette = start_partnership(
        "Grønne tage i hele kommunen", by=make_user("Åse Kjærsgård Sønderborg-Mørkøv", organisation, language="da")
    )
    farida = add_member(mette, make_user("Farida", language="da"))
    long = ("Håndbårne øvelser på gården gør både æbler & pærer sundere <for os alle> " * 3)[:120]
    for _ in range(50):
        challenge(mette, long, long * 3, answer_by=clock.now().date() + timedelta(days=3)).ask(mette, farida)
    db.session.commit()
    answer = sign_in(farida.user).get("/")
    assert count(Page(answer.text)) == "50 ting venter på dig"
    assert len(answer.data) < LARGEST_PAGE, len(answer.data)


def test_a_key_that_is_none_brings_nothing_back_and_is_no_error(world: World) -> None:
    browser = world.browser(world.farida)
    assert browser.submit("/waiting/postponements/removal", {"key": "a\0b"}).status_code == 303
