"""What each member has read, and how much is new: posts and comments that others wrote and that still stand.

A member's bookmark (`seen_number`) lies before the first entry that is news to them. What they read past it is kept in
a row for each post: its card, which shows the text and how far a challenge is, or its thread with the comments. The
bookmark moves up when nothing unread lies below it, and the rows below it go. How much is unread is never counted:
`Partnership.text_count` counts the texts as they are written, `Membership.known_texts` those that are not news.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, and_, case, delete, exists, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from workspace import clock
from workspace.db import Model, db
from workspace.partnerships.activity_log import Entry, see_mentions
from workspace.partnerships.models import Membership
from workspace.partnerships.verbs import DigestUse, verbs_that

# Whoever leaves more than this unread in between has the oldest of it marked as read; digests still tell of it.
MOST_ROWS = 200
# In place of a post's number: what happened to the partnership itself.
EVENTS = 0


class ReadingPosition(Model):
    """What a member has read of a post past their bookmark.

    The thread up to the entry `number`, all but the comments up to `card_number`, which is never less. `post_number`
    is EVENTS for what happened to the partnership itself.
    """

    __tablename__ = "reading_position"
    __table_args__ = (
        ForeignKeyConstraint(
            ["partnership_id", "membership_id"],
            ["membership.partnership_id", "membership.id"],
            ondelete="CASCADE",
        ),
        Index("ix_reading_position_partnership_id_post_number", "partnership_id", "post_number"),
    )

    membership_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    post_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    partnership_id: Mapped[int]
    number: Mapped[int] = mapped_column(default=0)
    card_number: Mapped[int]


def read_all(membership: Membership, number: int) -> None:
    """Everything up to `number`, the last entry that was rendered, is read; never past the end."""
    with membership.locked():
        number = min(number, membership.partnership.last_number)
        if number > membership.seen_number:
            _pass(membership, number)
        if number > membership.read_number:
            membership.read_number = number
        _settle(membership)


def read_post(membership: Membership, post_number: int, number: int) -> None:
    """The post has been opened: it and its thread are read up to the entry `number`, and so is what mentions them."""
    with membership.locked():
        about = _past_bookmark(membership, post_number)
        last = db.session.scalar(select(func.max(Entry.number)).where(*about, Entry.number <= number))
        if last:
            row = _row(membership, post_number)
            text = *about, Entry.stands.is_(True), Entry.actor_id.is_distinct_from(membership.id)
            unread = Entry.number <= last, ~_covers(row.number, row.card_number)
            membership.known_texts += db.session.scalar(select(func.count()).where(*text, *unread)) or 0
            row.number = max(row.number, last)
            row.card_number = max(row.card_number, last)
        _settle(membership)
        see_mentions(membership, post_number, number)


def read_cards(membership: Membership, shown: Mapping[int, int]) -> None:
    """Cards have stood on the screen: by the numbers of their posts, or EVENTS, the last entries that they showed."""
    with membership.locked():
        last: dict[int, int] = {}
        for entry in db.session.execute(_on_cards(membership, shown)):
            post_number = entry.post_number or EVENTS
            if entry.number <= shown[post_number]:
                row = _row(membership, post_number)
                if entry.stands and entry.actor_id != membership.id and entry.number > row.card_number:
                    membership.known_texts += 1
                last[post_number] = max(last.get(post_number, 0), entry.number)
        for post_number, number in last.items():
            row = _row(membership, post_number)
            row.card_number = max(row.card_number, number)
        _settle(membership)


def unread_of_post(membership: Membership, post_number: int, number: int) -> tuple[int, int]:
    """What is unread of the post up to the entry `number`: how many entries, and how many texts among them."""
    if not membership.has_news:
        return 0, 0
    texts = func.coalesce(func.sum(case((Entry.stands.is_(True), 1), else_=0)), 0)
    read = exists().where(ReadingPosition.membership_id == membership.id, is_of_row(), is_covered())
    unread = Entry.number <= number, Entry.actor_id.is_distinct_from(membership.id), is_news(), ~read
    query = select(func.count(), texts).where(*_past_bookmark(membership, post_number), *unread)
    entries, counted = db.session.execute(query).one()
    return entries, counted


def read_opened_post(membership_id: int, post_number: int, number: int) -> None:
    """The same as `read_post` after a request, in which the member may have been put out."""
    membership = db.session.get(Membership, membership_id)
    if membership is not None and membership.is_active:
        read_post(membership, post_number, number)


def withdraw_text(partnership_id: int, number: int) -> None:
    """The text with this number is gone, so it is news to nobody. The partnership is locked."""
    _set_standing(partnership_id, number, stands=False)


def restore_text(partnership_id: int, number: int) -> None:
    """It is there again, and news to whoever has not read it."""
    _set_standing(partnership_id, number, stands=True)


def hand_on(old: Membership, new: Membership) -> None:
    """What the person has read as the `old` membership they have read as the `new` one, whose bookmark is the same."""
    own = update(ReadingPosition).where(ReadingPosition.membership_id == old.id).values(membership_id=new.id)
    db.session.execute(own.execution_options(synchronize_session=False))
    # What they wrote themselves is the old membership's, so it counts as somebody else's: the marks say the same.
    new.known_texts = new.partnership.text_count - _unread_after(new, new.seen_number)


def is_covered() -> Any:
    """Whether an entry is read by the row of its post; NULL where there is none."""
    return _covers(ReadingPosition.number, ReadingPosition.card_number)


def is_of_row() -> Any:
    """Joins an entry with the row of its post, given the membership's id."""
    return and_(
        ReadingPosition.partnership_id == Entry.partnership_id,
        ReadingPosition.post_number == func.coalesce(Entry.post_number, EVENTS),
    )


