"""Which texts the index holds the words of, from the newest to the oldest."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from heapq import heapify, heappop, heappush, heapreplace
from itertools import islice
from typing import NamedTuple

from workspace.accounts.models import User
from workspace.db.types import AnyRow
from workspace.search import queries
from workspace.search.postings import (
    BLOCK,
    FACTS,
    StoredBucket,
    day_number,
    packed_facts,
    places_of_facts,
    unpacked_days,
)
from workspace.search.sources import FoundKind
from workspace.search.terms import SearchedWord, SearchQuery

FIRST_BLOCKS, MOST_BLOCKS = 24, 1024  # of the index, in one statement: the first one, and those that follow
NO_FACTS = packed_facts({}, {})  # of a block that is in no index
INDEXED_KINDS = (FoundKind.PROGRESS, FoundKind.CHALLENGE, FoundKind.COMMENT, FoundKind.RESULT, FoundKind.FILE)

Position = tuple[int, int, int]  # of a text among all that are found: its day, partnership and number


class Mode(StrEnum):
    """How texts have to hold the words: all of them, the last one perhaps half, or any of them."""

    ALL = "all"
    HALF = "half"
    ANY = "any"


class Match(NamedTuple):
    """A text that, with the names of its files, holds the words. Matches sort by their day.

    Its kinds are its own, and FILE if it carries files.
    """

    day: int
    partnership_id: int
    number: int
    kinds: tuple[FoundKind, ...]


class _Block:
    """What a block's buckets hold of a query, each unpacked when it is needed. Its facts may be read later."""

    def __init__(self, words: Sequence[SearchedWord], wanted: Collection[str]) -> None:
        self._words, self._wanted = words, wanted
        self._buckets: dict[str, bytes] = {}
        self._opened: dict[str, StoredBucket] = {}

    def add(self, name: str, content: bytes) -> None:
        """Take a bucket that was read."""
        self._buckets[name] = content

    def lacks_facts(self, mode: Mode) -> bool:
        """Whether it holds the words, and nobody has read yet what these texts are."""
        return FACTS not in self._buckets and bool(self.places(mode))

    @cached_property
    def days(self) -> array[int]:
        """The days of its texts, by their place."""
        return unpacked_days(self._buckets[FACTS])

    @cached_property
    def newest_day(self) -> int:
        """That of its newest text."""
        return max(self.days)

    @cached_property
    def facts(self) -> dict[str, array[int]]:
        """Where the wanted kinds and authors stand."""
        return places_of_facts(self._buckets[FACTS], self._wanted)

    def places(self, mode: Mode) -> set[int]:
        """The texts that hold the words."""
        if self._buckets.keys() <= {FACTS}:  # as of most blocks, where the word is rare
            return set()
        *others, last = self._of_words
        if mode is Mode.ALL:
            return last.intersection(*others)
        last = last | self._half
        return last.union(*others) if mode is Mode.ANY else last.intersection(*others)

    @cached_property
    def _of_words(self) -> list[set[int]]:
        """The texts that hold each word."""
        return [
            {
                place
                for name in word.stem_buckets & self._buckets.keys()
                for places in self._open(name).places_with(word.stems)
                for place in places
            }
            for word in self._words
        ]

    @cached_property
    def _half(self) -> set[int]:
        """The texts that hold what begins like the last word."""
        last = self._words[-1]
        return {
            place
            for name in last.half_buckets & self._buckets.keys()
            for places in self._open(name).places_beginning_with(last.half)
            for place in places
        }

    def _open(self, name: str) -> StoredBucket:
        if name not in self._opened:
            self._opened[name] = StoredBucket(self._buckets[name])
        return self._opened[name]


