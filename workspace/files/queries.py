"""Queries of files. Every query starts from a membership, and finds only what its member may read."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask import abort
from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, select

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnyRow, AnySelect
from workspace.files import names
from workspace.files.inspection import FileKind
from workspace.files.models import File, FileState, FileVersion, is_of_entry, is_of_file
from workspace.partnerships.activity_log import Entry, made_path
from workspace.partnerships.models import Membership
from workspace.partnerships.query_params import MEMBERSHIP, params_of
from workspace.posts.models import Post

PAGE = 30
PICTURES = tuple(kind for kind in FileKind if kind.is_picture)
DOCUMENTS = tuple(kind for kind in FileKind if not kind.is_picture)


class FileRow(NamedTuple):
    """A file as pages show it: the version that stands under its name, or while there is none its newest."""

    number: int
    entry_number: int | None
    name: str
    alt: str
    state: FileState
    kind: FileKind | None
    size: int
    pages: int | None
    width: int | None
    height: int | None
    version: int
    uploader_id: int
    refusal: str | None
    has_previews: bool

    @property
    def is_picture(self) -> bool:
        """Whether it is shown as a picture."""
        return self.kind is not None and self.kind.is_picture

    @property
    def may_be_picture(self) -> bool:
        """Whether it is one, or by its name will be: until it has been looked at nobody knows."""
        return self.is_picture if self.kind else names.sounds_like_picture(self.name)

    @property
    def is_table(self) -> bool:
        """Whether it is a spreadsheet."""
        return self.kind in (FileKind.XLSX, FileKind.ODS, FileKind.CSV)

    @property
    def is_waiting(self) -> bool:
        """Whether the worker has not been through it yet."""
        return self.state in (FileState.RECEIVED, FileState.CHECKING)

    @property
    def is_ready(self) -> bool:
        """Whether it can be read."""
        return self.state is FileState.READY

    @property
    def is_refused(self) -> bool:
        """Whether it can't be used here."""
        return self.state is FileState.REFUSED


class Readable(NamedTuple):
    """Bytes that a member may read now."""

    number: int
    version: int
    name: str
    kind: FileKind
    storage_key: str
    preview_keys: Mapping[str, str]


def files_of(membership: Membership, texts: Sequence[Any]) -> Mapping[int, tuple[FileRow, ...]]:
    """The files of these posts or comments, by their numbers, as `files_of_entries` finds them."""
    return files_of_entries(membership, [text.number for text in texts if not text.withdrawn_at])


def files_of_entries(membership: Membership, numbers: Collection[int]) -> Mapping[int, tuple[FileRow, ...]]:
    """The files of what these entries made, by their numbers: one statement, and none where there are no files.

    A text that is withdrawn shows none, and what was refused is shown to its uploader only.
    """
    if not membership.partnership.file_count or not numbers:
        return {}
    found: dict[int, list[FileRow]] = defaultdict(list)
    for row in fetch_rows(_of_entries(), **params_of(membership), numbers=numbers):
        if row.state is not FileState.REFUSED or row.uploader_id == membership.id:
            found[row.entry_number].append(_row(row))
    return {number: tuple(files) for number, files in found.items()}


def uploads(membership: Membership, numbers: Collection[int]) -> list[FileRow]:
    """Those of the member's own uploads that belong to nothing yet, in the order in which they came."""
    if not numbers:
        return []
    query = _shown().where(
        File.partnership_id == membership.partnership_id,
        File.number.in_(numbers),
        File.uploader_id == membership.id,
        File.entry_number.is_(None),
        File.withdrawn_at.is_(None),
    )
    return [_row(row) for row in db.session.execute(query.order_by(File.number))]


def file_row(membership: Membership, number: int) -> FileRow:
    """A file that the member may see, as it is shown now; 404 for none."""
    found = db.session.execute(_seen_by(membership, _shown()).where(File.number == number)).first()
    return _row(found) if found else abort(404)


def file(membership: Membership, number: int) -> File:
    """A file, to be changed; 404 for one that the member may not see. One that is withdrawn is there for this."""
    found = db.session.scalar(_seen_by(membership, select(File), may_be_withdrawn=True).where(File.number == number))
    return found or abort(404)


