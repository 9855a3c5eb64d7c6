"""The index: for each partnership, in which texts a term stands; and up to which entry of the log it is complete.

Neither table has a foreign key: on PostgreSQL one would lock the partnership's row while its texts are indexed, and
whoever writes in it would wait.
"""

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from workspace.db import Model
from workspace.db.types import SortKey


class SearchBucket(Model):
    """The terms with some first letters, in the texts of one block of the log's numbers (search/postings.py).

    The bucket "" holds the days, kinds and authors of the texts.
    """

    __tablename__ = "search_bucket"

    partnership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bucket: Mapped[str] = mapped_column(SortKey, primary_key=True)
    postings: Mapped[bytes] = mapped_column(LargeBinary)


class SearchBookmark(Model):
    """Up to which entry a partnership's log is in the index, and by which `version` of its terms."""

    __tablename__ = "search_bookmark"

    partnership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    indexed_number: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=0)
