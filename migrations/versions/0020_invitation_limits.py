"""How many addresses a person, or a partnership, may invite a day; and indexes to count them by."""

import sqlalchemy as sa
from alembic import op

revision = "0020_invitation_limits"
down_revision = "0019_decisions"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_invitation_partnership_id_created_at": ["partnership_id", "created_at"],
    "ix_invitation_invited_by_id_created_at": ["invited_by_id", "created_at"],
}


def upgrade() -> None:
    """Towards the newer version."""
    for table in ("user", "partnership"):
        op.add_column(table, sa.Column("invitation_limit", sa.Integer, nullable=True))
    for name, columns in INDEXES.items():
        op.create_index(name, "invitation", columns)


def downgrade() -> None:
    """Back to the version before; limits that were raised are those of the settings again."""
    for name in INDEXES:
        op.drop_index(name, "invitation")
    for table in ("partnership", "user"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("invitation_limit")
