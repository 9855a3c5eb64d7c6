"""The forms of one's own account."""

from collections import defaultdict
from functools import cache

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, Field, HiddenField, PasswordField, SelectField, ValidationError
from wtforms.validators import DataRequired

from workspace import languages
from workspace.forms import Line, WorkspaceForm, only_text, stripped

LONGEST_NAME = 100
LONGEST_PHONE = 40
FEWEST_DIGITS = 4


class SignInForm(WorkspaceForm):
    """Address and password."""

    next = HiddenField()
    email = EmailField(
        _l("Mail address"),
        validators=[DataRequired(_l("Write your mail address.")), only_text],
        filters=[stripped],
    )
    password = PasswordField(_l("Password"), validators=[DataRequired(_l("Write your password."))])
    remember = BooleanField(_l("Keep me signed in on this device"))


def looks_like_a_phone_number(form: WorkspaceForm, field: Field) -> None:
    """Refuse a phone number that nobody can call; how it is written is free."""
    if field.data and sum(letter.isdecimal() for letter in field.data) < FEWEST_DIGITS:
        raise ValidationError(_("Write the phone number in digits, for example 12 34 56 78."))


class SettingsForm(WorkspaceForm):
    """What a person says of themselves, and how Samspil speaks to them."""

    name = Line(
        _l("Name"),
        longest=LONGEST_NAME,
        required=_l("Write your name."),
        render_kw={"autocomplete": "name"},
    )
    title = Line(
        _l("Title"),
        longest=LONGEST_NAME,
        description=_l("What you do, for example project manager."),
        render_kw={"autocomplete": "organization-title"},
    )
    phone = Line(
        _l("Phone"),
        longest=LONGEST_PHONE,
        render_kw={"type": "tel", "autocomplete": "tel"},
    )
    language = SelectField(_l("Language"), choices=languages.LANGUAGES, validate_choice=False)
    time_zone = SelectField(_l("Time zone"), choices=[], validate_choice=False)

    def validate_phone(self, field: Field) -> None:
        """A number that can be called, or nothing."""
        looks_like_a_phone_number(self, field)

    def validate_language(self, field: Field) -> None:
        """One of ours."""
        if field.data not in languages.LANGUAGES:
            raise ValidationError(_("Choose one of the languages."))

    def validate_time_zone(self, field: Field) -> None:
        """A zone that is known, or the one that it is already."""
        if field.data not in _zone_names() and field.data != field.object_data:
            raise ValidationError(_("Choose one of the time zones."))

    @property
    def zones(self) -> dict[str, list[str]]:
        """The time zones by continent, the nearest first; first of all a present one without city."""
        continents = defaultdict(list)
        if self.time_zone.object_data not in _zone_names():
            continents[""].append(self.time_zone.object_data)
        for name in _zone_names():
            continents[name.partition("/")[0]].append(name)
        return continents


class PasswordForm(WorkspaceForm):
    """The password that is, and the one that shall be."""

    present_password = PasswordField(
        _l("Present password"), validators=[DataRequired(_l("Write your present password."))]
    )
    new_password = PasswordField(
        _l("New password"),
        validators=[DataRequired(_l("Write a new password.")), only_text],
        description=_l("At least 12 characters. Three or four words that don't belong together are good."),
    )


@cache
def _zone_names() -> tuple[str, ...]:
    return tuple(languages.zone_names())
