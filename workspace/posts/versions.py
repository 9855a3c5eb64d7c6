"""Earlier versions of texts: every edit keeps what stood there before."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, String, Text, delete, select
from sqlalchemy.orm import Mapped, mapped_column

from workspace.database import AnyRow, Model, Moment, db
from workspace.prose import Prose
from workspace.prose.comparing import merged

MOST_SHOWN = 20


class Version(Model):
    """What a post or a comment said until its next version; `number` is that of the entry that made it."""

    __tablename__ = "version"
    __table_args__ = (ForeignKeyConstraint(["partnership_id", "number"], ["entry.partnership_id", "entry.number"]),)

    partnership_id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(String(120), default="")
    body_html: Mapped[str] = mapped_column(Text)
    body_text: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(Moment)


def earlier(partnership_id: int, number: int, until: int | None = None) -> list[AnyRow]:
    """The earlier versions of a text, `until` one of them, the latest first: as many as are shown, and one more."""
    query = (
        select(Version.version, Version.title, Version.body_text, Version.written_at)
        .where(Version.partnership_id == partnership_id, Version.number == number)
        .order_by(Version.version.desc())
        .limit(MOST_SHOWN + 1)
    )
    return list(db.session.execute(query.where(Version.version <= until) if until else query))


def first(partnership_id: int, number: int) -> Version | None:
    """What a text said before it was first edited; None if it never was, or if its versions are deleted."""
    return db.session.get(Version, (partnership_id, number, 1))


def proposal(partnership_id: int, number: int, version: int, mine: Prose, present: str) -> Prose | None:
    """My correction of `version` and the `present` HTML in one text, where they do not touch the same paragraph."""
    base = db.session.get(Version, (partnership_id, number, version))
    return merged(base.body_html, mine.html, present) if base else None


def forget(partnership_id: int, number: int) -> None:
    """Delete all earlier versions of a text."""
    db.session.execute(delete(Version).where(Version.partnership_id == partnership_id, Version.number == number))
