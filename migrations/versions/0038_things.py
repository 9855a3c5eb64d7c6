"""An entry of the log can be about a thing of its own number that is no post."""

import sqlalchemy as sa
from alembic import op

revision = "0038_things"
down_revision = "0025_former_edits"
branch_labels = None
depends_on = None

INDEX, WHERE = "ix_entry_partnership_id_thing_number_number", sa.text("thing_number IS NOT NULL")


def upgrade() -> None:
    """Towards the newer version."""
    op.add_column("entry", sa.Column("thing_number", sa.Integer(), nullable=True))
    columns = ["partnership_id", "thing_number", "number"]
    op.create_index(INDEX, "entry", columns, sqlite_where=WHERE, postgresql_where=WHERE)


def downgrade() -> None:
    """Back to the version before."""
    op.drop_index(INDEX, table_name="entry")
    with op.batch_alter_table("entry") as entry:
        entry.drop_column("thing_number")
