"""The forms of a partnership itself."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, SelectMultipleField
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput

from workspace.access import Level
from workspace.forms import Line, OneTimeKeyMixin, Paragraphs, VersionMixin, WholeNumber, WorkspaceForm
from workspace.partnerships.models import Stage
from workspace.partnerships.words import GOALS, LEVELS, STAGES

LONGEST_NAME = 120
LONGEST_PURPOSE = 600


class DescriptionForm(WorkspaceForm):
    """What a partnership is: its name, its purpose and its goals."""

    name = Line(_l("Name"), longest=LONGEST_NAME, required=_l("Write what the partnership is called."))
    purpose = Paragraphs(
        _l("Purpose"),
        longest=LONGEST_PURPOSE,
        required=_l("Write what you want to achieve together."),
        description=_l("What do you want to achieve together, and for whom?"),
    )
    goals: Any = SelectMultipleField(
        _l("Goals"),
        coerce=int,
        choices=lambda: {str(number): str(name) for number, name in GOALS.items()},
        option_widget=CheckboxInput(),
        validators=[Optional()],
    )


class StartForm(OneTimeKeyMixin, DescriptionForm):
    """A new partnership."""


class EditForm(VersionMixin, DescriptionForm):
    """The partnership as it was when the form was opened."""


class StageForm(WorkspaceForm):
    """Where the partnership is."""

    stage = SelectField(
        _l("Stage"), choices=lambda: {stage.value: str(name) for stage, name in STAGES.items()}, coerce=Stage
    )


class SeatForm(WorkspaceForm):
    """The person to add, and their level."""

    user_id = WholeNumber()
    level = SelectField(
        _l("Access"),
        choices=lambda: {level.value: str(name) for level, name in LEVELS.items()},
        coerce=Level,
        default=Level.CONTRIBUTOR,
    )


class SeenForm(WorkspaceForm):
    """The last entry that was rendered, and the post that it was rendered on."""

    number = WholeNumber()
    post = WholeNumber(required=False)


def words_typed(arguments: Any) -> str:
    """What is searched for, no longer than a name."""
    return str(arguments.get("q", ""))[:LONGEST_NAME].replace("\0", "")
