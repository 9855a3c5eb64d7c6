"""What the worker does row by row: one bad row of any kind stops no other, rests, and an administrator is shown it.

The rows are poisoned by writing into the database past everything that we check, as reality does.
"""

import gc
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError

from tests.client import Client
from tests.databases import KIND
from tests.factories import add_member, challenge, make_administrator, make_user, share, start_partnership
from workspace import Workspace, clock, scheduled_jobs
from workspace.accounts.models import User
from workspace.db import db, failures
from workspace.db.failures import Failure
from workspace.mail.models import Mail, enqueue
from workspace.mail.models import MailState as Standing
from workspace.members.invitations.listed_people import Row, RowStatus
from workspace.members.invitations.service import invite
from workspace.partnerships.models import Membership, MembershipState
from workspace.permissions import Level
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import Post

SignIn = Callable[[User], Client]

# A moment that Python can't tell.
UNREADABLE = "20000-01-01" if KIND == "postgresql" else "yesterday"


@pytest.fixture(autouse=True)
def tuesday(app: Workspace) -> Iterator[None]:
    """A quarter past eight on a Tuesday in Denmark, when digests of both rhythms have just become due."""
    with clock.at(datetime(2027, 3, 2, 7, 15, tzinfo=UTC)):
        yield


def poison(row: Any, column: str = "created_at", value: Any = UNREADABLE) -> None:
    """Write something into a row that can't stand there."""
    db.session.commit()
    mapper = db.inspect(row).mapper
    keys = dict(zip((key.name for key in mapper.primary_key), db.inspect(row).identity, strict=True))
    wanted = " AND ".join(f"{name} = :{name}" for name in keys)
    given = "CAST(:value AS TIMESTAMPTZ)" if KIND == "postgresql" and value == UNREADABLE else ":value"
    db.session.execute(
        text(f'UPDATE "{mapper.local_table.name}" SET {column} = {given} WHERE {wanted}'), {"value": value, **keys}
    )
    db.session.commit()


def heal(user_id: int) -> None:
    db.session.execute(text(f'UPDATE "user" SET created_at = CURRENT_TIMESTAMP WHERE id = {user_id}'))
    db.session.commit()


def tick(**after: float) -> int:
    """A minute of the worker, so long from now."""
    db.session.commit()
    with clock.at(clock.now() + timedelta(**after)):
        done = scheduled_jobs.run_due_jobs()
    db.session.expire_all()
    return done


def noted() -> dict[tuple[str, int, int], int]:
    """What stands as failed, and how often it has."""
    db.session.expire_all()
    return {(one.job, one.row_id, one.number): one.count for one in db.session.scalars(select(Failure))}


def nobody_is_due() -> None:
    db.session.query(User).update({"next_digest_at": None})
    db.session.commit()


def make_due(users: list[User]) -> None:
    """Let their digests have been due for a while, the first one's for the longest."""
    for place, user in enumerate(users):
        user.next_digest_at = clock.now() - timedelta(hours=2) + timedelta(minutes=place)
        user.last_digest_at = user.last_full_digest_at = clock.now() - timedelta(days=3)
    db.session.query(Membership).update({"digested_number": 0})
    db.session.commit()


def readers(number: int = 3) -> list[User]:
    """People with news, whose digest is due."""
    moderator = start_partnership()
    made = [add_member(moderator).user for _ in range(number)]
    share(moderator, "Nyt fra bækken")
    nobody_is_due()
    make_due(made)
    return made


def digests() -> set[int | None]:
    """Who has a digest in the outbox."""
    return set(db.session.scalars(select(Mail.user_id).where(Mail.kind == "digest")))


def parked(by: Membership) -> Post:
    made = challenge(by)
    made.park(by, "Vi venter på el.", (clock.now() + timedelta(days=2)).date())
    db.session.commit()
    return made


def ending(moderator: Membership, **after: float) -> Membership:
    membership = add_member(moderator)
    membership.ends_at = clock.now() + timedelta(**after)
    db.session.commit()
    return membership


# Digests


def test_a_person_who_cannot_be_read_stops_nobody_elses_digest(app: Workspace) -> None:
    bad, *good = readers()
    bad_id, good_ids = bad.id, {user.id for user in good}
    poison(bad)
    tick()
    assert digests() == good_ids
    assert noted() == {("planning", bad_id, 0): 1}


