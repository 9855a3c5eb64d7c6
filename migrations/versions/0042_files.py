"""Files with their versions, and what a partnership has of them."""

import sqlalchemy as sa
from alembic import op

revision = "0042_files"
down_revision = "0041_undoing"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
MEMBERSHIP = ["membership.partnership_id", "membership.id"]
PENDING = sa.text("entry_number IS NULL")
UNCHECKED = sa.text("state IN ('received', 'checking')")
COUNTERS = ("file_count", "last_file_number", "file_bytes")


def upgrade() -> None:
    """Towards the newer version."""
    for name in COUNTERS:
        kind = sa.BigInteger() if name == "file_bytes" else sa.Integer()
        op.add_column("partnership", sa.Column(name, kind, nullable=False, server_default="0"))
    op.create_table(
        "file",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_number", sa.Integer(), nullable=True),
        sa.Column("uploader_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("alt", sa.String(500), nullable=False),
        sa.Column("newest", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Integer(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=False),
        sa.Column("redacted_at", MOMENT, nullable=True),
        _key("file", ["partnership_id", "entry_number"], ["entry.partnership_id", "entry.number"]),
        _key("file", ["partnership_id", "uploader_id"], MEMBERSHIP),
        _key("file", ["partnership_id", "withdrawn_by_id"], MEMBERSHIP),
        sa.PrimaryKeyConstraint("partnership_id", "number", name="pk_file"),
    )
    op.create_index("ix_file_partnership_id_entry_number_number", "file", ["partnership_id", "entry_number", "number"])
    op.create_index("ix_file_pending", "file", ["created_at"], sqlite_where=PENDING, postgresql_where=PENDING)
    op.create_table(
        "file_version",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("file_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("refusal", sa.String(40), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("storage_key", sa.String(100), nullable=True),
        sa.Column("preview_keys", sa.JSON(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.Column("one_time_key", sa.String(36), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        _key("file_version", ["partnership_id", "file_number"], ["file.partnership_id", "file.number"]),
        _key("file_version", ["partnership_id", "by_id"], MEMBERSHIP),
        sa.UniqueConstraint("by_id", "one_time_key", name="uq_file_version_by_id_one_time_key"),
        sa.PrimaryKeyConstraint("partnership_id", "file_number", "n", name="pk_file_version"),
    )
    op.add_column("installation", sa.Column("files_swept_at", MOMENT, nullable=True))
    op.create_index(
        "ix_file_version_unchecked", "file_version", ["at"], sqlite_where=UNCHECKED, postgresql_where=UNCHECKED
    )


def _key(table: str, columns: list[str], target: list[str]) -> sa.ForeignKeyConstraint:
    named = "_".join(columns)
    return sa.ForeignKeyConstraint(columns, target, name=f"fk_{table}_{named}_{target[0].split('.')[0]}")


def downgrade() -> None:
    """Back to the version before."""
    op.drop_column("installation", "files_swept_at")
    op.drop_table("file_version")
    op.drop_table("file")
    with op.batch_alter_table("partnership") as partnership:
        for name in COUNTERS:
            partnership.drop_column(name)
