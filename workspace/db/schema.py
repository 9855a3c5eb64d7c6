"""The version of the tables: that of the database, and that of this code."""

import re
from functools import cache

from sqlalchemy import inspect, text

from workspace.config import ROOT
from workspace.db import db

MIGRATIONS = ROOT / "migrations"
FOLLOWS = re.compile(r'^down_revision = "(\w+)"$', re.MULTILINE)


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
    return present is not None and present not in versions()[:-1]


def newest_version() -> str:
    """The last of the migrations, each of which says which it follows."""
    return versions()[-1]


@cache
def versions() -> list[str]:
    """All migrations, the first first: their numbers say who made them, not when."""
    files = (MIGRATIONS / "versions").glob("[0-9]*.py")
    following = {found[1] if (found := FOLLOWS.search(file.read_text("utf-8"))) else "": file.stem for file in files}
    chain = [following[""]]
    while chain[-1] in following:
        chain.append(following[chain[-1]])
    return chain
