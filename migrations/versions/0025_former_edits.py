"""What two migrations were given after some databases had already run them; only what is missing or left is changed.

0006 dropped the organisation of an invite link, and 0012 added an index, some days after they were first applied.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025_former_edits"
down_revision = "0024_installation"
branch_labels = None
depends_on = None

INDEX, WHERE = "ix_post_role", sa.text("role_id IS NOT NULL")
KEY = "fk_invitation_link_organisation_id_organisation"


def upgrade() -> None:
    """Towards the newer version."""
    found = sa.inspect(op.get_bind())
    if INDEX not in {index["name"] for index in found.get_indexes("post")}:
        op.create_index(INDEX, "post", ["partnership_id", "role_id"], sqlite_where=WHERE, postgresql_where=WHERE)
    if "organisation_id" in {column["name"] for column in found.get_columns("invitation_link")}:
        with op.batch_alter_table("invitation_link") as link:
            link.drop_constraint(KEY, type_="foreignkey")
            link.drop_column("organisation_id")


def downgrade() -> None:
    """Back to the version before, in which a database may already have been so."""
