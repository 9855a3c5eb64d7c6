"""When a backup was last made, for the administrators' start page."""

import sqlalchemy as sa
from alembic import op

revision = "0034_last_backup"
down_revision = "0032_moderation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    op.add_column("installation", sa.Column("backed_up_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    """Back to the older version."""
    op.drop_column("installation", "backed_up_at")
