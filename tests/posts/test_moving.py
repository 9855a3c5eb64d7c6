"""The life of a challenge: who may move it, each move as HTMX, plain and refused, and never two who both succeed."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.factories import (
    Level,
    OrganisationKind,
    add_member,
    challenge,
    make_organisation,
    make_user,
    share,
    start_partnership,
)
from tests.pages import Page
from tests.partnerships.test_log import Work, at_once
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.i18n.formatting import today
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, MembershipState
from workspace.permissions import Conflict, NotAllowed
from workspace.posts import co_affected
from workspace.posts.challenge_workflow import ChallengeStatus, StateChanged, is_stalled
from workspace.posts.models import Post
from workspace.posts.verbs import ASKED_NO_LONGER, MOVED_ON, SHARES_NO_LONGER

SignIn = Callable[[User], Client]


class Side:
    """A moderator and a member of the municipality, a member and a reader of the company, and a challenge."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        self.moderator = start_partnership("Ladcykler", by=make_user("Mette Moderator", language="en"))
        company = make_organisation("Cykelkraft", OrganisationKind.COMPANY)
        self.author = self._member("Arne Author", self.moderator.user.organisation)
        self.partner = self._member("Pia Partner", company)
        self.observer = self._member("Otto Observer", company, Level.OBSERVER)
        self.post = challenge(self.author, "Hvor lader vi dem op?")
        self.address = f"{self.moderator.partnership.address}posts/{self.post.number}"

    def _member(self, name: str, organisation: Any, level: Level = Level.CONTRIBUTOR) -> Membership:
        return add_member(self.moderator, make_user(name, organisation, language="en"), level)

    def browser(self, membership: Membership) -> Client:
        return self._sign_in(membership.user)

    def page(self, membership: Membership, address: str = "") -> str:
        return self.browser(membership).page(self.address + address).text

    def last(self) -> Entry:
        """The last entry of the log."""
        return db.session.scalars(
            select(Entry).where(Entry.partnership_id == self.post.partnership_id).order_by(Entry.number.desc())
        ).first() or pytest.fail("No entry")


@pytest.fixture
def side(app: Workspace, sign_in: SignIn) -> Side:
    return Side(sign_in)


MOVES: dict[str, dict[str, Any]] = {
    "taking": {"taker": 0},
    "solution": {"note": "To skabe i kælderen."},
    "parking": {"reason": "Vi venter på el."},
    "reopening": {"reason": "Skabene er for små."},
}
REACHED = {
    "taking": ChallengeStatus.ONGOING,
    "solution": ChallengeStatus.SOLVED,
    "parking": ChallengeStatus.PARKED,
    "reopening": ChallengeStatus.OPEN,
}


def prepare(side: Side, move: str) -> None:
    if move == "reopening":
        side.post.solve(side.author, "Et skab.")
        db.session.commit()


