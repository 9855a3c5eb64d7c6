"""When the story's events happen: on working days, told back from today, and none of them later than now."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Copenhagen")
BETWEEN = timedelta(minutes=2)
SATURDAY = 5


def moments(told: Sequence[tuple[int, str]], now: datetime) -> list[datetime]:
    """The moments of events that are told in order, each as days before today and the time of the day ("09.24").

    Saturdays and Sundays become the Friday before. The order stays, whatever day it is: so what would come before
    the event that it follows, comes a little after it, and what would lie in the future, a little before now.
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
