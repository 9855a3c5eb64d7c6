"""The forms of a post."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, RadioField, SelectField, SelectMultipleField, ValidationError
from wtforms.validators import Optional
from wtforms.widgets import CheckboxInput

from workspace.files.forms import AttachmentsMixin
from workspace.i18n.formatting import today
from workspace.posts.labels import POST_KINDS
from workspace.posts.models import PostKind
from workspace.web import pagination
from workspace.web.forms import (
    CorrectionMixin,
    RichTextMixin,
    VersionMixin,
    WorkspaceForm,
    date_field,
    hidden_int_field,
    text_area_field,
    text_line_field,
)

LONGEST_TITLE = 120
LONGEST_NOTE = 1000


class PostTextForm(AttachmentsMixin, RichTextMixin, WorkspaceForm):
    """A title and a text, and the role that it concerns."""

    title = text_line_field(_l("Heading"), longest=LONGEST_TITLE, required=_l("Write a heading."))
    body = text_area_field(_l("Text"), required=_l("Write a text."))
    role: Any = SelectField(
        _l("Which role does it concern?"),
        choices=[],
        coerce=lambda value: pagination.parse_int(str(value)) or "",
        validate_choice=False,
        description=_l("Whoever is accountable for it sees that the post is waiting for them."),
    )

    def offer(self, roles: list[tuple[int, str]]) -> None:
        """Let one of `roles`, by id and name, be chosen, or none."""
        self.role.choices = {"": _("None in particular")} | {str(role_id): name for role_id, name in roles}

    def validate(self, extra_validators: object = None) -> bool:
        """Check the fields, and then ask about CPR numbers."""
        return super().validate(extra_validators) and self.is_free_of_cpr_numbers(self.title, self.body)


class ShareForm(CorrectionMixin, PostTextForm):
    """The composer: progress, which may move a challenge; or a challenge, with the day of a wished answer."""

    answer_by = date_field(_l("Answer wanted by"))
    moves = SelectField(_l("Is it progress on a challenge?"), coerce=int, default=0)

    kind = RadioField(
        _l("What do you want to share?"),
        choices=lambda: {kind.value: str(name) for kind, name in POST_KINDS.items()},
        coerce=lambda value: PostKind(value) if value in list(PostKind) else None,
        validate_choice=False,
    )

    def validate_kind(self, field: RadioField) -> None:
        """One of the two has to be chosen."""
        if field.data is None:
            raise ValidationError(_("Choose whether it is progress or a challenge."))

    def validate_answer_by(self, field: Field) -> None:
        """The day of an answer is not over yet; progress has none."""
        if self.kind.data is PostKind.CHALLENGE and field.data and field.data < today():
            raise ValidationError(_("Choose a day that is not over."))


class PostEditForm(VersionMixin, PostTextForm):
    """The text as it was when the form was opened."""

    answer_by = date_field(_l("Answer wanted by"))


class WithdrawalForm(WorkspaceForm):
    """Why it is withdrawn; needed for another's."""

    reason = text_area_field(_l("Reason"), longest=500, description=_l("The author and the others see it."))

    def is_reasoned(self, own: bool) -> bool:
        """Whether the reason that another's text needs is there."""
        return bool(own or self.reason.data) or self.refuse(self.reason, _("Write why it is withdrawn."))


class TakingForm(WorkspaceForm):
    """Who takes a challenge: oneself (0), or a member who is asked; instead of whom it concerned before one's eyes."""

    instead_of = hidden_int_field(required=False)
    taker = SelectField(_l("Who takes it?"), coerce=int, default=0)
    note = text_area_field(_l("A word to the one you ask"), longest=LONGEST_NOTE)
    answer_by = date_field(_l("Answer wanted by"))

    def validate_answer_by(self, field: Field) -> None:
        """Today or a day to come, unless it is as it was."""
        if field.data and field.data < today() and field.data != field.object_data:
            raise ValidationError(_("Choose today or a later day."))


class DaysForm(WorkspaceForm):
    """The day of a challenge: by which an answer is wished, or on which it opens again."""

    of = HiddenField()
    day = date_field(_l("Day"), description=_l("Leave it empty for no certain day."))

    def validate_day(self, field: Field) -> None:
        """A day to come, unless it is as it was."""
        if field.data and field.data <= today() and field.data != field.object_data:
            raise ValidationError(_("Choose a day in the future."))


class RefusalForm(WorkspaceForm):
    """Why one does not take it."""

    reason = text_area_field(
        _l("Why not?"), longest=LONGEST_NOTE, required=_l("Write why, so that the others can go on.")
    )


class SolutionForm(WorkspaceForm):
    """What solved a challenge."""

    note = text_area_field(
        _l("What solved it?"),
        longest=LONGEST_NOTE,
        required=_l("Write what solved it."),
        description=_l("So that others can do the same next time."),
    )
    posts: Any = SelectMultipleField(
        _l("Progress that solved it"), coerce=int, option_widget=CheckboxInput(), validators=[Optional()]
    )


class ParkingForm(WorkspaceForm):
    """Why a challenge is put aside, and until when."""

    reason = text_area_field(_l("Why is it parked?"), longest=LONGEST_NOTE, required=_l("Write why it is parked."))
    until = date_field(
        _l("Open it again on"),
        description=_l("Leave it empty if somebody is to open it again."),
    )

    def validate_until(self, field: Field) -> None:
        """A day to come."""
        if field.data and field.data <= today():
            raise ValidationError(_("Choose a day in the future."))


class ReopeningForm(WorkspaceForm):
    """Why a challenge is opened again."""

    reason = text_area_field(
        _l("Why is it opened again?"), longest=LONGEST_NOTE, required=_l("Write why it is opened again.")
    )
