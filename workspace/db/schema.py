"""The version of the tables: that of the database, and that of this code."""

from sqlalchemy import inspect, text

from workspace.config import ROOT
from workspace.db import db

MIGRATIONS = ROOT / "migrations"


def present_version() -> str | None:
    """The migration that the database has reached; None if it has no tables."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def is_current() -> bool:
    """Whether the tables have all that this code needs.

    Those of a newer version do: what a migration replaces stays until the version after.
    """
    present = present_version()
    return present is not None and present >= newest_version()


def newest_version() -> str:
    """The last file of the migrations: each is called after its version, and they are numbered."""
    return max(path.stem for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))
