"""The archive: a compressed tar file with a manifest, the database and the files, each checked by its digest.

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

from workspace.config.files import create
from workspace.files.storage import KEY

FORMAT = 2
KNOWN = (1, FORMAT)  # the first had no files
MANIFEST, DATABASE, FILES = "manifest.json", "database", "files/"
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
    postgresql; `rows` counts the rows of each table; `size` and `sha256` are those of the database's file. `files`
    says how many files there are, and `files_sha256` is the digest of their keys and digests.
    """

    made_at: str
    version: str
    schema: str
    kind: str
    rows: dict[str, int]
    size: int
    sha256: str
    files: int = 0
    files_sha256: str = ""
    format: int = FORMAT


@dataclass(frozen=True)
class Files:
    """Files of the storage, by their keys, in a folder."""

    folder: Path
    keys: tuple[str, ...] = ()

    def sha256(self) -> str:
        """The digest of their keys and their own digests; empty for none."""
        found = hashlib.sha256()
        for key in self.keys:
            found.update(f"{key} {digest(self.folder / key)}\n".encode())
        return found.hexdigest() if self.keys else ""


def write(target: BinaryIO, manifest: Manifest, database: Path, files: Files, progress: Progress) -> None:
    """Write an archive of the file `database`, and of `files`, to `target`."""
    content = json.dumps(asdict(manifest), indent=2).encode()
    with (
        database.open("rb") as file,
        gzip.GzipFile(fileobj=target, mode="wb", compresslevel=FASTEST, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
    ):
        _add(archive, MANIFEST, len(content), io.BytesIO(content))
        _add(archive, DATABASE, manifest.size, _Counted(file, progress))
        for key in files.keys:
            with (files.folder / key).open("rb") as content_of_file:
                size = os.fstat(content_of_file.fileno()).st_size
                _add(archive, f"{FILES}{key}", size, _Counted(content_of_file, progress))


def read(source: BinaryIO, database: Path | None, progress: Progress, *, files: Path | None = None) -> Manifest:
    """Read a whole archive, write its database to the file `database`, and check that against its digest.

    Its files are written into the folder `files`, and checked as well. Without `database` it is only checked. Raises
    BackupError for what is no archive, is cut off, or was changed.
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
            _read_files(archive, manifest, files, progress)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BackupError(f"The file is no backup, or not a whole one ({error}).") from error
    return manifest


def _read_files(archive: tarfile.TarFile, manifest: Manifest, folder: Path | None, progress: Progress) -> None:
    count, found = 0, hashlib.sha256()
    while (member := archive.next()) is not None:
        key = member.name.removeprefix(FILES)
        if count == manifest.files or key == member.name or not KEY.fullmatch(key) or not member.isreg():
            raise BackupError("The file holds more than a backup does.")
        target = folder / key if folder else None
        if target:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = archive.extractfile(member)
        if content is None:
            raise BackupError("The file is damaged: one of its files can't be read.")
        _size, sha256 = _copy(content, target, progress)
        found.update(f"{key} {sha256}\n".encode())
        count += 1
    if (count, found.hexdigest() if count else "") != (manifest.files, manifest.files_sha256):
        raise BackupError("The file is damaged: its files are not those that were backed up.")


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
        if found.get("format") not in KNOWN:
            raise BackupError("The backup was made by a newer version of Samspil. Install that version to restore it.")
        return Manifest(**found)
    except (ValueError, TypeError, AttributeError) as error:
        raise BackupError("The backup says nothing readable about itself.") from error


def _copy(content: IO[bytes], target: Path | None, progress: Progress) -> tuple[int, str]:
    """The size and digest of what was copied."""
    size, found = 0, hashlib.sha256()
    with open(target or os.devnull, "wb", opener=create if target else None) as file:
        while chunk := content.read(CHUNK):
            file.write(chunk)
            found.update(chunk)
            size += len(chunk)
            progress(len(chunk))
        if target:
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
