"""The forms of a comment."""

from flask_babel import lazy_gettext as _l

from workspace.forms import CorrectionMixin, Paragraphs, ProseMixin, VersionMixin, WorkspaceForm


class TextForm(ProseMixin, WorkspaceForm):
    """A text."""

    body = Paragraphs(_l("Write a comment"), required=_l("Write a comment."))

    def validate(self, extra_validators: object = None) -> bool:
        """Check the fields, and then ask about CPR numbers."""
        return super().validate(extra_validators) and self.is_free_of_cpr_numbers(self.body)


class CommentForm(CorrectionMixin, TextForm):
    """A new comment."""


class EditForm(VersionMixin, TextForm):
    """The text as it was when the form was opened."""
