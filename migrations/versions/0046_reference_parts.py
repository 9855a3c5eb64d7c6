"""What a baseline or a target that is a share is made of, where somebody has written it."""

import sqlalchemy as sa
from alembic import op

revision = "0046_reference_parts"
down_revision = "0042_files"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    number = sa.BigInteger() if op.get_bind().dialect.name == "sqlite" else sa.Numeric(20, 4)
    op.add_column("reference_value", sa.Column("numerator", number, nullable=True))
    op.add_column("reference_value", sa.Column("denominator", number, nullable=True))


def downgrade() -> None:
    """Back to the older version."""
    with op.batch_alter_table("reference_value") as reference:
        reference.drop_column("denominator")
        reference.drop_column("numerator")
