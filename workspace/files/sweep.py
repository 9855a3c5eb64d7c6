"""Bytes that no row knows: of what broke off between the storage and the commit, or after it."""

from datetime import timedelta
from itertools import groupby

from sqlalchemy import select, update

from workspace import clock
from workspace.db import db, installation
from workspace.files.models import FileVersion
from workspace.files.storage import storage

EVERY = timedelta(days=7)
# Bytes are in the storage before their row is: what is younger may still get one.
AGE = timedelta(days=1)


def sweep_due() -> int:
    """Once a week: delete what no row knows; how many."""
    last = db.session.scalar(select(installation.Installation.files_swept_at))
    if last is not None and last > clock.now() - EVERY:
        return 0
    swept = sweep()
    db.session.execute(update(installation.Installation).values(files_swept_at=clock.now()))
    db.session.commit()
    return swept


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
