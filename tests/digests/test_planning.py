"""Planning: exactly the digests that are due, each once, with the bookmarks moved in the same transaction."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select

from tests.factories import add_member, challenge, make_user, share, start_partnership
from workspace.accounts.mail_preferences import DigestFrequency
from workspace.accounts.models import User
from workspace.db import db
from workspace.digests import planning, preferences
from workspace.digests.compose import build
from workspace.mail.models import Mail, MailState
from workspace.partnerships import reading
from workspace.partnerships.models import Membership, PartnershipDigest

ZONES = ("Europe/Copenhagen", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Atlantic/Azores")

pytestmark = pytest.mark.usefixtures("app")


def local(text: str, zone: str = "Europe/Copenhagen") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def digests() -> list[Mail]:
    return list(db.session.scalars(select(Mail).where(Mail.kind == "digest").order_by(Mail.id)))


def planned_for(user: User) -> list[str]:
    """When the person's digests were planned, where they are."""
    found = [mail for mail in digests() if mail.user_id == user.id]
    zone = ZoneInfo(user.time_zone)
    return [
        datetime.fromisoformat(mail.payload["until"]).astimezone(zone).strftime("%a %d.%m. %H.%M") for mail in found
    ]


def choose(user: User, frequency: DigestFrequency, **chosen: object) -> None:
    fields = {"weekday": 1, "hour": 8, "paused_until": None, "frequencies": {}} | chosen
    preferences.choose_digest(user, frequency=frequency, **fields)  # type: ignore[arg-type]
    db.session.commit()


def run(clock: time_machine.Traveller, until: datetime, step: timedelta = timedelta(minutes=20)) -> None:
    """Let the worker plan every 20 minutes up to a moment."""
    while datetime.now(UTC) < until:
        planning.plan()
        clock.shift(step)


def moderated(at: str = "2026-03-02") -> Membership:
    """A partnership in which somebody writes now and then, who gets no digest."""
    moderator = start_partnership("Digital genoptræning")
    choose(moderator.user, DigestFrequency.OFF)
    return moderator


def test_a_digest_is_a_row_with_its_spans_and_moves_the_bookmarks() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        moderator = moderated()
        reader = add_member(moderator)
        before = reader.digested_number
        share(moderator)
        assert planning.plan() == 0
        clock.move_to(local("2026-03-10T08:00"))
        assert planning.plan() == 1
    [mail] = digests()
    last = moderator.partnership.last_number
    assert mail.key == f"digest:{reader.user_id}:20260310T0700Z"
    assert mail.payload["spans"] == {str(reader.id): [before, last]}
    assert (mail.state, reader.digested_number) == (MailState.DUE, last)
    assert [block.title for block in build(planning.request_of(mail)).blocks]


def test_nothing_is_told_twice_and_nothing_is_lost() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        moderator = moderated()
        reader = add_member(moderator)
        told, shared = [], []
        for week in range(4):
            for day in range(7):
                shared.append(share(moderator, f"Uge {week}, dag {day}").title)
                clock.shift(timedelta(days=1))
                planning.plan()
        clock.move_to(local("2026-04-07T08:00"))
        planning.plan()
        for mail in digests():
            told += [block.title for block in build(planning.request_of(mail)).blocks]
        assert sorted(told) == sorted(shared)
        assert reader.digested_number == moderator.partnership.last_number


def test_a_moment_is_planned_once_however_often_it_is_asked_for() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        add_member(moderated())
        clock.move_to(local("2026-03-10T08:00"))
        assert [planning.plan() for _ in range(3)] == [1, 0, 0]


def test_who_has_just_come_hears_at_the_next_moment() -> None:
    with time_machine.travel(local("2026-03-10T08:30"), tick=False) as clock:
        reader = add_member(moderated())
        planning.plan()
        assert digests() == []
        assert reader.user.next_digest_at == local("2026-03-17T08:00")
        clock.move_to(local("2026-03-17T08:01"))
        assert planning.plan() == 1


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2026-03-26", "2026-04-01", "Thu 26, Fri 27, Mon 30, Tue 31"),  # Summer time begins in Europe
        ("2026-10-22", "2026-10-28", "Thu 22, Fri 23, Mon 26, Tue 27"),  # and ends
        ("2028-02-28", "2028-03-02", "Mon 28, Tue 29, Wed 01"),  # Leap day
        ("2026-12-28", "2027-01-06", "Mon 28, Tue 29, Wed 30, Thu 31, Fri 01, Mon 04, Tue 05"),  # Week 53, New Year
    ],
)
def test_people_in_five_zones_get_exactly_their_digests(first: str, last: str, days: str) -> None:
    begin, end = local(first) - timedelta(hours=14), local(last) + timedelta(hours=14)
    with time_machine.travel(begin, tick=False) as clock:
        moderator = moderated()
        readers = [add_member(moderator, make_user(time_zone=zone)) for zone in ZONES]
        for reader in readers:
            choose(reader.user, DigestFrequency.DAILY)
        while datetime.now(UTC) < end:
            share(moderator)
            run(clock, datetime.now(UTC) + timedelta(hours=6), timedelta(hours=1))
    for reader in readers:
        zone = ZoneInfo(reader.user.time_zone)
        bounds = [local(text, reader.user.time_zone) for text in (first, last)]
        found = [
            moment
            for mail in digests()
            if mail.user_id == reader.user_id
            and bounds[0] <= (moment := datetime.fromisoformat(mail.payload["until"])) < bounds[1]
        ]
        assert ", ".join(moment.astimezone(zone).strftime("%a %d") for moment in found) == days, zone
        assert {moment.astimezone(zone).strftime("%H.%M") for moment in found} == {"08.00"}, zone


