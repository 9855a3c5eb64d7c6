"""Where the bytes of files are: in folders under the instance, or in a bucket (the setting STORAGE_URL).

A key is chosen by the caller: `partnership/random`, of plain letters and digits. What fails is StorageUnavailable, of
which a key without bytes is a kind.
"""

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from flask import current_app
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from workspace.config import files

CHUNK = 2**18  # bytes read from disk at once
BUCKET_CHUNK = 2**20  # each asked for anew, so that a slow reader holds no connection open
PART = 8 * 2**20  # bytes sent at once
if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

KEY = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")
PARTIAL = ".partial"
PATIENCE: "ClientConfig" = {
    "connect_timeout": timedelta(seconds=3),
    "read_timeout": timedelta(seconds=10),
    "timeout": timedelta(seconds=60),
}
RETRIES: "RetryConfig" = {"max_retries": 2, "retry_timeout": timedelta(seconds=10)}
USUAL_REGION = "us-east-1"  # what servers other than Amazon's expect


class StorageUnavailable(Exception):
    """The storage does not answer, is full, or refuses: try again later."""


class NotStored(StorageUnavailable):
    """There are no bytes under this key: never stored, or deleted."""


class Storage(Protocol):
    """Bytes under keys. Everything raises StorageUnavailable."""

    def put(self, key: str, path: Path) -> None:
        """Keep a copy of the file `path`: whole, or not at all."""

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to, without, `end`, in chunks. Raises NotStored before the first chunk."""

    def size(self, key: str) -> int:
        """How many bytes there are."""

    def local_path(self, key: str) -> Path | None:
        """The file on this machine's disk, for a server that sends it by itself; None where there is none."""

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
                    shutil.copyfileobj(source, copy, CHUNK)
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

        def chunks() -> Iterator[bytes]:
            with file, _errors():
                left = os.fstat(file.fileno()).st_size if end is None else end - start
                while left > 0 and (chunk := file.read(min(CHUNK, left))):
                    left -= len(chunk)
                    yield chunk

        return chunks()

    def size(self, key: str) -> int:
        """See Storage."""
        with _errors():
            return self._path(key).stat().st_size

    def delete(self, keys: Iterable[str]) -> None:
        """See Storage."""
        with _errors():
            for key in keys:
                self._path(key).unlink(missing_ok=True)

    def local_path(self, key: str) -> Path | None:
        """See Storage."""
        return self._path(key)

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


class BucketStorage:
    """An object for each key, in a bucket that speaks S3."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        options = {name: values[0] for name, values in parse_qs(parts.query).items()}
        endpoint = options.get("endpoint")
        self.store = S3Store(
            parts.netloc,
            region=options.get("region", USUAL_REGION),
            config={"endpoint": endpoint} if endpoint else None,
            client_options={**PATIENCE, "allow_http": bool(endpoint and endpoint.startswith("http:"))},
            retry_config=RETRIES,
        )

    def put(self, key: str, path: Path) -> None:
        """See Storage."""
        with _errors():
            self.store.put(checked(key), path, chunk_size=PART, max_concurrency=2)

    def read(self, key: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """See Storage. What is deleted meanwhile ends the reading with NotStored."""
        size = self.size(key)
        end = size if end is None else min(end, size)
        first = self._chunk(key, start, end)

        def chunks() -> Iterator[bytes]:
            at, chunk = start, first
            while chunk:
                yield chunk
                at += len(chunk)
                chunk = self._chunk(key, at, end)

        return chunks()

    def _chunk(self, key: str, start: int, end: int) -> bytes:
        if start >= end:
            return b""
        with _errors():
            return bytes(self.store.get_range(checked(key), start=start, end=min(end, start + BUCKET_CHUNK)))

    def size(self, key: str) -> int:
        """See Storage."""
        with _errors():
            return self.store.head(checked(key))["size"]

    def delete(self, keys: Iterable[str]) -> None:
        """See Storage."""
        wanted = [checked(key) for key in keys]
        with _errors():
            if wanted:
                self.store.delete(wanted)

    def local_path(self, key: str) -> Path | None:
        """See Storage."""
        return None

    def list_older_than(self, moment: datetime) -> Iterator[str]:
        """See Storage."""
        with _errors():
            for batch in self.store.list(chunk_size=1000):
                yield from (each["path"] for each in batch if each["last_modified"] < moment)


def storage() -> Storage:
    """The storage of this installation."""
    settings = current_app.settings  # type: ignore[attr-defined]
    if settings.storage_url:
        return _bucket(settings.storage_url, os.getpid())
    return FolderStorage(settings.instance / "files")


def require_storage() -> None:
    """Raise StorageUnavailable unless the storage answers: that it has no such bytes is an answer."""
    with suppress(NotStored):
        storage().size("health/probe")


@lru_cache(maxsize=4)
def _bucket(url: str, _process: int) -> BucketStorage:
    """One for each process, since its connections can't be shared with a child."""
    return BucketStorage(url)


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
    except (FileNotFoundError, NotFoundError) as error:
        raise NotStored from error
    except (OSError, BaseError) as error:
        raise StorageUnavailable(type(error).__name__) from error
