"""The forms of a comment."""

from flask_babel import lazy_gettext as _l

from workspace.forms import OneTimeKeyMixin, Paragraphs, ProseMixin, VersionMixin, WorkspaceForm
from workspace.prose import Prose, from_plain


class TextForm(ProseMixin, WorkspaceForm):
    """A text."""

    body = Paragraphs(_l("Write a comment"), required=_l("Write a comment."))

    def validate(self, extra_validators: object = None) -> bool:
        """Check the fields, and then ask about CPR numbers."""
        return super().validate(extra_validators) and self.is_free_of_cpr_numbers(self.body)

    @property
    def prose(self) -> Prose:
        """The text as it is kept."""
        return from_plain(self.body.data or "")


class CommentForm(OneTimeKeyMixin, TextForm):
    """A new comment."""


class EditForm(VersionMixin, TextForm):
    """The text as it was when the form was opened."""
