"""What the worker could not do, so that it is not tried again at once and an administrator sees it."""

import sqlalchemy as sa
from alembic import op

revision = "0014_failures"
down_revision = "0012_keysets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "failure",
        sa.Column("job", sa.String(length=40), nullable=False),
        sa.Column("row_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("error", sa.String(length=100), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job", "row_id", "number", name="pk_failure"),
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("failure")
