"""The forms of a partnership itself."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, SelectMultipleField
from wtforms.widgets import CheckboxInput

from workspace.organisations.models import Side
from workspace.partnerships.labels import GOALS, LEVELS, SIDES, STAGES
from workspace.partnerships.models import Stage
from workspace.permissions import Level
from workspace.web import pagination
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


def _goal(sent: int | str) -> int:
    """The number of a goal, as our own form sends it."""
    number = int(sent)
    if str(number) != str(sent):
        raise ValueError(sent)
    return number


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
        coerce=_goal,
        choices=lambda: {str(number): str(name) for number, name in GOALS.items()},
        option_widget=CheckboxInput(),
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


# Of one request: more than stand on a screen in a second.
MOST_CARDS = 60


class SeenForm(WorkspaceForm):
    """The last entry that was rendered, and the post that it was rendered on; or cards, as "17:23,19:25"."""

    number = hidden_int_field(required=False)
    post = hidden_int_field(required=False)
    cards = HiddenField()

    @property
    def shown(self) -> dict[int, int]:
        """By the posts' numbers the last entries that their cards showed."""
        found = {}
        for pair in (self.cards.data or "")[: MOST_CARDS * 12].split(",")[:MOST_CARDS]:
            post, _colon, number = pair.partition(":")
            if (last := pagination.parse_int(number)) and (key := pagination.parse_int(post)) is not None:
                found[key] = last
        return found

    def validate(self, extra_validators: object = None) -> bool:
        """Something has to be said to be read."""
        return super().validate(extra_validators) and bool(self.shown or self.number.data)


def words_typed(arguments: Any) -> str:
    """The search text, cut to the length of a name."""
    return str(arguments.get("q", ""))[:LONGEST_NAME]
