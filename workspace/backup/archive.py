"""The archive: a compressed tar file with a manifest, the database, and the files, each checked by its digest.

It is written and read as a stream, so that it can be piped through a program that encrypts it. What is known of the
files only when they have been written stands behind them.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple

from workspace.files.storage import checked

FORMAT = 2
WITHOUT_FILES = 1  # the format of backups from before there were files
MANIFEST, DATABASE, FILES, END = "manifest.json", "database", "files/", "end.json"
FASTEST = 1  # of gzip's levels: a disk waits for better ones
CHUNK = 1 << 20
MANIFEST_MOST = 1 << 20  # bytes: what claims to be an archive is not believed

Progress = Callable[[int], None]  # is told how many bytes more have been done


class BackupError(Exception):
    """A backup can't be written, or can't be restored: one sentence for whoever gave the command."""


@dataclass(frozen=True)
class Manifest:
    """What is in an archive.

    `made_at` is a moment in ISO 8601, UTC; `schema` the newest migration that the database has; `kind` is sqlite or
    postgresql; `rows` counts the rows of each table; `size` and `sha256` are those of the database's file.
    """

    made_at: str
    version: str
    schema: str
    kind: str
    rows: dict[str, int]
    size: int
    sha256: str
    format: int = FORMAT


class StoredFile(NamedTuple):
    """A file for the archive: its key in the storage, its size, and its bytes."""

    key: str
    size: int
    chunks: Iterator[bytes]


@dataclass
class Files:
    """What is known of all files of an archive: how many, their bytes, and one digest over keys, sizes and bytes."""

    count: int = 0
    size: int = 0
    sha256: str = ""

    def add(self, key: str, size: int, digest_of_bytes: str) -> None:
        """Count a file."""
        self.count, self.size = self.count + 1, self.size + size
        line = f"{self.sha256} {key} {size} {digest_of_bytes}"
        self.sha256 = hashlib.sha256(line.encode()).hexdigest()


def write(
    target: BinaryIO, manifest: Manifest, database: Path, files: Iterable[StoredFile], progress: Progress
) -> Files:
    """Write an archive of the file `database` and the `files` to `target`; what is known of the files."""
    written = Files()
    content = json.dumps(asdict(manifest), indent=2).encode()
    with (
        database.open("rb") as file,
        gzip.GzipFile(fileobj=target, mode="wb", compresslevel=FASTEST, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        _add(archive, MANIFEST, len(content), io.BytesIO(content))
        _add(archive, DATABASE, manifest.size, _Counted(iter(lambda: file.read(CHUNK), b""), progress))
        for key, size, chunks in files:
            counted = _Counted(chunks, progress)
            _add(archive, FILES + key, size, counted)
            written.add(key, size, counted.sha256.hexdigest())
        content = json.dumps(asdict(written)).encode()
        _add(archive, END, len(content), io.BytesIO(content))
    return written


def read(source: BinaryIO, folder: Path | None, progress: Progress) -> tuple[Manifest, Files]:
    """Read a whole archive, and check all that is in it against its digests.

    The database becomes the file `database` in the `folder`, each file one under its key in `files`. Without a folder
    they are only checked. Raises BackupError for what is no archive, is cut off, or was changed.
    """
    try:
        with tarfile.open(fileobj=source, mode="r|gz") as archive:
            manifest = _manifest(archive)
            member = archive.next()
            if member is None or member.name != DATABASE or not member.isreg():
                raise BackupError("The file is not a whole backup: its database is missing.")
            content = archive.extractfile(member)
            place = folder / DATABASE if folder else None
            if content is None or _copy(content, place, progress) != (manifest.size, manifest.sha256):
                raise BackupError("The file is damaged: its database is not the one that was backed up.")
            files = Files() if manifest.format == WITHOUT_FILES else _files(archive, folder, progress)
            if archive.next() is not None:
                raise BackupError("The file holds more than a backup does.")
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BackupError(f"The file is no backup, or not a whole one ({error}).") from error
    return manifest, files


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(archive: tarfile.TarFile) -> Manifest:
    member = archive.next()
    if member is None or member.name != MANIFEST:
        raise BackupError("The file is no backup of Samspil.")
    found = _json(archive, member)
    if found.get("format") not in (WITHOUT_FILES, FORMAT):
        raise BackupError("The backup was made by a newer version of Samspil. Install that version to restore it.")
    try:
        return Manifest(**found)
    except TypeError as error:
        raise BackupError("The backup says nothing readable about itself.") from error


def _files(archive: tarfile.TarFile, folder: Path | None, progress: Progress) -> Files:
    """The files, until the end that says how many there are."""
    found = Files()
    while (member := archive.next()) is not None and member.name != END:
        content = archive.extractfile(member) if member.name.startswith(FILES) and member.isreg() else None
        if content is None:
            raise BackupError("The file holds more than a backup does.")
        key = _key(member.name.removeprefix(FILES))
        place = folder / FILES / key if folder else None
        if place:
            place.parent.mkdir(parents=True, exist_ok=True)
        found.add(key, *_copy(content, place, progress))
    if member is None or asdict(found) != _json(archive, member):
        raise BackupError("The file is not a whole backup: files are missing, or not those that were backed up.")
    return found


def _key(name: str) -> str:
    try:
        return checked(name)
    except ValueError as error:
        raise BackupError("The file holds more than a backup does.") from error


def _json(archive: tarfile.TarFile, member: tarfile.TarInfo) -> dict[str, Any]:
    content = archive.extractfile(member) if member.isreg() and member.size <= MANIFEST_MOST else None
    try:
        found = json.loads(content.read()) if content else None
    except ValueError as error:
        raise BackupError("The backup says nothing readable about itself.") from error
    if not isinstance(found, dict):
        raise BackupError("The backup says nothing readable about itself.")
    return found


def _copy(content: IO[bytes], place: Path | None, progress: Progress) -> tuple[int, str]:
    """The size and digest of what was copied."""
    size, found = 0, hashlib.sha256()
    with (place or Path(os.devnull)).open("wb") as file:
        while chunk := content.read(CHUNK):
            file.write(chunk)
            found.update(chunk)
            size += len(chunk)
            progress(len(chunk))
        if place:
            file.flush()
            os.fsync(file.fileno())
    return size, found.hexdigest()


def _add(archive: tarfile.TarFile, name: str, size: int, content: "io.BytesIO | _Counted") -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, content)


class _Counted:
    """Chunks as a file, whose reading is counted, and whose digest is known at the end."""

    def __init__(self, chunks: Iterator[bytes], progress: Progress) -> None:
        self.chunks, self.progress = chunks, progress
        self.sha256 = hashlib.sha256()
        self._left = b""

    def read(self, size: int = CHUNK, /) -> bytes:
        """So many bytes, fewer at the end."""
        parts, missing = [self._left[:size]], size - len(self._left)
        self._left = self._left[size:]
        while missing > 0 and (chunk := next(self.chunks, b"")):
            parts.append(chunk[:missing])
            self._left, missing = chunk[missing:], missing - len(chunk)
        found = b"".join(parts)
        self.sha256.update(found)
        self.progress(len(found))
        return found
