"""Earlier versions of texts: every edit stores the text before it."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, String, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from workspace.db import Model, db
from workspace.db.types import AnyRow, UtcDateTime
from workspace.rich_text import RichText
from workspace.rich_text.merge import merged

MOST_SHOWN = 20


class TextVersion(Model):
    """What a post or a comment said until its next version; `number` is that of the entry that made it."""

    __tablename__ = "text_version"
    __table_args__ = (ForeignKeyConstraint(["partnership_id", "number"], ["entry.partnership_id", "entry.number"]),)

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(120), default="")
    body_html: Mapped[str] = mapped_column(Text)
    body_text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)


def earlier(partnership_id: int, number: int, until: int | None = None) -> list[AnyRow]:
    """The earlier versions of a text, `until` one of them, the latest first: as many as are shown, and one more."""
    query = (
        select(TextVersion.version, TextVersion.title, TextVersion.body_text, TextVersion.written_at)
        .where(TextVersion.partnership_id == partnership_id, TextVersion.number == number)
        .order_by(TextVersion.version.desc())
        .limit(MOST_SHOWN + 1)
    )
    return list(db.session.execute(query.where(TextVersion.version <= until) if until else query))


def first(partnership_id: int, number: int) -> TextVersion | None:
    """What a text said before it was first edited; None if it never was, or if its versions are deleted."""
    return db.session.get(TextVersion, (partnership_id, number, 1))


def proposal(partnership_id: int, number: int, version: int, mine: RichText, present: str) -> RichText | None:
    """My correction of `version` and the `present` HTML in one text, where they do not touch the same paragraph."""
    base = db.session.get(TextVersion, (partnership_id, number, version))
    return merged(base.body_html, mine.html, present) if base else None


def forget(partnership_id: int, number: int) -> None:
    """Delete all earlier versions of a text."""
    db.session.execute(
        delete(TextVersion).where(TextVersion.partnership_id == partnership_id, TextVersion.number == number)
    )
