"""The forms of what one gets by mail, and when."""

from collections.abc import Mapping
from datetime import date, time, timedelta
from typing import Any

from babel.dates import get_day_names
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import Field, RadioField, SelectField, ValidationError

from workspace.accounts.mail_preferences import HOURS, WEEKDAYS, DigestFrequency, MailTiming
from workspace.i18n import formatting
from workspace.notifications.dispatch import NotificationKind
from workspace.partnerships.models import PartnershipDigest
from workspace.web import pagination
from workspace.web.forms import OneTimeKeyMixin, WorkspaceForm, date_field

LONGEST_PAUSE = timedelta(days=366)

FREQUENCIES = {
    DigestFrequency.WEEKLY: _l("Every week"),
    DigestFrequency.DAILY: _l("Every workday"),
    DigestFrequency.OFF: _l("Never"),
}
FREQUENCY_HINTS = {
    DigestFrequency.WEEKLY: _l("Everything new, and a reminder of what is waiting for you"),
    DigestFrequency.DAILY: _l("Monday to Friday, when there is something new"),
    DigestFrequency.OFF: _l("You still get e-mail about what can't wait"),
}
PARTNERSHIP_FREQUENCIES = {
    PartnershipDigest.USUAL: _l("As chosen above"),
    PartnershipDigest.DAILY: _l("Every workday"),
    PartnershipDigest.NEVER: _l("Never"),
}
SOON = {
    MailTiming.AT_ONCE: _l("At once"),
    MailTiming.DIGEST: _l("In the digest"),
    MailTiming.NEVER: _l("Not at all"),
}

NOTICES = {
    NotificationKind.MENTIONED: _l("Somebody mentions you"),
    NotificationKind.ANSWER: _l("Somebody comments on your post, or on a challenge that you have taken"),
    NotificationKind.REPLY: _l("Somebody comments on another post that you follow"),
    NotificationKind.CHALLENGE: _l("You are asked to take a challenge"),
    NotificationKind.TAKING: _l("Somebody answers whether they take a challenge, when you have asked for it"),
    NotificationKind.ROLE: _l("You are offered a role, or have asked for one"),
    NotificationKind.REPORT: _l("A post is reported where you are a moderator"),
    NotificationKind.REQUEST: _l("Somebody asks to join a partnership where you are a moderator"),
}


def _told(words: Mapping[Any, Any]) -> list[tuple[str, str]]:
    return [(value.value, str(word)) for value, word in words.items()]


def _weekdays() -> list[tuple[int, str]]:
    names = get_day_names("wide", "stand-alone", locale=get_locale())
    return [(number, names[number].capitalize()) for number in WEEKDAYS]


def _hours() -> list[tuple[int, str]]:
    return [(hour, _("at %(time)s", time=formatting.time_of_day(time(hour)))) for hour in HOURS]


class DigestForm(WorkspaceForm):
    """When one's digest comes."""

    digest_frequency = RadioField(
        _l("How often do you want a digest?"), choices=lambda: _told(FREQUENCIES), coerce=DigestFrequency
    )
    digest_weekday = SelectField(_l("Weekday"), choices=_weekdays, coerce=int)
    digest_hour = SelectField(_l("Time"), choices=_hours, coerce=int)
    digest_paused_until = date_field(
        _l("Pause until"),
        description=_l("Until that day you get no digest. The first one after it tells of all that was new."),
    )

    def validate_digest_paused_until(self, field: Field) -> None:
        """A day to come, not too far away."""
        today = formatting.today()
        if field.data and field.data != field.object_data and not today < field.data <= today + LONGEST_PAUSE:
            raise ValidationError(_("Choose a day within the next year."))

    @property
    def pause(self) -> date | None:
        """The day until which nothing comes; none when it has passed."""
        until: date | None = self.digest_paused_until.data
        return until if until and until > formatting.today() else None


class MailForm(WorkspaceForm):
    """How soon one hears of each kind of news: a field for each."""

    mentioned, answer, reply, challenge, taking, role, report, request = (
        RadioField(words, choices=lambda: _told(SOON), coerce=MailTiming) for words in NOTICES.values()
    )


class SendingForm(OneTimeKeyMixin, WorkspaceForm):
    """Sending the next digest now."""


def choices_typed(form: MultiDict[str, str], prefix: str, words: Mapping[Any, Any]) -> dict[int, Any]:
    """What was chosen for each membership, by its id, in fields "<prefix>-<id>"; without words that are not ours."""
    known = {value.value: value for value in words}
    return {
        number: known[text]
        for name, text in form.items()
        if name.startswith(f"{prefix}-") and (number := pagination.parse_int(name[len(prefix) + 1 :])) and text in known
    }
