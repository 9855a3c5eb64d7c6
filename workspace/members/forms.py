"""The forms of moderation."""

from datetime import date, datetime, time, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, DateField, Field, ValidationError
from wtforms.validators import Optional

from workspace import clock, cursors, languages
from workspace.access import Level
from workspace.forms import Paragraphs, WorkspaceForm

LONGEST_REASON = 500
FURTHEST = timedelta(days=3660)


def is_to_come(form: WorkspaceForm, field: Field) -> None:
    """Refuse a day that is past, or farther away than anybody plans."""
    today = clock.now().astimezone(languages.zone()).date()
    if field.data and not today < field.data <= today + FURTHEST:
        raise ValidationError(_("Choose a day to come."))


class ConfirmedForm(WorkspaceForm):
    """What asks again before a side loses its last moderator."""

    confirmed = BooleanField(_l("Yes, only one side shall have moderators"))


class SuspensionForm(ConfirmedForm):
    """Until when, and why."""

    until = DateField(
        _l("Until"),
        validators=[Optional(), is_to_come],
        description=_l("The access opens by itself in the morning of that day. Leave it empty to open it yourself."),
    )
    reason = Paragraphs(
        _l("Reason"),
        longest=LONGEST_REASON,
        required=_l("Write why."),
        description=_l("The person sees it; the other members don't."),
    )

    @property
    def until_moment(self) -> datetime | None:
        """The beginning of that day, where the moderator is."""
        return beginning_of(self.until.data)


class RemovalForm(ConfirmedForm):
    """Why."""

    reason = Paragraphs(
        _l("Reason"),
        longest=LONGEST_REASON,
        required=_l("Write why."),
        description=_l("The person sees it; the other members don't."),
    )


class EndForm(WorkspaceForm):
    """The first day without access."""

    ends_on = DateField(
        _l("Ends on"),
        validators=[Optional(), is_to_come],
        description=_l("From that day there is no access. The person is told a week before. Empty: no end."),
    )

    @property
    def moment(self) -> datetime | None:
        """The beginning of that day, where the moderator is."""
        return beginning_of(self.ends_on.data)


def beginning_of(day: date | None) -> datetime | None:
    """Midnight, where the reader is."""
    return datetime.combine(day, time(), languages.zone()) if day else None


def members_typed(form: MultiDict[str, str]) -> list[int]:
    """The ids of the members that were chosen, each once."""
    return list(dict.fromkeys(number for text in form.getlist("member") if (number := cursors.number(text))))


def levels_typed(form: MultiDict[str, str]) -> dict[int, Level]:
    """The level for each of the members that were chosen: its own where it is said, else the common one."""
    typed = {number: form.get(f"level-{number}") or form.get("level", "") for number in members_typed(form)}
    return {number: Level(level) for number, level in typed.items() if level in list(Level)}
