"""The rows of the search index are found by partnership, block and bucket, on SQLite in an ordinary table.

A table WITHOUT ROWID keeps rows as large as these in the tree by which they are looked for, which makes it six times as
deep to go down.
"""

import sqlalchemy as sa
from alembic import op

revision = "0049_search_rows"
down_revision = "0048_refusals"
branch_labels = None
depends_on = None

BLOCKS = "ix_search_bucket_partnership_id_block"


def upgrade() -> None:
    """Towards the newer version."""
    op.drop_index(BLOCKS, "search_bucket")
    _keyed_by(["partnership_id", "block", "bucket"], with_rowid=True)


def downgrade() -> None:
    """Back to the older version."""
    _keyed_by(["partnership_id", "bucket", "block"], with_rowid=False)
    op.create_index(BLOCKS, "search_bucket", ["partnership_id", "block"])


def _keyed_by(key: list[str], *, with_rowid: bool) -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_search_bucket", "search_bucket", type_="primary")
        op.create_primary_key("pk_search_bucket", "search_bucket", key)
        return
    op.rename_table("search_bucket", "search_bucket_before")
    op.create_table(
        "search_bucket",
        sa.Column("partnership_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("postings", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(*key, name="pk_search_bucket"),
        sqlite_with_rowid=with_rowid,
    )
    op.execute(
        "INSERT INTO search_bucket (partnership_id, block, bucket, postings)"
        " SELECT partnership_id, block, bucket, postings FROM search_bucket_before ORDER BY 1, 2, 3"
    )
    op.drop_table("search_bucket_before")
