"""The index of what can be searched for, and how far it has read each partnership's log."""

import sqlalchemy as sa
from alembic import op

revision = "0040_search"
down_revision = "0034_last_backup"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version. The worker fills the tables."""
    key = sa.String(collation="C") if op.get_bind().dialect.name == "postgresql" else sa.String()
    op.create_table(
        "search_bucket",
        sa.Column("partnership_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bucket", key, nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("postings", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partnership_id", "bucket", "block", name="pk_search_bucket"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_bucket_partnership_id_block", "search_bucket", ["partnership_id", "block"])
    op.create_table(
        "search_bookmark",
        sa.Column("partnership_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("indexed_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("partnership_id", name="pk_search_bookmark"),
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("search_bookmark")
    op.drop_table("search_bucket")
