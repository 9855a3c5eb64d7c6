"""What a database remembers of the installation that uses it, so that a second key is noticed."""

import sqlalchemy as sa
from alembic import op

revision = "0024_installation"
down_revision = "0023_acceptance"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key_fingerprint", sa.String(length=64), nullable=False),
        sa.Column("worker_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_installation"),
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("installation")
