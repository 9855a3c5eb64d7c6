"""Invitations name a role, belong to a batch and can be objected to; the domain of an address is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0028_invitations"
down_revision = "0031_what_waits"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
BATCH = sa.text("batch IS NOT NULL")


def upgrade() -> None:
    """Towards the newer version."""
    with op.batch_alter_table("invitation") as invitation:
        invitation.add_column(sa.Column("role_id", sa.Integer(), nullable=True))
        invitation.add_column(sa.Column("batch", sa.String(36), nullable=True))
        invitation.add_column(sa.Column("objection", sa.Text(), nullable=False, server_default=""))
        invitation.add_column(sa.Column("objected_at", MOMENT, nullable=True))
        invitation.create_foreign_key("fk_invitation_role_id_role", "role", ["role_id"], ["id"], ondelete="SET NULL")
    op.create_index(
        "ix_invitation_batch", "invitation", ["partnership_id", "batch"], sqlite_where=BATCH, postgresql_where=BATCH
    )
    with op.batch_alter_table("invitation") as invitation:
        invitation.alter_column("objection", server_default=None)
    op.add_column("user", sa.Column("email_domain", sa.String(254), nullable=False, server_default=""))
    found = "instr(email_key, '@')" if op.get_bind().dialect.name == "sqlite" else "position('@' in email_key)"
    op.execute(f"""UPDATE "user" SET email_domain = substr(email_key, {found} + 1) WHERE email_key LIKE '%@%'""")  # noqa: S608
    with op.batch_alter_table("user") as user:
        user.alter_column("email_domain", server_default=None)
    op.create_index("ix_user_email_domain_organisation_id", "user", ["email_domain", "organisation_id"])


def downgrade() -> None:
    """Back to the version before."""
    op.drop_index("ix_user_email_domain_organisation_id", "user")
    op.drop_column("user", "email_domain")
    op.drop_index("ix_invitation_batch", "invitation")
    with op.batch_alter_table("invitation") as invitation:
        invitation.drop_constraint("fk_invitation_role_id_role", type_="foreignkey")
        for name in ("role_id", "batch", "objection", "objected_at"):
            invitation.drop_column(name)
