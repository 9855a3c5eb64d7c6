"""The workspace: organisations, people, partnerships with their log, posts and comments."""

import sqlalchemy as sa
from alembic import op

revision = "0001_workspace"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "organisation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("name_folded", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("cvr_number", sa.String(length=8), nullable=True),
        sa.Column("website", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisation"),
        sa.UniqueConstraint("cvr_number", name="uq_organisation_cvr_number"),
        sa.UniqueConstraint("name_folded", name="uq_organisation_name_folded"),
    )
    op.create_index("ix_organisation_name_key", "organisation", ["name_key"])
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("name_folded", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(length=5), nullable=False),
        sa.Column("time_zone", sa.String(length=50), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("is_administrator", sa.Boolean(), nullable=False),
        sa.Column("deactivated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name="fk_user_organisation_id_organisation"),
        sa.PrimaryKeyConstraint("id", name="pk_user"),
        sa.UniqueConstraint("email_key", name="uq_user_email_key"),
    )
    op.create_index("ix_user_organisation_id", "user", ["organisation_id"])
    op.create_table(
        "partnership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("name_key", sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("last_activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by_id", sa.Integer(), nullable=False),
        sa.Column("one_time_key", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["started_by_id"], ["user.id"], name="fk_partnership_started_by_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_partnership"),
        sa.UniqueConstraint("slug", name="uq_partnership_slug"),
        sa.UniqueConstraint("started_by_id", "one_time_key", name="uq_partnership_started_by_id_one_time_key"),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("remembered", sa.Boolean(), nullable=False),
        sa.Column("browser", sa.String(length=255), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_session_user_id_user", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        sa.UniqueConstraint("token_hash", name="uq_session_token_hash"),
    )
    op.create_index("ix_session_user_id", "session", ["user_id"])
    op.create_table(
        "membership",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("seen_number", sa.Integer(), nullable=False),
        sa.Column("own_unseen", sa.Integer(), nullable=False),
        sa.Column("digested_number", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_membership_organisation_id_organisation"
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id"], ["partnership.id"], name="fk_membership_partnership_id_partnership", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name="fk_membership_user_id_user"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
        sa.UniqueConstraint("partnership_id", "id", name="uq_membership_partnership_id_id"),
        sa.UniqueConstraint("partnership_id", "user_id", name="uq_membership_partnership_id_user_id"),
    )
    op.create_index("ix_membership_organisation_id", "membership", ["organisation_id"])
    op.create_index("ix_membership_user_id_state", "membership", ["user_id", "state"])
    op.create_table(
        "participation",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_participation_organisation_id_organisation"
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id"],
            ["partnership.id"],
            name="fk_participation_partnership_id_partnership",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("partnership_id", "organisation_id", name="pk_participation"),
    )
    op.create_index("ix_participation_organisation_id", "participation", ["organisation_id"])
    op.create_table(
        "partnership_goal",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partnership_id"],
            ["partnership.id"],
            name="fk_partnership_goal_partnership_id_partnership",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("partnership_id", "number", name="pk_partnership_goal"),
    )
    op.create_table(
        "entry",
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("verb", sa.String(length=30), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("subject_id", sa.Integer(), nullable=True),
        sa.Column("post_number", sa.Integer(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["partnership_id", "actor_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_entry_partnership_id_actor_id_membership",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "subject_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_entry_partnership_id_subject_id_membership",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id"], ["partnership.id"], name="fk_entry_partnership_id_partnership", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("partnership_id", "number", name="pk_entry"),
    )
    op.create_index("ix_entry_partnership_id_actor_id_number", "entry", ["partnership_id", "actor_id", "number"])
    op.create_index("ix_entry_partnership_id_post_number_number", "entry", ["partnership_id", "post_number", "number"])
    op.create_table(
        "post",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("activity_number", sa.Integer(), nullable=False),
        sa.Column("activity_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("comment_count", sa.Integer(), nullable=False),
        sa.Column("pinned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("one_time_key", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partnership_id", "author_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_post_partnership_id_author_id_membership",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "number"],
            ["entry.partnership_id", "entry.number"],
            name="fk_post_partnership_id_number_entry",
        ),
        sa.PrimaryKeyConstraint("partnership_id", "number", name="pk_post"),
        sa.UniqueConstraint("author_id", "one_time_key", name="uq_post_author_id_one_time_key"),
    )
    op.create_index("ix_post_partnership_id_activity_at_number", "post", ["partnership_id", "activity_at", "number"])
    op.create_index("ix_post_partnership_id_activity_number", "post", ["partnership_id", "activity_number"])
    op.create_index(
        "ix_post_partnership_id_kind_activity_number", "post", ["partnership_id", "kind", "activity_number"]
    )
    op.create_table(
        "comment",
        sa.Column("post_number", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("one_time_key", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partnership_id", "author_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_comment_partnership_id_author_id_membership",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "number"],
            ["entry.partnership_id", "entry.number"],
            name="fk_comment_partnership_id_number_entry",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "post_number"],
            ["post.partnership_id", "post.number"],
            name="fk_comment_partnership_id_post_number_post",
        ),
        sa.PrimaryKeyConstraint("partnership_id", "number", name="pk_comment"),
        sa.UniqueConstraint("author_id", "one_time_key", name="uq_comment_author_id_one_time_key"),
    )
    op.create_index(
        "ix_comment_partnership_id_post_number_number", "comment", ["partnership_id", "post_number", "number"]
    )


def downgrade() -> None:
    """Back again."""
    for table in (
        "comment",
        "post",
        "entry",
        "partnership_goal",
        "participation",
        "membership",
        "session",
        "partnership",
        "user",
        "organisation",
    ):
        op.drop_table(table)
