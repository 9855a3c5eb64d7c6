"""Writing: earlier versions, redaction, mentions, reactions, and who follows a post."""

import sqlalchemy as sa
from alembic import op

revision = "0008_writing"
down_revision = "0007_live"
branch_labels = None
depends_on = None

WRITTEN = ("post", "comment")


def of_entry(table: str) -> sa.ForeignKeyConstraint:
    """What belongs to a text, by the number of the entry that made it."""
    return sa.ForeignKeyConstraint(
        ["partnership_id", "number"],
        ["entry.partnership_id", "entry.number"],
        name=f"fk_{table}_partnership_id_number_entry",
    )


def of_member(table: str) -> sa.ForeignKeyConstraint:
    """What belongs to a member of the same partnership."""
    return sa.ForeignKeyConstraint(
        ["partnership_id", "membership_id"],
        ["membership.partnership_id", "membership.id"],
        name=f"fk_{table}_partnership_id_membership_id_membership",
    )


def key(name: str) -> sa.Column:
    """A part of a key that the database does not make up."""
    return sa.Column(name, sa.Integer(), autoincrement=False, nullable=False)


def upgrade() -> None:
    """Towards the newer version."""
    for table in WRITTEN:
        op.add_column(table, sa.Column("redacted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "version",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        key("number"),
        key("version"),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        of_entry("version"),
        sa.PrimaryKeyConstraint("partnership_id", "number", "version", name="pk_version"),
    )
    op.create_table(
        "mention",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        key("number"),
        key("membership_id"),
        sa.Column("is_seen", sa.Boolean(), nullable=False),
        of_entry("mention"),
        of_member("mention"),
        sa.PrimaryKeyConstraint("partnership_id", "number", "membership_id", name="pk_mention"),
    )
    op.create_index("ix_mention_partnership_id_membership_id", "mention", ["partnership_id", "membership_id"])
    op.create_table(
        "follow",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        key("post_number"),
        key("membership_id"),
        sa.Column("follows", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partnership_id", "post_number"],
            ["post.partnership_id", "post.number"],
            name="fk_follow_partnership_id_post_number_post",
        ),
        of_member("follow"),
        sa.PrimaryKeyConstraint("partnership_id", "post_number", "membership_id", name="pk_follow"),
    )
    op.create_index("ix_follow_partnership_id_membership_id", "follow", ["partnership_id", "membership_id"])
    op.create_table(
        "reaction",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        key("number"),
        key("membership_id"),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        of_entry("reaction"),
        of_member("reaction"),
        sa.PrimaryKeyConstraint("partnership_id", "number", "membership_id", "kind", name="pk_reaction"),
    )


def downgrade() -> None:
    """Back again."""
    for table in ("reaction", "follow", "mention", "version"):
        op.drop_table(table)
    for table in WRITTEN:
        with op.batch_alter_table(table) as changed:
            changed.drop_column("redacted_at")