def readable(membership: Membership, number: int, version: int | None = None) -> Readable:
    """The bytes of a file, of the version that is shown unless another is asked for; 404 for what can't be read."""
    query = _seen_by(
        membership,
        select(File.name, FileVersion.n, FileVersion.kind, FileVersion.storage_key, FileVersion.preview_keys).join(
            FileVersion, is_of_file()
        ),
    ).where(
        File.number == number,
        FileVersion.n == (File.shown if version is None else version),
        FileVersion.state == FileState.READY,
        FileVersion.storage_key.is_not(None),
    )
    row = db.session.execute(query).first() or abort(404)
    return Readable(number, row.n, row.name, row.kind, row.storage_key, row.preview_keys)


def preview_key(found: Readable, width: int) -> str:
    """Where the picture of that width is; 404 for a file that has none."""
    return found.preview_keys.get(str(width)) or abort(404)


def is_readable(membership: Membership, number: int, version: int) -> bool:
    """Whether the member may still read that version of a file, whose bytes are on their way."""
    query = _seen_by(membership, select(FileVersion.n).select_from(File).join(FileVersion, is_of_file()))
    query = query.where(File.number == number, FileVersion.n == version, FileVersion.state == FileState.READY)
    return db.session.scalar(query) is not None


def stands_in(membership: Membership, entry_number: int | None) -> AnyRow | None:
    """The entry that made what a file belongs to: its number, its post's, and the title of that while it stands."""
    query = (
        select(Entry.post_number, Entry.number, Entry.thing_number, _title())
        .outerjoin(Post, _of_post())
        .where(Entry.partnership_id == membership.partnership_id, Entry.number == entry_number)
    )
    return db.session.execute(query).first() if entry_number else None


def beside(membership: Membership, picture: FileRow) -> tuple[int | None, int | None]:
    """The numbers of the pictures before and after this one in the same text."""
    query = _shown().where(
        File.partnership_id == membership.partnership_id,
        File.entry_number == picture.entry_number,
        File.withdrawn_at.is_(None),
        FileVersion.state == FileState.READY,
        FileVersion.kind.in_(PICTURES),
    )
    if picture.entry_number is None or not picture.is_picture:
        return None, None
    numbers = [row.number for row in db.session.execute(query.order_by(File.number))]
    before = [number for number in numbers if number < picture.number]
    after = [number for number in numbers if number > picture.number]
    return before[-1] if before else None, after[0] if after else None


def versions(membership: Membership, number: int) -> list[AnyRow]:
    """All versions of a file, with who brought them, the newest first."""
    query = (
        select(
            FileVersion.n,
            FileVersion.state,
            FileVersion.refusal,
            FileVersion.size,
            FileVersion.kind,
            FileVersion.pages,
            FileVersion.at,
            FileVersion.by_id,
            User.name.label("by_name"),
        )
        .join(Membership, Membership.id == FileVersion.by_id)
        .join(User, User.id == Membership.user_id)
        .where(FileVersion.partnership_id == membership.partnership_id, FileVersion.file_number == number)
        .order_by(FileVersion.n.desc())
    )
    return list(db.session.execute(query))


def names_column(partnership_id: Any, entry_number: Any) -> Any:
    """The column `file_names`: what the files of a text are called, in one line, but for those that were refused;
    NULL for none.
    """
    refused = exists().where(is_of_file(), FileVersion.n == File.newest, FileVersion.state == FileState.REFUSED)
    names_of_text = select(func.aggregate_strings(File.name, ", ")).where(
        File.partnership_id == partnership_id,
        File.entry_number == entry_number,
        File.withdrawn_at.is_(None),
        or_(File.shown.is_not(None), ~refused),
    )
    return names_of_text.scalar_subquery().label("file_names")


def names_of(partnership_id: int, entry_number: int) -> str:
    """The same for one text; empty for none."""
    return db.session.scalar(select(names_column(partnership_id, entry_number))) or ""


def names_of_files(membership: Membership, entries: Sequence[Entry]) -> Mapping[int, str]:
    """What the files are called that these entries are about, by their numbers: those that the member may see now."""
    numbers = {entry.details["file"] for entry in entries if "file" in entry.details}
    if not numbers:
        return {}
    query = _seen_by(membership, select(File.number, File.name)).where(File.number.in_(numbers))
    return {row.number: row.name for row in db.session.execute(query)}


