"""Tables and columns under the field's standard names. The data stay as they are."""

import sqlalchemy as sa
from alembic import op

revision = "0016_standard_names"
down_revision = "0014_failures"
branch_labels = None
depends_on = None

TABLES = {
    "trail": "audit_event",
    "code": "verification_code",
    "holding": "role_assignment",
    "affected": "co_affected",
    "version": "text_version",
}
COLUMNS = {
    "audit_event": {"act": "action"},
    "user": {
        "name_folded": "name_search_key",
        "digest_rhythm": "digest_frequency",
        "mail_choices": "mail_preferences",
        "digested_at": "last_digest_at",
        "all_digested_at": "last_full_digest_at",
    },
    "organisation": {"name_folded": "name_search_key"},
    "session": {"by_code": "signed_in_by_code"},
    "membership": {
        "digested": "digest_frequency",
        "hears": "mail_timing",
        "asked": "request_text",
        "question": "moderator_question",
        "since": "state_since",
    },
    "role_assignment": {"former_helps": "stays_as_helper"},
    "mail": {"references": "payload", "take_at": "next_attempt_at", "doubts": "uncertain_attempts"},
}
# The digests and mails of the outbox, whose words moved as well.
MAIL_STATES = {"empty": "skipped"}

# An event is never changed, and goes only after an event has said that everything before a moment goes.
APPEND_ONLY = {
    "sqlite": (
        """CREATE TRIGGER {name}_is_not_changed BEFORE UPDATE ON {table}
           BEGIN SELECT RAISE(ABORT, 'The {log} is append-only'); END""",
        """CREATE TRIGGER {name}_is_not_deleted BEFORE DELETE ON {table}
           WHEN NOT EXISTS (SELECT 1 FROM {table} WHERE {action} = 'pruned' AND pruned_before > OLD.at)
           BEGIN SELECT RAISE(ABORT, 'The {log} is append-only'); END""",
    ),
    "postgresql": (
        """CREATE FUNCTION {name}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
           BEGIN
             IF TG_OP = 'DELETE'
                AND EXISTS (SELECT 1 FROM {table} WHERE {action} = 'pruned' AND pruned_before > OLD.at) THEN
               RETURN OLD;
             END IF;
             RAISE EXCEPTION 'The {log} is append-only';
           END $$""",
        """CREATE TRIGGER {name}_is_not_changed BEFORE UPDATE OR DELETE ON {table}
           FOR EACH ROW EXECUTE FUNCTION {name}_is_append_only()""",
        """CREATE TRIGGER {name}_is_not_emptied BEFORE TRUNCATE ON {table}
           FOR EACH STATEMENT EXECUTE FUNCTION {name}_is_append_only()""",
    ),
}
OLD = {"name": "trail", "table": "trail", "action": "act", "log": "trail"}
NEW = {"name": "audit_event", "table": "audit_event", "action": "action", "log": "audit log"}


def upgrade() -> None:
    """Towards the newer version."""
    _drop_triggers("trail")
    for old, new in TABLES.items():
        op.rename_table(old, new)
        _rename_what_belongs_to(old, new)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            _rename_column(table, old, new)
    for old, new in MAIL_STATES.items():
        op.execute(f"UPDATE mail SET state = '{new}' WHERE state = '{old}'")  # noqa: S608 (our own words)
    _make_triggers(NEW)


def downgrade() -> None:
    """Back again."""
    _drop_triggers("audit_event")
    for old, new in MAIL_STATES.items():
        op.execute(f"UPDATE mail SET state = '{old}' WHERE state = '{new}'")  # noqa: S608 (our own words)
    for table, columns in COLUMNS.items():
        for old, new in columns.items():
            _rename_column(table, new, old)
    for old, new in TABLES.items():
        op.rename_table(new, old)
        _rename_what_belongs_to(new, old)
    _make_triggers(OLD)


def _rename_column(table: str, old: str, new: str) -> None:
    """In place on both databases: RENAME COLUMN carries indexes and constraints along, not a name made of the column's."""
    op.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{old}" TO "{new}"')
    _rename_unique(table, f"uq_{table}_{old}", f"uq_{table}_{new}", new)


def _rename_unique(table: str, old: str, new: str, column: str) -> None:
    """Give the unique constraint on `column` the name `new`, if there is one that is called `old`."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        if connection.scalar(sa.text("SELECT 1 FROM pg_constraint WHERE conname = :name"), {"name": old}):
            op.execute(f'ALTER TABLE "{table}" RENAME CONSTRAINT "{old}" TO "{new}"')
        return
    table_sql = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table")
    if old in connection.execute(table_sql, {"table": table}).scalar_one():
        with op.batch_alter_table(table) as changed:
            changed.drop_constraint(old, type_="unique")
            changed.create_unique_constraint(new, [column])


def _rename_what_belongs_to(old: str, new: str) -> None:
    """Let indexes, constraints and sequences follow their table, for their names are made of its."""
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _rename_indexes_on_sqlite(connection, old, new)
        _rename_unique(new, f"uq_{old}_token_hash", f"uq_{new}_token_hash", "token_hash")
        return
    constraints = connection.execute(
        sa.text("SELECT conname FROM pg_constraint WHERE conrelid = CAST(:table AS regclass)"), {"table": new}
    )
    for (name,) in constraints.all():
        if f"_{old}" in name:
            op.execute(f'ALTER TABLE {new} RENAME CONSTRAINT "{name}" TO "{_renamed(name, old, new)}"')
    indexes = connection.execute(sa.text("SELECT indexname FROM pg_indexes WHERE tablename = :table"), {"table": new})
    for (name,) in indexes.all():
        # A constraint took its index along.
        if (renamed := _renamed(name, old, new)) != name:
            op.execute(f'ALTER INDEX "{name}" RENAME TO "{renamed}"')
    op.execute(f"ALTER SEQUENCE IF EXISTS {old}_id_seq RENAME TO {new}_id_seq")


def _rename_indexes_on_sqlite(connection: sa.Connection, old: str, new: str) -> None:
    indexes = connection.execute(
        sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql IS NOT NULL"),
        {"table": new},
    )
    for name, sql in indexes.all():
        renamed = _renamed(name, old, new)
        if renamed != name:
            op.execute(f'DROP INDEX "{name}"')
            connection.exec_driver_sql(sql.replace(name, renamed, 1))


def _renamed(name: str, old: str, new: str) -> str:
    """`ix_trail_at` as `ix_audit_event_at`: the table's name is the word after the kind."""
    kind, _, rest = name.partition("_")
    return f"{kind}_{new}{rest.removeprefix(old)}" if rest.startswith(old) else name


def _make_triggers(names: dict[str, str]) -> None:
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement.format(**names))


def _drop_triggers(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for what in ("changed", "deleted"):
            op.execute(f"DROP TRIGGER {table}_is_not_{what}")
        return
    for what in ("changed", "emptied"):
        op.execute(f"DROP TRIGGER {table}_is_not_{what} ON {table}")
    op.execute(f"DROP FUNCTION {table}_is_append_only()")
