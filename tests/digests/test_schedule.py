"""When digests go out: at one's hour, in one's zone, through everything that calendars and clocks do."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspace.accounts.mail_preferences import HOURS, DigestFrequency
from workspace.digests.schedule import LATEST, Schedule

pytestmark = pytest.mark.either_database

ZONES = ("Europe/Copenhagen", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Atlantic/Azores")


def schedule(
    frequency: DigestFrequency = DigestFrequency.WEEKLY,
    weekday: int = 1,
    hour: int = 8,
    zone: str = "Europe/Copenhagen",
    paused_until: date | None = None,
    *,
    some_daily: bool = False,
) -> Schedule:
    return Schedule(
        frequency=frequency,
        weekday=weekday,
        hour=hour,
        zone=ZoneInfo(zone),
        paused_until=paused_until,
        some_daily=some_daily,
    )


def local(text: str, zone: str = "Europe/Copenhagen") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def moments(chosen: Schedule, since: datetime, until: datetime) -> list[str]:
    """When digests go out between two moments, where their reader is."""
    found, now = [], since - timedelta(seconds=1)
    while (following := chosen.next(now)) is not None and following < until:
        found.append(following.astimezone(chosen.zone).strftime("%a %d.%m. %H.%M"))
        now = following
    return found


def test_a_weekly_digest_comes_on_its_day_at_its_hour() -> None:
    assert moments(schedule(), local("2026-03-01"), local("2026-03-20")) == [
        "Tue 03.03. 08.00",
        "Tue 10.03. 08.00",
        "Tue 17.03. 08.00",
    ]


def test_a_daily_digest_comes_on_workdays() -> None:
    assert moments(schedule(DigestFrequency.DAILY, hour=7), local("2026-03-05"), local("2026-03-11")) == [
        "Thu 05.03. 07.00",
        "Fri 06.03. 07.00",
        "Mon 09.03. 07.00",
        "Tue 10.03. 07.00",
    ]


def test_who_wants_none_gets_none() -> None:
    chosen = schedule(DigestFrequency.OFF)
    assert chosen.next(local("2026-03-01")) is None
    assert chosen.due(local("2026-01-01"), local("2026-03-01")) is None


def test_a_single_daily_partnership_is_heard_of_on_workdays_whatever_the_rhythm() -> None:
    days = ["Mon 09.03. 08.00", "Tue 10.03. 08.00", "Wed 11.03. 08.00"]
    for frequency in DigestFrequency:
        chosen = schedule(frequency, some_daily=True)
        assert moments(chosen, local("2026-03-07"), local("2026-03-12")) == days
    weekly = schedule(some_daily=True)
    usual = [
        weekly.due(now - timedelta(hours=1), now) for now in (local("2026-03-09T08:00"), local("2026-03-10T08:00"))
    ]
    assert [due and due.is_usual for due in usual] == [False, True]


def test_a_pause_ends_on_its_day() -> None:
    paused = schedule(DigestFrequency.DAILY, paused_until=date(2026, 3, 12))
    assert moments(paused, local("2026-03-02"), local("2026-03-14")) == ["Thu 12.03. 08.00", "Fri 13.03. 08.00"]
    assert paused.due(local("2026-03-02"), local("2026-03-11T09:00")) is None
    long = schedule(paused_until=date(2027, 1, 1))
    assert moments(long, local("2026-03-02"), local("2027-01-10")) == ["Tue 05.01. 08.00"]


def test_an_hour_that_summer_time_skips_is_the_next_and_one_that_it_repeats_comes_once() -> None:
    azores = schedule(DigestFrequency.WEEKLY, weekday=6, hour=0, zone="Atlantic/Azores")  # From 0 to 1 on 29 March 2026
    assert moments(azores, local("2026-03-28"), local("2026-04-06")) == ["Sun 29.03. 01.00", "Sun 05.04. 00.00"]
    repeated = schedule(
        DigestFrequency.WEEKLY, weekday=6, hour=0, zone="Atlantic/Azores"
    )  # 0 comes twice on 25 October
    assert moments(repeated, local("2026-10-24"), local("2026-11-02")) == ["Sun 25.10. 00.00", "Sun 01.11. 00.00"]
    nuuk = schedule(
        DigestFrequency.WEEKLY, weekday=5, hour=23, zone="America/Nuuk"
    )  # Skips the last hour of a Saturday
    assert moments(nuuk, local("2026-03-28"), local("2026-04-06")) == ["Sun 29.03. 00.00", "Sat 04.04. 23.00"]
    skipped = local("2026-03-29T00:00", "America/Nuuk")
    due = nuuk.due(skipped - timedelta(hours=1), skipped)
    assert due is not None
    assert due.is_usual


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2026-03-26", "2026-04-01", "Thu 26, Fri 27, Mon 30, Tue 31"),  # Summer time begins
        ("2026-10-22", "2026-10-28", "Thu 22, Fri 23, Mon 26, Tue 27"),  # and ends
        ("2028-02-28", "2028-03-02", "Mon 28, Tue 29, Wed 01"),  # Leap day
        ("2026-12-28", "2027-01-06", "Mon 28, Tue 29, Wed 30, Thu 31, Fri 01, Mon 04, Tue 05"),  # Week 53, New Year
    ],
)
def test_every_workday_has_one_digest_at_its_hour_in_every_zone(zone: str, first: str, last: str, days: str) -> None:
    chosen = schedule(DigestFrequency.DAILY, zone=zone)
    found = moments(chosen, local(first, zone), local(last, zone))
    assert ", ".join(moment[:6] for moment in found) == days
    assert {moment[-5:] for moment in found} == {"08.00"}


def test_a_server_that_was_down_catches_up_what_is_a_day_late_at_most_once() -> None:
    daily = schedule(DigestFrequency.DAILY)
    since = local("2026-03-09T08:00")  # A Monday
    due = daily.due(since, local("2026-03-12T07:00"))
    assert due is not None
    assert due.moment == local("2026-03-11T08:00")
    weekly = schedule()
    planned = local("2026-03-10T08:00")
    assert weekly.due(planned, planned + LATEST) is not None
    assert weekly.due(planned, planned + LATEST + timedelta(seconds=1)) is None


def test_a_usual_digest_that_a_daily_one_overtook_is_still_caught_up() -> None:
    chosen = schedule(some_daily=True)
    due = chosen.due(local("2026-03-10T08:00"), local("2026-03-11T08:00"))
    assert due is not None
    assert (due.moment, due.is_usual) == (local("2026-03-11T08:00"), True)


def test_the_hours_in_which_clocks_are_changed_are_not_offered() -> None:
    assert {2, 3}.isdisjoint(HOURS)
    assert len(HOURS) == 22


@settings(max_examples=200)
@given(
    zone=st.sampled_from(sorted(available_timezones())),
    hour=st.sampled_from(HOURS),
    frequency=st.sampled_from([DigestFrequency.DAILY, DigestFrequency.WEEKLY]),
    weekday=st.integers(0, 6),
    begin=st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1)),
    ticks=st.lists(st.integers(1, 600), min_size=10, max_size=60),
)
def test_a_clock_that_ticks_anyhow_sends_each_moment_once(
    zone: str, hour: int, frequency: DigestFrequency, weekday: int, begin: datetime, ticks: list[int]
) -> None:
    """As the planner does it: what is due since the next planned moment, and then the one after now."""
    chosen = schedule(frequency, weekday, hour, zone)
    now = begin.replace(tzinfo=UTC)
    planned, sent = chosen.next(now), []
    start = now
    for minutes in ticks:
        now += timedelta(minutes=minutes)
        assert planned is not None
        if planned <= now:
            due = chosen.due(planned, now)
            assert due is not None
            sent.append(due.moment)
            planned = chosen.next(now)
    expected, at = [], start
    while (following := chosen.next(at)) is not None and following <= now:
        expected.append(following)
        at = following
    assert sent == expected
