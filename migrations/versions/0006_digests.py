"""Digests: when each person gets one, what they hear of and how soon, and partnerships whose mails carry titles only."""

import sqlalchemy as sa
from alembic import op

revision = "0006_digests"
down_revision = "0005_members"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
# With the value of the rows that are there already; new ones get theirs from the models.
COLUMNS: dict[str, list[tuple[str, sa.types.TypeEngine, str | None]]] = {
    "user": [
        ("digest_rhythm", sa.String(length=20), "weekly"),
        ("digest_weekday", sa.Integer(), "1"),
        ("digest_hour", sa.Integer(), "8"),
        ("digest_paused_until", sa.Date(), None),
        ("next_digest_at", MOMENT, None),
        ("digested_at", MOMENT, None),
        ("mail_choices", sa.JSON(), "{}"),
        ("undelivered_digest_id", sa.Integer(), "0"),
        ("dismissed_digest_id", sa.Integer(), "0"),
    ],
    "partnership": [("titles_only", sa.Boolean(), "0")],
    "membership": [("digested", sa.String(length=20), "usual"), ("hears", sa.String(length=20), "at_once")],
}


def upgrade() -> None:
    """Towards the newer version. Who is here already hears from now on: the first digest tells nothing old."""
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as changed:
            for name, kind, value in columns:
                changed.add_column(sa.Column(name, kind, nullable=value is None, server_default=value))
        with op.batch_alter_table(table) as changed:
            for name, _kind, value in columns:
                if value is not None:
                    changed.alter_column(name, server_default=None)
    op.create_index("ix_user_next_digest_at", "user", ["next_digest_at"])
    op.execute(sa.text('UPDATE "user" SET next_digest_at = CURRENT_TIMESTAMP'))
    op.execute(
        sa.text(
            "UPDATE membership SET digested_number = (SELECT last_number FROM partnership"
            " WHERE partnership.id = membership.partnership_id)"
        )
    )


def downgrade() -> None:
    """Back again."""
    op.drop_index("ix_user_next_digest_at", table_name="user")
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as changed:
            for name, _kind, _value in columns:
                changed.drop_column(name)
