"""A file that a post, a comment or a number carries, and its versions."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    String,
    Text,
    UniqueConstraint,
    and_,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from workspace import clock
from workspace.db import Model, db
from workspace.db.types import Details, UtcDateTime, enum_column_type
from workspace.files.inspection import FileKind
from workspace.files.verbs import ERASED_FILE, OF_FILES, REMOVED_FILE, RESTORED_FILE
from workspace.partnerships.activity_log import Entry, record_by
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Action, Conflict, NotAllowed
from workspace.posts.authored_text import UNDO_TAKEN

LONGEST_NAME = 200
LONGEST_ALT = 500
MOST_OF_A_TEXT = 10
PENDING = "entry_number IS NULL"
# Called with the partnership and the entry of what a file belonged to that was removed, in that transaction: here the
# search index takes its name out.
on_removal: list[Callable[[int, int], None]] = []
UNCHECKED = "state IN ('received', 'checking')"


class FileState(StrEnum):
    """How far a version is: only one that is ready can be read. A file that is withdrawn is removed."""

    RECEIVED = "received"
    CHECKING = "checking"
    READY = "ready"
    REFUSED = "refused"
    REMOVED = "removed"


class File(Model):
    """Its number is its own in its partnership, taken when it comes.

    `entry_number` is that of the entry that made what it belongs to: a post, a comment, or numbers that were entered.
    Until it belongs to something only its uploader sees it. `newest` is its newest version, and `shown` the one that
    stands under its name: the newest that is ready, None until one is.
    """

    __tablename__ = "file"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "entry_number"], ["entry.partnership_id", "entry.number"]),
        ForeignKeyConstraint(["partnership_id", "uploader_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "withdrawn_by_id"], ["membership.partnership_id", "membership.id"]),
        Index("ix_file_partnership_id_entry_number_number", "partnership_id", "entry_number", "number"),
        Index("ix_file_pending", "created_at", sqlite_where=text(PENDING), postgresql_where=text(PENDING)),
    )

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_number: Mapped[int | None]
    uploader_id: Mapped[int]
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    # What a picture shows, for those who do not see it.
    alt: Mapped[str] = mapped_column(String(LONGEST_ALT), default="")
    newest: Mapped[int] = mapped_column(default=1)
    shown: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by_id: Mapped[int | None]
    withdrawn_reason: Mapped[str] = mapped_column(Text, default="")
    redacted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    uploader: Mapped[Membership] = relationship(
        primaryjoin=lambda: File.uploader_id == Membership.id,
        foreign_keys=lambda: File.uploader_id,
        viewonly=True,
    )

    @property
    def is_withdrawn(self) -> bool:
        """Whether it is withdrawn: then it is not there, for anybody."""
        return self.withdrawn_at is not None

    def require_present(self) -> None:
        """Raise Conflict if it is withdrawn."""
        if self.is_withdrawn:
            raise Conflict(_("The file has been removed in the meantime."))

    def may_be_withdrawn_by(self, member: Membership) -> bool:
        """Whether `member` may withdraw it: its uploader, or a moderator."""
        own = self.uploader_id == member.id and member.may(Action.SHARE)
        return (own or member.may(Action.WITHDRAW_OTHERS)) and not self.is_withdrawn

    def require_withdrawable(self, by: Membership) -> None:
        """Raise the appropriate error unless `by` may withdraw it."""
        by.require(Action.SHARE)
        self.require_present()
        if not self.may_be_withdrawn_by(by):
            raise NotAllowed(_("Only the person who shared the file or a moderator can remove it."))

    def may_be_replaced_by(self, member: Membership) -> bool:
        """Whether `member` may put a new version in its place: of a picture only its uploader.

        A document is worked on together, and its older versions stay; a picture stands in somebody's text. Which of
        them it is nobody knows before it has been checked.
        """
        if self.is_withdrawn or not member.may(Action.SHARE):
            return False
        return self.uploader_id == member.id or (self.entry_number is not None and self.shows_document)

    def require_replaceable(self, by: Membership) -> None:
        """Raise the appropriate error unless `by` may put a new version in its place."""
        by.require(Action.SHARE)
        self.require_present()
        if self.may_be_replaced_by(by):
            return
        if self.shown is None:
            raise NotAllowed(_("As long as the file can't be opened, only the person who shared it can replace it."))
        raise NotAllowed(_("Only the person who shared the picture can replace it."))

    @property
    def shows_document(self) -> bool:
        """Whether a version is shown, and is no picture."""
        if self.shown is None:
            return False
        key = self.partnership_id, self.number, self.shown
        version = object_session(self).get_one(FileVersion, key)  # type: ignore[union-attr]
        return version.kind is not None and not version.kind.is_picture

    def may_be_described_by(self, member: Membership) -> bool:
        """Whether `member` may say what the picture shows: its uploader, or a moderator."""
        return member.may(Action.SHARE) and (self.uploader_id == member.id or member.may(Action.WITHDRAW_OTHERS))

    def describe(self, by: Membership, alt: str) -> None:
        """Say what the picture shows, for those who do not see it: its uploader does, or a moderator."""
        with by.partnership.locked():
            by.require(Action.SHARE)
            self.require_present()
            if not self.may_be_described_by(by):
                raise NotAllowed(_("Only the person who shared the picture or a moderator can describe it."))
            self.alt = alt

    def withdraw(self, by: Membership, reason: str = "") -> None:
        """Take the file back; its bytes stay until it is deleted for good. A moderator says why they take another's."""
        with by.partnership.locked():
            if not self.is_withdrawn:
                self.take_away(by, reason)

    def take_away(self, by: Membership, reason: str = "") -> None:
        """The same where the partnership is locked already."""
        self.require_withdrawable(by)
        self.withdrawn_at, self.withdrawn_by_id, self.withdrawn_reason = clock.now(), by.id, reason
        if place := self._place():
            record_by(by, REMOVED_FILE, **place, file=self.number, name=self.name, reason=reason)
            self._tell_of_removal()

    def may_be_brought_back_by(self, member: Membership) -> bool:
        """Whether `member` may undo the removal: who removed it, for a moment, or a moderator."""
        if self.withdrawn_at is None or self.redacted_at or not member.may(Action.SHARE):
            return False
        just_now = clock.now() - self.withdrawn_at <= UNDO_TAKEN
        return member.may(Action.WITHDRAW_OTHERS) or (self.withdrawn_by_id == member.id and just_now)

    def bring_back(self, by: Membership) -> None:
        """Undo the removal. Raises Conflict when other files have taken all the places since."""
        with by.partnership.locked():
            by.require(Action.SHARE)
            if not self.is_withdrawn:
                return
            if not self.may_be_brought_back_by(by):
                raise NotAllowed(_("It is too late to undo this. A moderator of the partnership can bring it back."))
            if self.entry_number and count_of(self.partnership_id, self.entry_number) >= MOST_OF_A_TEXT:
                told = _(
                    "There are %(num)s files already, and there can't be more. Remove one first.", num=MOST_OF_A_TEXT
                )
                raise Conflict(told)
            self.withdrawn_at, self.withdrawn_by_id, self.withdrawn_reason = None, None, ""
            if place := self._place():
                record_by(by, RESTORED_FILE, **place, file=self.number, name=self.name)

    def redact(self, by: Membership, reason: str) -> None:
        """Delete the file for good, with its name wherever that is kept; that it was, by whom and why remains."""
        with by.partnership.locked():
            by.require(Action.REDACT)
            if self.redacted_at is None:
                place = self._place()
                self.erase()
                self.withdrawn_by_id = by.id
                if place:
                    forget_names(self.partnership_id, self.number, **place)
                    record_by(by, ERASED_FILE, **place, file=self.number, reason=reason)
                    self._tell_of_removal()

    def discard(self, by: Membership) -> None:
        """Let go of one's own upload that belongs to nothing yet."""
        with by.partnership.locked():
            by.require(Action.SHARE)
            if self.entry_number is not None or self.uploader_id != by.id:
                raise Conflict(_("The file is shared already. Remove it where it stands."))
            self.erase()

    def erase(self) -> None:
        """Forget what it is called and shows, and why it was removed; the worker deletes its bytes (removal.py).

        The partnership is locked.
        """
        if self.redacted_at is not None:
            return
        self.redacted_at = clock.now()
        self.withdrawn_at = self.withdrawn_at or self.redacted_at
        self.name = self.alt = self.withdrawn_reason = ""
        session = object_session(self)
        own = FileVersion.partnership_id == self.partnership_id, FileVersion.file_number == self.number
        freed = 0
        for version in session.scalars(select(FileVersion).where(*own)):  # type: ignore[union-attr]
            version.name = ""
            freed += version.counted
        partnership = session.get_one(Partnership, self.partnership_id)  # type: ignore[union-attr]
        partnership.file_bytes -= freed

    def _tell_of_removal(self) -> None:
        if self.entry_number is None:
            return
        db.session.flush()
        for told in on_removal:
            told(self.partnership_id, self.entry_number)

    def _place(self) -> dict[str, int | None]:
        """Where it stands, as the log says it; nothing while it belongs to nothing."""
        if self.entry_number is None:
            return {}
        return place_of(db.session.get_one(Entry, (self.partnership_id, self.entry_number)))


