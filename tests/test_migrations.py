"""The migrations: what they make is what the models say, and there is a way back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from tests.databases import KIND, migrate, new_database
from workspace import cli, create_app
from workspace.config import Settings
from workspace.db import Base, db


@pytest.fixture
def empty(settings: Settings, tmp_path: Path, worker_id: str, postgresql: str) -> Iterator[None]:
    """An app whose database is as new."""
    database = new_database(tmp_path, postgresql, worker_id)
    with create_app(replace(settings, database_url=database.url)).app_context():
        yield
        db.engine.dispose()
    database.remove()


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def differences() -> list[object]:
    with db.engine.connect() as connection:
        return compare_metadata(MigrationContext.configure(connection), Base.metadata)


@pytest.mark.usefixtures("empty")
def test_up_down_and_up_again() -> None:
    migrate("upgrade", "head")
    assert tables() == set(Base.metadata.tables)
    migrate("downgrade", "base")
    assert tables() == set()
    migrate("upgrade", "head")
    assert tables() == set(Base.metadata.tables)
    assert differences() == []


@pytest.mark.usefixtures("empty")
def test_each_step_back_can_be_taken_again() -> None:
    migrate("upgrade", "head")
    for version in reversed(versions()):
        migrate("downgrade", "-1")
        migrate("upgrade", version)
        migrate("downgrade", "-1")
    assert tables() == set()


@pytest.mark.usefixtures("empty")
def test_the_models_equal_the_migrations() -> None:
    migrate("upgrade", "head")
    assert differences() == []


@pytest.mark.usefixtures("empty")
def test_the_last_file_is_the_newest_version() -> None:
    assert cli._present_version() is None
    migrate("upgrade", "head")
    assert cli._present_version() == cli._newest_version() == versions()[-1]


@pytest.mark.usefixtures("empty")
def test_foreign_keys_hold_again_after_a_migration() -> None:
    migrate("upgrade", "head")
    with db.engine.connect() as connection:
        if KIND == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        else:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "10s"


def versions() -> list[str]:
    """All revisions, the oldest first."""
    return sorted(path.stem for path in (cli.MIGRATIONS / "versions").glob("[0-9]*.py"))
