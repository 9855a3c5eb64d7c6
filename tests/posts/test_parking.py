"""What time does: a parked challenge opens on its day, once, and nobody does it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.client import Client
from tests.factories import add_member, challenge, make_user, start_partnership
from tests.partnerships.test_log import at_once, times
from workspace import Workspace, clock, scheduled_jobs
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, MembershipState
from workspace.posts import parking
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import Post
from workspace.posts.verbs import REOPENED

DAY = date(2099, 5, 17)
# Midnight in Copenhagen, where it is summer.
MIDNIGHT = datetime(2099, 5, 16, 22, tzinfo=UTC)


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership(by=make_user("Mette Moderator", language="en"))


def parked(by: Membership, until: date | None = DAY) -> Post:
    post = challenge(by)
    post.take(by)
    post.park(by, "Vi venter på el.", until)
    db.session.commit()
    return post


def open_at(moment: datetime) -> int:
    with clock.at(moment):
        return scheduled_jobs.run_job(parking.open_due)


def test_it_opens_when_its_day_begins_in_denmark_and_only_once(moderator: Membership) -> None:
    post = parked(moderator)
    assert open_at(MIDNIGHT - timedelta(minutes=1)) == 0
    assert (post.status, moderator.partnership.unsolved_count) == (ChallengeStatus.PARKED, 0)
    assert open_at(MIDNIGHT) == 1
    assert (post.status, post.parked_until, post.outcome) == (ChallengeStatus.ONGOING, None, "")
    assert post.taker_id == moderator.id, "who had taken it goes on"
    assert moderator.partnership.unsolved_count == 1
    assert open_at(MIDNIGHT + timedelta(days=9)) == 0
    assert times(moderator.partnership, REOPENED) == 1
    assert post.activity_at == MIDNIGHT


def test_without_a_taker_or_when_the_taker_has_left_it_is_open(moderator: Membership) -> None:
    taker = add_member(moderator)
    untaken, left = challenge(moderator), challenge(moderator)
    left.ask(moderator, taker)
    left.accept(taker)
    for post in (untaken, left):
        post.park(moderator, "Vi venter.", DAY)
    taker.state = MembershipState.ENDED
    db.session.commit()
    open_at(MIDNIGHT)
    assert [(post.status, post.taker_id) for post in (untaken, left)] == [(ChallengeStatus.OPEN, None)] * 2


def test_nobody_opens_it_and_it_is_news_to_all(moderator: Membership, sign_in: Callable[[User], Client]) -> None:
    post = parked(moderator)
    open_at(MIDNIGHT)
    entry = db.session.get_one(Entry, (post.partnership_id, moderator.partnership.last_number))
    assert (entry.verb, entry.actor_id, entry.post_number) == (REOPENED, None, post.number)
    assert moderator.seen_number < entry.number
    page = sign_in(moderator.user).page(f"{moderator.partnership.address}posts/{post.number}")
    assert moderator.seen_number == entry.number
    assert "Samspil opened the challenge again, as agreed when it was parked" in page.text


def test_what_has_no_day_or_was_moved_or_withdrawn_or_archived_stays(moderator: Membership) -> None:
    without = parked(moderator, until=None)
    solved, withdrawn = parked(moderator), parked(moderator)
    solved.solve(moderator, "Det gik alligevel.")
    withdrawn.withdraw(moderator)
    other = start_partnership()
    archived = parked(other)
    partnerships_service.archive(other)
    db.session.commit()
    assert open_at(MIDNIGHT + timedelta(days=400)) == 0
    assert [post.status for post in (without, withdrawn, archived)] == [ChallengeStatus.PARKED] * 3
    assert solved.status is ChallengeStatus.SOLVED


def test_what_was_opened_by_somebody_and_parked_again_waits_for_its_new_day(moderator: Membership) -> None:
    post = parked(moderator)
    post.reopen(moderator, "Der er el nu.")
    post.park(moderator, "Så gik den igen.", DAY + timedelta(days=10))
    db.session.commit()
    assert open_at(MIDNIGHT) == 0
    assert open_at(MIDNIGHT + timedelta(days=10)) == 1


def test_two_workers_open_it_once(app: Workspace, moderator: Membership) -> None:
    for _ in range(3):
        parked(moderator)

    def work() -> None:
        with clock.at(MIDNIGHT):
            parking.open_due()

    assert at_once(app, work, work, work) == [None, None, None]
    assert times(moderator.partnership, REOPENED) == 3
    assert moderator.partnership.unsolved_count == 3


def test_more_than_fit_at_a_time_open_in_the_next_minute(
    moderator: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parking, "AT_A_TIME", 2)
    for _ in range(3):
        parked(moderator)
    assert [open_at(MIDNIGHT + timedelta(minutes=minute)) for minute in range(3)] == [2, 1, 0]
