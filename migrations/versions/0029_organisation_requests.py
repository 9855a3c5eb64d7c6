"""Moderators ask the administrators for an organisation that is missing."""

import sqlalchemy as sa
from alembic import op

revision = "0029_organisation_requests"
down_revision = "0027_notices"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
WAITING = sa.text("answered_at IS NULL")
SORT_KEY = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "organisation_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("name_key", SORT_KEY, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("organisation_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["partnership_id"],
            ["partnership.id"],
            ondelete="CASCADE",
            name="fk_organisation_request_partnership_id_partnership",
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "asked_by_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_organisation_request_partnership_id_asked_by_id_membership",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name="fk_organisation_request_organisation_id_organisation"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_organisation_request"),
    )
    op.create_index(
        "uq_organisation_request_partnership_id_name_key",
        "organisation_request",
        ["partnership_id", "name_key"],
        unique=True,
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    op.create_index(
        "ix_organisation_request_waiting",
        "organisation_request",
        ["id"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )


def downgrade() -> None:
    """Back to the version before."""
    op.drop_table("organisation_request")
