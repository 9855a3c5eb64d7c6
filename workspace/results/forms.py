"""The forms of indicators and their numbers."""

import re
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, RadioField, SelectField, SelectMultipleField, ValidationError
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput

from workspace.files.forms import AttachmentsMixin
from workspace.i18n.formatting import today
from workspace.organisations.models import Side
from workspace.partnerships.labels import GOALS
from workspace.results import labels
from workspace.results.kinds import Direction, IndicatorKind, Measures, Pooling
from workspace.results.models import SETTLED
from workspace.results.periods import Rhythm
from workspace.web import pagination
from workspace.web.forms import (
    CprMixin,
    NumberField,
    OneTimeKeyMixin,
    VersionMixin,
    WorkspaceForm,
    date_field,
    text_area_field,
    text_line_field,
)

LONGEST_NAME = 120
LONGEST_DEFINITION = 1_000
LONGEST_NOTE = 500
LONGEST_ADDRESS = 500
GOAL_TARGET = re.compile(r"\d{1,2}\.[0-9a-d]{1,2}")


def _choice(label: Any, words: dict[Any, Any], kind: Any, default: Any, **options: Any) -> RadioField:
    """One of an enum's members, in its words."""
    return RadioField(
        label,
        choices=lambda: {member.value: str(name) for member, name in words.items()},
        coerce=lambda value: kind(value) if value in list(kind) else None,
        default=default,
        **options,
    )


class IndicatorForm(OneTimeKeyMixin, WorkspaceForm):
    """What is counted, how and by whom."""

    name = text_line_field(
        _l("Name"),
        longest=LONGEST_NAME,
        required=_l("Write a name."),
        description=_l("What it is called in the chart, for example: Citizens who use the solution"),
    )
    definition = text_area_field(
        _l("This counts, and this doesn't"),
        longest=LONGEST_DEFINITION,
        required=_l("Write what counts and what doesn't, so that all count in the same way."),
    )
    kind = _choice(_l("What kind of number is it?"), labels.INDICATOR_KINDS, IndicatorKind, IndicatorKind.SHARE.value)
    unit = text_line_field(
        _l("Unit"), longest=20, description=_l("For example: institutions, kr. or hours. A share is in per cent.")
    )
    decimals: Any = SelectField(_l("Decimals"), coerce=int, choices={"0": "0", "1": "1", "2": "2"}, default=0)
    direction = _choice(_l("Where should it go?"), labels.DIRECTIONS, Direction, Direction.UP.value)
    measures = _choice(_l("When is it counted?"), labels.MEASURES, Measures, Measures.FLOW.value)
    rhythm = _choice(_l("How often?"), labels.RHYTHMS, Rhythm, Rhythm.QUARTER.value)
    pooling = _choice(_l("The organisations' numbers"), labels.POOLINGS, Pooling, Pooling.TOGETHER.value)
    goal: Any = SelectField(_l("Goal"), coerce=lambda value: pagination.parse_int(str(value)) or 0, default=0)
    goal_target = text_line_field(_l("The goal's target"), longest=5, description=_l("For example 3.8"))
    role_id: Any = SelectField(
        _l("Who answers for it?"),
        coerce=lambda value: pagination.parse_int(str(value)) or 0,
        default=0,
        description=_l("Whoever holds the role can set targets and enter numbers for all."),
    )
    sides: Any = SelectMultipleField(
        _l("Who enters numbers?"),
        coerce=lambda value: Side(value) if value in list(Side) else None,
        option_widget=CheckboxInput(),
        validators=[Optional()],
    )

    def offer(self, roles: Sequence[tuple[int, str]], sides: dict[Side, str]) -> None:
        """Let one of these roles answer for it, and these sides enter its numbers."""
        self.role_id.choices = [(0, _("Only the moderators")), *roles]
        self.goal.choices = [(0, _("None")), *((number, f"{number}. {name}") for number, name in GOALS.items())]
        if "sides" in self:
            self.sides.choices = [(side.value, words) for side, words in sides.items()]

    def settle(self) -> None:
        """Leave out what can't change any more."""
        for name in SETTLED:
            del self[name]

    def validate_goal_target(self, field: Field) -> None:
        """As the United Nations number them."""
        if field.data and not GOAL_TARGET.fullmatch(field.data):
            raise ValidationError(_("Write the target's number, for example 3.8 or 17.a."))

    @property
    def described(self) -> dict[str, Any]:
        """What the form says of the indicator."""
        found = {
            field.name: field.data
            for field in self
            if field.name not in ("one_time_key", "version", "sides", "goal", "role_id")
        }
        if found.get("kind") is IndicatorKind.SHARE:
            found["unit"] = ""
        return found | {"goal": self.goal.data or None, "role_id": self.role_id.data or None}


