"""Challenges move: their status, who has taken them, and which organisations have them too."""

import sqlalchemy as sa
from alembic import op

revision = "0002_challenges"
down_revision = "0001_workspace"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    with op.batch_alter_table("partnership") as table:
        table.add_column(sa.Column("unsolved_count", sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("post") as table:
        table.add_column(sa.Column("status", sa.String(length=20), nullable=True))
        table.add_column(sa.Column("status_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("taker_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("asked_id", sa.Integer(), nullable=True))
        table.add_column(sa.Column("outcome", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("parked_until", sa.Date(), nullable=True))
        table.add_column(sa.Column("answer_by", sa.Date(), nullable=True))
        table.add_column(sa.Column("moves_number", sa.Integer(), nullable=True))
        table.add_column(sa.Column("affected_count", sa.Integer(), nullable=False, server_default="0"))
        table.create_foreign_key(
            "fk_post_partnership_id_taker_id_membership",
            "membership",
            ["partnership_id", "taker_id"],
            ["partnership_id", "id"],
        )
        table.create_foreign_key(
            "fk_post_partnership_id_asked_id_membership",
            "membership",
            ["partnership_id", "asked_id"],
            ["partnership_id", "id"],
        )
        table.create_foreign_key(
            "fk_post_partnership_id_moves_number_post",
            "post",
            ["partnership_id", "moves_number"],
            ["partnership_id", "number"],
        )
        table.create_index(
            "ix_post_partnership_id_status_activity_number", ["partnership_id", "status", "activity_number"]
        )
        table.create_index("ix_post_partnership_id_moves_number", ["partnership_id", "moves_number"])
        table.create_index("ix_post_parked_until", ["parked_until"])
    op.create_table(
        "affected",
        sa.Column("partnership_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("post_number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("organisation_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("partnership_id", "post_number", "organisation_id", name="pk_affected"),
        sa.ForeignKeyConstraint(
            ["partnership_id", "post_number"],
            ["post.partnership_id", "post.number"],
            name="fk_affected_partnership_id_post_number_post",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "member_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_affected_partnership_id_member_id_membership",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_affected_organisation_id_organisation"
        ),
    )
    op.execute("UPDATE post SET status = 'open', status_at = created_at WHERE kind = 'challenge'")
    op.execute(
        "UPDATE partnership SET unsolved_count = (SELECT count(*) FROM post "
        "WHERE post.partnership_id = partnership.id AND post.status = 'open' AND post.withdrawn_at IS NULL)"
    )
    with op.batch_alter_table("partnership") as table:
        table.alter_column("unsolved_count", server_default=None)
    with op.batch_alter_table("post") as table:
        table.alter_column("outcome", server_default=None)
        table.alter_column("affected_count", server_default=None)


def downgrade() -> None:
    """Back to the older version."""
    op.drop_table("affected")
    with op.batch_alter_table("post") as table:
        table.drop_index("ix_post_parked_until")
        table.drop_index("ix_post_partnership_id_moves_number")
        table.drop_index("ix_post_partnership_id_status_activity_number")
        table.drop_constraint("fk_post_partnership_id_moves_number_post", type_="foreignkey")
        table.drop_constraint("fk_post_partnership_id_asked_id_membership", type_="foreignkey")
        table.drop_constraint("fk_post_partnership_id_taker_id_membership", type_="foreignkey")
        for column in (
            "affected_count",
            "moves_number",
            "answer_by",
            "parked_until",
            "outcome",
            "asked_id",
            "taker_id",
            "status_at",
            "status",
        ):
            table.drop_column(column)
    with op.batch_alter_table("partnership") as table:
        table.drop_column("unsolved_count")
