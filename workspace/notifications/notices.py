"""Notices in the app: how far a member has read of what concerns them. What they say is read from the log.

A notice is read when the very thing that it is about has been opened, a post or a role; a bookmark never passes it.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Integer, String, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from workspace.db import Model, db
from workspace.partnerships.models import Membership


class Topic(StrEnum):
    """What a notice is about."""

    POST = "post"
    ROLE = "role"


class NoticePosition(Model):
    """The last entry about a post (by its number) or a role (by its id) that the member has seen on its page."""

    __tablename__ = "notice_position"
    __table_args__ = (
        ForeignKeyConstraint(
            ["partnership_id", "membership_id"],
            ["membership.partnership_id", "membership.id"],
            ondelete="CASCADE",
        ),
    )

    membership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    topic: Mapped[str] = mapped_column(String(10), primary_key=True)
    topic_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    partnership_id: Mapped[int]
    number: Mapped[int]


def read_notices(membership_id: int, topic: Topic, topic_id: int, number: int) -> None:
    """The page of the post or role has been opened, as of the entry `number`; by one statement, so it needs no lock."""
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    key = ["membership_id", "topic", "topic_id"]
    given = literal(topic.value, String), literal(topic_id, Integer)
    still_in = Membership.id == membership_id, Membership.is_active
    seen = select(Membership.id, *given, Membership.partnership_id, literal(number, Integer)).where(*still_in)
    row = dialect.insert(NoticePosition).from_select([*key, "partnership_id", "number"], seen)
    later = row.excluded.number > NoticePosition.number
    db.session.execute(row.on_conflict_do_update(index_elements=key, set_={"number": row.excluded.number}, where=later))


def read_to(membership: Any, topic: Topic, topic_id: Any) -> Any:
    """The number of the last entry about it that `membership` (its id) has seen, as a column; 0 for none."""
    number = select(NoticePosition.number).where(
        NoticePosition.membership_id == membership.id,
        NoticePosition.topic == topic.value,
        NoticePosition.topic_id == topic_id,
    )
    return func.coalesce(number.correlate_except(NoticePosition).scalar_subquery(), 0)
