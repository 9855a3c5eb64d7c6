"""The forms of a comment."""

from flask_babel import lazy_gettext as _l

from workspace.files.forms import AttachmentsMixin
from workspace.web.forms import CorrectionMixin, RichTextMixin, VersionMixin, WorkspaceForm, text_area_field


class CommentTextForm(AttachmentsMixin, RichTextMixin, WorkspaceForm):
    """A text."""

    body = text_area_field(_l("Write a comment"), required=_l("Write a comment."))

    def validate(self, extra_validators: object = None) -> bool:
        """Check the fields, and then ask about CPR numbers."""
        return super().validate(extra_validators) and self.is_free_of_cpr_numbers(self.body)


class CommentForm(CorrectionMixin, CommentTextForm):
    """A new comment."""


class CommentEditForm(VersionMixin, CommentTextForm):
    """The text as it was when the form was opened."""
