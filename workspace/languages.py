"""Danish and English: which one the reader gets, and how moments are told in it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from flask import g, request, session
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from workspace import clock

LANGUAGES = {"da": "Dansk", "en": "English"}
DEFAULT_LANGUAGE = "da"
DEFAULT_ZONE = "Europe/Copenhagen"
DEFAULT_ZONE_INFO = ZoneInfo(DEFAULT_ZONE)
CHOICE = "language"

DAYS = {"da": "EEEE 'den' d. MMMM", "en": "EEEE d MMMM"}
DATES = {"da": "d. MMMM", "en": "d MMMM"}
DATES_WITH_YEAR = {"da": "d. MMMM y", "en": "d MMMM y"}
TIMES = {"da": "H.mm", "en": "HH:mm"}


def language() -> str:
    """The reader's language: their own setting, else what they chose here, else what their browser asks for."""
    user = g.get("user")
    if user is not None:
        return str(user.language)
    chosen = request.args.get(CHOICE) or session.get(CHOICE)
    if chosen in LANGUAGES:
        session[CHOICE] = chosen
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or DEFAULT_LANGUAGE


def zone() -> ZoneInfo:
    """The reader's time zone."""
    user = g.get("user")
    return ZoneInfo(user.time_zone if user is not None else DEFAULT_ZONE)


def zone_names() -> list[str]:
    """The time zones that can be chosen: cities, the nearest first."""
    cities = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    return sorted(cities, key=lambda name: (name != DEFAULT_ZONE, not name.startswith("Europe/"), name))


def time_of_day(moment: datetime) -> str:
    """ "9.14"."""
    return format_time(moment.astimezone(zone()), TIMES[_word()], locale=_locale())


def day(moment: datetime) -> str:
    """ "I dag", "I går", "fredag den 20. marts", with the year where it is not this one."""
    told = moment.astimezone(zone()).date()
    if told == today():
        return _("Today")
    if told == today() - timedelta(days=1):
        return _("Yesterday")
    named = date_in_full(moment)
    return named if told.year == today().year else f"{named} {told.year}"


def date_in_full(moment: datetime) -> str:
    """ "Fredag den 20. marts"."""
    named = format_date(moment.astimezone(zone()).date(), DAYS[_word()], locale=_locale())
    return named[0].upper() + named[1:]


def when(moment: datetime) -> str:
    """ "I dag kl. 9.14", "20. marts kl. 14.02", "29. marts 2025 kl. 14.05"."""
    told = moment.astimezone(zone())
    if told.date() == today():
        return _("Today at %(time)s", time=time_of_day(moment))
    if told.date() == today() - timedelta(days=1):
        return _("Yesterday at %(time)s", time=time_of_day(moment))
    return _("%(date)s at %(time)s", date=short_date(moment), time=time_of_day(moment))


def short_date(moment: datetime) -> str:
    """ "20. marts", with the year where it is not this one."""
    return short_day(moment.astimezone(zone()).date())


def short_day(date: date) -> str:
    """ "20. marts", with the year where it is not this one."""
    formats = DATES if date.year == today().year else DATES_WITH_YEAR
    return format_date(date, formats[_word()], locale=_locale())


def full(moment: datetime) -> str:
    """ "29. marts 2026 kl. 14.05"."""
    pattern = {"da": "d. MMMM y 'kl.' HH.mm", "en": "d MMMM y 'at' HH:mm"}[_word()]
    return format_datetime(moment.astimezone(zone()), pattern, locale=_locale())


def duration(length: timedelta) -> str:
    """ "3 dage", "5 timer", "under en time"."""
    hours = int(length.total_seconds() // 3600)
    if hours >= 48:
        return ngettext("%(num)s day", "%(num)s days", hours // 24)
    if hours >= 1:
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    return _("under an hour")


def today() -> date:
    """The reader's day."""
    return clock.now().astimezone(zone()).date()


def _locale() -> Locale:
    return get_locale() or Locale(DEFAULT_LANGUAGE)


def _word() -> str:
    return _locale().language
