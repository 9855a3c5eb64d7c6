"""A new mail address that an administrator asks for waits until its owners have answered."""

import sqlalchemy as sa
from alembic import op

revision = "0022_address_changes"
down_revision = "0020_invitation_limits"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
OPEN = sa.text("outcome = 'open'")


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "address_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.String(254), nullable=False),
        sa.Column("address", sa.String(254), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("agreed_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE", name="fk_address_change_user_id_user"),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["user.id"], ondelete="SET NULL", name="fk_address_change_asked_by_id_user"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_address_change"),
    )
    op.create_index(
        "uq_address_change_user_id",
        "address_change",
        ["user_id"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("address_change")
