"""Copying a whole database into one file, and back: SQLite by its own online backup, PostgreSQL by its own programs."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from workspace.backup.archive import BackupError, Progress
from workspace.db.remedies import cause_of

PAGES_AT_ONCE = 4096
BESIDE = ("-wal", "-shm", "-journal")


class Copied(NamedTuple):
    """The newest migration, the number of rows of each table, and the keys of the files that rows know."""

    schema: str
    rows: dict[str, int]
    keys: tuple[str, ...]


def kind_of(url: str) -> str:
    """Which of the two it is: sqlite or postgresql."""
    return make_url(url).get_backend_name()


def path_of(url: str) -> Path | None:
    """The file of an SQLite database."""
    return Path(make_url(url).database or "") if kind_of(url) == "sqlite" else None


def dump(url: str, target: Path, progress: Progress) -> Copied:
    """Write one consistent copy of a database that may be in use to the file `target`, and check the copy."""
    return (_dump_sqlite if kind_of(url) == "sqlite" else _dump_postgresql)(make_url(url), target, progress)


def load(url: str, source: Path) -> Copied:
    """Make `source` the database, which must be an empty one (`require_empty`), and count what it holds then."""
    return (_load_sqlite if kind_of(url) == "sqlite" else _load_postgresql)(make_url(url), source)


def require_empty(url: str) -> None:
    """Raise BackupError unless the database has nothing in it, so that nothing can be overwritten.

    What SQLite left beside a file that is gone would spoil the one that comes: it is removed.
    """
    if path := path_of(url):
        if path.exists():
            raise BackupError(
                f"There is a database already: {path}. Stop the workspace and move the file away, together with those "
                f"whose names only add {', '.join(BESIDE)}; or set DATABASE_URL to another place."
            )
        for ending in BESIDE:
            Path(f"{path}{ending}").unlink(missing_ok=True)
    else:
        with _connected(make_url(url)) as connection:
            if _tables(connection):
                raise BackupError("The database has tables already. Create an empty one, and set DATABASE_URL to it.")


def _dump_sqlite(url: URL, target: Path, progress: Progress) -> Copied:
    path = Path(url.database or "")
    if not path.is_file():
        raise BackupError(f"There is no database at {path}.")
    with _told_errors(), closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.execute("PRAGMA query_only=ON")
        source.execute("BEGIN")
        # From here on this connection sees one moment, whoever writes meanwhile: the copy never has to begin again.
        source.execute("SELECT count(*) FROM sqlite_master")
        size, done = source.execute("PRAGMA page_size").fetchone()[0], 0

        def copied(_status: int, remaining: int, total: int) -> None:
            nonlocal done
            progress((total - remaining - done) * size)
            done = total - remaining

        source.backup(copy, pages=PAGES_AT_ONCE, progress=copied)
        return _checked_sqlite(copy)


def _load_sqlite(url: URL, source: Path) -> Copied:
    path = Path(url.database or "")
    with _told_errors(), closing(sqlite3.connect(source)) as copy:
        found = _checked_sqlite(copy)
    os.replace(source, path)
    return found


@contextmanager
def _told_errors() -> Iterator[None]:
    """Let an error of SQLite be one of the backup."""
    try:
        yield
    except sqlite3.Error as error:
        raise BackupError(f"The database can't be copied: {error}. Is the disk of INSTANCE_PATH full?") from error


def _checked_sqlite(connection: sqlite3.Connection) -> Copied:
    try:
        found = [connection.execute(f"PRAGMA {check}").fetchone() for check in ("integrity_check", "foreign_key_check")]
    except sqlite3.OperationalError:
        raise  # The disk's trouble, not the database's.
    except sqlite3.DatabaseError as error:
        raise BackupError(f"The database is damaged: {error}.") from error
    if found != [("ok",), None]:
        raise BackupError(f"The database is damaged: {found}.")
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    tables = sorted(name for (name,) in names)
    return _counted(tables, lambda statement: connection.execute(statement).fetchall())


def _dump_postgresql(url: URL, target: Path, progress: Progress) -> Copied:
    with _connected(url) as connection:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = connection.scalar(text("SELECT pg_export_snapshot()"))  # what is counted is what is copied
        _run(
            "pg_dump",
            url,
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            f"--snapshot={snapshot}",
            "--file",
            target,
        )
        progress(target.stat().st_size)
        return _counted(_tables(connection), lambda statement: connection.execute(text(statement)).fetchall())


def _load_postgresql(url: URL, source: Path) -> Copied:
    _run("pg_restore", url, "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", source)
    with _connected(url) as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
        return _counted(_tables(connection), lambda statement: connection.execute(text(statement)).fetchall())


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise BackupError(f"The database can't be used: {cause_of(error)}") from None


def _tables(connection: Connection) -> list[str]:
    names = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
    return list(connection.scalars(text(names)))


def _counted(tables: list[str], rows_of: Callable[[str], Any]) -> Copied:
    if "alembic_version" not in tables:
        raise BackupError("The database is none of Samspil's: it has not been migrated.")
    rows = {table: int(rows_of(f'SELECT count(*) FROM "{table}"')[0][0]) for table in tables}  # noqa: S608
    schema = str(rows_of("SELECT version_num FROM alembic_version")[0][0])
    return Copied(schema, rows, _keys(rows_of) if "file_version" in tables else ())


def _keys(rows_of: Callable[[str], Any]) -> tuple[str, ...]:
    found = set()
    for key, previews in rows_of("SELECT storage_key, preview_keys FROM file_version WHERE storage_key IS NOT NULL"):
        known = json.loads(previews) if isinstance(previews, str) else previews
        found |= {key, *(known or {}).values()}
    return tuple(sorted(found))


def version_of(program: str) -> int:
    """The version of one of PostgreSQL's programs, its first number. Raises BackupError where it is not installed."""
    asked = subprocess.run(  # noqa: S603
        [_found(program), "--version"], capture_output=True, text=True, check=False
    )
    said = re.search(r"\(PostgreSQL\) (\d+)", asked.stdout)
    if said is None:
        raise BackupError(f"{program} does not work: {(asked.stderr or asked.stdout).strip()}")
    return int(said[1])


def _run(program: str, url: URL, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs on the database; its password is in no list of processes."""
    # `set` leaves out what is None: the password would be there as ***, and believed before PGPASSWORD.
    where = url._replace(drivername="postgresql", password=None).render_as_string()
    password = {"PGPASSWORD": str(url.password)} if url.password else {}
    done = subprocess.run(  # noqa: S603
        [_found(program), "--dbname", where, *arguments],
        env=os.environ | password,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError("; ".join(done.stderr.split("\n")).strip("; ") or f"{program} failed.")


def _found(program: str) -> str:
    if not (found := shutil.which(program)):
        raise BackupError(f"{program} is not installed. It comes with PostgreSQL (Debian: postgresql-client).")
    return found
