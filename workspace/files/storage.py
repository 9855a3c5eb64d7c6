"""Where the bytes of files are: in folders under the instance, or in a bucket (the setting STORAGE_URL).

A key is chosen by the caller: `partnership/random`, of plain letters and digits. What fails is StorageUnavailable, of
which a key without bytes is a kind.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from uuid import uuid4

from flask import current_app

from workspace.config import files

PIECE = 2**18  # bytes read from disk at once
KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
PARTIAL = ".partial"


class StorageUnavailable(Exception):
    """The storage does not answer, is full, or refuses: try again later."""


class NotStored(StorageUnavailable):
    """There are no bytes under this key: never stored, or deleted."""


class Storage(Protocol):
    """Bytes under keys. Everything raises StorageUnavailable."""

    def put(self, key: str, path: Path) -> None:
        """Keep a copy of the file `path`: whole, or not at all."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to, without, `end`, in pieces. Raises NotStored before the first piece."""

    def size(self, key: str) -> int:
        """How many bytes there are."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete them; those that are gone already are fine."""

    def list_older_than(self, moment: datetime) -> Iterator[str]:
        """The keys of all that was put before `moment`."""


class FolderStorage:
    """A file for each key, which only the workspace's own user can read."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, key: str, path: Path) -> None:
        """Write beside it, to disk, then rename: nobody sees a part of it, also after a power cut."""
        target = self._path(key)
        partial = target.with_name(f"{uuid4().hex}{PARTIAL}")
        with _errors():
            files.make_folder(self.root)
            files.make_folder(target.parent)
            try:
                with path.open("rb") as source, open(partial, "wb", opener=files.create) as copy:
                    shutil.copyfileobj(source, copy, PIECE)
                    copy.flush()
                    os.fsync(copy.fileno())
                partial.replace(target)
                _sync(target.parent)
            finally:
                partial.unlink(missing_ok=True)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See Storage. A file that is deleted meanwhile is read to its end."""
        with _errors():
            file = self._path(key).open("rb")
            file.seek(start)

        def pieces() -> Iterator[bytes]:
            with file, _errors():
                left = os.fstat(file.fileno()).st_size if end is None else end - start
                while left > 0 and (piece := file.read(min(PIECE, left))):
                    left -= len(piece)
                    yield piece

        return pieces()

    def size(self, key: str) -> int:
        """See Storage."""
        with _errors():
            return self._path(key).stat().st_size

    def delete(self, keys: Iterable[str]) -> None:
        """See Storage."""
        with _errors():
            for key in keys:
                self._path(key).unlink(missing_ok=True)

    def list_older_than(self, moment: datetime) -> Iterator[str]:
        """See Storage. What a process that died left half written is among them."""
        with _errors():
            for folder, _folders, names in os.walk(self.root):
                for path in (Path(folder, name) for name in names):
                    with suppress(FileNotFoundError):  # deleted meanwhile
                        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < moment:
                            yield path.relative_to(self.root).as_posix()

    def _path(self, key: str) -> Path:
        return self.root / checked(key)


def storage() -> Storage:
    """The storage of this installation."""
    settings = current_app.settings  # type: ignore[attr-defined]
    return FolderStorage(settings.instance / "files")


def checked(key: str) -> str:
    """`key`. Raises ValueError for one that could lead out of the storage."""
    if not KEY.fullmatch(key):
        raise ValueError(f"no key of a file: {key!r}")
    return key


def _sync(folder: Path) -> None:
    """Have the disk remember the names in a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _errors() -> Iterator[None]:
    """Raise what storages raise as StorageUnavailable; its words may hold a bucket's name, so only its kind is kept."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotStored from error
    except OSError as error:
        raise StorageUnavailable(type(error).__name__) from error
