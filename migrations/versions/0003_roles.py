"""Roles, who holds them, and the role that a post concerns."""

import sqlalchemy as sa
from alembic import op

revision = "0003_roles"
down_revision = "0002_challenges"
branch_labels = None
depends_on = None

# One accountable holder at a time, one offer of the responsibility, one open question a person, one part a person.
UNIQUE = {
    "uq_holding_accountable": (["role_id"], "kind = 'accountable' AND state = 'held' AND until IS NULL"),
    "uq_holding_offered": (["role_id"], "kind = 'accountable' AND state = 'offered'"),
    "uq_holding_open": (["role_id", "membership_id"], "state IN ('requested', 'offered')"),
    "uq_holding_held": (["role_id", "membership_id"], "state = 'held' AND until IS NULL"),
}


def upgrade() -> None:
    """Towards the newer version."""
    op.create_table(
        "role",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("responsibility", sa.Text(), nullable=False),
        sa.Column("found_by", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=False),
        sa.Column("one_time_key", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["partnership_id"], ["partnership.id"], name="fk_role_partnership_id_partnership", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["partnership_id", "created_by_id"],
            ["membership.partnership_id", "membership.id"],
            name="fk_role_partnership_id_created_by_id_membership",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_role"),
        sa.UniqueConstraint("partnership_id", "id", name="uq_role_partnership_id_id"),
        sa.UniqueConstraint("created_by_id", "one_time_key", name="uq_role_created_by_id_one_time_key"),
    )
    op.create_index("ix_role_partnership_id_position", "role", ["partnership_id", "position"])
    op.create_table(
        "holding",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("partnership_id", sa.Integer(), nullable=False),
        sa.Column("role_id", sa.Integer(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("offered_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("former_id", sa.Integer(), nullable=True),
        sa.Column("former_helps", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["partnership_id", "role_id"],
            ["role.partnership_id", "role.id"],
            name="fk_holding_partnership_id_role_id_role",
        ),
        *(
            sa.ForeignKeyConstraint(
                ["partnership_id", member],
                ["membership.partnership_id", "membership.id"],
                name=f"fk_holding_partnership_id_{member}_membership",
            )
            for member in ("membership_id", "offered_by_id", "answered_by_id", "former_id")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_holding"),
    )
    op.create_index("ix_holding_partnership_id_role_id_id", "holding", ["partnership_id", "role_id", "id"])
    op.create_index("ix_holding_membership_id_state", "holding", ["membership_id", "state"])
    for name, (columns, where) in UNIQUE.items():
        op.create_index(
            name, "holding", columns, unique=True, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )
    with op.batch_alter_table("post") as post:
        post.add_column(sa.Column("role_id", sa.Integer(), nullable=True))
        post.create_foreign_key(
            "fk_post_partnership_id_role_id_role", "role", ["partnership_id", "role_id"], ["partnership_id", "id"]
        )


def downgrade() -> None:
    """Back again."""
    with op.batch_alter_table("post") as post:
        post.drop_constraint("fk_post_partnership_id_role_id_role", type_="foreignkey")
        post.drop_column("role_id")
    op.drop_table("holding")
    op.drop_table("role")
