"""Attaching uploads to what they belong to, in the transaction that makes or edits it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask_babel import gettext as _
from sqlalchemy import Select, select

from workspace.db import db
from workspace.files.models import MOST_OF_A_TEXT, File, count_of, place_of
from workspace.files.verbs import ATTACHED
from workspace.partnerships.activity_log import Entry, RecordedEntry, record_by
from workspace.partnerships.models import Membership
from workspace.permissions import Conflict


@dataclass(frozen=True)
class Attachments:
    """What is done about the files of a text: uploads are attached, each with what it shows, and some taken away."""

    uploads: tuple[int, ...] = ()
    alts: Mapping[int, str] = field(default_factory=dict)
    take_away: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        """Whether anything is done."""
        return bool(self.uploads or self.take_away)


NOTHING = Attachments()


def attach(by: Membership, entry_number: int, attached: Attachments) -> int:
    """Let the uploads belong to what the entry made; how many they are. The partnership is locked.

    Those that belong to it already stay. Raises Conflict for what is none of the member's uploads, or too many.
    """
    if not attached.uploads:
        return 0
    found = {file.number: file for file in db.session.scalars(_uploads(by, attached.uploads))}
    new = [file for file in found.values() if file.entry_number is None]
    if len(found) < len(set(attached.uploads)) or any(
        file.entry_number not in (None, entry_number) for file in found.values()
    ):
        raise Conflict(_("One of the files is not here any more. Choose it again."))
    if len(new) + count_of(by.partnership_id, entry_number) > MOST_OF_A_TEXT:
        raise Conflict(_("A text carries at most %(num)s files.", num=MOST_OF_A_TEXT))
    for file in new:
        file.entry_number = entry_number
        file.alt = attached.alts.get(file.number, file.alt)
    by.partnership.file_count += len(new)
    db.session.flush()
    return len(new)


def change(by: Membership, entry_number: int, attached: Attachments) -> RecordedEntry | None:
    """Attach files to what an entry made, and take others away, and log both; the entry that tells of new ones."""
    entry = db.session.get_one(Entry, (by.partnership_id, entry_number))
    for number in sorted(attached.take_away):
        file = db.session.get(File, (by.partnership_id, number))
        if file and file.entry_number == entry.number and not file.is_withdrawn:
            file.take_away(by)
    count = attach(by, entry.number, attached)
    return record_by(by, ATTACHED, count=count, **place_of(entry)) if count else None


def is_attached(by: Membership, entry_number: int, attached: Attachments) -> bool:
    """Whether all the uploads belong to what the entry made already, since they were only sent once more."""
    return not attached.uploads or all(
        file.entry_number == entry_number for file in db.session.scalars(_uploads(by, attached.uploads))
    )


def _uploads(by: Membership, numbers: tuple[int, ...]) -> Select[File]:
    return (
        select(File)
        .where(
            File.partnership_id == by.partnership_id,
            File.uploader_id == by.id,
            File.number.in_(numbers),
            File.withdrawn_at.is_(None),
        )
        .order_by(File.number)
    )