def is_news() -> Any:
    """Whether an entry is something to read: a text, a turn of a challenge, files, or about the partnership itself.

    A withdrawn text as well, though it counts for nothing: it may be brought back.
    """
    told = verbs_that(lambda verb: verb.digest is DigestUse.TURN or verb.digest_line)
    return or_(Entry.stands.is_not(None), Entry.verb.in_(told), Entry.post_number.is_(None))


def is_comment() -> Any:
    """Whether an entry made a comment, which is read in its thread only."""
    return Entry.verb.in_(verbs_that(lambda verb: verb.digest is DigestUse.COMMENT))


def _covers(number: Any, card_number: Any) -> Any:
    return or_(Entry.number <= number, and_(Entry.number <= card_number, ~is_comment()))


def _past_bookmark(membership: Membership, post_number: int) -> tuple[Any, ...]:
    return (
        Entry.partnership_id == membership.partnership_id,
        Entry.post_number == post_number,
        Entry.number > membership.seen_number,
    )


def _on_cards(membership: Membership, shown: Mapping[int, int]) -> Any:
    """What these cards can have shown past the bookmark."""
    posts = Entry.post_number.in_([number for number in shown if number != EVENTS])
    return select(Entry.number, Entry.post_number, Entry.stands, Entry.actor_id).where(
        Entry.partnership_id == membership.partnership_id,
        Entry.number > membership.seen_number,
        or_(posts, Entry.post_number.is_(None)) if EVENTS in shown else posts,
        is_news(),
        ~is_comment(),
    )


def _found(membership: Membership, post_number: int) -> ReadingPosition | None:
    return db.session.get(ReadingPosition, (membership.id, post_number))


def _row(membership: Membership, post_number: int) -> ReadingPosition:
    row = _found(membership, post_number)
    if row is None:
        row = ReadingPosition(
            membership_id=membership.id,
            post_number=post_number,
            partnership_id=membership.partnership_id,
            number=0,
            card_number=0,
        )
        db.session.add(row)
        db.session.flush()
    return row


