"""The forms about a text."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField

from workspace.posts.reactions import ReactionKind
from workspace.rich_text import resembles_cpr_number
from workspace.web.forms import WorkspaceForm, text_area_field


class ReactionForm(WorkspaceForm):
    """A reaction, given or taken back."""

    kind = RadioField(
        choices=lambda: {kind.value: kind.value for kind in ReactionKind},
        coerce=lambda value: ReactionKind(value) if value in list(ReactionKind) else None,
    )
    is_given = BooleanField()


class RedactionForm(WorkspaceForm):
    """Why a text is erased."""

    reason = text_area_field(
        _l("Reason"),
        longest=500,
        required=_l("Write why it is deleted."),
        description=_l("Everybody sees the reason. Don't repeat what is to be deleted."),
    )

    def validate(self, extra_validators: object = None) -> bool:
        """Check the field, and that the reason does not say again what should go."""
        if not super().validate(extra_validators):
            return False
        if resembles_cpr_number(self.reason.data or ""):
            return self.refuse(self.reason, _("This looks like a CPR number. Write the reason without it."))
        return True
