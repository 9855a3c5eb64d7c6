"""What all forms share: field types and limits, messages, one-time keys and versions."""

import uuid
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask import request
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    EmailField,
    Field,
    Form,
    HiddenField,
    IntegerField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional, StopValidation
from wtforms.widgets import HiddenInput

from workspace.i18n import numbers
from workspace.i18n.visible import visible
from workspace.rich_text import (
    EMPTY,
    RichText,
    from_html,
    from_plain,
    is_readable,
    replace_control_chars,
    resembles_cpr_number,
)
from workspace.web import fragment_cache, pagination

MAX_TEXT = 4000
LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3
# Of the stored HTML: more markup than this around so little text is dropped, since a page contains all of it.
MAX_STORED_HTML = 20_000
MAX_INT = 2**31 - 1
# As browsers send a date, and as Danes write it where the browser has no date picker.
DATE_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y")


def read_date(text: str) -> date | None:
    """The date that is typed, or that a spreadsheet has made of one of ours; None for no date."""
    for form in DATE_FORMATS:
        try:
            return datetime.strptime(text.strip(), form).date()
        except ValueError:
            continue
    return None


class WTFormsTranslations:
    """WTForms' own messages in the reader's language: WTForms has no Danish."""

    def gettext(self, message: str) -> str:
        """`message` in our words."""
        choice, number = _("Choose one of the options."), _("Reload the page, and try again.")
        day = _("Write a date, for example 31-12-2026.")
        return {
            "Not a valid choice.": choice,
            "Invalid Choice: could not coerce.": choice,
            "Invalid choice(s): one or more data inputs could not be coerced.": choice,
            "Not a valid integer value.": number,
            "This field is required.": number,
            "Not a valid date value.": day,
        }.get(message, message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The same for plurals: only invalid choices have one."""
        return _("Choose one of the options.")


class WorkspaceForm(FlaskForm):
    """The base of all forms. The request guard has checked the CSRF token already."""

    class Meta(FlaskForm.Meta):
        """Messages in the reader's language; the CSRF token is left to the request guard."""

        csrf = False

        def wrap_formdata(self, form: Form, formdata: Any) -> Any:
            """Only what forms of ours send: neither a file nor JSON, whose values are no text."""
            if formdata is None or isinstance(formdata, MultiDict):
                return formdata
            return (request.form or None) if request.method == "POST" else None

        def get_translations(self, form: Form) -> WTFormsTranslations:
            """Our messages instead of WTForms' own."""
            return WTFormsTranslations()

    @property
    def error_list(self) -> list[tuple[str, str]]:
        """Each error as (the field's id, message), for the summary above the form."""
        return [(field.id, str(error)) for field in self for error in field.errors]

    def refuse(self, field: Field, message: str) -> bool:
        """Add an error that was found after the field's own checks; always returns False."""
        field.errors = [*field.errors, message]
        return False


class OneTimeKeyMixin:
    """A key made when the form is shown: however often the form is sent, one thing is made."""

    one_time_key: Any = HiddenField(default=fragment_cache.one_time_key)

    def validate_one_time_key(self, field: HiddenField) -> None:
        """Replace a malformed key: the form still makes one thing."""
        try:
            field.data = str(uuid.UUID(field.data or ""))
        except ValueError:
            field.data = str(uuid.uuid4())

    def take_new_key(self) -> None:
        """Let the form make something new: the key that came with it has already made something else."""
        self.one_time_key.data, self.one_time_key.raw_data = str(uuid.uuid4()), None


class CorrectionMixin(OneTimeKeyMixin):
    """A text to share, which may instead correct the one that its key made: `corrects` is its number and version."""

    corrects: Any = HiddenField(filters=[lambda value: _numbers(str(value or ""))])


class VersionMixin:
    """The version of the edited row when the form was opened."""

    version: Any = HiddenField(filters=[lambda value: pagination.parse_int(str(value)) or 0])  # Versions start at 1.

    def set_base_version(self, version: int) -> None:
        """Treat what is typed as an edit of `version`."""
        self.version.data, self.version.raw_data = version, None


class CprMixin:
    """A text that others will read: the form asks once before sharing what looks like a CPR number."""

    cpr_checked = BooleanField(_l("It is not a CPR number: share it as it is"))

    asks_about_cpr = False

    def is_free_of_cpr_numbers(self, *fields: Field) -> bool:
        """Whether no field looks like it has a CPR number, or the person has confirmed that it is none."""
        suspicious = resembles_cpr_number(*(field.data or "" for field in fields))
        if not suspicious or self.cpr_checked.data:
            return True
        self.asks_about_cpr = True
        for field in fields:
            if resembles_cpr_number(field.data or ""):
                field.errors = [
                    *field.errors,
                    _("This looks like a CPR number. Personal data does not belong here: take it out."),
                ]
        return False


class RichTextMixin(CprMixin):
    """A text that can be formatted.

    `body` is plain text. The editor enables the field `body_html` beside it, which then takes precedence: `rich_text`
    is made from it, and its plain text is checked as if it had been typed. Where it is longer, or more tangled, than an
    editor makes it, the plain text that comes along is used. A text that is too long is refused without being parsed.
    """

    body_html: Any = HiddenField(render_kw={"disabled": True})

    rich_text: RichText

    def __init__(self, *args: Any, instead_of: str = "", within: str = "", **options: Any) -> None:
        """`instead_of` is the HTML being edited: paragraphs that plain text leaves unchanged keep their formatting.

        `within` is the id of what the form stands in, on a page that may have another text to write.
        """
        super().__init__(*args, **options)
        fields: Any = self
        for field in fields if within else ():
            field.id = field.label.field_id = f"{within}-{field.id}"
        html, text = fields.body_html.data or "", fields.body.data or ""
        is_formatted = bool(html) and is_readable(html)
        if is_formatted:
            self.rich_text = from_html(html)
        else:
            self.rich_text = from_plain(text, instead_of=instead_of) if length(text) <= MAX_TEXT else EMPTY
        if len(self.rich_text.html) > MAX_STORED_HTML:
            self.rich_text = from_plain(self.rich_text.text)
        if is_formatted:
            fields.body.data, fields.body_html.data = self.rich_text.text, self.rich_text.html
            if fields.body_html.raw_data:  # The editor sent it, so it takes precedence when shown again, too.
                fields.body_html.render_kw = None

    def reload_with(self, version: int, merged: RichText | None) -> bool:
        """Show the form again for the current `version`, with the `merged` text if there is one."""
        fields: Any = self
        fields.set_base_version(version)
        if merged:
            fields.body.data, fields.body_html.data = merged.text, merged.html
        return merged is not None


def _numbers(text: str) -> tuple[int, int] | None:
    """ "17-2" as two numbers, or None."""
    number, version = (pagination.parse_int(part) for part in text.partition("-")[::2])
    return (number, version) if number and version else None


def stripped(value: str | None) -> str | None:
    """The text without surrounding whitespace."""
    return value.strip() if isinstance(value, str) else value


def length(text: str) -> int:
    """The length in characters as typed: browsers send two for a line break."""
    return len(text.replace("\r\n", "\n"))


def no_longer_than(longest: int) -> Callable[[Form, Field], None]:
    """The validator that comes first: more than `longest` characters are refused without being parsed."""

    def check(form: Form, field: Field) -> None:
        if (typed := length(field.data or "")) > longest:
            numbers = {"longest": format_decimal(longest), "length": format_decimal(typed)}
            raise StopValidation(_("Use at most %(longest)s characters. The text has %(length)s.", **numbers))

    return check


def only_text(form: Form, field: Field) -> None:
    """Refuse NUL and other control characters, and text with broken encoding."""
    field.data = replace_control_chars(field.data or "")
    if "\ufffd" in field.data:
        raise ValidationError(
            _("Some of the characters can't be kept. Type them again, or paste the text without formatting.")
        )


def only_one_line(form: Form, field: Field) -> None:
    """Refuse line breaks in a single line."""
    if "\n" in (field.data or "") or "\r" in (field.data or ""):
        raise ValidationError(_("Write this on one line."))


def text_line_field(label: Any, *, longest: int, required: Any = "", **options: Any) -> Any:
    """A single line of text; `required` is the message when it is missing."""
    return StringField(
        label,
        validators=[no_longer_than(longest), *_required(required), only_text, only_one_line],
        filters=[stripped],
        render_kw={"maxlength": longest} | options.pop("render_kw", {}),
        **options,
    )


class NumberField(StringField):
    """A number as people write it: `number` once the form is valid, None where nothing was typed."""

    def __init__(self, label: Any, *, unit: str = "", required: Any = "", **options: Any) -> None:
        super().__init__(label, validators=[*_required(required)], filters=[stripped], **options)
        self.unit = unit
        self.number: Decimal | None = None
        self.render_kw = {"inputmode": "decimal", "autocomplete": "off", "maxlength": numbers.LONGEST}

    def post_validate(self, form: Any, validation_stopped: bool) -> None:
        """Read the number."""
        if validation_stopped or not self.data:
            return
        try:
            self.number = numbers.parse(self.data, unit=self.unit)
        except numbers.NotANumber as refusal:
            raise ValidationError(str(refusal)) from None


def email_field(label: Any, *, required: Any, **options: Any) -> Any:
    """An e-mail address; `required` is the message when it is missing.

    Its form has `novalidate`: browsers refuse letters before the @ that addresses may have (RFC 6532).
    """

    def seen(value: Any) -> Any:
        # Piled up marks are composed in the square of their number: what is too long is refused as it was sent.
        return visible(value) if isinstance(value, str) and len(value) <= LONGEST_EMAIL else value

    return EmailField(
        label,
        validators=[no_longer_than(LONGEST_EMAIL), *_required(required), only_text],
        filters=[seen],
        **options,
    )


def text_area_field(label: Any, *, longest: int = MAX_TEXT, required: Any = "", **options: Any) -> Any:
    """A text of several lines; `required` is the message when it is missing."""
    return TextAreaField(
        label,
        validators=[no_longer_than(longest), *_required(required), only_text],
        filters=[stripped],
        **options,
    )


def date_field(label: Any, *validators: Any, required: Any = "", **options: Any) -> Any:
    """A date in one of `DATE_FORMATS`. `required` is the message when it is missing; without one there may be none."""
    first = DataRequired(required) if required else Optional()
    return DateField(label, format=list(DATE_FORMATS), validators=[first, *validators], **options)


def hidden_int_field(*, required: bool = True) -> Any:
    """A hidden number, such as a version; None if it is not one that the database can hold."""
    return IntegerField(
        widget=HiddenInput(),
        validators=[InputRequired() if required else Optional(), NumberRange(min=0, max=MAX_INT)],
    )


def _required(message: Any) -> Sequence[DataRequired]:
    return [DataRequired(message)] if message else []
