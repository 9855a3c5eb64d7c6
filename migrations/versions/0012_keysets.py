"""An index for each place from which a page of posts or entries is read, however much else there is."""

import sqlalchemy as sa
from alembic import op

revision = "0012_keysets"
down_revision = "0011_digest_of_all"
branch_labels = None
depends_on = None

ADDED = (
    (
        "ix_post_challenges",
        "post",
        ("partnership_id", "status", "activity_number", "activity_at"),
        "status IS NOT NULL AND withdrawn_at IS NULL",
    ),
    (
        "ix_post_challenges_created_at",
        "post",
        ("partnership_id", "created_at"),
        "status IS NOT NULL AND withdrawn_at IS NULL",
    ),
    (
        "ix_post_unsolved",
        "post",
        ("partnership_id", "activity_number"),
        "status IN ('open', 'ongoing') AND withdrawn_at IS NULL",
    ),
    ("ix_post_pinned", "post", ("partnership_id", "pinned_at"), "pinned_at IS NOT NULL"),
    ("ix_post_taker", "post", ("partnership_id", "taker_id"), "taker_id IS NOT NULL"),
    ("ix_post_asked", "post", ("partnership_id", "asked_id"), "asked_id IS NOT NULL"),
    ("ix_post_role", "post", ("partnership_id", "role_id"), "role_id IS NOT NULL"),
    ("ix_entry_of_partnership", "entry", ("partnership_id", "number"), "post_number IS NULL"),
)
REPLACED = ("ix_post_partnership_id_status_activity_number", "post", ["partnership_id", "status", "activity_number"])


def upgrade() -> None:
    """Towards the newer version."""
    for name, table, columns, where in ADDED:
        op.create_index(name, table, list(columns), sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    op.drop_index(REPLACED[0], REPLACED[1])


def downgrade() -> None:
    """Back again."""
    op.create_index(*REPLACED)
    for name, table, _columns, _where in ADDED:
        op.drop_index(name, table)
