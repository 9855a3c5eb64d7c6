"""The files of data are for nobody but the user whom the workspace runs as: 0600, in folders that are 0700."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import make_url

OTHERS = 0o077
# What stands in the folder for data. Whatever else is there may be somebody else's.
OURS = ("samspil.sqlite*", "queue.sqlite*", "secret-key", "mail", "assets")

log = logging.getLogger(__name__)


def keep_to_ourselves() -> None:
    """Let whatever this process makes from now on be for its user alone."""
    os.umask(OTHERS)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, unless it is there."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def create(path: str, flags: int) -> int:
    """An `opener`, as `open` takes it, that makes a file for its user alone."""
    return os.open(path, flags, 0o600)


def tighten(instance: Path, database_url: str) -> None:
    """Close to others what was made before: the data in the folder `instance`, and a database that is a file."""
    for path in _data(instance, database_url):
        with suppress(FileNotFoundError):  # SQLite removes some of its files whenever it likes.
            mode = os.lstat(path).st_mode
            if mode & OTHERS and not stat.S_ISLNK(mode) and not mode & stat.S_ISVTX:  # such as /tmp
                _take_from_others(path, stat.S_IMODE(mode) & ~OTHERS)


def _take_from_others(path: str, mode: int) -> None:
    try:
        os.chmod(path, mode)
    except PermissionError:
        log.warning("%s can be read by others, and belongs to somebody else: chmod go= %s", path, path)


def _data(instance: Path, database_url: str) -> Iterator[str]:
    yield str(instance)
    for found in (path for pattern in OURS for path in instance.glob(pattern) if not path.is_symlink()):
        yield str(found)
        for folder, folders, files in os.walk(found):
            yield from (f"{folder}/{name}" for name in (*folders, *files))
    url = make_url(database_url)
    if url.drivername == "sqlite" and url.database:
        yield from (f"{url.database}{ending}" for ending in ("", "-wal", "-shm", "-journal"))
