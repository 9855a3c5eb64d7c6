"""Files as they come: written to disk in pieces, then kept in the storage, and only then a row.

What breaks off on the way leaves at most bytes without a row, which are swept; never a row without its bytes.
"""

import hashlib
import logging
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, NamedTuple
from uuid import UUID, uuid4, uuid5

from flask import current_app, has_request_context
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from workspace.config import Settings
from workspace.config.files import make_folder
from workspace.db import db
from workspace.db.transactions import own_transaction
from workspace.files import quota
from workspace.files.labels import ACCEPTED
from workspace.files.models import MOST_OF_A_TEXT, File, FileVersion
from workspace.files.names import stored_name
from workspace.files.storage import CHUNK, StorageUnavailable, storage
from workspace.logs import told
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Action, Conflict, UserError

log = logging.getLogger(__name__)


class NotReceived(UserError):
    """A file that can't be taken, whatever it is."""

    status = 422


class TooLarge(NotReceived):
    """A file of more bytes than one may have."""

    status = 413


class SavingFailed(UserError):
    """The disk or the storage takes nothing right now: nothing is acknowledged, and nothing is lost."""

    status = 503
    headers: Mapping[str, str] = {"Retry-After": "30"}

    def __init__(self, cause: Exception) -> None:
        super().__init__(_("The file could not be saved right now. Try again in a moment."))
        log.error("A file could not be kept: %s", told(cause))


class KeyAlreadyUsed(Conflict):
    """The one-time key has already brought another file."""


class UploadLimits(NamedTuple):
    """How many bytes a file may have, `most` of how many a text carries, and what a browser offers to choose."""

    bytes: int
    most: int
    accept: str


def upload_limits() -> UploadLimits:
    """What an upload may be."""
    settings: Settings = current_app.settings  # type: ignore[attr-defined]
    return UploadLimits(settings.largest_file, MOST_OF_A_TEXT, ACCEPTED)


@dataclass(frozen=True)
class Incoming:
    """A file that has come whole, on disk."""

    path: Path
    name: str
    size: int
    sha256: str


@dataclass
class StoredBytes:
    """Bytes in the storage. Whether a row needs them is known at the end of the transaction, or never (None)."""

    key: str
    is_needed: bool | None = None


def receive(by: Membership, sent: Sequence[FileStorage], one_time_key: str) -> list[int]:
    """Keep these files as uploads of the member's, which belong to nothing yet; their numbers.

    The same key brings the same files. What has been kept is committed, whatever becomes of the request. Raises
    UserError for what can't be stored.
    """
    if len(sent) > MOST_OF_A_TEXT:
        raise NotReceived(_("Choose at most %(num)s files at a time.", num=MOST_OF_A_TEXT))
    return [_receive_one(by, each, key_of(one_time_key, place)) for place, each in enumerate(sent)]


def receive_here(by: Membership, sent: FileStorage, one_time_key: str) -> int:
    """Keep a file in the caller's own transaction; its number. What becomes of that, the bytes stay until the sweep."""
    with incoming(sent) as came, _stored(came, by.partnership_id) as stored:
        return _add(db.session(), by, came, one_time_key, stored.key)


def replace(by: Membership, number: int, sent: FileStorage, one_time_key: str) -> None:
    """Keep a new version of the file; once it is ready it stands in the place of the one before.

    Raises the appropriate error unless the member may, and UserError for what can't be stored.
    """
    with incoming(sent) as came, _stored(came, by.partnership_id) as stored, _transaction(by) as (session, member):
        stored.is_needed = _made_before(session, member, came, one_time_key) is None
        if stored.is_needed:
            _add_version(session, member, number, came, one_time_key, stored.key)


def new_one_time_key() -> str:
    """A key for files that come in a form without one."""
    return str(uuid4())


def key_of(one_time_key: str, place: int) -> str:
    """The one-time key of the file that stands at `place` among those that came under one key."""
    return one_time_key if place == 0 else str(uuid5(UUID(one_time_key), str(place)))


def _receive_one(by: Membership, sent: FileStorage, one_time_key: str) -> int:
    with incoming(sent) as came, _stored(came, by.partnership_id) as stored, _transaction(by) as (session, member):
        number = _made_before(session, member, came, one_time_key)
        stored.is_needed = number is None
        return _add(session, member, came, one_time_key, stored.key) if number is None else number