class Matches:
    """The texts that hold the words of a query. Of the index only the newest blocks are read, as long as they do."""

    def __init__(
        self,
        user: User,
        query: SearchQuery,
        partnerships: Iterable[AnyRow],
        *,
        kinds: Collection[FoundKind],
        author_id: int | None,
    ) -> None:
        self.user, self.words, self.kinds = user, query.words, kinds
        self.author = None if author_id is None else str(author_id)
        self._names = {name for word in query.words for name in word.stem_buckets} | query.words[-1].half_buckets
        self._wanted = {*kinds, *([self.author] if self.author else ())}
        # No text is newer than the last activity of its partnership.
        self._logs = {one.id: (day_number(one.last_activity_at), one.last_number // BLOCK) for one in partnerships}
        self._read: dict[queries.Key, _Block] = {}

    def newest(
        self,
        mode: Mode,
        *,
        since: int,
        until: Position | None,
        most: int,
    ) -> list[Match]:
        """The newest texts of the kinds by the author, from the day `since` on, and not after the match `until`."""
        found: list[Position] = []  # a heap, of which the oldest is the first
        # The blocks that come next, each with a day that none of its texts is newer than.
        waiting = [(-day, -partnership_id, last) for partnership_id, (day, last) in self._logs.items()]
        heapify(waiting)
        while waiting:
            day, partnership_id, number = heappop(waiting)
            day, partnership_id = -day, -partnership_id
            if day < since or (len(found) == most and (day, partnership_id, (number + 1) * BLOCK) < found[0]):
                break
            block = self._block((partnership_id, number), mode)
            for position in self._newest_of(block, (partnership_id, number), mode, since, until):
                if len(found) < most:
                    heappush(found, position)
                elif position > found[0]:
                    heapreplace(found, position)
                else:
                    break
            # A block that was taken out of the index since its words were read tells no day.
            if number:
                day = min(day, block.newest_day or day) if block.places(mode) else day
                heappush(waiting, (-day, -partnership_id, number - 1))
        return [self._match(position) for position in sorted(found, reverse=True)]

    def begins_more(self) -> bool:
        """Whether among the blocks that were read more texts hold what begins like the last word."""
        return any(len(block.places(Mode.HALF)) > len(block.places(Mode.ALL)) for block in self._read.values())

    def _newest_of(
        self, block: _Block, key: queries.Key, mode: Mode, since: int, until: Position | None
    ) -> Iterator[Position]:
        """Those texts of a block that are wanted, from the newest on."""
        places = block.places(mode)
        if not places:
            return
        if self.author:
            places = places.intersection(block.facts.get(self.author, ()))
        if len(self.kinds) < len(INDEXED_KINDS):
            places = places & set().union(*(block.facts.get(kind, ()) for kind in self.kinds))
        partnership_id, block_number = key
        for day, place in sorted(((block.days[place], place) for place in places), reverse=True):
            if day < max(since, 1):  # A text without a day was withdrawn meanwhile.
                return
            position = (day, partnership_id, block_number * BLOCK + place)
            if until is None or position <= until:
                yield position

    def _match(self, position: Position) -> Match:
        day, partnership_id, number = position
        facts = self._read[partnership_id, number // BLOCK].facts
        kinds = tuple(kind for kind in self.kinds if _has(facts.get(kind, ()), number % BLOCK))
        return Match(day, partnership_id, number, kinds)

    def _block(self, key: queries.Key, mode: Mode) -> _Block:
        """A block of the index, with its facts if it holds the words; with it are read those that are needed next."""
        if key not in self._read:
            following = (one for one in self._in_order if one != key and one not in self._read)
            if self._read:
                self._fetch(self._names, [key, *islice(following, MOST_BLOCKS - 1)])
            else:
                self._fetch({*self._names, FACTS}, [key, *islice(following, FIRST_BLOCKS - 1)])
        block = self._read[key]
        if block.lacks_facts(mode):
            self._fetch({FACTS}, [one for one, other in self._read.items() if other.lacks_facts(mode)])
        return block

    def _fetch(self, names: Collection[str], keys: Sequence[queries.Key]) -> None:
        """Read these buckets of these blocks."""
        for key in keys:
            block = self._read.setdefault(key, _Block(self.words, self._wanted))
            if FACTS in names:
                block.add(FACTS, NO_FACTS)
        for partnership_id, number, name, content in queries.buckets(self.user, names, keys):
            self._read[partnership_id, number].add(name, content)

    @cached_property
    def _in_order(self) -> list[queries.Key]:
        """All blocks: the last of each partnership, then the last but one of each; the newest first."""
        blocks = (
            (last - block, -day, -partnership_id, block)
            for partnership_id, (day, last) in self._logs.items()
            for block in range(last + 1)
        )
        return [(-partnership_id, block) for _before, _day, partnership_id, block in sorted(blocks)]


def _has(places: Sequence[int], place: int) -> bool:
    """Whether it is one of these, which are in order."""
    at = bisect_left(places, place)
    return at < len(places) and places[at] == place
