"""Forms of roles and assignments."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField, SelectField, ValidationError
from wtforms.validators import Optional

from workspace import clock
from workspace.i18n.formatting import zone
from workspace.partnerships.forms import StartForm
from workspace.roles.assignments import AssignmentKind
from workspace.roles.labels import HOLDERS, ROLE_SETS, RoleSet
from workspace.web import pagination
from workspace.web.forms import (
    CprMixin,
    OneTimeKeyMixin,
    VersionMixin,
    WorkspaceForm,
    hidden_int_field,
    text_area_field,
    text_line_field,
)

LONGEST_NAME = 80
LONGEST_RESPONSIBILITY = 240
LONGEST_REASON = 500
LATEST = timedelta(days=2 * 366)


def _kinds() -> dict[str, str]:
    return {kind.value: str(name) for kind, name in HOLDERS.items()}


def _role_sets() -> dict[str, str]:
    return {role_set.value: str(name) for role_set, name in ROLE_SETS.items()}


def _kind(value: str | None) -> AssignmentKind | None:
    return AssignmentKind(value) if value in list(AssignmentKind) else None


def _role_set(value: str | None) -> RoleSet | None:
    return RoleSet(value) if value in list(RoleSet) else None


class RoleDescriptionForm(WorkspaceForm):
    """The description of a role."""

    name = text_line_field(_l("Name of the role"), longest=LONGEST_NAME, required=_l("Write what the role is called."))
    responsibility = text_area_field(
        _l("What is it responsible for?"),
        longest=LONGEST_RESPONSIBILITY,
        required=_l("Write what the role is responsible for."),
    )


class RoleForm(OneTimeKeyMixin, RoleDescriptionForm):
    """A new role, and whom to offer it to at once."""

    member: Any = SelectField(
        _l("Offer it to"), choices=[], coerce=lambda value: pagination.parse_int(str(value)), validate_choice=False
    )


class RoleEditForm(VersionMixin, RoleDescriptionForm):
    """The role as it was when the form was opened."""


class OfferForm(CprMixin, WorkspaceForm):
    """Whom to offer a role to, as what; or whom to hand it over to."""

    kind = RadioField(_l("As"), choices=_kinds, coerce=_kind, validate_choice=False)
    member: Any = SelectField(
        _l("Person"), choices=[], coerce=lambda value: pagination.parse_int(str(value)), validate_choice=False
    )
    # The offer to somebody else that this one takes the place of.
    instead = hidden_int_field(required=False)
    starts_on = DateField(_l("From"), validators=[Optional()])
    notes = text_area_field(
        _l("What does the next one need to know?"),
        description=_l("Agreements, deadlines, where things are, and what is under way."),
    )
    stays_as_helper = BooleanField(_l("I help in the role for the first month"))

    def validate_member(self, field: SelectField) -> None:
        """Require a member."""
        if not field.data:
            raise ValidationError(_("Choose a person."))

    def validate_starts_on(self, field: DateField) -> None:
        """Accept dates from today to two years ahead."""
        if field.data and not today() <= field.data <= today() + LATEST:
            raise ValidationError(_("Choose today or a later date, at most two years from now."))

    def validate(self, extra_validators: object = None) -> bool:
        """Check the fields, and then ask about CPR numbers."""
        return super().validate(extra_validators) and self.is_free_of_cpr_numbers(self.notes)

    @property
    def starts_at(self) -> datetime | None:
        """Midnight of the chosen day in the reader's time zone; None for today."""
        chosen = self.starts_on.data
        return datetime.combine(chosen, time(), zone()).astimezone(UTC) if chosen and chosen > today() else None


class AskForm(CprMixin, WorkspaceForm):
    """How one would like to hold a role, and why."""

    kind = RadioField(_l("As"), choices=_kinds, coerce=_kind, validate_choice=False)
    notes = text_area_field(
        _l("Why you?"), longest=LONGEST_REASON, description=_l("The moderators and the others see it.")
    )

    def validate(self, extra_validators: object = None) -> bool:
        """Check the fields, and then ask about CPR numbers."""
        return super().validate(extra_validators) and self.is_free_of_cpr_numbers(self.notes)


class ReasonForm(CprMixin, WorkspaceForm):
    """Why it is declined, or why it ends."""

    reason = text_area_field(
        _l("Reason"),
        longest=LONGEST_REASON,
        required=_l("Write why, so that the others can go on from there."),
        description=_l("Everybody in the partnership sees it."),
    )

    def validate(self, extra_validators: object = None) -> bool:
        """Check the field, and then ask about CPR numbers."""
        return super().validate(extra_validators) and self.is_free_of_cpr_numbers(self.reason)


class SetForm(WorkspaceForm):
    """The set of roles to begin with."""

    role_set = RadioField(_l("Begin with a set of roles"), choices=_role_sets, coerce=_role_set, validate_choice=False)


class StartWithRolesForm(StartForm):
    """A new partnership, with the roles that it begins with."""

    role_set: Any = RadioField(
        _l("Roles to begin with"),
        choices=lambda: {"": _("None yet")} | _role_sets(),
        default="",
        coerce=lambda value: value if value == "copied" else _role_set(value) or "",
        validate_choice=False,
        description=_l("You can change, add and remove roles afterwards."),
    )


def today() -> date:
    """Today's date in the reader's time zone."""
    return clock.now().astimezone(zone()).date()
