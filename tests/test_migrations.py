"""The migrations: what they make is what the models say, and there is a way back."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import current_app
from sqlalchemy import Column, Integer, inspect, select

from tests.databases import KIND, migrate, new_database
from tests.factories import Level, Stage, add_member, comment, make_user, share, start_partnership
from workspace import create_app
from workspace.config import Settings
from workspace.db import Base, db, schema
from workspace.members.join_requests import service as join_requests_service
from workspace.members.moderation import service as moderation_service
from workspace.partnerships import reading
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Partnership, Visibility
from workspace.web.url_converters import static_segments

# From before 0.2.0 was released: they take something away, or leave a column that the code before doesn't fill. One
# that drops what the last release does not use any more is added here, with that release.
NOT_BESIDE_THE_CODE_BEFORE = {
    "0002_challenges",
    "0005_members",
    "0006_reports",
    "0009_digests",
    "0010_codes",
    "0016_standard_names",
    "0026_reading",
    "0028_invitations",
    "0032_moderation",
    "0039_results",
}


@pytest.fixture
def empty(settings: Settings, tmp_path: Path, worker_id: str, postgresql: str) -> Iterator[None]:
    """An app whose database is as new."""
    database = new_database(tmp_path, postgresql, worker_id)
    with create_app(replace(settings, database_url=database.url)).app_context():
        yield
        db.session.remove()
        db.engine.dispose()
    database.remove()


def tables() -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def columns() -> dict[tuple[str, str], tuple[str, bool]]:
    """The columns of all tables: their types, and whether a row can be written without them."""
    found = {}
    with db.engine.connect() as connection:
        inspected = inspect(connection)
        for table in inspected.get_table_names():
            for each in inspected.get_columns(table):
                may_be_left_out = each["nullable"] or each["default"] is not None or bool(each.get("autoincrement"))
                found[table, each["name"]] = str(each["type"]), may_be_left_out
    return found


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
    for version in reversed(schema.versions()):
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
    assert schema.present_version() is None
    migrate("upgrade", "head")
    assert schema.present_version() == schema.newest_version() == schema.versions()[-1]


@pytest.mark.usefixtures("empty")
def test_an_older_schema_is_refused_and_a_newer_one_is_not() -> None:
    assert not schema.is_current()
    migrate("upgrade", schema.versions()[-2])
    assert not schema.is_current()
    migrate("upgrade", "head")
    assert schema.is_current()
    with db.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_later'")
    assert schema.is_current()


@pytest.mark.usefixtures("empty")
def test_foreign_keys_hold_again_after_a_migration() -> None:
    migrate("upgrade", "head")
    with db.engine.connect() as connection:
        if KIND == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
        else:
            assert connection.exec_driver_sql("SHOW lock_timeout").scalar() == "10s"


@pytest.mark.usefixtures("empty")
def test_partnerships_that_took_an_address_of_ours_get_a_free_one() -> None:
    migrate("upgrade", "head")
    moderator = start_partnership("Listed")  # listed-2, since the word itself can't be taken any more
    others = [start_partnership(name, by=moderator.user).partnership for name in ("Grønne tage", "Vind")]
    others[0].slug = "listed"
    db.session.commit()
    migrate("downgrade", "0016_standard_names")
    migrate("upgrade", "head")
    slugs = select(Partnership.slug).order_by(Partnership.id)
    assert list(db.session.scalars(slugs)) == ["listed-2", "listed-3", "vind"]


@pytest.mark.usefixtures("empty")
def test_what_stood_in_memberships_is_what_moderators_decided_last() -> None:
    migrate("upgrade", "head")
    moderator = start_partnership(visibility=Visibility.LISTED)
    gone, left, asking = (add_member(moderator, level=Level.OBSERVER) for _ in range(3))
    moderation_service.remove(moderator, [gone.id, asking.id], reason="Slut")
    moderation_service.leave(left)
    new = join_requests_service.ask_to_join(make_user(), moderator.partnership, "Må jeg?")
    join_requests_service.ask_to_join(asking.user, moderator.partnership, "Igen?")
    db.session.commit()
    migrate("downgrade", "0017_reserved_slugs")
    migrate("upgrade", "head")
    decided = {
        membership.id: (membership.decided_at is not None, membership.decided_level)
        for membership in db.session.query(Membership)
    }
    assert decided == {
        moderator.id: (True, Level.MODERATOR),
        gone.id: (True, None),
        left.id: (True, Level.OBSERVER),
        asking.id: (True, None),
        new.id: (False, None),
    }


@pytest.mark.usefixtures("empty")
def test_a_database_from_before_two_migrations_were_edited_gets_what_it_lacks() -> None:
    migrate("upgrade", "0024_installation")
    with db.engine.begin() as connection:
        former = Operations(MigrationContext.configure(connection))
        former.drop_index("ix_post_role", "post")
        with former.batch_alter_table("invitation_link") as link:
            link.add_column(Column("organisation_id", Integer(), nullable=True))
            key = "fk_invitation_link_organisation_id_organisation"
            link.create_foreign_key(key, "organisation", ["organisation_id"], ["id"])
    assert len(differences()) > 1
    migrate("upgrade", "head")
    assert differences() == []


@pytest.mark.usefixtures("empty")
def test_a_migration_only_adds_and_the_code_before_it_can_go_on_writing() -> None:
    """A table or column that goes, is renamed or changes its type, or that the code before would have to fill.

    What is replaced is dropped by the release after. tests/operations/test_upgrade.py runs the code before.
    """
    breaking, before = {}, dict[tuple[str, str], tuple[str, bool]]()
    for version in schema.versions():
        migrate("upgrade", version)
        after, tables_before = columns(), {table for table, _name in before}
        lost = [f"{table}.{name}" for (table, name), column in before.items() if after.get((table, name)) != column]
        lost += [
            f"{table}.{name}"
            for (table, name), (_type, may_be_left_out) in after.items()
            if table in tables_before and (table, name) not in before and not may_be_left_out
        ]
        if lost:
            breaking[version] = lost
        before = after
    assert breaking.keys() == NOT_BESIDE_THE_CODE_BEFORE, breaking


def test_no_migration_that_may_have_been_applied_is_edited() -> None:
    """Whoever adds one adds its line: `sha256sum migrations/versions/0*.py`, with the name of the file alone."""
    listed = (schema.MIGRATIONS / "hashes.txt").read_text("utf-8").splitlines()
    files = sorted((schema.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert listed == [f"{sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files]


@pytest.mark.usefixtures("empty")
def test_every_word_under_partnerships_was_taken_from_those_that_had_it() -> None:
    """A new page right under /partnerships/ needs a migration as 0017, for a partnership may have its word."""
    migrated = {"listed", "new"}
    assert static_segments(current_app.url_map, "/partnerships/") == migrated


@pytest.mark.usefixtures("empty")
def test_what_was_unread_before_texts_were_counted_is_unread_after() -> None:
    migrate("upgrade", "head")
    moderator = start_partnership()
    reader, other = add_member(moderator), add_member(moderator)
    post = share(moderator)
    share(reader)
    for _ in range(3):
        last = comment(post, moderator)
    last.withdraw(moderator, post)
    share(moderator).withdraw(moderator)
    reading.read_all(other, last.number - 1)
    partnerships_service.change_stage(moderator, Stage.TRIAL)
    db.session.commit()
    expected = {membership.id: membership.unread for membership in (moderator, reader, other)}
    assert expected == {moderator.id: 1, reader.id: 3, other.id: 0}
    counts = [tuple(row) for row in db.session.execute(select(Entry.number, Entry.stands, Entry.text_count))]
    db.session.commit()
    migrate("downgrade", "0039_results")
    migrate("upgrade", "head")
    assert {membership.id: membership.unread for membership in db.session.query(Membership)} == expected
    assert [tuple(row) for row in db.session.execute(select(Entry.number, Entry.stands, Entry.text_count))] == counts
