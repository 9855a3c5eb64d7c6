"""What each member has read, post by post; posts and comments are counted as they are written.

What was unread before stays unread, less what was never a post or a comment, or has been withdrawn.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026_reading"
down_revision = "0039_results"
branch_labels = None
depends_on = None

ENTRY = sa.table(
    "entry",
    *(sa.column(name) for name in ("partnership_id", "number", "verb", "actor_id")),
    sa.column("stands", sa.Boolean),
    sa.column("text_count"),
)
TEXTS = {"post": ("shared_progress", "shared_challenge"), "comment": ("commented",)}


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "reading_position",
        sa.Column("membership_id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("post_number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("card_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("membership_id", "post_number", name="pk_reading_position"),
        sa.ForeignKeyConstraint(
            ["partnership_id", "membership_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_reading_position_partnership_id_membership",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_reading_position_partnership_id_post_number", "reading_position", ["partnership_id", "post_number"]
    )
    op.add_column("entry", sa.Column("stands", sa.Boolean(), nullable=True))
    op.add_column("entry", sa.Column("text_count", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_entry_withdrawn",
        "entry",
        ["partnership_id", "number"],
        sqlite_where=sa.text("stands IS 0"),
        postgresql_where=sa.text("stands IS false"),
    )
    op.add_column("partnership", sa.Column("text_count", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("membership", sa.Column("read_number", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("membership", sa.Column("known_texts", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("membership", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
    _count_texts()
    _count_known()
    op.drop_column("membership", "own_unseen")


def downgrade() -> None:
    """Back to the version before, in which the bookmark alone says what is new."""
    op.add_column("membership", sa.Column("own_unseen", sa.Integer(), nullable=False, server_default="0"))
    membership = sa.table(
        "membership", *(sa.column(name) for name in ("id", "partnership_id", "seen_number", "own_unseen"))
    )
    own = sa.select(sa.func.count()).where(
        ENTRY.c.partnership_id == membership.c.partnership_id,
        ENTRY.c.actor_id == membership.c.id,
        ENTRY.c.number > membership.c.seen_number,
    )
    op.execute(sa.update(membership).values(own_unseen=own.scalar_subquery()))
    for column in ("read_at", "known_texts", "read_number"):
        op.drop_column("membership", column)
    op.drop_column("partnership", "text_count")
    op.drop_index("ix_entry_withdrawn", "entry")
    op.drop_column("entry", "text_count")
    op.drop_column("entry", "stands")
    op.drop_table("reading_position")


def _count_texts() -> None:
    for name, verbs in TEXTS.items():
        text = sa.table(name, *(sa.column(column) for column in ("partnership_id", "number", "withdrawn_at")))
        stands = sa.select(text.c.withdrawn_at.is_(None)).where(
            text.c.partnership_id == ENTRY.c.partnership_id, text.c.number == ENTRY.c.number
        )
        made = sa.update(ENTRY).where(ENTRY.c.verb.in_(verbs)).values(stands=stands.scalar_subquery())
        op.execute(made)
    is_text = sa.case((ENTRY.c.stands.is_not(None), 1), else_=0)
    counted = sa.select(
        ENTRY.c.partnership_id,
        ENTRY.c.number,
        sa.func.sum(is_text).over(partition_by=ENTRY.c.partnership_id, order_by=ENTRY.c.number).label("texts"),
    ).subquery()
    same = counted.c.partnership_id == ENTRY.c.partnership_id, counted.c.number == ENTRY.c.number
    op.execute(sa.update(ENTRY).where(*same).values(text_count=counted.c.texts))
    partnership = sa.table("partnership", *(sa.column(name) for name in ("id", "last_number", "text_count")))
    last = sa.select(ENTRY.c.text_count).where(
        ENTRY.c.partnership_id == partnership.c.id, ENTRY.c.number == partnership.c.last_number
    )
    op.execute(sa.update(partnership).values(text_count=sa.func.coalesce(last.scalar_subquery(), 0)))


def _count_known() -> None:
    names = ("id", "partnership_id", "seen_number", "read_number", "known_texts")
    membership = sa.table("membership", *(sa.column(name) for name in names))
    partnership = sa.table("partnership", sa.column("id"), sa.column("text_count"))
    texts = sa.select(partnership.c.text_count).where(partnership.c.id == membership.c.partnership_id)
    unread = sa.select(sa.func.count()).where(
        ENTRY.c.partnership_id == membership.c.partnership_id,
        ENTRY.c.number > membership.c.seen_number,
        ENTRY.c.stands.is_(True),
        ENTRY.c.actor_id.is_distinct_from(membership.c.id),
    )
    known = texts.scalar_subquery() - unread.scalar_subquery()
    op.execute(sa.update(membership).values(read_number=membership.c.seen_number, known_texts=known))
