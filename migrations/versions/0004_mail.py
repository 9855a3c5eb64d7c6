"""The outbox."""

import sqlalchemy as sa
from alembic import op

revision = "0004_mail"
down_revision = "0003_roles"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
UNFINISHED = sa.text("state IN ('due', 'sending')")


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("address", sa.String(length=254), nullable=True),
        sa.Column("references", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("not_before", MOMENT, nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("take_at", MOMENT, nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint("(user_id IS NULL) <> (address IS NULL)", name="ck_mail_one_addressee"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_mail_user_id_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_mail"),
        sa.UniqueConstraint("key", name="uq_mail_key"),
    )
    op.create_index(
        "ix_mail_unfinished",
        "mail",
        ["priority", "take_at"],
        sqlite_where=UNFINISHED,
        postgresql_where=UNFINISHED,
    )
    op.create_index("ix_mail_state_id", "mail", ["state", "id"])
    op.create_index("ix_mail_user_id_kind", "mail", ["user_id", "kind"])


def downgrade() -> None:
    """Back again."""
    op.drop_table("mail")
