"""The archive: a compressed tar file with a manifest and the database, each checked by its digest.

It is written and read as a stream, so that it can be piped through a program that encrypts it.
"""

import gzip
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, BinaryIO

FORMAT = 1
MANIFEST, DATABASE = "manifest.json", "database"
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


def write(target: BinaryIO, manifest: Manifest, database: Path, progress: Progress) -> None:
    """Write an archive of the file `database` to `target`."""
    content = json.dumps(asdict(manifest), indent=2).encode()
    with (
        database.open("rb") as file,
        gzip.GzipFile(fileobj=target, mode="wb", compresslevel=FASTEST, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        _add(archive, MANIFEST, len(content), io.BytesIO(content))
        _add(archive, DATABASE, manifest.size, _Counted(file, progress))


def read(source: BinaryIO, database: Path | None, progress: Progress) -> Manifest:
    """Read a whole archive, write its database to the file `database`, and check that against its digest.

    Without `database` it is only checked. Raises BackupError for what is no archive, is cut off, or was changed.
    """
    try:
        with tarfile.open(fileobj=source, mode="r|gz") as archive:
            manifest = _manifest(archive)
            member = archive.next()
            if member is None or member.name != DATABASE or not member.isreg():
                raise BackupError("The file is not a whole backup: its database is missing.")
            content = archive.extractfile(member)
            if content is None or _copy(content, database, progress) != (manifest.size, manifest.sha256):
                raise BackupError("The file is damaged: its database is not the one that was backed up.")
            if archive.next() is not None:
                raise BackupError("The file holds more than a backup does.")
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BackupError(f"The file is no backup, or not a whole one ({error}).") from error
    return manifest


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(archive: tarfile.TarFile) -> Manifest:
    member = archive.next()
    content = archive.extractfile(member) if member and member.name == MANIFEST and member.isreg() else None
    if member is None or content is None or member.size > MANIFEST_MOST:
        raise BackupError("The file is no backup of Samspil.")
    try:
        found = json.loads(content.read())
        if found.get("format") != FORMAT:
            raise BackupError("The backup was made by a newer version of Samspil. Install that version to restore it.")
        return Manifest(**found)
    except (ValueError, TypeError, AttributeError) as error:
        raise BackupError("The backup says nothing readable about itself.") from error


def _copy(content: IO[bytes], database: Path | None, progress: Progress) -> tuple[int, str]:
    """The size and digest of what was copied."""
    size, found = 0, hashlib.sha256()
    with (database or Path(os.devnull)).open("wb") as file:
        while chunk := content.read(CHUNK):
            file.write(chunk)
            found.update(chunk)
            size += len(chunk)
            progress(len(chunk))
        if database:
            file.flush()
            os.fsync(file.fileno())
    return size, found.hexdigest()


def _add(archive: tarfile.TarFile, name: str, size: int, content: "io.BytesIO | _Counted") -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    archive.addfile(member, content)


class _Counted:
    """A file whose reading is counted."""

    def __init__(self, file: BinaryIO, progress: Progress) -> None:
        self.file, self.progress = file, progress

    def read(self, size: int = -1) -> bytes:
        """Read on."""
        chunk = self.file.read(size)
        self.progress(len(chunk))
        return chunk
