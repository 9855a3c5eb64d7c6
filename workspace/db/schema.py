"""The version of the tables: that of the database, and that of this code."""

import re
from functools import cache

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

    Those of a newer version, which this code does not know, do: what a migration replaces stays until the next one.
    """
    present = present_version()
    return present is not None and (present == newest_version() or present not in versions())


def newest_version() -> str:
    """The last of the migrations."""
    return versions()[-1]


@cache
def versions() -> list[str]:
    """All migrations, each after the one that it follows. Their numbers need not be in that order."""
    sources = [path.read_text("utf-8") for path in (MIGRATIONS / "versions").glob("[0-9]*.py")]
    following = {_named("down_revision", source): _named("revision", source) for source in sources}
    found, version = [], following.get("None")
    while version:
        found.append(version)
        version = following.get(version)
    return found


def _named(what: str, source: str) -> str:
    return re.findall(rf'^{what} = "?(\w+)"?$', source, re.MULTILINE)[0]
