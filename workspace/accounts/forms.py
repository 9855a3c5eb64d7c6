"""The forms of one's own account."""

from collections import defaultdict
from functools import cache
from typing import Self

from email_validator import EmailNotValidError, validate_email
from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, PasswordField, SelectField, ValidationError
from wtforms.validators import DataRequired

from workspace import kept, languages
from workspace.accounts.sessions import Session
from workspace.forms import Line, MailAddress, WorkspaceForm, only_text

LONGEST_NAME = 100
LONGEST_PHONE = 40
FEWEST_DIGITS = 4


class SignInForm(WorkspaceForm):
    """Address and password."""

    next = HiddenField()
    email = MailAddress(_l("Mail address"), required=_l("Write your mail address."))
    password = PasswordField(_l("Password"), validators=[DataRequired(_l("Write your password."))])
    remember = BooleanField(_l("Keep me signed in on this device"))


class CodeForm(WorkspaceForm):
    """The address that a code is to be mailed to. It is asked for beside the password, or on a page of its own."""

    next = HiddenField()
    email = MailAddress(_l("Mail address"), required=_l("Write your mail address."))
    remember = BooleanField(_l("Keep me signed in on this device"))

    @classmethod
    def asked(cls) -> "CodeForm":
        """The form as its page is opened, on the way to `next`."""
        return cls(formdata=None, data={"next": kept.local_address(request.args.get("next", ""))})


class AnswerForm(WorkspaceForm):
    """The six digits of the mail."""

    code = Line(
        _l("The code from the mail"),
        longest=20,
        required=_l("Write the six digits of the code."),
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code"},
    )


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


class OwnForm(WorkspaceForm):
    """What only the person may do: the present password shows that it is they."""

    present_password = PasswordField(
        _l("Present password"), validators=[DataRequired(_l("Write your present password."))]
    )

    @classmethod
    def for_session(cls, session: Session) -> Self:
        """The form; without the password where a code has just shown who it is."""
        form = cls()
        if session.is_proven:
            del form.present_password
        return form


class PasswordForm(OwnForm):
    """The password that is, and the one that shall be."""

    new_password = PasswordField(
        _l("New password"),
        validators=[DataRequired(_l("Write a new password.")), only_text],
        description=_l("At least 12 characters. Three or four words that don't belong together are good."),
    )


class AddressForm(OwnForm):
    """A new mail address."""

    email = MailAddress(_l("New mail address"), required=_l("Write your new mail address."))

    def validate_email(self, field: Field) -> None:
        """An address, as it is best written."""
        if field.errors:
            return
        try:
            field.data = validate_email(field.data, check_deliverability=False).normalized
        except EmailNotValidError:
            raise ValidationError(_("This is not a mail address. One looks like mette@gladsaxe.dk.")) from None


@cache
def _zone_names() -> tuple[str, ...]:
    return tuple(languages.zone_names())
