"""Forms of membership and moderation."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from email_validator import EmailNotValidError, validate_email
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    Field,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, NumberRange, Optional

from workspace import clock
from workspace.i18n import formatting
from workspace.members.invitations import list_reader
from workspace.members.invitations import listed_people as pasted
from workspace.members.labels import VISIBILITIES
from workspace.members.moderation.ways_in import Retained
from workspace.organisations.labels import KINDS
from workspace.organisations.models import OrganisationKind
from workspace.partnerships.labels import LEVELS
from workspace.partnerships.models import Visibility
from workspace.permissions import Conflict, Level
from workspace.rich_text.link_removal import leads_somewhere
from workspace.web import pagination
from workspace.web.forms import WorkspaceForm, email_field, only_text, text_area_field, text_line_field

LONGEST_REASON = 500
LONGEST_OBJECTION = 300
MOST_INVITATIONS = 100
HIGHEST_LIMIT = 10_000
LIMIT = _l("Write a number from 1 to 10,000.")
MOST_USES = _l("Write a number from 1 to 500.")
FURTHEST = timedelta(days=3660)


def is_to_come(form: WorkspaceForm, field: Field) -> None:
    """Refuse a day in the past, or unreasonably far ahead."""
    today = clock.now().astimezone(formatting.zone()).date()
    if field.data and not today < field.data <= today + FURTHEST:
        raise ValidationError(_("Choose a day in the future."))


class ConfirmedForm(WorkspaceForm):
    """A form that asks for confirmation before a side loses its last moderator."""

    confirmed = BooleanField(_l("Yes, only one side should have moderators"))


class PutOutForm(ConfirmedForm):
    """What is kept of the ways in that those who are put out made or may know."""

    keep_invitations = BooleanField(_l("Keep them: from now on I vouch for them"))
    keep_links = BooleanField(_l("Keep the links that others created"))

    @property
    def retained(self) -> Retained:
        """What the moderator chose to keep."""
        return Retained(invitations=self.keep_invitations.data, links=self.keep_links.data)


class SuspensionForm(PutOutForm):
    """Until when, and why."""

    until = DateField(
        _l("Until"),
        validators=[Optional(), is_to_come],
        description=_l("The access opens by itself in the morning of that day. Leave it empty to open it yourself."),
    )
    reason = text_area_field(
        _l("Reason"),
        longest=LONGEST_REASON,
        required=_l("Write why."),
        description=_l("The person, the moderators and the administrators see it; the other members don't."),
    )

    @property
    def until_moment(self) -> datetime | None:
        """Midnight of that day in the moderator's time zone."""
        return beginning_of(self.until.data)


class RemovalForm(PutOutForm):
    """Why."""

    reason = text_area_field(
        _l("Reason"),
        longest=LONGEST_REASON,
        required=_l("Write why."),
        description=_l("The person, the moderators and the administrators see it; the other members don't."),
    )


class EndForm(WorkspaceForm):
    """The last day with access."""

    ends_on = DateField(
        _l("Last day"),
        validators=[Optional(), is_to_come],
        description=_l("The access ends when that day is over. The person is told a week before. Empty: no end."),
    )

    @property
    def moment(self) -> datetime | None:
        """Midnight after that day in the moderator's time zone."""
        return beginning_of(self.ends_on.data + timedelta(days=1) if self.ends_on.data else None)


class ReadmissionForm(WorkspaceForm):
    """With which access a former member comes back."""

    level = SelectField(_l("Access"), choices=lambda: told(LEVELS), coerce=Level)


def told(words: Mapping[Any, Any]) -> dict[str, str]:
    """The choices of a field, in the reader's language."""
    return {str(value): str(word) for value, word in words.items()}


def beginning_of(day: date | None) -> datetime | None:
    """Midnight of a day in the reader's time zone."""
    return datetime.combine(day, time(), formatting.zone()) if day else None


def members_typed(form: MultiDict[str, str]) -> list[int]:
    """The ids of the chosen members, each once."""
    return list(dict.fromkeys(number for text in form.getlist("member") if (number := pagination.parse_int(text))))


def invitations_typed(form: MultiDict[str, str]) -> list[int]:
    """The ids of the chosen invitations, each once. Raises Conflict for more than a hundred."""
    typed = form.getlist("invitation")
    if len(typed) > MOST_INVITATIONS:
        raise Conflict(_("Choose at most %(most)s invitations at a time.", most=MOST_INVITATIONS))
    return list(dict.fromkeys(number for text in typed if (number := pagination.parse_int(text))))


