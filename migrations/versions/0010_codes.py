"""Codes by mail, and which sessions began with one."""

import sqlalchemy as sa
from alembic import op

revision = "0010_codes"
down_revision = "0009_digests"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("browser", sa.String(length=255), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_code_user_id_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_code"),
        sa.UniqueConstraint("token_hash", name="uq_code_token_hash"),
    )
    op.create_index("ix_code_user_id", "code", ["user_id"])
    op.create_index("ix_code_created_at", "code", ["created_at"])
    with op.batch_alter_table("session") as session:
        session.add_column(sa.Column("by_code", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("session") as session:
        session.alter_column("by_code", server_default=None)


def downgrade() -> None:
    """Back again."""
    with op.batch_alter_table("session") as session:
        session.drop_column("by_code")
    op.drop_table("code")