@contextmanager
def incoming(sent: FileStorage) -> Iterator[Incoming]:
    """The file on disk, as long as it is needed. Raises UserError for what has no bytes, or too many."""
    settings: Settings = current_app.settings  # type: ignore[attr-defined]
    folder = settings.incoming_folder
    with ExitStack() as stack:
        try:
            make_folder(folder)
            file = stack.enter_context(NamedTemporaryFile(dir=folder))
            size, digest = _copy(sent.stream, file, settings.largest_file)
        except OSError as error:
            raise SavingFailed(error) from error
        name = stored_name(sent.filename or "")
        if size == 0:
            raise NotReceived(_("‘%(name)s’ is empty, so there is nothing to share.", name=name))
        yield Incoming(Path(file.name), name, size, digest)


def _copy(source: IO[bytes], target: IO[bytes], most: int) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    while piece := source.read(CHUNK):
        size += len(piece)
        if size > most:
            raise TooLarge(_("The file is too large. A file may have at most %(num)s MB.", num=most // 2**20))
        target.write(piece)
        digest.update(piece)
    target.flush()
    return size, digest.hexdigest()


@contextmanager
def _stored(came: Incoming, partnership_id: int) -> Iterator["StoredBytes"]:
    """The bytes in the storage, under a new key that nobody can guess, and which says nothing of them.

    They are deleted again if nobody needs them, or what follows is refused. Where it is not known what became of it,
    such as a COMMIT without an answer, they stay: a row may know them, and else they are swept.
    """
    quota.require_room(partnership_id, came.size)
    stored = StoredBytes(new_key(partnership_id))
    try:
        storage().put(stored.key, came.path)
    except StorageUnavailable as error:
        raise SavingFailed(error) from error
    try:
        yield stored
    except UserError:
        stored.is_needed = False
        raise
    finally:
        if stored.is_needed is False:
            with suppress(StorageUnavailable):
                storage().delete([stored.key])


def new_key(partnership_id: int) -> str:
    """A random key, under the partnership's own folder."""
    return f"{partnership_id}/{secrets.token_hex(16)}"


@contextmanager
def _transaction(by: Membership) -> Iterator[tuple[Session, Membership]]:
    """A transaction apart from the request's, with the partnership's row locked and the member read again."""
    membership_id, partnership_id = by.id, by.partnership_id
    if not has_request_context():  # There the transaction at hand may write, and this one would wait for it.
        db.session.commit()
    with own_transaction() as connection, Session(connection, expire_on_commit=False) as session:
        session.scalar(select(Partnership).where(Partnership.id == partnership_id).with_for_update())
        member = session.get_one(Membership, membership_id)
        member.require(Action.SHARE)
        yield session, member
        session.flush()


def _made_before(session: Session, by: Membership, came: Incoming, one_time_key: str) -> int | None:
    made = session.scalar(
        select(FileVersion).where(FileVersion.by_id == by.id, FileVersion.one_time_key == one_time_key)
    )
    if made is None:
        return None
    if (made.sha256, made.name) != (came.sha256, came.name):
        raise KeyAlreadyUsed(_("Another file has been sent in its place already. Choose the file again."))
    return made.file_number


def _add_version(session: Session, by: Membership, number: int, came: Incoming, one_time_key: str, key: str) -> None:
    file = session.get_one(File, (by.partnership_id, number), with_for_update=True)
    file.require_replaceable(by)
    counted = update(Partnership).where(Partnership.id == by.partnership_id)
    counted = counted.values(file_bytes=Partnership.file_bytes + came.size)
    quota.require_within(session.execute(counted.returning(Partnership.file_bytes)).scalar_one())
    file.newest += 1
    session.add(_version(by, number, file.newest, came, one_time_key, key))


def _add(session: Session, by: Membership, came: Incoming, one_time_key: str, key: str) -> int:
    counted = update(Partnership).where(Partnership.id == by.partnership_id)
    counted = counted.values(
        last_file_number=Partnership.last_file_number + 1, file_bytes=Partnership.file_bytes + came.size
    )
    number, total = session.execute(counted.returning(Partnership.last_file_number, Partnership.file_bytes)).one()
    quota.require_within(total)
    session.add(File(partnership_id=by.partnership_id, number=number, uploader_id=by.id, name=came.name))
    session.flush()
    session.add(_version(by, number, 1, came, one_time_key, key))
    return int(number)


def _version(by: Membership, number: int, n: int, came: Incoming, one_time_key: str, key: str) -> FileVersion:
    return FileVersion(
        partnership_id=by.partnership_id,
        file_number=number,
        n=n,
        name=came.name,
        size=came.size,
        sha256=came.sha256,
        storage_key=key,
        one_time_key=one_time_key,
        by_id=by.id,
    )
