"""The reader of the log that keeps the index: the worker's, with a bookmark in each partnership.

Who writes pays nothing, and a text is found within two seconds. What is withdrawn or deleted leaves the index in its
own transaction. A batch and its bookmark are one transaction, so after a kill it goes on where it was. A text that
can't be indexed is set aside, as a failure that an administrator is shown, and tried again later.
"""

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from sqlalchemy import Select, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from workspace.db import db, failures
from workspace.db.statements import core_connection, fetch_rows
from workspace.extensions import stopping
from workspace.files import models as files
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Partnership
from workspace.posts import authored_text
from workspace.search.models import SearchBookmark, SearchBucket
from workspace.search.postings import (
    BLOCK,
    FACTS,
    Postings,
    day_number,
    divided,
    packed,
    packed_facts,
    places_by_term,
    unpacked,
    unpacked_days,
    unpacked_facts,
)
from workspace.search.sources import SOURCES, SearchDocument
from workspace.search.terms import VERSION, parts_of, terms_of

JOB, TEXT_JOB = "indexing", "indexing_text"
BATCH, BATCH_OF_LONG = 200, 20  # entries, in one transaction; and where their texts have more than so many letters
MOST_CHARACTERS = 200_000
AT_ONCE = 20  # partnerships that are looked for together
MOST_BATCHES = 50  # in one partnership before it is another's turn

BUCKET: Any = SearchBucket.__table__


class Completeness(NamedTuple):
    """How many entries of all logs there are, and how many of them, in how many partnerships, wait to be indexed."""

    entries: int
    waiting: int
    partnerships: int


def index_due() -> int:
    """Index what is new, until this worker is told to stop; how many entries were read."""
    done = failures.each(TEXT_JOB, failures.due(TEXT_JOB), _index_text)
    while not stopping.is_set() and (ids := _due()):
        done += failures.each(JOB, [(partnership_id, 0) for partnership_id in ids], _index)
    return done


def is_any_due() -> bool:
    """Whether there is anything to index."""
    return bool(_due(1) or failures.due(TEXT_JOB))


def rebuild() -> None:
    """Let the worker index everything from nothing, partnership by partnership; in the present transaction.

    Until it comes to one, the index that it has is used.
    """
    db.session.execute(update(SearchBookmark).values(version=0))


def completeness() -> Completeness:
    """How far the index is."""
    known = SearchBookmark.version == VERSION
    indexed = func.coalesce(SearchBookmark.indexed_number, 0)
    waiting = Partnership.last_number - indexed
    query = select(
        func.coalesce(func.sum(Partnership.last_number), 0),
        func.coalesce(func.sum(waiting).filter(known), 0)
        + func.coalesce(func.sum(Partnership.last_number).filter(or_(~known, SearchBookmark.version.is_(None))), 0),
        func.count().filter(or_(SearchBookmark.version.is_(None), ~known, waiting > 0)),
    ).join(SearchBookmark, SearchBookmark.partnership_id == Partnership.id, isouter=True)
    return Completeness(*map(int, fetch_rows(query)[0]))


