"""Reports to the moderators, and why something reported was kept; who comes by a link says for which organisation."""

import sqlalchemy as sa
from alembic import op

revision = "0006_reports"
down_revision = "0005_members"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
WAITING = sa.text("answered_at IS NULL")


def upgrade() -> None:
    """Towards the newer version."""
    with op.batch_alter_table("invitation_link") as link:
        link.drop_constraint("fk_invitation_link_organisation_id_organisation", type_="foreignkey")
        link.drop_column("organisation_id")
    for table in ("post", "comment"):
        op.add_column(table, sa.Column("kept_reason", sa.Text(), nullable=False, server_default=""))
        with op.batch_alter_table(table) as altered:
            altered.alter_column("kept_reason", server_default=None)
    op.create_table(
        "report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("post_number", sa.Integer(), nullable=False),
        sa.Column("reporter_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("verdict", sa.String(20), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["partnership_id"], ["partnership.id"], name="fk_report_partnership_id_partnership", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "number"],
            ["entry.partnership_id", "entry.number"],
            name="fk_report_partnership_id_number_entry",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "post_number"],
            ["post.partnership_id", "post.number"],
            name="fk_report_partnership_id_post_number_post",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "reporter_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_report_partnership_id_reporter_id_membership",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "answered_by_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_report_partnership_id_answered_by_id_membership",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_report"),
    )
    op.create_index("ix_report_partnership_id_id", "report", ["partnership_id", "id"])
    op.create_index(
        "ix_report_waiting", "report", ["partnership_id", "id"], sqlite_where=WAITING, postgresql_where=WAITING
    )
    op.create_index(
        "uq_report_partnership_id_number_reporter_id",
        "report",
        ["partnership_id", "number", "reporter_id"],
        unique=True,
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )


def downgrade() -> None:
    """Back again."""
    op.drop_table("report")
    for table in ("post", "comment"):
        with op.batch_alter_table(table) as altered:
            altered.drop_column("kept_reason")
    # A link without an organisation has no place there.
    op.execute("UPDATE invitation SET link_id = NULL")
    op.execute("DELETE FROM invitation_link")
    with op.batch_alter_table("invitation_link") as link:
        link.add_column(sa.Column("organisation_id", sa.Integer(), nullable=False))
        link.create_foreign_key(
            "fk_invitation_link_organisation_id_organisation", "organisation", ["organisation_id"], ["id"]
        )
