"""The index of search is stored in another way: it is emptied, and the worker makes it anew."""

from alembic import op

revision = "0047_search_postings"
down_revision = "0046_reference_parts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Towards the newer version."""
    _empty()


def downgrade() -> None:
    """Back to the older version."""
    _empty()


def _empty() -> None:
    op.execute("DELETE FROM search_bucket")
    op.execute("DELETE FROM search_bookmark")
