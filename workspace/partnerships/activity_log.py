"""The ordered log of a partnership: everything that partners do in it is one numbered entry.

Every verb goes the same way: lock the partnership's row, read again, check, change, append the entry with the next
number. Everything else (unread marks, feeds, mail) is a reader of this log with a bookmark.
"""

from datetime import datetime
from typing import Any, NamedTuple

from flask import abort
from sqlalchemy import (
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Update,
    case,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.orm.attributes import set_committed_value

from workspace import clock
from workspace.db import Model, db
from workspace.db.statements import core_connection
from workspace.db.types import Details, UtcDateTime
from workspace.partnerships.mentions import Mention
from workspace.partnerships.models import Membership, Partnership
from workspace.partnerships.verbs import Verb, VerbColumn
from workspace.permissions import Action


class Entry(Model):
    """One line of a partnership's log.

    The actor is a membership, or nobody for what time does. `post_number` is the post that it is about, if any;
    `thing_number` anything else that is named by a number of this log, such as an indicator; `subject_id` the
    membership that it is about, if any; `details` what the line needs to be told later.
    `stands` says whether the post or comment that it made is there, or withdrawn; None where it made none. `text_count`
    is how many of them the partnership had with it.
    """

    __tablename__ = "entry"
    __table_args__ = (
        ForeignKeyConstraint(["partnership_id", "actor_id"], ["membership.partnership_id", "membership.id"]),
        ForeignKeyConstraint(["partnership_id", "subject_id"], ["membership.partnership_id", "membership.id"]),
        Index("ix_entry_partnership_id_post_number_number", "partnership_id", "post_number", "number"),
        Index(
            "ix_entry_of_partnership",
            "partnership_id",
            "number",
            sqlite_where=text("post_number IS NULL"),
            postgresql_where=text("post_number IS NULL"),
        ),
        Index(
            "ix_entry_partnership_id_thing_number_number",
            "partnership_id",
            "thing_number",
            "number",
            sqlite_where=text("thing_number IS NOT NULL"),
            postgresql_where=text("thing_number IS NOT NULL"),
        ),
        Index("ix_entry_partnership_id_actor_id_number", "partnership_id", "actor_id", "number"),
        Index(
            "ix_entry_withdrawn",
            "partnership_id",
            "number",
            sqlite_where=text("stands IS 0"),
            postgresql_where=text("stands IS false"),
        ),
    )

    partnership_id: Mapped[int] = mapped_column(ForeignKey("partnership.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    verb: Mapped[Verb] = mapped_column(VerbColumn)
    actor_id: Mapped[int | None]
    subject_id: Mapped[int | None]
    post_number: Mapped[int | None]
    thing_number: Mapped[int | None]
    details: Mapped[dict[str, Any]] = mapped_column(Details, default=dict)
    stands: Mapped[bool | None]
    text_count: Mapped[int] = mapped_column(default=0)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

    partnership: Mapped[Partnership] = relationship(viewonly=True)
    actor: Mapped[Membership | None] = relationship(
        primaryjoin=lambda: Entry.actor_id == Membership.id,
        foreign_keys=lambda: Entry.actor_id,
        viewonly=True,
    )
    subject: Mapped[Membership | None] = relationship(
        primaryjoin=lambda: Entry.subject_id == Membership.id,
        foreign_keys=lambda: Entry.subject_id,
        viewonly=True,
    )

    @property
    def sentence(self) -> str:
        """What it says, in the reader's language; empty where the post shows it."""
        return self.verb.sentence(self)

    @property
    def deed(self) -> str:
        """What it says without the words that went with a move of a challenge."""
        return self.verb.deed(self)


class RecordedEntry(NamedTuple):
    """An entry that has just been appended; `activity_at` is the latest activity of its partnership."""

    partnership_id: int
    number: int
    actor_id: int | None
    at: datetime
    activity_at: datetime


def record_by(actor: Membership, verb: Verb, **about: Any) -> RecordedEntry:
    """Append what `actor` did to the log of their partnership, whose row is locked. `about` is as for `append`."""
    entry = record(actor.partnership, verb, actor=actor, **about)
    # One's own is no news: it is known, and the bookmark goes with it where nothing lies between.
    follows = {
        name: case((column == entry.number - 1, entry.number), else_=column)
        for name, column in (("seen_number", Membership.seen_number), ("read_number", Membership.read_number))
    }
    counted = update(Membership).where(Membership.id == actor.id)
    counted = counted.values(known_texts=Membership.known_texts + int(verb.makes_text), **follows)
    columns = Membership.known_texts, Membership.seen_number, Membership.read_number
    for column, value in zip(columns, core_connection().execute(counted.returning(*columns)).one(), strict=True):
        set_committed_value(actor, column.key, value)
    return entry


def record(
    partnership: Partnership,
    verb: Verb,
    *,
    actor: Membership | None = None,
    post_number: int | None = None,
    thing_number: int | None = None,
    subject: Membership | None = None,
    **details: Any,
) -> RecordedEntry:
    """Append an entry with the next number; without an actor it is what time did.

    A verb that `creates_post` or `creates_thing` makes a post, or something else, which gets this number. With one
    that `bumps_activity` it is activity of the partnership, whose moment never runs back, whatever the clock does, so
    that numbers and moments sort alike.
    """
    written = core_connection()
    at = clock.now()
    activity_at = max(at, partnership.last_activity_at) if verb.bumps_activity else partnership.last_activity_at
    counted = update(Partnership).where(Partnership.id == partnership.id)
    counted = counted.values(
        last_number=Partnership.last_number + 1,
        last_activity_at=activity_at,
        text_count=Partnership.text_count + int(verb.makes_text),
    )
    counters = Partnership.last_number, Partnership.text_count
    number, text_count = written.execute(counted.returning(*counters)).one()
    # The session's own synchronising keeps a stale number on PostgreSQL.
    set_committed_value(partnership, "last_number", number)
    set_committed_value(partnership, "text_count", text_count)
    set_committed_value(partnership, "last_activity_at", activity_at)
    entry = RecordedEntry(partnership.id, number, actor.id if actor else None, at, activity_at)
    written.execute(
        insert(Entry),
        {
            "partnership_id": entry.partnership_id,
            "number": number,
            "verb": verb,
            "actor_id": entry.actor_id,
            "subject_id": subject.id if subject else None,
            "post_number": number if verb.creates_post else post_number,
            "thing_number": number if verb.creates_thing else thing_number,
            "details": details,
            "stands": True if verb.makes_text else None,
            "text_count": text_count,
            "at": at,
        },
    )
    return entry


def text_path(post_number: int, number: int) -> str:
    """Where the text that entry `number` made stands within its partnership: a post, or a comment on one."""
    return f"posts/{post_number}" + ("" if number == post_number else f"?comment={number}#comment-{number}")


def made_path(number: int, post_number: int | None, thing_number: int | None) -> str:
    """Where what entry `number` made stands within its partnership: a text, or the numbers that it brought."""
    if post_number:
        return text_path(post_number, number)
    return f"results/{thing_number}" if thing_number else "results"


def erase_texts(partnership_id: int, *, post_number: int, comment: int | None = None) -> None:
    """Delete what people wrote from the entries about a post itself, or about one comment on it."""
    about = select(Entry).where(Entry.partnership_id == partnership_id, Entry.post_number == post_number)
    for entry in db.session.scalars(about):
        if entry.details.get("comment") == comment:
            entry.details = {key: value for key, value in entry.details.items() if key not in entry.verb.texts}


def see_mention(membership: Membership, number: int) -> None:
    """Note that the member knows of being mentioned in the text with this number; 404 where there is no such text."""
    entry = db.session.get(Entry, (membership.partnership_id, number))
    if entry is None or entry.post_number is None:
        abort(404)
    with membership.partnership.locked():
        membership.require(Action.READ)
        db.session.execute(_mentions(membership).where(Mention.number == number))


def see_mentions(membership: Membership, post_number: int, number: int) -> None:
    """Note that the member has seen where texts of the post, up to `number`, mention them."""
    texts = select(Entry.number).where(
        Entry.partnership_id == membership.partnership_id, Entry.post_number == post_number, Entry.number <= number
    )
    db.session.execute(_mentions(membership).where(Mention.number.in_(texts)))


def _mentions(membership: Membership) -> Update:
    return (
        update(Mention)
        .where(
            Mention.partnership_id == membership.partnership_id,
            Mention.membership_id == membership.id,
            Mention.is_seen.is_(False),
        )
        .values(is_seen=True)
        .execution_options(synchronize_session=False)
    )
