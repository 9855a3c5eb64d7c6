"""`workspace backup` and `workspace restore`: what they do, in order."""

import os
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from workspace import clock
from workspace.backup import archive, databases
from workspace.backup.archive import BackupError, Files, Manifest, Progress, StoredFile
from workspace.config import Settings
from workspace.config.files import create, make_folder
from workspace.files.storage import KEY, PARTIAL, NotStored, Storage, StorageUnavailable, storage_of

STANDARD = "-"  # standard input or output, instead of a file

Show = Callable[[str], Progress]  # what shows the progress of a step, by its name


def back_up(settings: Settings, target: str, show: Show) -> tuple[Manifest, Files]:
    """Write a backup to the new file `target`, and read it again. The workspace may be in use meanwhile.

    Bytes of files are stored before their rows and never change, so whoever copies the database first misses none. The
    file appears when it is whole. On standard output it can't be read again: whoever stores it does.
    """
    if target != STANDARD and Path(target).exists():
        raise BackupError(f"{target} exists already.")
    make_folder(settings.instance)
    files = _stored(storage_of(settings))
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=settings.instance) as folder, _storage_errors():
        copy = Path(folder, "database")
        schema, rows = databases.dump(settings.database_url, copy, show("copying"))
        manifest = Manifest(
            made_at=clock.now().isoformat(),
            version=version("samspil"),
            schema=schema,
            kind=databases.kind_of(settings.database_url),
            rows=rows,
            size=copy.stat().st_size,
            sha256=archive.digest(copy),
        )
        if target == STANDARD:
            written = archive.write(sys.stdout.buffer, manifest, copy, files, show("writing"))
            sys.stdout.buffer.flush()
        else:
            written = _write_file(Path(target), manifest, copy, files, show)
    return manifest, written


def _write_file(target: Path, manifest: Manifest, copy: Path, files: Iterator[StoredFile], show: Show) -> Files:
    partial = target.with_name(f".{target.name}.partial")
    try:
        with open(partial, "wb", opener=create) as file:
            written = archive.write(file, manifest, copy, files, show("writing"))
            file.flush()
            os.fsync(file.fileno())
        with partial.open("rb") as file:
            if archive.read(file, None, show("verifying")) != (manifest, written):
                raise BackupError("What was written is not what was read again: is the disk broken?")
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)
    return written


def _stored(storage: Storage) -> Iterator[StoredFile]:
    """All files of a storage, except those that are deleted meanwhile."""
    for key in _keys(storage):
        with suppress(NotStored):
            chunks = storage.read(key)
            yield StoredFile(key, storage.size(key), chunks)
            next(chunks, None)  # closes it, at its end


def _keys(storage: Storage) -> Iterator[str]:
    everything = storage.list_older_than(clock.now() + timedelta(days=1))
    return (key for key in everything if KEY.fullmatch(key) and not key.endswith(PARTIAL))


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except StorageUnavailable as error:
        raise BackupError(f"The storage of files can't be used ({error or 'a file is gone'}). Try again.") from error


def restore(settings: Settings, source: BinaryIO, schemas: Collection[str], show: Show) -> tuple[Manifest, Files]:
    """Put a backup, of one of the `schemas`, back into an empty database, and its files into an empty storage.

    Nothing is written there before the whole archive was checked. Meanwhile there must be room for the files twice.
    """
    databases.require_empty(settings.database_url)
    storage = storage_of(settings)
    with _storage_errors():
        if next(_keys(storage), None):
            raise BackupError(
                "There are files already. Move the folder `files` away, or set STORAGE_URL to a new bucket."
            )
    folder = _folder(settings)
    make_folder(folder)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=folder) as name, _storage_errors():
        unpacked = Path(name)
        manifest, files = archive.read(source, unpacked, show("reading"))
        kind = databases.kind_of(settings.database_url)
        if manifest.kind != kind:
            raise BackupError(f"The backup is of {manifest.kind}, and DATABASE_URL names {kind}.")
        if manifest.schema not in schemas:
            raise BackupError("The backup was made by a newer version of Samspil. Install that version to restore it.")
        with _put_back(storage, unpacked / archive.FILES):
            loaded = databases.load(settings.database_url, unpacked / archive.DATABASE)
        if loaded != (manifest.schema, manifest.rows):
            raise BackupError("The restored database does not hold the rows that were backed up.")
    return manifest, files


@contextmanager
def _put_back(storage: Storage, folder: Path) -> Iterator[None]:
    """Put all files of a folder into the storage, and take them out again if what follows fails."""
    put = []
    try:
        for path in (path for path in folder.rglob("*") if path.is_file()):
            put.append(path.relative_to(folder).as_posix())
            storage.put(put[-1], path)
        yield
    except BaseException:
        with suppress(StorageUnavailable):
            storage.delete(put)
        raise


def _folder(settings: Settings) -> Path:
    """Where SQLite's file can be moved to its place at once; else where our data is."""
    database = databases.path_of(settings.database_url)
    return database.parent if database else settings.instance
