"""How alembic reaches the database: with the app's own engine, in one transaction, on either database.

A new revision, after a change of models, writes versions/0002_add_roles.py, to be read and put right:

    DEMO=1 .venv/bin/alembic -c migrations/alembic.ini revision --autogenerate -m "add roles"

The last file is the newest version (workspace/cli.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import context
from flask import has_app_context

from workspace import create_app
from workspace.db import Base, db
from workspace.db.types import Among, Details, UtcDateTime
from workspace.i18n import danish

TABLES = (
    "db.failures",
    "db.installation",
    "mail.models",
    "audit.models",
    "accounts.models",
    "accounts.sessions",
    "accounts.verification_codes",
    "organisations.models",
    "partnerships.models",
    "partnerships.activity_log",
    "partnerships.reading",
    "notifications.notices",
    "roles.models",
    "roles.assignments",
    "posts.models",
    "posts.co_affected",
    "comments.models",
    "members.models",
    "search.models",
)
for module in TABLES:
    import_module(f"workspace.{module}")


def migrate() -> None:
    """Do what alembic was asked to do."""
    if context.is_offline_mode():
        raise SystemExit("A migration needs its database: --sql is not supported.")
    with db.engine.connect() as connection:
        prepare = _sqlite if connection.dialect.name == "sqlite" else _postgresql
        with prepare(connection):
            context.configure(
                connection=connection,
                target_metadata=Base.metadata,
                transactional_ddl=True,
                render_as_batch=True,
                render_item=_render,
                process_revision_directives=_name,
            )
            context.run_migrations()


@contextmanager
def _sqlite(connection: sa.Connection) -> Iterator[None]:
    """One transaction without foreign keys, since a changed table is made anew; they are checked at its end."""
    driver: Any = connection.connection.dbapi_connection
    driver.execute("PRAGMA foreign_keys=OFF")  # Within a transaction it would do nothing.
    try:
        with connection.begin():
            yield
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise RuntimeError(f"The migration left rows without what they refer to: {broken[:5]}")
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


@contextmanager
def _postgresql(connection: sa.Connection) -> Iterator[None]:
    """One transaction, one process at a time, with time for what takes longer than a request may."""
    with connection.begin():
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('samspil migrations'))")
        yield


def _render(kind: str, item: Any, autogenerate: Any) -> str | bool:
    """Write types in terms that stay when the code changes: an enumeration is a string to the database."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, Among | Details):
        return f"sa.{type(item.impl_instance).__name__}()"
    if kind == "type" and isinstance(item, sa.Enum):
        return f"sa.String(length={item.length})"
    return False


def _name(migration: Any, revision: Any, directives: list[Any]) -> None:
    """Number a new revision, and call it after its message."""
    [script] = directives
    number = len(list((Path(__file__).parent / "versions").glob("[0-9]*.py"))) + 1
    script.rev_id = f"{number:04}_{danish.slug(script.message or 'change', longest=26).replace('-', '_')}"


if has_app_context():
    migrate()
else:  # alembic's own command
    with create_app().app_context():
        migrate()