def _settle(membership: Membership) -> None:
    """Move the bookmark up to what is news, keep no more rows than there is room for, and forget those below it."""
    membership.read_at = clock.now()
    db.session.flush()
    was_all_read = membership.read_number >= membership.seen_number
    # What a digest has told of or passes over counts as settled either way.
    is_settled = was_all_read or membership.digested_number >= membership.seen_number
    if membership.has_news:
        _advance(membership)
    if is_settled:
        membership.read_number = max(membership.read_number, membership.seen_number)
    if membership.has_news:
        _make_room(membership)
    forgotten = ReadingPosition.membership_id == membership.id, ReadingPosition.card_number <= membership.seen_number
    db.session.execute(delete(ReadingPosition).where(*forgotten).execution_options(synchronize_session=False))


def _make_room(membership: Membership) -> None:
    """Pass over the oldest that is unread, where there are too many rows past it."""
    rows = list(
        db.session.scalars(
            select(ReadingPosition.card_number)
            .where(ReadingPosition.membership_id == membership.id, ReadingPosition.card_number > membership.seen_number)
            .order_by(ReadingPosition.card_number)
        )
    )
    if len(rows) > MOST_ROWS:
        _pass(membership, rows[len(rows) - MOST_ROWS - 1])
        _advance(membership)


def _advance(membership: Membership) -> None:
    """Move the bookmark to before the first entry that is news and not read."""
    mine = ReadingPosition.membership_id == membership.id
    first = (
        select(Entry.number)
        .where(
            Entry.partnership_id == membership.partnership_id,
            Entry.number > membership.seen_number,
            Entry.actor_id.is_distinct_from(membership.id),
            is_news(),
            ~exists().where(mine, is_of_row(), is_covered()),
        )
        .order_by(Entry.number)
        .limit(1)
    )
    unread = db.session.scalar(first)
    membership.seen_number = unread - 1 if unread else membership.partnership.last_number


def _pass(membership: Membership, number: int) -> None:
    """Move the bookmark up to `number`, whatever is unread below it."""
    membership.known_texts = membership.partnership.text_count - _unread_after(membership, number)
    membership.seen_number = number
    db.session.flush()


def _unread_after(membership: Membership, number: int) -> int:
    """How many texts after the entry `number` are unread: a difference, less what is the member's own, gone or read."""
    if number >= membership.partnership.last_number:
        return 0
    here = Entry.partnership_id == membership.partnership_id, Entry.number > number
    others = Entry.actor_id.is_distinct_from(membership.id)
    mine = ReadingPosition.membership_id == membership.id, ReadingPosition.card_number > number
    texts, own, gone, read = db.session.execute(
        select(
            select(Entry.text_count)
            .where(Entry.partnership_id == membership.partnership_id, Entry.number == number)
            .scalar_subquery(),
            select(func.count())
            .where(*here, Entry.actor_id == membership.id, Entry.stands.is_not(None))
            .scalar_subquery(),
            select(func.count()).where(*here, others, Entry.stands.is_(False)).scalar_subquery(),
            select(func.count())
            .select_from(ReadingPosition)
            .join(
                Entry,
                and_(
                    Entry.partnership_id == ReadingPosition.partnership_id,
                    Entry.post_number == ReadingPosition.post_number,
                ),
            )
            .where(*mine, *here, others, Entry.stands.is_(True), is_covered())
            .scalar_subquery(),
        )
    ).one()
    return membership.partnership.text_count - (texts or 0) - own - gone - read


def _set_standing(partnership_id: int, number: int, *, stands: bool) -> None:
    entry = db.session.get_one(Entry, (partnership_id, number))
    if entry.stands is stands:
        return
    entry.stands = stands
    db.session.flush()
    unread = and_(
        Membership.partnership_id == partnership_id,
        Membership.seen_number < number,
        Membership.id != entry.actor_id,
        ~exists().where(
            ReadingPosition.membership_id == Membership.id,
            ReadingPosition.post_number == entry.post_number,
            Entry.partnership_id == partnership_id,
            Entry.number == number,
            is_covered(),
        ),
    )
    change = update(Membership).where(unread).values(known_texts=Membership.known_texts + (-1 if stands else 1))
    db.session.execute(change.execution_options(synchronize_session=False))
    for loaded in list(db.session.identity_map.values()):
        if isinstance(loaded, Membership) and loaded.partnership_id == partnership_id:
            db.session.expire(loaded, ["known_texts"])
