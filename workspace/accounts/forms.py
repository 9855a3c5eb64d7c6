"""Forms of one's own account."""

from typing import Self

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, PasswordField, SelectField, ValidationError
from wtforms.validators import DataRequired

from workspace.accounts.sessions import Session
from workspace.i18n import formatting
from workspace.mail.addresses import normalised
from workspace.web import form_recovery
from workspace.web.forms import WorkspaceForm, email_field, only_text, text_line_field

LONGEST_NAME = 100
LONGEST_PHONE = 40
FEWEST_DIGITS = 4


class SignInForm(WorkspaceForm):
    """Address and password."""

    next = HiddenField()
    email = email_field(_l("E-mail address"), required=_l("Write your e-mail address."))
    password = PasswordField(_l("Password"), validators=[DataRequired(_l("Write your password."))])
    remember = BooleanField(_l("Keep me signed in on this device"))


class CodeForm(WorkspaceForm):
    """The address to mail a code to; on the sign-in page, or on a page of its own."""

    next = HiddenField()
    email = email_field(_l("E-mail address"), required=_l("Write your e-mail address."))
    remember = BooleanField(_l("Keep me signed in on this device"))

    @classmethod
    def asked(cls) -> "CodeForm":
        """The form as its page opens, on the way to `next`."""
        return cls(formdata=None, data={"next": form_recovery.local_address(request.args.get("next", ""))})


class VerificationCodeForm(WorkspaceForm):
    """The six digits from the mail."""

    code = text_line_field(
        _l("The code from the e-mail"),
        longest=20,
        required=_l("Write the six digits of the code."),
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code"},
    )


def looks_like_a_phone_number(form: WorkspaceForm, field: Field) -> None:
    """Refuse a phone number that can't be called; any way of writing one is fine."""
    if field.data and sum(letter.isdecimal() for letter in field.data) < FEWEST_DIGITS:
        raise ValidationError(_("Write the phone number in digits, for example 12 34 56 78."))


class SettingsForm(WorkspaceForm):
    """A person's name and contact details, and language and time zone."""

    name = text_line_field(
        _l("Name"),
        longest=LONGEST_NAME,
        required=_l("Write your name."),
        render_kw={"autocomplete": "name"},
    )
    title = text_line_field(
        _l("Title"),
        longest=LONGEST_NAME,
        description=_l("What you do, for example project manager."),
        render_kw={"autocomplete": "organization-title"},
    )
    phone = text_line_field(
        _l("Phone"),
        longest=LONGEST_PHONE,
        render_kw={"type": "tel", "autocomplete": "tel"},
    )
    language = SelectField(_l("Language"), choices=formatting.LANGUAGES, validate_choice=False)
    time_zone = SelectField(_l("Time zone"), choices=[], validate_choice=False)

    def validate_phone(self, field: Field) -> None:
        """Accept a phone number or nothing."""
        looks_like_a_phone_number(self, field)

    def validate_language(self, field: Field) -> None:
        """Accept a supported language."""
        if field.data not in formatting.LANGUAGES:
            raise ValidationError(_("Choose one of the languages."))

    def validate_time_zone(self, field: Field) -> None:
        """Accept a time zone on offer."""
        if field.data not in (zone for zones in self.zones.values() for zone, _city in zones):
            raise ValidationError(_("Choose one of the time zones."))

    @property
    def zones(self) -> dict[str, list[tuple[str, str]]]:
        """The time zones on offer, with their cities, in groups; first the current one, if it is not among them."""
        offered, present = formatting.zones(), self.time_zone.object_data
        is_offered = any(present == zone for zones in offered.values() for zone, _city in zones)
        own = {} if is_offered or self.unknown_zone else {"": [(present, formatting.city(present))]}
        return own | offered

    @property
    def unknown_zone(self) -> str:
        """The person's stored time zone if it is unknown; the default one is used instead."""
        stored: str = self.time_zone.object_data or formatting.DEFAULT_ZONE
        return "" if formatting.is_zone(stored) else stored


class OwnForm(WorkspaceForm):
    """A form that only the person may send: the current password proves it."""

    present_password = PasswordField(
        _l("Current password"), validators=[DataRequired(_l("Write your present password."))]
    )

    @classmethod
    def for_session(cls, session: Session) -> Self:
        """The form; without the password field if a code by e-mail has just proved who it is."""
        form = cls()
        if session.is_recently_verified:
            del form.present_password
        return form


class PasswordForm(OwnForm):
    """The current password and the new one."""

    new_password = PasswordField(
        _l("New password"),
        validators=[DataRequired(_l("Write a new password.")), only_text],
        description=_l("At least 12 characters. Three or four words that don't belong together are good."),
    )


class ChangeAddressForm(OwnForm):
    """A new e-mail address."""

    email = email_field(_l("New e-mail address"), required=_l("Write your new e-mail address."))

    def validate_email(self, field: Field) -> None:
        """Accept an address, and normalise it."""
        if field.errors:
            return
        address = normalised(field.data)
        if not address:
            raise ValidationError(_("This is not an e-mail address. One looks like mette@gladsaxe.dk."))
        field.data = address
