"""The forms of a partnership itself."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, SelectMultipleField
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput

from workspace.organisations.models import Side
from workspace.partnerships.labels import GOALS, LEVELS, SIDES, STAGES
from workspace.partnerships.models import Stage
from workspace.permissions import Level
from workspace.web.forms import (
    OneTimeKeyMixin,
    VersionMixin,
    WorkspaceForm,
    hidden_int_field,
    text_area_field,
    text_line_field,
)

LONGEST_NAME = 120
LONGEST_PURPOSE = 600


class DescriptionForm(WorkspaceForm):
    """What a partnership is: its name, its purpose and its goals."""

    name = text_line_field(_l("Name"), longest=LONGEST_NAME, required=_l("Write what the partnership is called."))
    purpose = text_area_field(
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


class MailContentForm(WorkspaceForm):
    """What the mails about the partnership carry."""

    titles_only = BooleanField(_l("E-mails carry titles only, no text: for confidential work"))


class SideForm(WorkspaceForm):
    """The side that an organisation is on."""

    organisation = hidden_int_field(required=False)
    side = SelectField(_l("Side"), choices=lambda: {side.value: str(name) for side, name in SIDES.items()}, coerce=Side)


class StageForm(WorkspaceForm):
    """The stage of the partnership."""

    stage = SelectField(
        _l("Stage"), choices=lambda: {stage.value: str(name) for stage, name in STAGES.items()}, coerce=Stage
    )


class AddMemberForm(WorkspaceForm):
    """The person to add, and their level."""

    user_id = hidden_int_field()
    level = SelectField(
        _l("Access"),
        choices=lambda: {level.value: str(name) for level, name in LEVELS.items()},
        coerce=Level,
        default=Level.CONTRIBUTOR,
    )


class SeenForm(WorkspaceForm):
    """The last entry that was rendered, and the post that it was rendered on."""

    number = hidden_int_field()
    post = hidden_int_field(required=False)


def words_typed(arguments: Any) -> str:
    """The search text, cut to the length of a name."""
    return str(arguments.get("q", ""))[:LONGEST_NAME].replace("\0", "")
