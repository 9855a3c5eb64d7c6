"""What waits can be put off; who was asked to take a challenge, or offered a role, when, and when they were reminded."""

import sqlalchemy as sa
from alembic import op

revision = "0031_what_waits"
down_revision = "0026_reading"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

# Who is asked now was asked by the last entry that says so.
ASKED = """
    UPDATE post SET asked_number = (
        SELECT max(entry.number) FROM entry
        WHERE entry.partnership_id = post.partnership_id AND entry.post_number = post.number
          AND entry.verb = 'asked_to_take' AND entry.subject_id = post.asked_id
    ) WHERE asked_id IS NOT NULL
"""


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "postponement",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("version", sa.String(80), nullable=False),
        sa.Column("until", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], ondelete="CASCADE", name="fk_postponement_user_id_user"),
        sa.PrimaryKeyConstraint("user_id", "key", name="pk_postponement"),
    )
    op.create_index("ix_postponement_created_at", "postponement", ["created_at"])
    op.add_column("post", sa.Column("asked_number", sa.Integer(), nullable=True))
    op.add_column("post", sa.Column("reminded_at", MOMENT, nullable=True))
    op.add_column("role_assignment", sa.Column("reminded_at", MOMENT, nullable=True))
    op.execute(ASKED)


def downgrade() -> None:
    """Back to the version before."""
    op.drop_column("role_assignment", "reminded_at")
    op.drop_column("post", "reminded_at")
    op.drop_column("post", "asked_number")
    op.drop_table("postponement")