class IndicatorEditForm(VersionMixin, IndicatorForm):
    """The same as it was when the form was opened."""


class ReferenceForm(VersionMixin, WorkspaceForm):
    """A baseline or a target: the value or, of a share, what it is made of; its day, and why."""

    value = NumberField(_l("Value"))
    part = NumberField(_l("Or how many"))
    whole = NumberField(_l("Out of"), description=_l("The two numbers that the per cent comes from, if you know them."))
    day = date_field(_l("Date"), required=_l("Choose a date."))
    organisation: Any = SelectField(
        _l("For"), coerce=lambda value: pagination.parse_int(str(value)) or 0, default=0, validate_choice=False
    )
    note = text_area_field(_l("Why"), longest=LONGEST_NOTE)

    def validate_day(self, field: Field) -> None:
        """It is near enough to be meant."""
        if not 1990 <= field.data.year <= today().year + 50:
            raise ValidationError(_("Choose a date between 1990 and 50 years from now."))


class SourcesForm(VersionMixin, WorkspaceForm):
    """Which organisations enter the numbers; who does it in each stands in fields of its own."""

    organisations: Any = SelectMultipleField(
        _l("Who enters numbers?"),
        coerce=lambda value: pagination.parse_int(str(value)) or 0,
        validators=[Optional()],
        validate_choice=False,
    )


class StoryForm(AttachmentsMixin, CprMixin, OneTimeKeyMixin, WorkspaceForm):
    """What lies behind the numbers, if anybody wants to tell it, and the files that they come from."""

    story = text_area_field(
        _l("Tell what lies behind (optional)"),
        description=_l("It becomes progress with the numbers on it. Without a text the numbers are just saved."),
    )

    def validate(self, extra_validators: object = None) -> bool:
        """Check the text, and then ask about CPR numbers."""
        return super().validate(extra_validators) and self.is_free_of_cpr_numbers(self.story)


class CorrectionForm(AttachmentsMixin, WorkspaceForm):
    """Why a number is corrected, and what shows it; the number stands in fields of its own."""

    why = text_area_field(
        _l("Why is it corrected?"),
        longest=LONGEST_NOTE,
        required=_l("Write why it is corrected. The former number can still be seen."),
    )


class DefinitionsForm(OneTimeKeyMixin, WorkspaceForm):
    """A table of indicators, as it was downloaded."""

    pasted = text_area_field(
        _l("The table"),
        longest=100_000,
        required=_l("Paste the table here."),
        description=_l("As it was downloaded with ‘Download definitions, targets and agreements’, with its headings."),
    )


class PasteForm(WorkspaceForm):
    """A table from a spreadsheet, and the period that it is about."""

    period: Any = SelectField(_l("Period"), coerce=str)
    pasted = text_area_field(
        _l("The table"),
        longest=100_000,
        required=_l("Paste the table here."),
        description=_l(
            "A line for each organisation: its name and the number, or the two numbers. Headings may be on top."
        ),
    )
    why = text_area_field(
        _l("Why are numbers corrected?"),
        longest=LONGEST_NOTE,
        description=_l("Only needed where a number is there already."),
    )