@pytest.mark.parametrize("night", ["2026-03-28", "2026-10-24"])
def test_in_both_nights_of_summer_time_everybody_hears_once(night: str) -> None:
    """At each hour that is offered, in five zones, also where it is that hour which is skipped or repeated."""
    with time_machine.travel(local(night), tick=False) as clock:
        moderator = moderated()
        readers = []
        for place, hour in enumerate((0, 1, 4, 5, 23)):
            reader = add_member(moderator, make_user(time_zone=ZONES[place]))
            choose(reader.user, DigestFrequency.WEEKLY, weekday=6, hour=hour)
            readers.append(reader)
        share(moderator)
        run(clock, local(night) + timedelta(hours=60))
    assert [len(planned_for(reader.user)) for reader in readers] == [1] * 5
    assert all(moment.startswith("Sun") for reader in readers for moment in planned_for(reader.user))


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(hours=-1)])
@pytest.mark.parametrize("at", ["07:50", "08:10"])
def test_a_clock_that_jumps_an_hour_either_way_sends_once(at: str, jump: timedelta) -> None:
    with time_machine.travel(local("2026-03-09T07:00"), tick=False) as clock:
        moderator = moderated()
        reader = add_member(moderator)
        choose(reader.user, DigestFrequency.DAILY)
        share(moderator)
        run(clock, local(f"2026-03-09T{at}"))
        clock.shift(jump)
        share(moderator)
        run(clock, local("2026-03-09T12:00"))
        share(moderator)
        run(clock, local("2026-03-10T12:00"))
    assert planned_for(reader.user) == ["Mon 09.03. 08.00", "Tue 10.03. 08.00"]


def test_a_clock_that_was_two_months_ahead_for_a_while_costs_nobody_a_digest() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        moderator = moderated()
        readers = [add_member(moderator), add_member(moderator)]
        readers[1].user.digest_paused_until = date(2026, 6, 1)
        planning.plan()
        clock.move_to(local("2026-05-12T10:00"))
        share(moderator, "Før")
        planning.plan()
        clock.move_to(local("2026-03-11T10:00"))
        planning.plan()
        assert readers[0].user.next_digest_at == local("2026-03-17T08:00")
        assert readers[1].user.next_digest_at == local("2026-06-02T08:00"), "the pause goes on"
        share(moderator, "Efter")
        clock.move_to(local("2026-03-17T08:00"))
        before = len(digests())
        assert planning.plan() == 1
        [mail] = digests()[before:]
        assert "Efter" in [block.title for block in build(planning.request_of(mail)).blocks]
        assert planning.request_of(mail).since == local("2026-03-10T08:00")


def test_a_server_that_was_down_sends_one_digest_of_all() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        moderator = moderated()
        daily, weekly = add_member(moderator), add_member(moderator)
        choose(daily.user, DigestFrequency.DAILY)
        share(moderator)
        clock.move_to(local("2026-03-12T07:00"))
        planning.plan()
        assert planned_for(daily.user) == ["Wed 11.03. 08.00"]
        assert planned_for(weekly.user) == []
        clock.move_to(local("2026-03-17T08:00"))
        planning.plan()
        [mail] = [mail for mail in digests() if mail.user_id == weekly.user_id]
        assert len(build(planning.request_of(mail)).blocks) == 1


def test_a_new_time_zone_moves_the_hour() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        moderator = moderated()
        reader = add_member(moderator)
        planning.plan()
        reader.user.time_zone = "America/New_York"
        share(moderator)
        run(clock, local("2026-03-10T12:00", "America/New_York"))
    assert planned_for(reader.user) == ["Tue 10.03. 08.00"]


