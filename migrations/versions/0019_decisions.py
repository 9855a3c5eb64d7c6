"""What moderators last decided about a person, so that nobody comes back to more than that by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0019_decisions"
down_revision = "0018_rate_limits"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

membership = sa.table(
    "membership",
    *(sa.column(name) for name in ("state", "ending", "level", "decided_level", "joined_at")),
    *(sa.column(name, MOMENT) for name in ("state_since", "decided_at")),
)


def upgrade() -> None:
    """Towards the newer version: what stands in the rows is taken for the moderators' last decision.

    A request of somebody who was in before, open or taken back, tells no longer how that membership ended: it is taken
    for ended by the moderators.
    """
    with op.batch_alter_table("membership") as table:
        table.add_column(sa.Column("decided_at", MOMENT, nullable=True))
        table.add_column(sa.Column("decided_level", sa.String(20), nullable=True))
    with op.batch_alter_table("invitation") as table:
        table.add_column(sa.Column("reopens_id", sa.Integer(), nullable=True))
    was_in, ending = membership.c.joined_at.is_not(None), membership.c.ending
    is_out = sa.or_(
        ending.in_(("removed", "expired", "declined")),
        sa.and_(was_in, sa.or_(ending == "taken_back", membership.c.state == "requested")),
    )
    decide = sa.update(membership).where(sa.or_(was_in, ending == "declined"))
    op.execute(
        decide.values(
            decided_at=membership.c.state_since, decided_level=sa.case((is_out, None), else_=membership.c.level)
        )
    )


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("invitation") as table:
        table.drop_column("reopens_id")
    with op.batch_alter_table("membership") as table:
        table.drop_column("decided_level")
        table.drop_column("decided_at")
