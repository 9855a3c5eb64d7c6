"""Partnerships whose address the address space needs itself get another: nobody reached the feed of a ‘Listed’."""

import sqlalchemy as sa
from alembic import op

revision = "0017_reserved_slugs"
down_revision = "0016_standard_names"
branch_labels = None
depends_on = None

# What stood right under /partnerships/ at this version. A word that comes later needs a migration like this one.
RESERVED = ("listed", "new")

partnership = sa.table("partnership", sa.column("id", sa.Integer), sa.column("slug", sa.String))


def upgrade() -> None:
    """Towards the newer version."""
    connection = op.get_bind()
    taken = set(connection.scalars(sa.select(partnership.c.slug)))
    for word in taken.intersection(RESERVED):
        number = 2
        while f"{word}-{number}" in taken:
            number += 1
        connection.execute(sa.update(partnership).where(partnership.c.slug == word).values(slug=f"{word}-{number}"))


def downgrade() -> None:
    """Back to the version before. The new addresses are good ones there as well."""
