"""When the story's events happen, whatever day it is told on."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspace.demo.story_dates import BETWEEN, ZONE, moments, working_days_before

pytestmark = pytest.mark.either_database

WEDNESDAY = datetime(2026, 3, 18, 16, tzinfo=ZONE)

days_and_times = st.lists(st.tuples(st.integers(0, 20), st.integers(7 * 60, 22 * 60 - 1)), min_size=1)


def at(*told: tuple[int, str], now: datetime = WEDNESDAY) -> list[str]:
    return [f"{moment.astimezone(ZONE):%a %d %H.%M}" for moment in moments(told, now)]


def test_days_are_counted_back_from_today() -> None:
    assert at((2, "09.24"), (0, "10.00")) == ["Mon 16 09.24", "Wed 18 10.00"]


def test_weekends_become_the_friday_before() -> None:
    assert at((4, "09.00"), (3, "10.00")) == ["Fri 13 09.00", "Fri 13 10.00"]


def test_what_follows_stays_behind_when_a_weekend_moves() -> None:
    assert at((5, "15.00"), (4, "09.00"), (2, "08.00")) == ["Fri 13 15.00", "Fri 13 15.02", "Mon 16 08.00"]


def test_nothing_lies_in_the_future() -> None:
    now = WEDNESDAY.replace(hour=9)
    assert at((0, "08.10"), (0, "11.00"), (0, "12.00"), now=now) == ["Wed 18 08.10", "Wed 18 08.56", "Wed 18 08.58"]


def test_the_time_of_day_is_denmarks_in_winter_and_in_summer() -> None:
    summer = datetime(2026, 7, 1, 20, tzinfo=UTC)
    [in_winter] = moments([(150, "09.00")], summer)
    [in_summer] = moments([(0, "09.00")], summer)
    assert (in_winter.astimezone(UTC).hour, in_summer.astimezone(UTC).hour) == (8, 7)


@given(days_and_times, st.integers(0, 366 * 24 * 60))
def test_the_order_stays_on_any_day(told: list[tuple[int, int]], minutes: int) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    told = sorted(told, key=lambda event: (-event[0], event[1]))
    found = moments([(days, f"{minute // 60:02}.{minute % 60:02}") for days, minute in told], now)
    assert found == sorted(found)
    assert found[-1] <= now - BETWEEN


def test_working_days_leave_weekends_out() -> None:
    monday = WEDNESDAY - timedelta(days=2)
    assert f"{working_days_before(2, monday):%a %d %H.%M}" == "Thu 12 00.00"
    assert f"{working_days_before(2, WEDNESDAY):%a %d}" == "Mon 16"
    assert f"{working_days_before(1, WEDNESDAY - timedelta(days=3)):%a %d}" == "Fri 13"
