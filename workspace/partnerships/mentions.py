"""Stored mentions: references from the entry that made a text to members of the same partnership."""

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from workspace.db import Model


class Mention(Model):
    """A text, by its number, that refers to a member; `is_seen` once they have opened the post that it stands in."""

    __tablename__ = "mention"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "number"], ["entry.partnership_id", "entry.number"]),
        ForeignKeyConstraint(["partnership_id", "membership_id"], ["membership.partnership_id", "membership.id"]),
        Index("ix_mention_partnership_id_membership_id", "partnership_id", "membership_id"),
    )

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    membership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    is_seen: Mapped[bool] = mapped_column(default=False)
