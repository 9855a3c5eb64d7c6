"""Permissions of data files: 0600, in folders with 0700, so that only the workspace's own user can read them."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import make_url

OTHERS = 0o077
# Our files in the data folder. Anything else there may be somebody else's.
OURS = ("samspil.sqlite*", "queue.sqlite*", "secret-key", "mail", "assets", "files", "incoming")

log = logging.getLogger(__name__)


def keep_to_ourselves() -> None:
    """Set the umask, so that only this process's user can read the files it creates."""
    os.umask(OTHERS)


def make_folder(path: Path) -> None:
    """Create a folder and its parents unless it exists."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def create(path: str, flags: int) -> int:
    """An `opener` for `open` that creates a file only its user can read."""
    return os.open(path, flags, 0o600)


def tighten(instance: Path, database_url: str) -> None:
    """Tighten the permissions of existing files: the data in the folder `instance`, and a database file."""
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
