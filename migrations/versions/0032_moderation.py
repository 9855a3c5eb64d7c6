"""Offers of moderation, exchanges about requests, corrections asked for, closed threads, deleted roles, and who answers a report."""

import sqlalchemy as sa
from alembic import op

revision = "0032_moderation"
down_revision = "0028_invitations"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
EMPTY = sa.text("'{}'")

ADDED = {
    "membership": (
        sa.Column("request_exchange", sa.JSON(), nullable=False, server_default=EMPTY),
        sa.Column("moderation_offered_by_id", sa.Integer(), nullable=True),
    ),
    "post": (
        sa.Column("correction_reason", sa.Text(), nullable=False, server_default=""),
        sa.Column("closed_at", MOMENT, nullable=True),
    ),
    "comment": (sa.Column("correction_reason", sa.Text(), nullable=False, server_default=""),),
    "role": (sa.Column("deleted_at", MOMENT, nullable=True),),
    "report": (sa.Column("handled_by_id", sa.Integer(), nullable=True),),
}


def upgrade() -> None:
    """Towards the newer version."""
    for table, columns in ADDED.items():
        for column in columns:
            op.add_column(table, column)
        with op.batch_alter_table(table) as changed:
            for column in columns:
                if not column.nullable:
                    changed.alter_column(column.name, server_default=None)


def downgrade() -> None:
    """Back to the version before."""
    for table, columns in ADDED.items():
        for column in columns:
            op.drop_column(table, column.name)
