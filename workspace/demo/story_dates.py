"""Dates of the story's events: on working days, counted back from today, and none in the future."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Copenhagen")
BETWEEN = timedelta(minutes=2)
SATURDAY = 5


def moments(told: Sequence[tuple[int, str]], now: datetime) -> list[datetime]:
    """The moments of events in order, each given as days before today and a time of day ("09.24").

    Saturdays and Sundays become the Friday before. The order is kept on any day: an event that would come before the
    one that it follows comes a little after it, and one that would be in the future a little before now.
    """
    today = now.astimezone(ZONE).date()
    found = [_moment(today - timedelta(days=days_ago), clock_time) for days_ago, clock_time in told]
    for index in range(1, len(found)):
        if found[index] < found[index - 1]:
            found[index] = found[index - 1] + BETWEEN
    latest = now - BETWEEN
    for index in reversed(range(len(found))):
        if found[index] > latest:
            found[index] = latest
            latest -= BETWEEN
    return found


def working_days_before(days: int, now: datetime) -> datetime:
    """The beginning of the working day that is `days` working days before today."""
    day = now.astimezone(ZONE).date()
    while days:
        day -= timedelta(days=1)
        days -= day.weekday() < SATURDAY
    return datetime.combine(day, time(), ZONE)


def _moment(day: date, clock_time: str) -> datetime:
    weekend = max(0, day.weekday() - SATURDAY + 1)
    hour, minute = clock_time.split(".")
    return datetime.combine(day - timedelta(days=weekend), time(int(hour), int(minute)), ZONE)