def levels_typed(form: MultiDict[str, str]) -> dict[int, Level]:
    """The level for each chosen member: its own where given, else the common one."""
    typed = {number: form.get(f"level-{number}") or form.get("level", "") for number in members_typed(form)}
    return {number: Level(level) for number, level in typed.items() if level in list(Level)}


def _organisation_field(label: Any, *validators: Any) -> Any:
    """One of the organisations, of which none is chosen before somebody chooses it: 0 is none."""
    return SelectField(label, coerce=lambda value: int(value or 0), choices=[], validators=list(validators))


class AskForOrganisationForm(WorkspaceForm):
    """The name of an organisation that is missing."""

    missing = text_line_field(
        _l("Name of the organisation"), longest=120, required=_l("Write the name of the organisation.")
    )

    @classmethod
    def name_in(cls, text: str) -> str:
        """The name if it can be one, on one line; otherwise nothing."""
        form = cls(formdata=MultiDict({"missing": text}))
        return form.missing.data if form.validate() else ""


class GrantOrganisationForm(WorkspaceForm):
    """What an organisation that was asked for is called, and is."""

    name = text_line_field(_l("Name"), longest=120, required=_l("Write the name of the organisation."))
    kind = SelectField(
        _l("Kind"), choices=lambda: told(KINDS), coerce=OrganisationKind, default=OrganisationKind.COMPANY
    )


class InvitationForm(WorkspaceForm):
    """Whom to invite, and as what."""

    addresses = text_area_field(
        _l("E-mail addresses"),
        longest=pasted.LONGEST,
        required=_l("Write or paste at least one address."),
        description=_l(
            "Paste a list as it is: from an e-mail, a spreadsheet or an address book. Columns for name, organisation,"
            " access and role are read too."
        ),
    )
    level = RadioField(_l("Access"), choices=lambda: told(LEVELS), coerce=Level, default=Level.CONTRIBUTOR)
    organisation = _organisation_field(_l("Organisation of those for whom nothing else tells it"))
    language = SelectField(_l("Language of the invitation"), choices=formatting.LANGUAGES, default="da")
    greeting = text_area_field(_l("Personal greeting (optional)"), longest=1000)

    def validate_addresses(self, field: Field) -> None:
        """Limit the list to what can be processed at once."""
        if not field.errors and (count := list_reader.count(field.data)) > pasted.MOST:
            numbers = {"most": format_decimal(pasted.MOST), "count": format_decimal(count)}
            raise ValidationError(_("Invite at most %(most)s at a time. The list has %(count)s.", **numbers))

    def validate_greeting(self, field: Field) -> None:
        """No links: strangers would follow them in the trust that they have in the workspace's name."""
        if field.data and not field.errors and leads_somewhere(field.data):
            raise ValidationError(_("Leave out links and addresses. The e-mail has the link to the invitation."))


class InvitationLimitForm(WorkspaceForm):
    """How many new addresses may be invited a day."""

    limit = IntegerField(
        _l("New addresses a day"),
        validators=[Optional(), NumberRange(1, HIGHEST_LIMIT, LIMIT)],
        description=_l("Leave it empty for the usual limit."),
    )


class LinkForm(WorkspaceForm):
    """A link: for which level, how long, and for how many people."""

    level = RadioField(
        _l("Access"),
        choices=lambda: told({level: LEVELS[level] for level in (Level.OBSERVER, Level.CONTRIBUTOR)}),
        coerce=Level,
        default=Level.CONTRIBUTOR,
    )
    hours = SelectField(
        _l("Valid for"),
        choices=lambda: {"2": _("2 hours"), "24": _("A day"), "168": _("A week")},
        coerce=int,
        default=2,
    )
    most_uses = IntegerField(
        _l("Maximum number of people"),
        default=20,
        validators=[InputRequired(MOST_USES), NumberRange(1, 500, MOST_USES)],
    )


class AccountForm(WorkspaceForm):
    """A new account for somebody who was invited."""

    name = text_line_field(_l("Name"), longest=100, required=_l("Write your name."), render_kw={"autocomplete": "name"})
    password = PasswordField(
        _l("Password"),
        validators=[DataRequired(_l("Write a new password.")), only_text],
        description=_l("At least 12 characters. Three or four words that don't belong together are good."),
        render_kw={"autocomplete": "new-password"},
    )


