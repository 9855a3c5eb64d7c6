"""How far each member has seen what concerns them; what came before is no notice."""

import sqlalchemy as sa
from alembic import op

revision = "0027_notices"
down_revision = "0040_search"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "notice_position",
        sa.Column("membership_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("topic", sa.String(length=10), nullable=False),
        sa.Column("topic_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", "topic", "topic_id", name="pk_notice_position"),
        sa.ForeignKeyConstraint(
            ["partnership_id", "membership_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_notice_position_partnership_id_membership",
            ondelete="CASCADE",
        ),
    )
    op.add_column("membership", sa.Column("notices_after", sa.Integer(), nullable=False, server_default="0"))
    membership = sa.table("membership", sa.column("partnership_id"), sa.column("notices_after"))
    partnership = sa.table("partnership", sa.column("id"), sa.column("last_number"))
    last = sa.select(partnership.c.last_number).where(partnership.c.id == membership.c.partnership_id)
    op.execute(sa.update(membership).values(notices_after=sa.func.coalesce(last.scalar_subquery(), 0)))


def downgrade() -> None:
    """Back to the version before."""
    op.drop_column("membership", "notices_after")
    op.drop_table("notice_position")
