"""The reader's language and time zone, and dates and times as that language writes them."""

import logging
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, get_timezone_location
from flask import g, request, session
from flask_babel import get_locale, ngettext, pgettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace import clock
from workspace.i18n import danish

log = logging.getLogger(__name__)

LANGUAGES = {"da": "Dansk", "en": "English"}
DEFAULT_LANGUAGE = "da"
DEFAULT_ZONE = "Europe/Copenhagen"
DEFAULT_ZONE_INFO = ZoneInfo(DEFAULT_ZONE)
CHOICE = "language"
LONGEST_AGO = 13  # days, after which the date says more

NUMBERS = (
    _l("two"),
    _l("three"),
    _l("four"),
    _l("five"),
    _l("six"),
    _l("seven"),
    _l("eight"),
    _l("nine"),
    _l("ten"),
)

# The time zones on offer, by city: where partners are, come from and travel to.
NEAREST = (
    DEFAULT_ZONE,
    "Atlantic/Faroe",
    "America/Nuuk",
    "America/Scoresbysund",
    "America/Danmarkshavn",
    "America/Thule",
)
EUROPE = (
    "Europe/Amsterdam",
    "Europe/Athens",
    "Europe/Belgrade",
    "Europe/Berlin",
    "Europe/Bratislava",
    "Europe/Brussels",
    "Europe/Bucharest",
    "Europe/Budapest",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/Kyiv",
    "Europe/Lisbon",
    "Europe/Ljubljana",
    "Europe/London",
    "Europe/Luxembourg",
    "Europe/Madrid",
    "Europe/Oslo",
    "Europe/Paris",
    "Europe/Prague",
    "Atlantic/Reykjavik",
    "Europe/Riga",
    "Europe/Rome",
    "Europe/Sofia",
    "Europe/Stockholm",
    "Europe/Tallinn",
    "Europe/Vienna",
    "Europe/Vilnius",
    "Europe/Warsaw",
    "Europe/Zagreb",
    "Europe/Zurich",
)
ELSEWHERE = (
    "Africa/Accra",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Johannesburg",
    "Africa/Lagos",
    "Africa/Nairobi",
    "America/Argentina/Buenos_Aires",
    "America/Bogota",
    "America/Chicago",
    "America/Denver",
    "America/Halifax",
    "America/Los_Angeles",
    "America/Mexico_City",
    "America/New_York",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/Toronto",
    "America/Vancouver",
    "Asia/Bangkok",
    "Asia/Dhaka",
    "Asia/Dubai",
    "Asia/Ho_Chi_Minh",
    "Asia/Hong_Kong",
    "Asia/Jakarta",
    "Asia/Jerusalem",
    "Asia/Karachi",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Manila",
    "Asia/Riyadh",
    "Asia/Seoul",
    "Asia/Shanghai",
    "Asia/Singapore",
    "Asia/Taipei",
    "Asia/Tehran",
    "Asia/Tokyo",
    "Australia/Perth",
    "Australia/Sydney",
    "Pacific/Auckland",
)
# Where CLDR's name is not the one that people use.
CITIES = {
    "Atlantic/Faroe": "Tórshavn",
    "America/Argentina/Buenos_Aires": "Buenos Aires",
    "America/Thule": "Pituffik (Thule)",
    "Africa/Cairo": _l("Cairo"),
    "Asia/Dhaka": "Dhaka",
    "Asia/Ho_Chi_Minh": _l("Ho Chi Minh City"),
    "Atlantic/Reykjavik": "Reykjavík",
}

DAYS = {"da": "EEEE 'den' d. MMMM", "en": "EEEE d MMMM"}
DATES = {"da": "d. MMMM", "en": "d MMMM"}
DATES_WITH_YEAR = {"da": "d. MMMM y", "en": "d MMMM y"}
TIMES = {"da": "H.mm", "en": "HH:mm"}
LONG_DATETIMES = {"da": "d. MMMM y 'kl.' H.mm", "en": "d MMMM y 'at' HH:mm"}


def language() -> str:
    """The reader's language: their setting, else what they chose in this browser, else what it asks for."""
    user = g.get("user")
    if user is not None:
        return spoken(user.language)
    chosen = request.args.get(CHOICE) or session.get(CHOICE)
    if chosen in LANGUAGES:
        session[CHOICE] = chosen
        return str(chosen)
    return request.accept_languages.best_match(LANGUAGES) or DEFAULT_LANGUAGE


def spoken(language: str) -> str:
    """A stored language; the default one if it is not supported."""
    return language if language in LANGUAGES else DEFAULT_LANGUAGE


def zone() -> ZoneInfo:
    """The reader's time zone."""
    user = g.get("user")
    return zone_of(user.time_zone) if user is not None else DEFAULT_ZONE_INFO