class FileVersion(Model):
    """The bytes of a file as of its `n`th version, by whom, and how far the worker has come with them.

    `size` is in bytes: of what was received, and once it is ready of what is kept. `sha256` is of what was received.
    `storage_key` is where the bytes are, None where there are none any more; `preview_keys` where the pictures of it
    are, by their width. `claimed_until` is until when a worker has it to itself, `attempts` how often one began.
    """

    __tablename__ = "file_version"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "file_number"], ["file.partnership_id", "file.number"]),
        ForeignKeyConstraint(["partnership_id", "by_id"], ["membership.partnership_id", "membership.id"]),
        UniqueConstraint("by_id", "one_time_key"),
        Index("ix_file_version_unchecked", "at", sqlite_where=text(UNCHECKED), postgresql_where=text(UNCHECKED)),
    )

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    file_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    state: Mapped[FileState] = mapped_column(
        enum_column_type(FileState, otherwise=FileState.REFUSED), default=FileState.RECEIVED
    )
    refusal: Mapped[str | None] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(LONGEST_NAME))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    kind: Mapped[FileKind | None] = mapped_column(enum_column_type(FileKind, otherwise=None))
    width: Mapped[int | None]
    height: Mapped[int | None]
    pages: Mapped[int | None]
    storage_key: Mapped[str | None] = mapped_column(String(100))
    preview_keys: Mapped[dict[str, Any]] = mapped_column(Details, default=dict)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    one_time_key: Mapped[str] = mapped_column(String(36))
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
    by_id: Mapped[int]

    by: Mapped[Membership] = relationship(
        primaryjoin=lambda: FileVersion.by_id == Membership.id,
        foreign_keys=lambda: FileVersion.by_id,
        viewonly=True,
    )

    @property
    def keys(self) -> list[str]:
        """Where all its bytes are."""
        return [key for key in (self.storage_key, *self.preview_keys.values()) if key]

    @property
    def counted(self) -> int:
        """How many bytes of the partnership's room it takes."""
        return self.size if self.storage_key else 0


