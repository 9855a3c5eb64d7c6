"""The files of a form, and the forms of a file."""

from collections.abc import Mapping
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import MultipleFileField, SelectMultipleField
from wtforms.widgets import HiddenInput

from workspace.files import queries, receiving
from workspace.files.attaching import Attachments
from workspace.files.models import LONGEST_ALT, MOST_OF_A_TEXT
from workspace.files.queries import FileRow
from workspace.partnerships.models import Membership
from workspace.permissions import UserError
from workspace.rich_text import replace_control_chars
from workspace.web import pagination
from workspace.web.forms import OneTimeKeyMixin, WorkspaceForm, text_area_field, text_line_field

MOST_NUMBERS = 50  # that are read of a form


class NumbersField(SelectMultipleField):
    """Numbers, each in a hidden field of the same name; anything else is left out."""

    widget = HiddenInput()

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[], validate_choice=False, **options)

    def process_data(self, value: Any) -> None:
        """Nothing, unless it is sent."""
        self.data = list(value or ())

    def process_formdata(self, valuelist: list[str]) -> None:
        """Those that are numbers, each once."""
        read = (pagination.parse_int(value) for value in valuelist[:MOST_NUMBERS])
        self.data = list(dict.fromkeys(number for number in read if number))


class AttachmentsMixin:
    """A text with files: those that were uploaded before, by their numbers, and without scripts the files themselves.

    What comes with the form is kept at once, as uploads, so that nothing has to be chosen again when the form fails.
    `carried` are the uploads as the form shows them.
    """

    uploads: Any = NumbersField()
    take_away: Any = NumbersField()
    attachments: Any = MultipleFileField(_l("Files"))

    carried: tuple[FileRow, ...] = ()

    def validate_for(self, by: Membership) -> bool:
        """Check all fields, and keep the files that came along."""
        form: Any = self
        is_valid = form.validate()
        return self._receive(by) and self._read_uploads(by) and is_valid

    def attached(self) -> Attachments:
        """What is to be done about the text's files."""
        return Attachments(
            uploads=tuple(self.uploads.data),
            alts={number: alt for number, alt in self.alts.items() if alt},
            take_away=frozenset(self.take_away.data),
        )

    def carry(self, by: Membership) -> None:
        """Show the uploads again in a form that comes back."""
        typed = self.alts
        rows = queries.uploads(by, self.uploads.data)
        self.carried = tuple(row._replace(alt=typed.get(row.number, row.alt)) for row in rows)

    def _receive(self, by: Membership) -> bool:
        form: Any = self
        sent = [each for each in request.files.getlist("attachments") if each.filename]
        if not sent:
            return True
        try:
            self.uploads.data += receiving.receive(by, sent, _key(form))
        except UserError as refusal:
            return bool(form.refuse(self.attachments, refusal.message))
        return True

    def _read_uploads(self, by: Membership) -> bool:
        form: Any = self
        self.carry(by)
        if len(self.uploads.data) > MOST_OF_A_TEXT:
            told = _("A text carries at most %(num)s files.", num=MOST_OF_A_TEXT)
            return bool(form.refuse(self.attachments, told))
        return True

    @property
    def alts(self) -> Mapping[int, str]:
        """What is typed about each upload."""
        return {
            number: replace_control_chars(request.form.get(f"alt-{number}", "").strip()[:LONGEST_ALT])
            for number in self.uploads.data
        }


def _key(form: Any) -> str:
    """The key under which the files of a form come: the form's own, or of one that corrects, a new one."""
    return str(form.one_time_key.data) if "one_time_key" in form else receiving.new_one_time_key()


class UploadForm(OneTimeKeyMixin, WorkspaceForm):
    """Files that belong to nothing yet, or the new version of one."""


class AltTextForm(WorkspaceForm):
    """What a picture shows."""

    alt = text_line_field(_l("What does the picture show?"), longest=LONGEST_ALT)


class FileRemovalForm(WorkspaceForm):
    """Why a file is removed; needed for another's."""

    reason = text_area_field(_l("Reason"), longest=500, description=_l("The others see it."))

    def is_reasoned(self, own: bool) -> bool:
        """Whether the reason that another's file needs is there."""
        return bool(own or self.reason.data) or self.refuse(self.reason, _("Write why it is removed."))