def remove(partnership_id: int, number: int) -> None:
    """Take a text out of the index, in the present transaction: it was withdrawn, or deleted."""
    if _lock(partnership_id) is not None:
        _put(partnership_id, number // BLOCK, [], {number % BLOCK})


def remove_file_names(partnership_id: int, number: int) -> None:
    """Take what a text holds no more out of the index, in the present transaction: one of its files was removed."""
    if _lock(partnership_id) is not None:
        _index_texts(partnership_id, set(), {number})


authored_text.on_removal.append(remove)
files.on_removal.append(remove_file_names)


def _due(most: int = AT_ONCE) -> list[int]:
    """Partnerships whose log goes on behind their bookmark, or is indexed by other terms, those that rest left out."""
    query = (
        select(Partnership.id)
        .join(SearchBookmark, SearchBookmark.partnership_id == Partnership.id, isouter=True)
        .where(
            or_(
                SearchBookmark.partnership_id.is_(None),
                SearchBookmark.indexed_number < Partnership.last_number,
                SearchBookmark.version != VERSION,
            ),
            ~failures.rests(JOB, Partnership.id),
        )
        .order_by(Partnership.last_activity_at.desc(), Partnership.id)
        .limit(most)
    )
    return list(db.session.scalars(query))


def _index(partnership_id: int, _number: int) -> int:
    done = 0
    for _batch in range(MOST_BATCHES):
        if stopping.is_set():
            break
        try:
            read = _index_batch(partnership_id)
        except Exception as error:
            db.session.rollback()
            if failures.is_of_database(error):
                raise
            _set_aside(partnership_id)
            read = _index_batch(partnership_id)
        done += read
        db.session.commit()
        if not read:
            break
    return done


def _set_aside(partnership_id: int) -> None:
    """Index the texts of the next batch one by one; those that can't be are noted, and then left out of it."""
    numbers, changed, _last = _next_numbers(partnership_id, _indexed_number(partnership_id), BATCH)
    failures.each(TEXT_JOB, [(partnership_id, number) for number in sorted(numbers | changed)], _index_text)


def _indexed_number(partnership_id: int) -> int:
    bookmark = db.session.get(SearchBookmark, partnership_id)
    return bookmark.indexed_number if bookmark and bookmark.version == VERSION else 0


def _index_text(partnership_id: int, number: int) -> int:
    _lock_made(partnership_id)
    _index_texts(partnership_id, set(), {number})
    return 0


def _index_batch(partnership_id: int) -> int:
    """Index the next entries of a partnership; how many."""
    most = _prepare_batch(partnership_id)
    bookmark = _lock_made(partnership_id)
    if bookmark.version != VERSION:
        core_connection().execute(delete(BUCKET).where(BUCKET.c.partnership_id == partnership_id))
        bookmark.version, bookmark.indexed_number = VERSION, 0
    numbers, changed, last = _next_numbers(partnership_id, bookmark.indexed_number, most)
    if numbers:
        failed = failures.numbers(TEXT_JOB, partnership_id)
        _index_texts(partnership_id, numbers - failed, changed, left_out=failed)
        bookmark.indexed_number = last
    return len(numbers)


def _prepare_batch(partnership_id: int) -> int:
    """Work out the terms of the next texts, which are then known (terms.terms); how many entries the batch may have.

    Long words take long to divide, and on SQLite nobody writes while the index is written.
    """
    after, failed = _indexed_number(partnership_id), failures.numbers(TEXT_JOB, partnership_id)
    for most in (BATCH, BATCH_OF_LONG):
        numbers, changed, _last = _next_numbers(partnership_id, after, most)
        documents = _documents(partnership_id, (numbers | changed) - failed)
        if sum(len(one.title) + len(one.text) for one in documents) <= MOST_CHARACTERS:
            break
    for document in documents:
        terms_of(document.title, document.text)
    db.session.rollback()
    return most


def _next_numbers(partnership_id: int, after: int, most: int) -> tuple[set[int], set[int], int]:
    """The numbers of the next entries, those of the texts that they change, and the last."""
    entries = fetch_rows(
        select(Entry.number, Entry.verb, Entry.post_number, Entry.thing_number, Entry.details)
        .where(Entry.partnership_id == partnership_id, Entry.number > after)
        .order_by(Entry.number)
        .limit(most)
    )
    changed = {
        entry.details.get("comment") or entry.thing_number or entry.post_number
        for entry in entries
        if entry.verb.changes_text
    }
    numbers = {entry.number for entry in entries}
    return numbers, {number for number in changed if isinstance(number, int)}, max(numbers, default=after)


def _documents(partnership_id: int, numbers: Collection[int]) -> list[SearchDocument]:
    return [document for source in SOURCES for document in source.read(partnership_id, numbers)]


def _index_texts(
    partnership_id: int, numbers: Collection[int], changed: Collection[int], left_out: Collection[int] = ()
) -> None:
    """Index the texts of these numbers; what the index has of the `changed` ones goes first."""
    documents: dict[int, list[SearchDocument]] = {}
    for document in _documents(partnership_id, {*numbers, *changed} - {*left_out}):
        documents.setdefault(document.number // BLOCK, []).append(document)
    for block in sorted({*documents, *(number // BLOCK for number in changed)}):
        removed = {number % BLOCK for number in changed if number // BLOCK == block}
        _put(partnership_id, block, documents.get(block, []), removed)


def _put(partnership_id: int, block: int, documents: Collection[SearchDocument], removed: Collection[int]) -> None:
    """Bring texts into a block of the index, and take the places `removed` out of it first."""
    added: dict[str, Postings] = {}
    found = ((one.number % BLOCK, terms_of(one.title, one.text)) for one in documents)
    for term, places in places_by_term(found).items():
        for part in parts_of(term):
            added.setdefault(part[:1], {})[term] = places
    mine = BUCKET.c.partnership_id == partnership_id, BUCKET.c.block == block
    query = select(BUCKET.c.bucket, BUCKET.c.postings).where(*mine)
    if not removed:
        query = query.where(func.substr(BUCKET.c.bucket, 1, 1).in_(["", *added]))
    stored: dict[str, bytes] = {row.bucket: row.postings for row in fetch_rows(query)}
    changed = {FACTS: _facts(stored.get(FACTS), documents, removed)}
    for letter in {*added, *(name[:1] for name in stored)} - {FACTS}:
        before = {name: content for name, content in stored.items() if name[:1] == letter}
        postings = _without(removed, before.values())
        for term, places in added.get(letter, {}).items():
            postings.setdefault(term, set()).update(places)
        after = {name: packed(terms) for name, terms in divided(postings, letter) if terms}
        names = before.keys() | after.keys()
        changed |= {name: after.get(name) for name in names if before.get(name) != after.get(name)}
    connection = core_connection()
    connection.execute(delete(BUCKET).where(*mine, BUCKET.c.bucket.in_(changed)))
    same = {"partnership_id": partnership_id, "block": block}
    if present := [same | {"bucket": name, "postings": content} for name, content in changed.items() if content]:
        connection.execute(insert(BUCKET), present)


def _without(removed: Collection[int], buckets: Iterable[bytes]) -> Postings:
    """All terms of buckets, without the places `removed`."""
    postings: Postings = {}
    for content in buckets:
        for term, places in unpacked(content).items():
            if places := places.difference(removed):
                postings[term] = places
    return postings


def _facts(stored: bytes | None, documents: Collection[SearchDocument], removed: Collection[int]) -> bytes | None:
    """The days, kinds and authors of a block with these texts, without the places `removed`; None if none is left."""
    found, facts = (unpacked_days(stored), unpacked_facts(stored)) if stored else ((), {})
    days = dict(enumerate(found)) | dict.fromkeys(removed, 0)
    for places in facts.values():
        places.difference_update(removed)
    for document in documents:
        days[document.number % BLOCK] = day_number(document.at)
        for fact in (document.kind.value, str(document.author_id)):
            facts.setdefault(fact, set()).add(document.number % BLOCK)
    return packed_facts(days, facts) if any(days.values()) else None


def _lock(partnership_id: int) -> SearchBookmark | None:
    """The partnership's bookmark, which no other changes until the commit: one writes in its index at a time."""
    return db.session.scalars(_locking(partnership_id)).one_or_none()


def _lock_made(partnership_id: int) -> SearchBookmark:
    """The same, which is made where there is none."""
    row = {"partnership_id": partnership_id, "indexed_number": 0, "version": VERSION}
    dialect = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    core_connection().execute(dialect.insert(SearchBookmark).values(row).on_conflict_do_nothing())
    return db.session.scalars(_locking(partnership_id)).one()


def _locking(partnership_id: int) -> Select[SearchBookmark]:
    query = select(SearchBookmark).where(SearchBookmark.partnership_id == partnership_id).with_for_update()
    return query.execution_options(populate_existing=True)
