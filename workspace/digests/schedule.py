"""When a person's digests go out: a pure calculation from what they have chosen, in their own time zone."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from workspace.accounts.mail_preferences import DigestFrequency

LATEST = timedelta(hours=24)
A_DAY = timedelta(days=1)
SATURDAY = 5
# Further ahead than any two planned days lie apart.
FURTHEST = 8
# After it there may be no planned day any more that a date can tell.
LAST_DAY = date.max - timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Due:
    """A digest that is to go out: for which planned moment, and whether it is of the usual frequency.

    One that is not covers only the partnerships of which one wants to hear daily.
    """

    moment: datetime
    is_usual: bool


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """What a person has chosen: how often, the weekday (0 is Monday), the hour, and a day until which there is none.

    `some_daily` says that there is a partnership of which they hear on workdays, whatever the frequency.
    """

    frequency: DigestFrequency
    weekday: int
    hour: int
    zone: ZoneInfo
    paused_until: date | None = None
    some_daily: bool = False

    def next(self, now: datetime) -> datetime | None:
        """The first planned moment after `now`; None if there is none to come."""
        return next((moment for moment in self._from(now) if moment > now), None)

    def due(self, since: datetime, now: datetime) -> Due | None:
        """What has become due from `since` on, as one digest: late by at most 24 hours, the last moment counts."""
        earliest = max(since, now - LATEST)
        moments = [
            moment for moment in takewhile(lambda moment: moment <= now, self._from(earliest)) if moment >= earliest
        ]
        if not moments:
            return None
        return Due(moment=moments[-1], is_usual=any(map(self._is_usual, moments)))

    def _from(self, moment: datetime) -> Iterator[datetime]:
        """The planned moments around `moment` and after it, in order."""
        if self.frequency is DigestFrequency.OFF and not self.some_daily:
            return
        # A moment at night may lie on the day after the one that it was planned for.
        day = moment.astimezone(self.zone).date() - A_DAY
        if self.paused_until:
            day = max(day, self.paused_until)
        for _ in range(FURTHEST + 1):
            if self._is_planned(day):
                yield self._moment(day)
            day += A_DAY

    def _is_planned(self, day: date) -> bool:
        is_workday = day.weekday() < SATURDAY
        if is_workday and (self.frequency is DigestFrequency.DAILY or self.some_daily):
            return True
        return self.frequency is DigestFrequency.WEEKLY and day.weekday() == self.weekday

    def _is_usual(self, moment: datetime) -> bool:
        if self.frequency is not DigestFrequency.WEEKLY:
            return self.frequency is DigestFrequency.DAILY
        day = moment.astimezone(self.zone).date()
        return any(near.weekday() == self.weekday and self._moment(near) == moment for near in (day, day - A_DAY))

    def _moment(self, day: date) -> datetime:
        """The hour on that day. One that summer time skips is the next, one that it repeats the first of the two."""
        return datetime.combine(day, time(self.hour), self.zone).astimezone(UTC)
