"""When a person's last digest of all their partnerships was."""

import sqlalchemy as sa
from alembic import op

revision = "0011_digest_of_all"
down_revision = "0010_codes"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Towards the newer version."""
    with op.batch_alter_table("user") as user:
        user.add_column(sa.Column("all_digested_at", MOMENT, nullable=True))
    op.execute(sa.text('UPDATE "user" SET all_digested_at = digested_at'))


def downgrade() -> None:
    """Back again."""
    with op.batch_alter_table("user") as user:
        user.drop_column("all_digested_at")