def test_a_daily_partnership_is_heard_of_daily_and_the_others_as_usual() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        often, seldom, never = moderated(), moderated(), moderated()
        user = make_user()
        memberships = [add_member(moderator, user) for moderator in (often, seldom, never)]
        choices = {memberships[0].id: PartnershipDigest.DAILY, memberships[2].id: PartnershipDigest.NEVER}
        choose(user, DigestFrequency.WEEKLY, weekday=2, frequencies=choices)
        for moderator in (often, seldom, never):
            share(moderator)
        run(clock, local("2026-03-11T07:00"))
        share(often)
        run(clock, local("2026-03-12T07:00"))
    assert planned_for(user) == ["Tue 10.03. 08.00", "Wed 11.03. 08.00"]
    assert [set(mail.payload["spans"]) for mail in digests()] == [
        {str(memberships[0].id)},
        {str(memberships[0].id), str(memberships[1].id)},
    ]
    assert [len(build(planning.request_of(mail)).blocks) for mail in digests()] == [1, 2]


def test_a_weekly_digest_tells_of_its_week_however_many_daily_ones_came_between() -> None:
    with time_machine.travel(local("2026-03-02T10:00"), tick=False) as clock:
        often, seldom = moderated(), moderated()
        user = make_user()
        daily, usual = add_member(often, user), add_member(seldom, user)
        choose(user, DigestFrequency.WEEKLY, frequencies={daily.id: PartnershipDigest.DAILY})
        challenge(seldom, "Går i stå")
        run(clock, local("2026-03-03T09:00"))
        reading.read_all(usual, seldom.partnership.last_number)
        for day in range(3, 24):
            share(often)
            run(clock, local(f"2026-03-{day + 1:02}T09:00"))
        weekly = [build(planning.request_of(mail)) for mail in digests() if str(usual.id) in mail.payload["spans"]]
    assert [digest.since.date() for digest in weekly] == [
        date(2026, 2, 24),
        date(2026, 3, 3),
        date(2026, 3, 10),
        date(2026, 3, 17),
    ]
    told = [block.title for digest in weekly for block in digest.blocks if block.title == "Går i stå"]
    assert told == ["Går i stå"], "On the 16th, and once"


def test_a_pause_keeps_what_is_new_for_its_end() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        moderator = moderated()
        reader = add_member(moderator)
        choose(reader.user, DigestFrequency.WEEKLY, paused_until=date(2026, 3, 20))
        for _ in range(3):
            share(moderator)
            run(clock, datetime.now(UTC) + timedelta(days=7), timedelta(hours=8))
    assert planned_for(reader.user) == ["Tue 24.03. 08.00"]
    assert len(build(planning.request_of(digests()[0])).blocks) == 3


def test_who_turns_digests_on_hears_from_then_on() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        moderator = moderated()
        reader = add_member(moderator)
        choose(reader.user, DigestFrequency.OFF)
        assert reader.user.next_digest_at is None
        share(moderator, "Gammelt")
        run(clock, local("2026-03-18T10:00"), timedelta(hours=8))
        choose(reader.user, DigestFrequency.WEEKLY)
        share(moderator, "Nyt")
        clock.move_to(local("2026-03-24T08:00"))
        planning.plan()
    [mail] = digests()
    assert [block.title for block in build(planning.request_of(mail)).blocks] == ["Nyt"]


def test_nobody_hears_daily_that_there_is_nothing_new() -> None:
    with time_machine.travel(local("2026-03-09T07:00"), tick=False) as clock:
        moderator = moderated()
        reader = add_member(moderator)
        choose(reader.user, DigestFrequency.DAILY)
        reading.read_all(reader, reader.partnership.last_number)
        challenge(reader).ask(moderator, reader)
        db.session.commit()
        reading.read_all(reader, reader.partnership.last_number)
        run(clock, local("2026-03-12T10:00"), timedelta(hours=1))
    assert planned_for(reader.user) == []


def test_a_closed_account_gets_nothing() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        moderator = moderated()
        reader = add_member(moderator)
        share(moderator)
        reader.user.deactivated_at = datetime.now(UTC)
        clock.move_to(local("2026-03-10T08:00"))
        assert planning.plan() == 0


def test_a_digest_asked_for_now_is_one_however_often_the_button_is_pressed() -> None:
    with time_machine.travel(local("2026-03-09T10:00"), tick=False) as clock:
        moderator = moderated()
        reader = add_member(moderator)
        share(moderator, "Nu")
        for _ in range(2):
            planning.send_now(reader.user, "en-noegle")
            db.session.commit()
        share(moderator, "Senere")
        clock.move_to(local("2026-03-10T08:00"))
        planning.plan()
    told = [[block.title for block in build(planning.request_of(mail)).blocks] for mail in digests()]
    assert told == [["Nu"], ["Senere"]]


def test_planning_asks_the_same_for_many_people_as_for_few(
    statements: Callable[[], AbstractContextManager[list[str]]],
) -> None:
    with time_machine.travel(local("2026-03-10T08:00"), tick=False) as clock:
        moderator = moderated()

        def asked(count: int) -> int:
            for _ in range(count):
                add_member(moderator)
            share(moderator)
            planning.plan()
            clock.shift(timedelta(days=7))
            with statements() as heard:
                assert planning.plan() >= count
            return len([statement for statement in heard if not statement.startswith("UPDATE")])

        assert asked(20) == asked(2)