@lru_cache(maxsize=1000)
def zone_of(name: str) -> ZoneInfo:
    """A stored time zone by its name; the default one if there is no such zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        log.warning("A person's time zone is not known: they get the times of %s", DEFAULT_ZONE)
        return DEFAULT_ZONE_INFO


def is_zone(name: str) -> bool:
    """Whether there is such a time zone."""
    return zone_of(name).key == name


def zones() -> dict[str, list[tuple[str, str]]]:
    """The time zones on offer, with their cities, in groups: the nearest group first, each in alphabetical order."""
    return {
        _("Denmark, the Faroe Islands and Greenland"): [(name, city(name)) for name in NEAREST],
        _("Europe"): _by_city(EUROPE),
        _("The rest of the world"): _by_city(ELSEWHERE),
    }


def city(zone: str) -> str:
    """The name of a known time zone's city in the reader's language."""
    return str(CITIES.get(zone) or get_timezone_location(zone_of(zone), locale=_locale(), return_city=True))


def time_of_day(moment: datetime | time) -> str:
    """ "9.14"; a time that is no moment stands as it is, in no zone."""
    told = moment.astimezone(zone()) if isinstance(moment, datetime) else moment
    return format_time(told, TIMES[language_code()], locale=_locale())


def relative_day(moment: datetime) -> str:
    """ "I dag", "I går", "fredag den 20. marts", with the year where it is not this one."""
    told = moment.astimezone(zone()).date()
    if told == today():
        return _("Today")
    if told == today() - timedelta(days=1):
        return _("Yesterday")
    named = date_in_full(moment)
    return named if told.year == today().year else f"{named} {told.year}"


def days_ago(moment: datetime) -> str:
    """ "i dag", "i går", "for to dage siden", "den 20. marts": within a sentence, by the reader's days."""
    days = (today() - moment.astimezone(zone()).date()).days
    if days <= 0:
        return pgettext("within a sentence", "today")
    if days == 1:
        return pgettext("within a sentence", "yesterday")
    if days > LONGEST_AGO:
        return pgettext("within a sentence", "on %(date)s", date=short_date(moment))
    return ngettext("%(count)s day ago", "%(count)s days ago", days, count=number_in_words(days))


def number_in_words(number: int) -> str:
    """Two to ten as words, for sentences; other numbers in digits."""
    return str(NUMBERS[number - 2]) if 2 <= number <= 10 else str(number)


def listed(names: Iterable[str], more: int = 0) -> str:
    """ "A, B og C", or "A, B og 3 flere" where `more` are not named."""
    told = list(map(str, names))
    if more > 0:
        return ", ".join(told) + " " + _("and %(num)s more", num=more)
    return _("%(names)s and %(rest)s", names=", ".join(told[:-1]), rest=told[-1]) if told[1:] else "".join(told)


def date_in_full(moment: datetime) -> str:
    """ "Fredag den 20. marts"."""
    named = format_date(moment.astimezone(zone()).date(), DAYS[language_code()], locale=_locale())
    return named[0].upper() + named[1:]


def relative_datetime(moment: datetime) -> str:
    """ "I dag kl. 9.14", "20. marts kl. 14.02", "29. marts 2025 kl. 14.05"."""
    told = moment.astimezone(zone())
    if told.date() == today():
        return _("Today at %(time)s", time=time_of_day(moment))
    if told.date() == today() - timedelta(days=1):
        return _("Yesterday at %(time)s", time=time_of_day(moment))
    return _("%(date)s at %(time)s", date=short_date(moment), time=time_of_day(moment))


def datetime_in_sentence(moment: datetime) -> str:
    """ "i dag kl. 9.14": the same within a sentence."""
    told = relative_datetime(moment)
    return told[0].lower() + told[1:]


def short_date(moment: datetime) -> str:
    """ "20. marts", with the year where it is not this one."""
    return short_day(moment.astimezone(zone()).date())


def last_date(end: datetime) -> str:
    """The last day before `end`, in the same words: "31. december" for what ends at midnight after it."""
    return short_day(last_day(end))


def last_day(end: datetime) -> date:
    """The last day before `end`, in the reader's time zone."""
    return (end.astimezone(zone()) - timedelta(microseconds=1)).date()


def short_day(date: date) -> str:
    """ "20. marts", with the year where it is not this one."""
    formats = DATES if date.year == today().year else DATES_WITH_YEAR
    return format_date(date, formats[language_code()], locale=_locale())


def iso_minute(moment: datetime) -> str:
    """ "2026-03-29T12:05Z": a moment for HTML's `datetime` attribute, to the minute, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def long_datetime(moment: datetime) -> str:
    """ "29. marts 2026 kl. 9.05"."""
    return format_datetime(moment.astimezone(zone()), LONG_DATETIMES[language_code()], locale=_locale())


def duration(length: timedelta) -> str:
    """ "3 dage", "5 timer", "under en time"."""
    hours = int(length.total_seconds() // 3600)
    if hours >= 48:
        return ngettext("%(num)s day", "%(num)s days", hours // 24)
    if hours >= 1:
        return ngettext("%(num)s hour", "%(num)s hours", hours)
    return _("under an hour")


def today() -> date:
    """Today's date in the reader's time zone."""
    return clock.now().astimezone(zone()).date()


def _by_city(zones: tuple[str, ...]) -> list[tuple[str, str]]:
    return sorted(((zone, city(zone)) for zone in zones), key=lambda named: danish.sort_key(named[1]))


def _locale() -> Locale:
    return get_locale() or Locale(DEFAULT_LANGUAGE)


def language_code() -> str:
    return _locale().language
