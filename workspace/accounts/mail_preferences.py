"""Mail preferences: how often a digest comes, and how soon each kind of news."""

from enum import StrEnum

WEEKDAYS, USUAL_WEEKDAY = tuple(range(7)), 1  # counted from Monday; Tuesday
# Two and three at night are left out: most time zones skip or repeat an hour there.
HOURS, USUAL_HOUR = tuple(hour for hour in range(24) if hour not in (2, 3)), 8


class DigestFrequency(StrEnum):
    """How often a person's digest comes, from never upwards; daily means on workdays."""

    OFF = "off"
    WEEKLY = "weekly"
    DAILY = "daily"


class MailTiming(StrEnum):
    """How soon a person gets a mail about something, from never to at once."""

    NEVER = "never"
    DIGEST = "digest"
    AT_ONCE = "at_once"

    def at_most(self, other: "MailTiming") -> "MailTiming":
        """The later of the two."""
        return min(self, other, key=list(MailTiming).index)