class ObjectionForm(WorkspaceForm):
    """What is wrong with the organisation that somebody is invited to represent."""

    words = text_area_field(
        _l("Whom do you represent?"),
        longest=LONGEST_OBJECTION,
        required=_l("Write whom you represent."),
        description=_l("Whoever invited you reads it, and can send you a new invitation."),
    )

    def validate_words(self, field: Field) -> None:
        """No links: moderators would follow them."""
        if not field.errors and leads_somewhere(field.data):
            raise ValidationError(_("Leave out links and addresses."))


class JoinForm(WorkspaceForm):
    """The organisation of somebody who belongs to none of the partners."""

    organisation = _organisation_field(
        _l("Which organisation do you come from?"), DataRequired(_l("Choose the organisation that you come from."))
    )


class JoinByAddressForm(JoinForm):
    """The address of somebody without an account."""

    email = email_field(_l("E-mail address"), required=_l("Write your e-mail address."))


class RequestForm(WorkspaceForm):
    """Why somebody wants to join, or answers a question."""

    words = text_area_field(
        _l("Who are you, and why do you want to join?"),
        longest=500,
        required=_l("Write a few words."),
        description=_l("The moderators also see your name, your organisation and your e-mail address."),
    )


class DecisionForm(WorkspaceForm):
    """The level of an approval."""

    level = SelectField(_l("Access"), choices=lambda: told(LEVELS), coerce=Level, default=Level.CONTRIBUTOR)


class ReplyForm(WorkspaceForm):
    """A refusal with its reason, or a question: the view says which."""

    words = text_area_field(_l("Your message"), longest=LONGEST_REASON, required=_l("Write a few words."))


class VisibilityForm(WorkspaceForm):
    """Whether others can know of the partnership."""

    visibility = SelectField(_l("Visibility"), choices=lambda: told(VISIBILITIES), coerce=Visibility)


class ReportForm(WorkspaceForm):
    """What is wrong with a post or a comment."""

    reason = text_area_field(
        _l("What is wrong with it?"),
        longest=LONGEST_REASON,
        required=_l("Write what is wrong with it."),
        description=_l("The moderators see it, and that it comes from you."),
    )


class ReportAnswerForm(WorkspaceForm):
    """Why a reported text is kept or withdrawn."""

    reason = text_area_field(
        _l("Reason"),
        longest=LONGEST_REASON,
        required=_l("Write why."),
        description=_l("The author sees it, and whoever reported it."),
    )


class HelpForm(WorkspaceForm):
    """Why an administrator joins."""

    reason = text_area_field(
        _l("Why do you join?"),
        longest=LONGEST_REASON,
        required=_l("Write why."),
        description=_l("Everybody in the partnership can read it."),
    )


class AppointmentForm(WorkspaceForm):
    """Who becomes the moderator of a partnership that has none."""

    member = SelectField(_l("New moderator"), coerce=int)


class PersonsAddressForm(WorkspaceForm):
    """Another address for a person."""

    email = email_field(_l("New e-mail address"), required=_l("Write the person's e-mail address."))

    def validate_email(self, field: Field) -> None:
        """Accept an address, and normalise it."""
        if field.errors:
            return
        try:
            field.data = validate_email(field.data, check_deliverability=False).normalized
        except EmailNotValidError:
            raise ValidationError(_("This is not an e-mail address. One looks like mette@gladsaxe.dk.")) from None


class TransferForm(ConfirmedForm):
    """The organisation that a member represents."""

    organisation = SelectField(_l("Represents from now on"), coerce=int)


class DepartureForm(ConfirmedForm):
    """What happens to the members of an organisation whose participation ends."""

    members = RadioField(
        _l("What happens to its members?"),
        choices=lambda: {
            "go": _("They are removed from the partnership"),
            "stay": _("They stay, for another organisation"),
        },
    )
    stay_for = SelectField(_l("If they stay: for which organisation?"), coerce=int)
    reason = text_area_field(
        _l("Reason"),
        longest=LONGEST_REASON,
        required=_l("Write why."),
        description=_l("Those who are removed, the moderators and the administrators see it; the other members don't."),
    )
