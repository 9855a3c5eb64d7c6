"""What is done about indicators and their numbers."""

from datetime import date
from functools import partial
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from workspace.partnerships.activity_log import Entry
from workspace.partnerships.verbs import Verb, who
from workspace.results import periods, values


def _measured(entry: Entry) -> str:
    told = ngettext(
        "%(who)s entered %(num)s number: %(about)s",
        "%(who)s entered %(num)s numbers: %(about)s",
        int(entry.details.get("count", 1)),
        who=who(entry),
        about=_about(entry),
    )
    return " ".join([told, *_reached(entry)])


def _corrected(entry: Entry) -> str:
    details = entry.details
    before, after = (values.told(details, key) or _("not measured") for key in ("before", "after"))
    said = {"who": who(entry), "about": _about(entry), "why": details.get("why", "")}
    if before == after:  # It is made of other numbers, or its note is another.
        told = _("%(who)s corrected a number: %(about)s. %(why)s", **said)
    else:
        told = _(
            "%(who)s corrected a number from %(before)s to %(after)s: %(about)s. %(why)s",
            before=before,
            after=after,
            **said,
        )
    return " ".join([told, *_reached(entry)])


def _could_not_measure(entry: Entry) -> str:
    about, why = _about(entry), entry.details.get("why", "")
    return _("%(who)s said that it could not be measured: %(about)s. %(why)s", who=who(entry), about=about, why=why)


def _about(entry: Entry) -> str:
    """What the numbers are about, as far as they have it in common: indicator, period and organisation."""
    details = entry.details
    return ", ".join(filter(None, (details.get("name"), _period(details), details.get("organisation"))))


def _period(details: dict[str, Any]) -> str:
    try:
        days = periods.ReportingPeriod(date.fromisoformat(details["first"]), date.fromisoformat(details["last"]))
        return periods.label(periods.Rhythm(details["rhythm"]), days)
    except (KeyError, ValueError, TypeError):
        return ""


def _reached(entry: Entry) -> list[str]:
    return [_("The target is reached: %(name)s.", name=name) for name in entry.details.get("reached", ())]


def _set_target(entry: Entry) -> str:
    details = entry.details
    about = {"who": who(entry), "name": details.get("name", ""), "value": values.told(details, "value")}
    if before := values.told(details, "before"):
        about |= {"before": before, "note": details.get("note", "")}
        return _("%(who)s changed the target of ‘%(name)s’ from %(before)s to %(value)s: %(note)s", **about)
    return _("%(who)s set the target of ‘%(name)s’ to %(value)s", **about)


def _set_baseline(entry: Entry) -> str:
    value = values.told(entry.details, "value")
    name = entry.details.get("name", "")
    return _("%(who)s set the baseline of ‘%(name)s’ to %(value)s", who=who(entry), name=name, value=value)


def _new_numbers(place: Any, count: int) -> str:
    return _("New numbers in %(name)s", name=place.name)


_About = partial(Verb, texts=("name",), page="results")

ADDED_INDICATOR = _About(
    "added_indicator", _l("%(who)s added the indicator ‘%(name)s’"), creates_thing=True, bumps_activity=True
)
EDITED_INDICATOR = Verb(
    "edited_indicator",
    _l("%(who)s edited the indicator ‘%(name)s’"),
    changes_text=True,
    texts=("name", "before", "after"),
)
AGREED_ON_INDICATOR = _About("agreed_on_indicator", _l("%(who)s agreed on the indicator ‘%(name)s’"))
SET_TARGET = Verb(
    "set_target",
    _set_target,
    texts=("name", "note"),
    page="results",
    digest_line=lambda place, count: _("A new target in %(name)s", name=place.name),
)
SET_BASELINE = Verb("set_baseline", _set_baseline, texts=("name", "note"))
MEASURED = Verb(
    "measured",
    _measured,
    texts=("name", "reached"),
    bumps_activity=True,
    digest_line=_new_numbers,
    page="results",
)
CORRECTED = Verb("corrected", _corrected, texts=("name", "why", "reached"))
COULD_NOT_MEASURE = Verb(
    "could_not_measure",
    _could_not_measure,
    texts=("name", "why"),
)
RETIRED_INDICATOR = _About("retired_indicator", _l("%(who)s retired the indicator ‘%(name)s’"))
RESUMED_INDICATOR = _About("resumed_indicator", _l("%(who)s took the indicator ‘%(name)s’ into use again"))