def test_a_digest_that_cannot_be_written_down_stops_nobody_elses(app: Workspace) -> None:
    """Its key is taken, which only the database says."""
    everybody = readers()
    bad_id, good_ids = everybody[0].id, {user.id for user in everybody[1:]}
    tick()
    [mail] = db.session.scalars(select(Mail).where(Mail.user_id == bad_id, Mail.kind == "digest"))
    taken = mail.key
    db.session.query(Mail).delete()
    enqueue("digest", key=taken, to="somebody@example.dk")
    make_due(everybody)
    tick()
    assert digests() == {None, *good_ids}
    assert noted() == {("planning", bad_id, 0): 1}


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "../../etc/passwd", ""])
def test_a_person_in_no_zone_gets_a_digest_at_the_usual_hour_like_all_others(app: Workspace, zone: str) -> None:
    everybody = readers()
    poison(everybody[0], "time_zone", zone)
    ids = {user.id for user in everybody}
    tick()
    assert digests() == ids
    assert noted() == {}
    assert set(db.session.scalars(select(Mail.state).where(Mail.kind == "digest"))) == {Standing.SENT}


def test_many_who_fail_at_the_head_do_not_hide_those_behind_them(
    app: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workspace.digests.planning.AT_ONCE", 2)
    everybody = readers(6)
    bad_ids, good_ids = {user.id for user in everybody[:4]}, {user.id for user in everybody[4:]}
    for user in everybody[:4]:
        poison(user)
    tick()
    assert digests() == good_ids
    assert noted() == {("planning", user_id, 0): 1 for user_id in bad_ids}


@pytest.mark.either_database
def test_what_failed_rests_longer_each_time_and_is_forgotten_when_it_works(app: Workspace) -> None:
    bad, *_good = readers()
    bad_id = bad.id
    poison(bad)
    tries = []
    for minutes in range(0, 60, 2):
        tick(minutes=minutes)
        tries.append(noted()[("planning", bad_id, 0)])
    assert tries[0] == 1
    assert tries[-1] == 5, "after 1, 5, 15 and 30 minutes"
    heal(bad_id)
    tick(hours=3)
    assert noted() == {}
    assert bad_id in digests()


def test_what_is_no_longer_due_is_forgotten_after_a_day(app: Workspace) -> None:
    bad, *_good = readers()
    bad_id = bad.id
    poison(bad)
    tick()
    nobody_is_due()
    tick(hours=12)
    assert noted() == {("planning", bad_id, 0): 1}
    tick(hours=25)
    assert noted() == {}


# Challenges and memberships


def test_a_parked_challenge_that_cannot_be_opened_stops_no_other(app: Workspace) -> None:
    first, second, third = (start_partnership() for _ in range(3))
    unreadable, uncountable, good = parked(first), parked(second), parked(third)
    keys = {("parking", one.partnership_id, one.number) for one in (unreadable, uncountable)}
    nobody_is_due()
    poison(unreadable)
    poison(second.partnership, "last_number", 0)  # The next entry has a number that is taken.
    tick(days=3)
    assert good.status is ChallengeStatus.OPEN
    assert {key for key in noted() if key[0] == "parking"} == keys


def test_a_membership_that_cannot_be_ended_or_announced_stops_no_other(app: Workspace) -> None:
    moderator, other = start_partnership(), start_partnership()
    bad, good, elsewhere = (ending(to, minutes=1) for to in (moderator, moderator, other))
    bad_later, good_later = (ending(moderator, days=5) for _ in range(2))
    keys = {("ending", bad.id, 0), ("announcing", bad_later.id, 0)}
    nobody_is_due()
    poison(bad)
    poison(bad_later)
    tick(minutes=2)
    assert (good.state, elsewhere.state) == (MembershipState.ENDED, MembershipState.ENDED)
    assert list(db.session.scalars(select(Mail.user_id).where(Mail.kind == "ending"))) == [good_later.user_id]
    assert noted().keys() == keys


def test_a_partnership_that_cannot_be_read_stops_no_other(app: Workspace) -> None:
    bad, good = start_partnership(), start_partnership()
    memberships, posts = [ending(to, minutes=1) for to in (bad, good)], [parked(to) for to in (bad, good)]
    keys = {("ending", memberships[0].id, 0), ("parking", posts[0].partnership_id, posts[0].number)}
    nobody_is_due()
    poison(bad.partnership)
    tick(days=3)
    assert (memberships[1].state, posts[1].status) == (MembershipState.ENDED, ChallengeStatus.OPEN)
    assert noted().keys() == keys


# Mail


def test_a_mail_that_cannot_be_read_stops_no_other(app: Workspace, sign_in: SignIn) -> None:
    moderator = start_partnership(by=make_administrator())
    rows = [Row(email, email, "", RowStatus.NEW) for email in (f"ny{number}@example.dk" for number in range(7))]
    about = {"organisation_id": moderator.organisation_id, "language": "da", "greeting": ""}
    made = invite(moderator, rows, level=Level.CONTRIBUTOR, **about)  # type: ignore[arg-type]
    nobody_is_due()
    mails = list(db.session.scalars(select(Mail).where(Mail.kind == "invitation").order_by(Mail.id)))
    ids = [mail.id for mail in mails]
    poison(mails[0])
    poison(mails[1], "kind", "poem")
    poison(mails[2], "attempts", -99)
    poison(mails[2], "payload", "{}")
    poison(mails[3], "address", "a@b.dk>\r\nRCPT TO:<all@example.dk")
    poison(made[4], "language", "xx")
    poison(made[5])
    tick()
    states = {row[0]: row[1] for row in db.session.execute(select(Mail.id, Mail.state))}
    due, refused, sent = Standing.DUE, Standing.REFUSED, Standing.SENT
    assert [states[mail_id] for mail_id in ids] == [due, due, due, refused, sent, due, sent]
    for shelf in ("failed", "waiting", "sent"):
        assert sign_in(moderator.user).get(f"/admin/mail?shelf={shelf}").status_code == 200


def test_an_addressee_who_cannot_be_read_stops_nobody_elses_mail(app: Workspace) -> None:
    moderator = start_partnership()
    memberships = [add_member(moderator) for _ in range(2)]
    for membership in memberships:
        enqueue("lifted", key=f"lifted:{membership.id}", to=membership.user_id, membership=membership.id)
    bad_id, good_id = (membership.user_id for membership in memberships)
    nobody_is_due()
    poison(memberships[0].user)
    tick()
    found = {
        row[0]: row[1] for row in db.session.execute(select(Mail.user_id, Mail.state).where(Mail.kind == "lifted"))
    }
    assert found == {bad_id: Standing.DUE, good_id: Standing.SENT}


# All of it


def test_a_piece_that_fails_as_a_whole_is_shown_until_it_works(app: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [True]

    def piece() -> int:
        if broken:
            raise ValueError("Somebody's words")
        return 1

    monkeypatch.setattr(scheduled_jobs, "JOBS", (piece,))
    tick()
    assert noted() == {("test_batches", 0, 0): 1}
    broken.clear()
    assert tick() == 1
    assert noted() == {}


def test_a_database_that_goes_away_ends_the_batch_and_is_no_rows_fault(app: Workspace) -> None:
    readers()
    before = digests()

    def lose(*asked: Any) -> None:
        if "FROM membership" in asked[2]:
            raise OperationalError(asked[2], {}, Exception("server closed the connection unexpectedly"))

    event.listen(db.engine, "before_cursor_execute", lose)
    try:
        tick()
    finally:
        event.remove(db.engine, "before_cursor_execute", lose)
    assert digests() == before
    assert {row_id for _piece, row_id, _number in noted()} == {0}
    tick()
    assert len(digests()) == 3
    assert noted() == {}
    gc.collect()  # The traceback of the error holds its connection, which would lock the file of the next test.


def test_a_database_that_goes_away_costs_no_mail_a_try(app: Workspace) -> None:
    readers()

    def lose(*asked: Any) -> None:
        if "spans" in asked[2]:  # what a digest is read with
            raise OperationalError(asked[2], {}, Exception("server closed the connection unexpectedly"))

    event.listen(db.engine, "before_cursor_execute", lose)
    try:
        tick()
    finally:
        event.remove(db.engine, "before_cursor_execute", lose)
    mails = db.session.scalars(select(Mail).where(Mail.kind == "digest")).all()
    assert [(mail.state, mail.attempts, mail.lease) for mail in mails] == [(Standing.DUE, 0, None)] * 3


def test_the_log_names_rows_and_no_people(app: Workspace, caplog: pytest.LogCaptureFixture) -> None:
    bad, *_good = readers()
    bad.name, bad.email = "Åse Hemmelig", "hemmelig@example.dk"
    bad_id = bad.id
    poison(bad)
    with caplog.at_level(logging.INFO):
        tick()
    assert f"({bad_id}, 0) of planning failed" in caplog.text
    for words in ("Hemmelig", "hemmelig", UNREADABLE):
        assert words not in caplog.text


def test_an_administrator_sees_what_failed_until_it_works(app: Workspace, sign_in: SignIn) -> None:
    browser = sign_in(make_administrator(language="en"))
    assert "could not be done" not in browser.page("/admin/mail").text
    bad, *_good = readers()
    bad_id, name = bad.id, bad.name
    poison(bad)
    tick()
    page = browser.page("/admin/mail")
    assert "Some things could not be done" in page.text
    assert f'<a href="/people/{bad_id}/edit">Digest of person {bad_id}</a>' in page.html
    assert "Failed once" in page.text
    assert name not in page.text
    assert sign_in(make_user()).get("/admin/mail").status_code == 404
    heal(bad_id)
    tick(hours=1)
    assert "could not be done" not in browser.page("/admin/mail").text


def test_more_failures_than_there_is_room_for_are_counted(app: Workspace, sign_in: SignIn) -> None:
    for row_id in range(1, 54):
        failures.note("planning", (row_id, 0), ValueError())
    failures.note("planning", (1, 0), KeyError())
    page = sign_in(make_administrator(language="en")).page("/admin/mail")
    assert "Failed 2 times" in page.text
    assert "and 3 more" in page.text
