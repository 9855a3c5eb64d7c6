"""Bytes that no row knows: of what broke off between the storage and the commit, or after it, or on its way."""

import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby

from flask import current_app
from sqlalchemy import select, update

from workspace import clock
from workspace.db import db, installation
from workspace.files.models import FileVersion
from workspace.files.storage import storage

EVERY = timedelta(days=7)
# Bytes are in the storage before their row is: what is younger may still get one.
AGE = timedelta(days=1)
LONGEST_WAY = timedelta(hours=1)  # longer than any file comes, is looked at, or begins to be sent


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
    cleared, since = 0, (datetime.now(UTC) - LONGEST_WAY).timestamp()
    for path in current_app.settings.incoming_folder.glob("*"):  # type: ignore[attr-defined]
        with suppress(FileNotFoundError):  # It has arrived.
            if path.lstat().st_mtime < since:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                cleared += 1
    return cleared


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
