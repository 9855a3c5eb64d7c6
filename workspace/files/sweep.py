"""Bytes that no row knows: of what broke off between the storage and the commit, or after it, or on its way."""

import logging
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

from flask import current_app
from sqlalchemy import make_url, select, update

from workspace import clock
from workspace.config import Settings
from workspace.db import db, installation
from workspace.files.models import FileVersion
from workspace.files.storage import storage

EVERY = timedelta(days=7)
# Bytes are in the storage before their row is: what is younger may still get one.
AGE = timedelta(days=1)
LONGEST_WAY = timedelta(hours=1)  # longer than any file comes, is looked at, or begins to be sent
BACKUP, RESTORE = ".backup-", ".restore-"  # how the folders begin in which workspace/backup works
RANDOM = "?" * 8  # how they end, since tempfile makes them
PARTIAL = ".{}.samspil.partial"  # the name of a backup that is not whole yet
LONGEST_BACKUP = timedelta(days=1)

log = logging.getLogger(__name__)


def sweep_due() -> int:
    """Once a week: delete what no row knows; how many."""
    last = db.session.scalar(select(installation.Installation.files_swept_at))
    if last is not None and last > clock.now() - EVERY:
        return 0
    swept = sweep()
    db.session.execute(update(installation.Installation).values(files_swept_at=clock.now()))
    db.session.commit()
    return swept


def clear_incoming() -> int:
    """Delete from this machine's disk what a process that was killed has left of files on their way; how many."""
    return _delete_older(current_app.settings.incoming_folder.glob("*"), LONGEST_WAY)  # type: ignore[attr-defined]


def clear_killed_backups(settings: Settings, target: Path | None = None) -> int:
    """Delete what a backup or restore that was killed has left: a whole database, and second names of files; how many.

    `target` is a folder for backups, where one may be that is not whole. A restore works beside the file of SQLite.
    Others may have their files in both.
    """
    database = make_url(settings.database_url)
    left = [*settings.instance.glob(f"{BACKUP}{RANDOM}"), *settings.instance.glob(f"{RESTORE}{RANDOM}")]
    if database.get_backend_name() == "sqlite" and database.database:
        left += Path(database.database).parent.glob(f"{RESTORE}{RANDOM}")
    left += target.glob(PARTIAL.format("*")) if target else []
    return _delete_older(left, LONGEST_BACKUP)


def _delete_older(paths: Iterable[Path], age: timedelta) -> int:
    deleted, since = 0, (datetime.now(UTC) - age).timestamp()
    for path in paths:
        try:
            if path.lstat().st_mtime < since:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                deleted += 1
        except FileNotFoundError:
            pass  # Whoever was at work on it is done.
        except PermissionError:
            log.warning("%s was left by a process that was killed, and belongs to somebody else: delete it.", path)
    return deleted


def sweep() -> int:
    """Delete what no row knows and is older than a day; how many."""
    swept = 0
    for folder, keys in groupby(storage().list_older_than(clock.now() - AGE), lambda key: key.partition("/")[0]):
        strangers = set(keys) - (_known(int(folder)) if folder.isdecimal() else set())
        storage().delete(strangers)
        swept += len(strangers)
    return swept


def _known(partnership_id: int) -> set[str]:
    """Where the bytes of a partnership's files are."""
    query = select(FileVersion.storage_key, FileVersion.preview_keys)
    found = db.session.execute(query.where(FileVersion.partnership_id == partnership_id)).all()
    db.session.commit()
    return {key for row in found for key in (row.storage_key, *row.preview_keys.values()) if key}