def test_a_parked_challenge_keeps_its_taker_when_it_is_opened_again(side: Side) -> None:
    side.post.take(side.author)
    side.post.park(side.author, "Ferie")
    side.post.reopen(side.author, "Ferien er slut.")
    assert (side.post.status, side.post.taker_id) == (ChallengeStatus.ONGOING, side.author.id)
    side.post.reopen(side.author, "Jeg kan ikke alligevel.")
    assert (side.post.status, side.post.taker_id) == (ChallengeStatus.OPEN, None)
    side.post.take(side.author)
    side.post.solve(side.author, "Sådan.")
    side.post.reopen(side.author, "Det holdt ikke.")
    assert (side.post.status, side.post.taker_id) == (ChallengeStatus.OPEN, None)


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_whoever_is_asked_gets_a_word_and_a_day_and_it_can_be_taken_back(htmx: bool, side: Side) -> None:
    browser, taking = side.browser(side.author), f"{side.address}/taking"
    day = today() + timedelta(days=3)
    asked = {"taker": side.partner.id, "note": "Du kender taget.", "answer_by": day.isoformat()}
    browser.submit(taking, asked, page=taking, htmx=htmx)
    assert (side.post.asked_id, side.post.answer_by, side.post.asked_number) == (
        side.partner.id,
        day,
        side.last().number,
    )
    assert side.last().sentence.endswith("to take the challenge: Du kender taget.")
    page = side.browser(side.partner).page(side.address)
    assert "Du kender taget." in page.text
    assert "Send a reminder" not in page.text, "one does not remind oneself"
    answer = browser.submit(f"{taking}/withdrawal", page=side.address, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert (side.post.asked_id, side.post.asked_number, side.last().verb) == (None, None, ASKED_NO_LONGER)
    assert browser.submit(f"{taking}/withdrawal", htmx=htmx).status_code == 409


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_days_are_changed_later(htmx: bool, side: Side) -> None:
    browser, days = side.browser(side.author), f"{side.address}/days"
    day = today() + timedelta(days=5)
    assert browser.submit(days, {"day": day.isoformat()}, page=days, htmx=htmx).status_code == (200 if htmx else 303)
    assert side.post.answer_by == day
    form = browser.page(days).form(days)
    browser.submit(days, {"day": (today() - timedelta(days=1)).isoformat()}, page=days, htmx=htmx)
    assert side.post.answer_by == day, "a day that is over is refused"
    side.post.park(side.author, "Ferie", day)
    db.session.commit()
    assert browser.post(days, data=form, htmx=htmx).status_code == 409, "the form was for the other day"
    later = day + timedelta(days=1)
    browser.submit(days, {"day": later.isoformat()}, page=days, htmx=htmx)
    assert (side.post.parked_until, side.post.status) == (later, ChallengeStatus.PARKED)
    browser.submit(days, {"day": ""}, page=days, htmx=htmx)
    assert side.post.parked_until is None


# Each move three ways


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.parametrize("move", MOVES)
def test_a_move_changes_the_state_and_stands_in_the_thread(move: str, htmx: bool, side: Side) -> None:
    prepare(side, move)
    browser = side.browser(side.author)
    answer = browser.submit(f"{side.address}/{move}", MOVES[move], page=f"{side.address}/{move}", htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert side.post.status is REACHED[move]
    shown = answer.text if htmx else browser.get(answer.location).text
    assert f'id="event-{side.last().number}"' in shown
    assert side.last().actor_id == side.author.id
    assert side.post.activity_number == side.last().number


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.parametrize("move", MOVES)
def test_a_move_by_somebody_who_has_nothing_to_do_with_it_is_refused(move: str, htmx: bool, side: Side) -> None:
    prepare(side, move)
    before = side.post.status
    for membership in (side.partner, side.observer):
        answer = side.browser(membership).submit(f"{side.address}/{move}", MOVES[move], htmx=htmx)
        assert answer.status_code == 403
        assert side.browser(membership).get(f"{side.address}/{move}", htmx=htmx).status_code == 403
    assert side.post.status is before


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
@pytest.mark.parametrize(
    ("move", "fields", "error"),
    [
        ("taking", {"taker": 99999}, "Choose one of the options."),
        ("solution", {"note": " "}, "Write what solved it."),
        ("solution", {"note": "Et skab", "posts": 99999}, "Choose one of the options."),
        ("solution", {"note": "x" * 1001}, "Use at most 1,000 characters. The text has 1,001."),
        ("parking", {"reason": ""}, "Write why it is parked."),
        ("parking", {"reason": "Ferie", "until": "2020-01-01"}, "Choose a day in the future."),
        ("parking", {"reason": "Ferie", "until": "31-31-31"}, "Write a date, for example 31-12-2026."),
        ("reopening", {"reason": ""}, "Write why it is opened again."),
    ],
)
@pytest.mark.either_database
def test_what_is_not_right_comes_back_as_it_was_typed(
    move: str, fields: dict[str, Any], error: str, htmx: bool, side: Side
) -> None:
    prepare(side, move)
    number = side.last().number
    answer = side.browser(side.author).submit(f"{side.address}/{move}", fields, htmx=htmx)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert error in page.text
    typed = page.form(f"{side.address}/{move}")
    kept = {name: value for name, value in fields.items() if name in ("note", "reason", "until")}
    assert {name: typed[name].strip() for name in kept} == {name: value.strip() for name, value in kept.items()}
    assert side.last().number == number


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_the_form_of_a_move_that_is_not_possible_shows_what_is_so_instead(htmx: bool, side: Side) -> None:
    side.post.solve(side.author, "To skabe i kælderen.")
    answer = side.browser(side.author).get(f"{side.address}/parking", htmx=htmx)
    assert answer.status_code == 200
    assert "The challenge has already been solved." in Page(answer.text).text
    assert "To skabe i kælderen." in Page(answer.text).text
    assert f'action="{side.address}/parking"' not in answer.text


def test_progress_is_nothing_to_move(side: Side) -> None:
    post = share(side.author)
    browser = side.browser(side.author)
    address = f"{side.moderator.partnership.address}posts/{post.number}"
    for move, fields in MOVES.items():
        assert browser.get(f"{address}/{move}").status_code == 409
        assert browser.submit(f"{address}/{move}", fields).status_code == 409
    assert "nothing to solve" in browser.submit(f"{address}/companions").text


def test_a_withdrawn_challenge_moves_no_more(side: Side) -> None:
    assert side.moderator.partnership.unsolved_count == 1
    side.post.withdraw(side.author)
    assert side.moderator.partnership.unsolved_count == 0
    for verb in (side.post.take, lambda by: side.post.solve(by, "x"), lambda by: side.post.park(by, "x")):
        with pytest.raises(Conflict):
            verb(side.author)
    assert "Move it forward" not in side.page(side.author)


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_withdrawing_takes_the_number_in_the_tab_along(htmx: bool, side: Side) -> None:
    answer = side.browser(side.author).submit(f"{side.address}/withdrawal", htmx=htmx)
    page = Page(answer.text) if htmx else side.browser(side.author).page(answer.location)
    number = next(element for element in page.all("span") if element.get("id") == "unsolved")
    assert "".join(number.itertext()) == ""


# Asking


def test_the_one_asked_accepts_and_can_then_solve_it(side: Side) -> None:
    browser = side.browser(side.author)
    form = {"taker": side.partner.id}
    assert browser.submit(f"{side.address}/taking", form, page=f"{side.address}/taking").status_code == 303
    assert (side.post.status, side.post.asked_id) == (ChallengeStatus.OPEN, side.partner.id)
    assert "Pia Partner" in side.page(side.observer)
    other = side.browser(side.partner)
    assert other.submit(f"{side.address}/taking/acceptance", page=side.address).status_code == 303
    assert (side.post.status, side.post.taker_id, side.post.asked_id) == (
        ChallengeStatus.ONGOING,
        side.partner.id,
        None,
    )
    assert other.submit(f"{side.address}/taking/acceptance").status_code == 303  # a double click
    assert other.submit(f"{side.address}/solution", MOVES["solution"]).status_code == 303
    assert side.post.outcome == MOVES["solution"]["note"]


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_the_one_asked_declines_and_says_why(htmx: bool, side: Side) -> None:
    side.post.ask(side.author, side.partner)
    browser, address = side.browser(side.partner), f"{side.address}/taking/refusal"
    empty = browser.submit(address, {"reason": ""}, page=address, htmx=htmx)
    assert empty.status_code == 422
    answer = browser.submit(address, {"reason": "Vi er kun to."}, page=address, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert side.post.asked_id is None
    assert "Pia Partner from Cykelkraft can't take the challenge: Vi er kun to." in side.page(side.author)


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_an_offer_that_was_withdrawn_can_neither_be_accepted_nor_declined(htmx: bool, side: Side) -> None:
    side.post.ask(side.author, side.partner)
    browser = side.browser(side.partner)
    browser.page(side.address)
    side.post.take(side.author, instead_of=side.partner.id)
    accepted = browser.submit(f"{side.address}/taking/acceptance", htmx=htmx)
    declined = browser.submit(f"{side.address}/taking/refusal", {"reason": "Vi er kun to."}, htmx=htmx)
    for answer in (accepted, declined):
        assert answer.status_code == 409
        assert "You are no longer asked to take this challenge." in Page(answer.text).text
        assert "Has taken it" in Page(answer.text).text
        assert "Arne Author" in Page(answer.text).text
    assert Page(declined.text).form(f"{side.address}/taking/refusal")["reason"].strip() == "Vi er kun to."


def test_only_a_member_who_can_write_is_asked(side: Side) -> None:
    stranger = start_partnership()
    for membership in (side.observer, stranger):
        with pytest.raises(Conflict):
            side.post.ask(side.author, membership)
        answer = side.browser(side.author).submit(f"{side.address}/taking", {"taker": membership.id})
        assert answer.status_code == 422
    side.partner.state = MembershipState.SUSPENDED
    with pytest.raises(Conflict):
        side.post.ask(side.author, side.partner)


def test_nobody_takes_what_they_were_not_asked_to(side: Side) -> None:
    with pytest.raises(NotAllowed):
        side.post.take(side.partner)
    with pytest.raises(StateChanged):
        side.post.accept(side.partner)


# Two at once


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_solving_what_another_has_solved_keeps_the_text_and_shows_the_solution(htmx: bool, side: Side) -> None:
    browser, address = side.browser(side.author), f"{side.address}/solution"
    form = browser.page(address).form(address)
    side.post.solve(side.moderator, "To skabe i kælderen.")
    answer = browser.post(address, data=form | {"note": "Stikkontakter i skuret."}, htmx=htmx)
    page = Page(answer.text)
    assert answer.status_code == 409
    assert "The challenge has already been solved." in page.text
    assert "To skabe i kælderen." in page.text
    assert page.form(address)["note"].strip() == "Stikkontakter i skuret."
    assert side.post.outcome == "To skabe i kælderen."


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_taking_what_another_has_just_taken_is_told_and_can_then_be_meant(htmx: bool, side: Side) -> None:
    browser, address = side.browser(side.author), f"{side.address}/taking"
    form = browser.page(address).form(address)
    side.post.take(side.moderator)
    answer = browser.post(address, data=form, htmx=htmx)
    assert answer.status_code == 409
    assert "Somebody else has taken the challenge" in Page(answer.text).text
    assert "Mette Moderator" in Page(answer.text).text
    assert side.post.taker_id == side.moderator.id
    again = browser.post(address, data=Page(answer.text).form(address), htmx=htmx)
    assert again.status_code == (200 if htmx else 303)
    assert side.post.taker_id == side.author.id


@pytest.mark.parametrize("verb", ["take", "solve", "park"])
def test_of_two_at_the_same_moment_one_is_refused(verb: str, app: Workspace, side: Side) -> None:
    key, ids = (side.post.partnership_id, side.post.number), (side.author.id, side.moderator.id)

    def works(membership_id: int) -> Work:
        def work() -> None:
            post, membership = db.session.get_one(Post, key), db.session.get_one(Membership, membership_id)
            post.take(membership) if verb == "take" else getattr(post, verb)(membership, f"Af {membership_id}")

        return work

    refusals = at_once(app, *[works(membership_id) for membership_id in ids])
    assert sorted(type(refusal).__name__ for refusal in refusals) == ["NoneType", "StateChanged"]
    winner = ids[refusals.index(None)]
    assert side.last().actor_id == winner
    if verb != "take":
        assert side.post.outcome == f"Af {winner}"
    assert side.moderator.partnership.unsolved_count == (verb == "take")


# We have this too


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_another_organisation_says_that_it_has_the_challenge_too_and_takes_it_back(htmx: bool, side: Side) -> None:
    browser, address = side.browser(side.partner), f"{side.address}/companions"
    for _twice in range(2):
        answer = browser.submit(address, htmx=htmx)
        assert answer.status_code == (200 if htmx else 303)
    assert side.post.affected_count == 1
    assert "Have this too 1" in side.page(side.observer)
    assert "Cykelkraft" in side.page(side.author)
    assert browser.submit(f"{address}/removal", page=side.address, htmx=htmx).status_code == (200 if htmx else 303)
    assert side.post.affected_count == 0
    assert side.last().verb is SHARES_NO_LONGER


def test_neither_the_same_organisation_nor_a_reader_has_it_too(side: Side) -> None:
    for membership in (side.author, side.moderator):
        with pytest.raises(Conflict):
            co_affected.join(side.post, membership)
        assert "We have this too" not in side.page(membership)
    assert side.browser(side.observer).submit(f"{side.address}/companions").status_code == 403
    assert "We have this too" not in side.page(side.observer)
    assert side.post.affected_count == 0


# Progress that moves


def test_progress_that_moves_a_challenge_and_the_challenge_link_to_each_other(side: Side) -> None:
    browser, home = side.browser(side.partner), side.moderator.partnership.address
    fields = {"kind": "progress", "title": "Et skab", "body": "Det er sat op.", "moves": side.post.number}
    assert browser.submit(f"{home}posts", fields, page=home).status_code == 303
    made = db.session.scalars(select(Post).where(Post.moves_number == side.post.number)).one()
    assert f'href="{home}posts/{made.number}"' in browser.get(side.address).text
    assert f'href="{side.address}"' in browser.get(f"{home}posts/{made.number}").text
    moved = db.session.scalars(select(Entry).where(Entry.verb == MOVED_ON)).one()
    assert (moved.post_number, moved.details) == (side.post.number, {"progress": made.number})
    assert made.activity_number > side.post.activity_number == moved.number


def test_progress_moves_only_what_is_unsolved_and_its_text_is_kept(side: Side) -> None:
    browser, home = side.browser(side.partner), side.moderator.partnership.address
    form = browser.page(home).form(f"{home}posts")
    side.post.solve(side.author, "Et skab.")
    fields = {"kind": "progress", "title": "Et skab", "body": "Det er sat op.", "moves": side.post.number}
    answer = browser.post(f"{home}posts", data=form | fields)
    assert answer.status_code == 422
    assert Page(answer.text).form(f"{home}posts").items() >= {"title": "Et skab"}.items()
    with pytest.raises(StateChanged):
        share(side.partner, moves=side.post.number)
    with pytest.raises(Conflict):
        share(side.partner, moves=share(side.author).number)
    with pytest.raises(Conflict):
        share(side.partner, moves=99999)


def test_a_withdrawn_challenge_is_no_longer_named_where_progress_moved_it(side: Side) -> None:
    made = share(side.partner, moves=side.post.number)
    side.post.withdraw(side.author)
    page = side.browser(side.partner).page(f"{side.moderator.partnership.address}posts/{made.number}")
    assert "Hvor lader vi dem op?" not in page.text


def test_a_solution_points_to_the_progress_that_brought_it(side: Side) -> None:
    made = share(side.partner, "Skabet er sat op", moves=side.post.number)
    browser, address = side.browser(side.author), f"{side.address}/solution"
    answer = browser.submit(address, {"note": "Et skab.", "posts": made.number}, page=address)
    page = browser.page(answer.location)
    assert "Progress that solved it: Skabet er sat op" in page.text
    assert "Progress towards solving it" not in page.text


# Time and wishes


def test_what_nobody_touches_for_fourteen_days_stands_still(side: Side) -> None:
    touched = side.post.activity_at
    for days, still in ((13.9, False), (14.1, True)):
        with clock.at(touched + timedelta(days=days)):
            assert is_stalled(side.post) is still
    with clock.at(touched + timedelta(days=20)):
        side.post.take(side.author)
        assert not is_stalled(side.post)
    with clock.at(touched + timedelta(days=40)):
        assert is_stalled(side.post)
        side.post.park(side.author, "Ferie")
    with clock.at(touched + timedelta(days=80)):
        assert not is_stalled(side.post)


def test_a_wished_answer_day_is_shown_and_must_be_to_come(side: Side) -> None:
    browser, home = side.browser(side.author), side.moderator.partnership.address
    fields = {"kind": "challenge", "title": "Hvor?", "body": "Hvem ved det?", "answer_by": "2020-01-01"}
    assert "Choose a day that is not over." in browser.submit(f"{home}posts", fields).text
    assert browser.submit(f"{home}posts", fields | {"kind": "progress"}).status_code == 303
    assert browser.submit(f"{home}posts", fields | {"answer_by": "2099-05-17"}).status_code == 303
    made = db.session.scalars(select(Post).where(Post.answer_by.is_not(None))).one()
    assert made.answer_by == date(2099, 5, 17)
    assert "Answer wanted by17 May 2099" in browser.page(f"{home}posts/{made.number}").text


def test_the_composer_opens_with_what_is_to_be_shared(side: Side) -> None:
    page = side.browser(side.author).page(f"{side.moderator.partnership.address}?share=challenge")
    assert page.form(f"{side.moderator.partnership.address}posts")["kind"] == "challenge"


def test_in_an_archived_partnership_nothing_moves(side: Side) -> None:
    side.post.ask(side.author, side.partner)
    partnerships_service.archive(side.moderator)
    for verb in (
        lambda: side.post.take(side.author),
        lambda: side.post.accept(side.partner),
        lambda: side.post.solve(side.moderator, "Et skab."),
        lambda: co_affected.join(side.post, side.partner),
    ):
        with pytest.raises(Conflict):
            verb()
    assert side.browser(side.author).submit(f"{side.address}/solution", MOVES["solution"]).status_code == 409
    for words in ("Move it forward", "I take it", "We have this too"):
        assert words not in side.page(side.partner)


SAID = "Et ord, der trækkes tilbage"


@pytest.mark.parametrize("move", ["taking", "taking/refusal", "solution", "parking", "reopening"])
def test_of_a_withdrawn_challenge_nobody_reads_what_was_said_when_it_was_moved(move: str, side: Side) -> None:
    prepare(side, move)
    by = side.browser(side.author)
    if move == "taking/refusal":
        side.post.ask(side.author, side.partner)
        db.session.commit()
        by = side.browser(side.partner)
    fields = {"taker": side.partner.id, "note": SAID, "reason": SAID}
    assert by.submit(f"{side.address}/{move}", fields, page=f"{side.address}/{move}").status_code == 303
    readers = [side.browser(member) for member in (side.author, side.moderator, side.observer)]
    addresses = (side.address, f"{side.address}/news?after=0", f"{side.address}?part=steps")
    assert all(SAID in reader.page(side.address).text for reader in readers)
    side.post.withdraw(side.author)
    db.session.commit()
    for reader in readers:
        for address in addresses:
            answer = reader.get(address, htmx=address != side.address)
            assert answer.status_code == 200, address
            assert SAID not in answer.text, address
    side.post.bring_back(side.moderator)
    db.session.commit()
    assert all(SAID in reader.page(side.address).text for reader in readers)
