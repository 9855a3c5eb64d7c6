"""What a moderator's decision replaced, and who withdrew an invitation or closed a link: so that it can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0041_undoing"
down_revision = "0029_organisation_requests"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
ADDED = {
    "membership": (sa.Column("before_decision", sa.JSON(), nullable=True),),
    "invitation": (
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", MOMENT, nullable=True),
    ),
    "invitation_link": (sa.Column("closed_by_id", sa.Integer(), nullable=True),),
}


def upgrade() -> None:
    """Towards the newer version."""
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)


def downgrade() -> None:
    """Back to the version before."""
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column.name)