def is_of_file() -> ColumnElement[bool]:
    """The condition that joins the versions of a file to it."""
    return and_(FileVersion.partnership_id == File.partnership_id, FileVersion.file_number == File.number)


def is_of_entry() -> ColumnElement[bool]:
    """The condition that joins a file to the entry that made what it belongs to."""
    return and_(Entry.partnership_id == File.partnership_id, Entry.number == File.entry_number)


def count_of(partnership_id: int, entry_number: int) -> int:
    """How many files belong to what an entry made, and are not removed."""
    own = File.partnership_id == partnership_id, File.entry_number == entry_number
    here = select(func.count()).select_from(File).where(*own, File.withdrawn_at.is_(None))
    return db.session.scalar(here) or 0


def place_of(entry: Entry) -> dict[str, int | None]:
    """What the log says of where a file is that belongs to what `entry` made: its post, and its comment there."""
    if entry.post_number is None:
        return {"thing_number": entry.thing_number}
    if entry.number == entry.post_number:
        return {"post_number": entry.post_number}
    return {"post_number": entry.post_number, "comment": entry.number}


def forget_names(
    partnership_id: int,
    number: int,
    *,
    post_number: int | None = None,
    thing_number: int | None = None,
    **_place: int | None,
) -> None:
    """Delete what a file was called, and why it was removed, from the entries about it: they say where it is as well.

    Read are the entries about the files of the same post or thing, or of numbers of several things.
    """
    about = select(Entry).where(
        Entry.partnership_id == partnership_id,
        Entry.post_number == post_number,
        Entry.thing_number == thing_number,
        Entry.verb.in_(OF_FILES),
    )
    for entry in db.session.scalars(about):
        if entry.details.get("file") == number:
            entry.details = {key: value for key, value in entry.details.items() if key not in entry.verb.texts}
