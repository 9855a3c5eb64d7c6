"""Keeps the demo and real installations apart, since the demo accounts' password is public."""

import tomllib
from pathlib import Path

from sqlalchemy import inspect, select

from workspace.accounts.models import User
from workspace.config import Settings, SettingsError
from workspace.db import db

PEOPLE = Path(__file__).parent / "story" / "people.toml"


def keep_apart(settings: Settings) -> None:
    """Raise SettingsError if the demo's accounts are in the database of a real installation."""
    if settings.demo or not inspect(db.engine).has_table(User.__tablename__):
        return
    told = tomllib.loads(PEOPLE.read_text("utf-8"))["person"]
    invented = User.email_key.in_([person["email"] for person in told])
    with db.engine.connect() as connection:
        found = connection.scalar(select(User.email).where(invented).limit(1))
    if found:
        raise SettingsError(
            f"The database has accounts of the demo ({found} is one), whose password is public: set DATABASE_URL to "
            "another database, or DEMO=1 to serve it as the demo."
        )
