"""Attempts are counted in the database, and a code that is asked for again repeats the last one that was mailed."""

import sqlalchemy as sa
from alembic import op

revision = "0018_rate_limits"
down_revision = "0017_reserved_slugs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "rate_limit",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("attempts", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_rate_limit"),
    )
    op.create_index("ix_rate_limit_expires_at", "rate_limit", ["expires_at"])
    with op.batch_alter_table("verification_code") as changed:
        changed.add_column(sa.Column("repeats_id", sa.Integer(), nullable=True))
        changed.create_foreign_key(
            "fk_verification_code_repeats_id_verification_code",
            "verification_code",
            ["repeats_id"],
            ["id"],
            ondelete="CASCADE",
        )
        changed.create_index("ix_verification_code_repeats_id", ["repeats_id"])


def downgrade() -> None:
    """Back to the version before."""
    with op.batch_alter_table("verification_code") as changed:
        changed.drop_index("ix_verification_code_repeats_id")
        changed.drop_constraint("fk_verification_code_repeats_id_verification_code", type_="foreignkey")
        changed.drop_column("repeats_id")
    op.drop_index("ix_rate_limit_expires_at", "rate_limit")
    op.drop_table("rate_limit")
