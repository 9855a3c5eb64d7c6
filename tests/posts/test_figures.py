"""The figures against cases that are counted by hand."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import OrganisationKind, Side, add_member, comment, make_organisation, make_user, start_partnership
from tests.factories import challenge as share_challenge
from workspace import Workspace, clock
from workspace.db import db
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.models import Membership
from workspace.posts import co_affected
from workspace.posts.models import Post
from workspace.posts.statistics import Figures, figures

pytestmark = pytest.mark.either_database

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Two:
    """A municipality with two members, and a company with one."""

    def __init__(self) -> None:
        with clock.at(BEGIN):
            self.mette = start_partnership()
            self.signe = add_member(self.mette, make_user(organisation=self.mette.user.organisation))
            company = make_organisation(kind=OrganisationKind.COMPANY)
            self.farida = add_member(self.mette, make_user(organisation=company), side=Side.COMPANY)

    def challenge(self, by: Membership, at: timedelta) -> Post:
        with clock.at(BEGIN + at):
            return share_challenge(by)

    def figures(self, at: timedelta, days: int = 90) -> dict[Side, Figures]:
        db.session.commit()
        with clock.at(BEGIN + at):
            return {of_side.side: of_side for of_side in figures(self.mette, days)}


@pytest.fixture
def two(app: Workspace) -> Two:
    return Two()


def comments(post: Post, by: Membership, at: timedelta) -> None:
    with clock.at(BEGIN + at):
        comment(post, by)


def solves(post: Post, by: Membership, at: timedelta) -> None:
    with clock.at(BEGIN + at):
        post.solve(by, "Sådan.")
        db.session.commit()


def test_only_the_sides_that_take_part_are_told(two: Two) -> None:
    found = two.figures(DAY)
    assert list(found) == [Side.MUNICIPALITIES, Side.COMPANY]
    assert {(figure.shared, figure.to_answer, figure.to_solution, figure.waiting) for figure in found.values()} == {
        (0, None, None, 0)
    }


def test_the_median_time_to_the_first_answer_is_told_by_the_side_that_asked(two: Two) -> None:
    for hours in (1, 2, 30):
        post = two.challenge(two.mette, hours * DAY)
        comments(post, two.mette, hours * DAY + timedelta(minutes=1))  # one's own words are no answer
        comments(post, two.signe, hours * DAY + hours * HOUR)
        comments(post, two.farida, hours * DAY + hours * HOUR + HOUR)
    two.challenge(two.mette, 3 * DAY)  # which nobody answers
    post = two.challenge(two.farida, 4 * DAY)
    with clock.at(BEGIN + 6 * DAY):
        co_affected.join(post, two.mette)
    found = two.figures(40 * DAY)
    assert (found[Side.MUNICIPALITIES].shared, found[Side.MUNICIPALITIES].to_answer) == (4, 2 * HOUR)
    assert (found[Side.COMPANY].shared, found[Side.COMPANY].to_answer) == (1, 2 * DAY)


def test_the_median_time_to_the_solution_counts_what_is_solved_now(two: Two) -> None:
    for begin, days in ((0, 2), (1, 4)):
        solves(two.challenge(two.mette, begin * DAY), two.mette, (begin + days) * DAY)
    reopened = two.challenge(two.mette, 2 * DAY)
    solves(reopened, two.mette, 3 * DAY)
    reopened.reopen(two.mette, "Den kom igen.")
    twice = two.challenge(two.farida, 0 * DAY)
    solves(twice, two.mette, 1 * DAY)
    twice.reopen(two.farida, "Den kom igen.")
    solves(twice, two.farida, 10 * DAY)
    found = two.figures(20 * DAY)
    assert found[Side.MUNICIPALITIES].to_solution == 3 * DAY
    assert found[Side.COMPANY].to_solution == 10 * DAY


def test_what_was_shared_before_the_period_or_is_withdrawn_does_not_count(two: Two) -> None:
    solves(two.challenge(two.mette, 0 * DAY), two.mette, DAY)
    two.challenge(two.mette, 50 * DAY).withdraw(two.mette)
    solves(two.challenge(two.mette, 55 * DAY), two.mette, 57 * DAY)
    found = two.figures(60 * DAY, days=30)[Side.MUNICIPALITIES]
    assert (found.shared, found.to_solution, found.waiting) == (1, 2 * DAY, 0)
    assert two.figures(60 * DAY, days=90)[Side.MUNICIPALITIES].to_solution == timedelta(days=1.5)


def waiting(two: Two) -> tuple[int, int]:
    found = two.figures(30 * DAY)
    return found[Side.MUNICIPALITIES].waiting, found[Side.COMPANY].waiting


def test_a_challenge_waits_for_the_other_side_until_it_answers(two: Two) -> None:
    post = two.challenge(two.mette, DAY)
    assert waiting(two) == (0, 1)
    comments(post, two.signe, 2 * DAY)  # of the same side
    assert waiting(two) == (0, 1)
    comments(post, two.farida, 3 * DAY)
    assert waiting(two) == (0, 0)


def test_a_challenge_waits_for_the_side_that_is_asked_or_has_taken_it(two: Two) -> None:
    post = two.challenge(two.mette, DAY)
    post.ask(two.mette, two.signe)
    assert waiting(two) == (1, 0)
    post.ask(two.mette, two.farida, instead_of=two.signe.id)
    assert waiting(two) == (0, 1)
    post.accept(two.farida)
    assert waiting(two) == (0, 1)
    post.park(two.farida, "Ferie")
    assert waiting(two) == (0, 0)
    post.reopen(two.mette, "Ferien er slut")
    assert waiting(two) == (0, 1)  # it is the company's again, which had taken it
    post.solve(two.mette, "Sådan.")
    assert waiting(two) == (0, 0)


def test_an_organisation_that_changes_side_takes_its_challenges_along(two: Two) -> None:
    two.challenge(two.farida, HOUR)
    assert two.figures(DAY)[Side.COMPANY].shared == 1
    partnerships_service.set_sides(two.mette, {two.farida.organisation_id: Side.OTHERS})
    found = two.figures(DAY)
    assert Side.COMPANY not in found
    assert found[Side.OTHERS].shared == 1
