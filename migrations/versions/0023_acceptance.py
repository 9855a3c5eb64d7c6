"""Members and organisations say yes to being in a partnership; those who are in it already have."""

import sqlalchemy as sa
from alembic import op

revision = "0023_acceptance"
down_revision = "0022_address_changes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    op.add_column("participation", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("membership", sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user", sa.Column("organisation_confirmed", sa.Boolean, nullable=False, server_default=sa.true()))
    membership = sa.table("membership", sa.column("joined_at"), sa.column("accepted_at"))
    op.execute(sa.update(membership).values(accepted_at=membership.c.joined_at))
    partnership = sa.table("partnership", sa.column("id"), sa.column("created_at"))
    participation = sa.table("participation", sa.column("partnership_id"), sa.column("accepted_at"))
    began = sa.select(partnership.c.created_at).where(partnership.c.id == participation.c.partnership_id)
    op.execute(sa.update(participation).values(accepted_at=began.scalar_subquery()))


def downgrade() -> None:
    """Back to the version before, where whoever was added or invited took part at once."""
    for table, column in (("user", "organisation_confirmed"), ("membership", "accepted_at")):
        with op.batch_alter_table(table) as batch:
            batch.drop_column(column)
    with op.batch_alter_table("participation") as batch:
        batch.drop_column("accepted_at")