class ListedFile(NamedTuple):
    """A file in the list of all, with who shared it when, and the post that it stands in, or beneath.

    Without `title` that post is withdrawn; without `post_number` the file belongs to numbers. `path` is where it stands
    within the partnership.
    """

    file: FileRow
    uploader_name: str
    at: datetime
    post_number: int | None
    title: str | None
    path: str


def all_files(
    membership: Membership, *, pictures: bool | None = None, by: int | None = None, before: int | None = None
) -> list[ListedFile]:
    """A page of what stands in posts, comments and numbers, the newest first, and one more if there are older."""
    query = (
        _shown(
            User.name.label("uploader_name"),
            File.created_at,
            Entry.post_number,
            Entry.thing_number,
            _title(),
        )
        .join(Entry, is_of_entry())
        .outerjoin(Post, _of_post())
        .join(Membership, Membership.id == File.uploader_id)
        .join(User, User.id == Membership.user_id)
        .where(
            File.partnership_id == membership.partnership_id,
            Entry.stands.is_not(False),
            File.withdrawn_at.is_(None),
            or_(FileVersion.state != FileState.REFUSED, File.uploader_id == membership.id),
        )
        .order_by(File.number.desc())
        .limit(PAGE + 1)
    )
    if pictures is not None:
        query = query.where(FileVersion.kind.in_(PICTURES if pictures else DOCUMENTS))
    if by:
        query = query.where(File.uploader_id == by)
    if before:
        query = query.where(File.number < before)
    return [
        ListedFile(
            _row(row),
            row.uploader_name,
            row.created_at,
            row.post_number,
            row.title,
            made_path(row.entry_number, row.post_number, row.thing_number),
        )
        for row in db.session.execute(query)
    ]


@cached_statement
def _of_entries() -> AnySelect:
    return (
        _shown()
        .join(Entry, is_of_entry())
        .where(
            File.partnership_id == MEMBERSHIP.partnership_id,
            File.entry_number.in_(bindparam("numbers", expanding=True)),
            File.withdrawn_at.is_(None),
            Entry.stands.is_not(False),
        )
        .order_by(File.entry_number, File.number)
    )


def _shown(*more: Any) -> AnySelect:
    """What is shown of a file."""
    return select(
        File.number,
        File.entry_number,
        File.name,
        File.alt,
        FileVersion.state,
        FileVersion.kind,
        FileVersion.size,
        FileVersion.pages,
        FileVersion.width,
        FileVersion.height,
        FileVersion.n.label("version"),
        File.uploader_id,
        FileVersion.refusal,
        FileVersion.preview_keys,
        *more,
    ).join(
        FileVersion,
        and_(is_of_file(), FileVersion.n == func.coalesce(File.shown, File.newest)),
    )


def _of_post() -> ColumnElement[bool]:
    return and_(Post.partnership_id == Entry.partnership_id, Post.number == Entry.post_number)


def _title() -> ColumnElement[str | None]:
    return case((Post.withdrawn_at.is_(None), Post.title)).label("title")


def _row(row: AnyRow) -> FileRow:
    return FileRow._make((*row[:13], bool(row.preview_keys)))


def _seen_by(membership: Membership, query: Any, *, may_be_withdrawn: bool = False) -> Any:
    """`query` of files that the member may see: those of texts that stand, and their own uploads.

    Who is in, the request guard has asked; whoever was put out since finds nothing (`is_active`).
    """
    member = select(Membership.id).where(Membership.id == membership.id, Membership.is_active)
    return query.outerjoin(Entry, is_of_entry()).where(
        File.partnership_id == membership.partnership_id,
        member.exists(),
        _stands_for(membership),
        File.redacted_at.is_(None),
        *(() if may_be_withdrawn else (File.withdrawn_at.is_(None),)),
    )


def _stands_for(membership: Membership) -> ColumnElement[bool]:
    own = and_(File.entry_number.is_(None), File.uploader_id == membership.id)
    return or_(own, and_(File.entry_number.is_not(None), Entry.stands.is_not(False)))
