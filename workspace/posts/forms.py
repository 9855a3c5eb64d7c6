"""The forms of a post."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, ValidationError

from workspace.forms import Line, OneTimeKeyMixin, Paragraphs, ProseMixin, VersionMixin, WorkspaceForm
from workspace.posts.models import Kind

LONGEST_TITLE = 120
KINDS = {Kind.PROGRESS: _l("Progress"), Kind.CHALLENGE: _l("Challenge")}


class TextForm(ProseMixin, WorkspaceForm):
    """A title and a text."""

    title = Line(_l("Heading"), longest=LONGEST_TITLE, required=_l("Write a heading."))
    body = Paragraphs(_l("Text"), required=_l("Write a text."))

    def validate(self, extra_validators: object = None) -> bool:
        """Check the fields, and then ask about CPR numbers."""
        return super().validate(extra_validators) and self.is_free_of_cpr_numbers(self.title, self.body)


class ShareForm(OneTimeKeyMixin, TextForm):
    """The composer: progress or a challenge."""

    kind = RadioField(
        _l("What do you want to share?"),
        choices=lambda: {kind.value: str(name) for kind, name in KINDS.items()},
        coerce=lambda value: Kind(value) if value in list(Kind) else None,
        validate_choice=False,
    )

    def validate_kind(self, field: RadioField) -> None:
        """One of the two has to be chosen."""
        if field.data is None:
            raise ValidationError(_("Choose whether it is progress or a challenge."))


class EditForm(VersionMixin, TextForm):
    """The text as it was when the form was opened."""


class WithdrawalForm(WorkspaceForm):
    """Why it is withdrawn; needed for another's."""

    reason = Paragraphs(_l("Reason"), longest=500, description=_l("The author and the others see it."))

    def is_reasoned(self, own: bool) -> bool:
        """Whether the reason that another's text needs is there."""
        return bool(own or self.reason.data) or self.refuse(self.reason, _("Write why it is withdrawn."))
