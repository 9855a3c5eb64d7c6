"""`workspace backup` and `workspace restore`: what they do, in order."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from workspace import clock
from workspace.backup import archive, databases
from workspace.backup.archive import BackupError, Files, Manifest, Progress
from workspace.config import Settings
from workspace.config.files import create, make_folder
from workspace.files.sweep import BACKUP, PARTIAL, RESTORE, clear_killed_backups

MOST_COPIES = 3
STANDARD = "-"  # standard input or output, instead of a file

Show = Callable[[str], Progress]  # what shows the progress of a step, by its name


def back_up(settings: Settings, target: str, show: Show) -> Manifest:
    """Write a backup to the new file `target`, and read it again. The workspace may be in use meanwhile.

    The file appears when it is whole. On standard output it can't be read again: whoever stores it does.
    """
    if target != STANDARD and Path(target).exists():
        raise BackupError(f"{target} exists already.")
    make_folder(settings.instance)
    clear_killed_backups(settings, None if target == STANDARD else Path(target).parent)
    with ended_in_order(), tempfile.TemporaryDirectory(prefix=BACKUP, dir=settings.instance) as folder:
        copy = Path(folder, "database")
        copied, files = _copy_all(settings, Path(folder), copy, show)
        manifest = Manifest(
            made_at=clock.now().isoformat(),
            version=version("samspil"),
            schema=copied.schema,
            kind=databases.kind_of(settings.database_url),
            rows=copied.rows,
            size=copy.stat().st_size,
            sha256=archive.digest(copy),
            files=len(files.keys),
            files_sha256=files.sha256(),
        )
        if target == STANDARD:
            archive.write(sys.stdout.buffer, manifest, copy, files, show("writing"))
            sys.stdout.buffer.flush()
        else:
            _write_file(Path(target), manifest, copy, files, show)
    return manifest


def _copy_all(settings: Settings, folder: Path, copy: Path, show: Show) -> tuple[databases.Copied, Files]:
    """The database, and the files that it knows: those in folders, where a bucket has its own backup.

    A file that is checked meanwhile gets another key, so both are copied again where one is gone; what is still not
    there then is lost already.
    """
    for _time in range(MOST_COPIES):
        copy.unlink(missing_ok=True)
        copied = databases.dump(settings.database_url, copy, show("copying"))
        keys = () if settings.storage_url else copied.keys
        files = Files(folder / "files", tuple(key for key in keys if _link(settings.instance / "files", folder, key)))
        if len(files.keys) == len(keys):
            break
    return copied, files


def _link(stored: Path, folder: Path, key: str) -> bool:
    """Keep a file's bytes, which never change, under a second name, or copy them; False if it is gone."""
    target = folder / "files" / key
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not target.exists():
            os.link(stored / key, target)
    except FileNotFoundError:
        return False
    except OSError:  # The files are on a disk of their own, or one that knows no second names.
        shutil.copyfile(stored / key, target)
    return True


def _write_file(target: Path, manifest: Manifest, copy: Path, files: Files, show: Show) -> None:
    partial = target.with_name(PARTIAL.format(target.name.removesuffix(".samspil")))
    try:
        with open(partial, "wb", opener=create) as file:
            archive.write(file, manifest, copy, files, show("writing"))
            file.flush()
            os.fsync(file.fileno())
        with partial.open("rb") as file:
            if archive.read(file, None, show("verifying")) != manifest:
                raise BackupError("What was written is not what was read again: is the disk broken?")
        os.replace(partial, target)
    finally:
        partial.unlink(missing_ok=True)


def restore(settings: Settings, source: BinaryIO, schemas: Collection[str], show: Show) -> Manifest:
    """Put a backup, of one of the `schemas` or made by this version, back into an empty database.

    Nothing is written there before the whole archive was checked.
    """
    databases.require_empty(settings.database_url)
    stored = settings.instance / "files"
    if any(stored.glob("*/*")):
        raise BackupError(f"There are files already in {stored}. Move them away first.")
    folder = _folder(settings)
    make_folder(folder)
    with ended_in_order(), tempfile.TemporaryDirectory(prefix=RESTORE, dir=folder) as name:
        copy = Path(name, "database")
        unpacked = Path(name, "files")
        manifest = archive.read(source, copy, show("reading"), files=unpacked)
        kind = databases.kind_of(settings.database_url)
        if manifest.kind != kind:
            raise BackupError(f"The backup is of {manifest.kind}, and DATABASE_URL names {kind}.")
        # What is newer than this version, and yet its own, it has made after going back, and it runs on that again. To
        # refuse would be to ask, after a loss, for the very version that somebody had reason to leave.
        if manifest.schema not in schemas and manifest.version != version("samspil"):
            raise BackupError("The backup was made by a newer version of Samspil. Install that version to restore it.")
        with _put_back(unpacked, stored):
            loaded = databases.load(settings.database_url, copy)
        if loaded[:2] != (manifest.schema, manifest.rows):
            raise BackupError("The restored database does not hold the rows that were backed up.")
    return manifest


@contextmanager
def _put_back(unpacked: Path, stored: Path) -> Iterator[None]:
    """Put the files of a backup where they were, and take them out again if what follows fails."""
    if not unpacked.exists():
        yield
        return
    make_folder(stored.parent)
    try:
        shutil.copytree(unpacked, stored, dirs_exist_ok=True)
        os.sync()
        yield
    except BaseException:
        shutil.rmtree(stored, ignore_errors=True)
        raise


def _folder(settings: Settings) -> Path:
    """Where SQLite's file can be moved to its place at once; else where our data is."""
    database = databases.path_of(settings.database_url)
    return database.parent if database else settings.instance


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let SIGTERM and SIGHUP (systemd, a reboot, a closed terminal) end what is done meanwhile as an error does.

    Otherwise the copy of the whole database would stay on the disk, and with it what is deleted for good afterwards.
    """

    def end(number: int, _frame: FrameType | None) -> None:
        for each in former:
            signal.signal(each, signal.SIG_IGN)  # It is ending.
        raise SystemExit(f"Error: {signal.Signals(number).name} has ended this before it was done. Do it again.")

    heard = (signal.SIGTERM, signal.SIGHUP)
    former = {each: before for each in heard if (before := signal.getsignal(each)) != signal.SIG_IGN}  # under nohup
    for each in former:
        signal.signal(each, end)
    try:
        yield
    finally:
        for each, before in former.items():
            signal.signal(each, before)
