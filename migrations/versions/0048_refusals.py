"""Who declined an invitation, and when: so that it can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0048_refusals"
down_revision = "0047_search_postings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    op.add_column("invitation", sa.Column("declined_by_id", sa.Integer(), nullable=True))
    op.add_column("invitation", sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Back to the older version."""
    op.drop_column("invitation", "declined_at")
    op.drop_column("invitation", "declined_by_id")
