"""Which texts the index holds the words of, from the newest to the oldest."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from heapq import heapify, heappop, heappush, heappushpop
from itertools import islice
from typing import NamedTuple

from workspace.accounts.models import User
from workspace.db.types import AnyRow
from workspace.search import queries
from workspace.search.postings import (
    BLOCK,
    FACTS,
    Postings,
    day_number,
    places_beginning_with,
    places_with,
    unpacked_days,
    unpacked_facts,
)
from workspace.search.sources import FoundKind
from workspace.search.terms import SearchedWord, SearchQuery

FIRST_BLOCKS, MOST_BLOCKS = 24, 1024  # of the index, in one statement: the first one, and those that follow
INDEXED_KINDS = (FoundKind.PROGRESS, FoundKind.CHALLENGE, FoundKind.COMMENT, FoundKind.RESULT, FoundKind.FILE)


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
    """What a block's buckets hold of a query, each read when it is needed."""

    def __init__(self, buckets: dict[str, bytes], words: Sequence[SearchedWord], wanted: Collection[str]) -> None:
        self._buckets, self._words, self._wanted = buckets, words, wanted

    @cached_property
    def days(self) -> array[int]:
        """The days of its texts, by their place."""
        return unpacked_days(self._buckets[FACTS])

    @cached_property
    def facts(self) -> Postings:
        """Where the wanted kinds and authors stand."""
        return unpacked_facts(self._buckets[FACTS], self._wanted)

    def places(self, mode: Mode) -> set[int]:
        """The texts that hold the words."""
        if FACTS not in self._buckets:
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
                for places in places_with(self._buckets[name], word.stems)
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
            for places in places_beginning_with(self._buckets[name], last.half)
            for place in places
        }


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
        until: tuple[int, int, int] | None,
        most: int,
    ) -> list[Match]:
        """The newest texts of the kinds by the author, from the day `since` on, and not after the match `until`."""
        found: list[Match] = []  # a heap, of which the oldest is the first
        # The blocks that come next, each with a day that none of its texts is newer than.
        waiting = [(-day, -partnership_id, last) for partnership_id, (day, last) in self._logs.items()]
        heapify(waiting)
        while waiting:
            day, partnership_id, number = heappop(waiting)
            day, partnership_id = -day, -partnership_id
            if day < since or (len(found) == most and (day, partnership_id, (number + 1) * BLOCK) < found[0][:3]):
                break
            block = self._block((partnership_id, number))
            if places := block.places(mode):
                day = min(day, max(block.days))
                for match in self._matches(block, places, (partnership_id, number), since, until):
                    if len(found) < most:
                        heappush(found, match)
                    else:
                        heappushpop(found, match)
            if number:
                heappush(waiting, (-day, -partnership_id, number - 1))
        return sorted(found, reverse=True)

    def _matches(
        self, block: _Block, places: set[int], key: queries.Key, since: int, until: tuple[int, int, int] | None
    ) -> Iterator[Match]:
        partnership_id, block_number = key
        if self.author:
            places = places & block.facts.get(self.author, set())
        places_of = {kind: places & block.facts.get(kind, set()) for kind in self.kinds}
        for place in set().union(*places_of.values()):
            day, number = block.days[place], block_number * BLOCK + place
            if day >= since and (until is None or (day, partnership_id, number) <= until):
                found = tuple(kind for kind, of_kind in places_of.items() if place in of_kind)
                yield Match(day, partnership_id, number, found)

    def _block(self, key: queries.Key) -> _Block:
        """A block of the index; with it are read those that will be needed next."""
        if key not in self._read:
            unread = (one for one in self._in_order if one != key and one not in self._read)
            keys = [key, *islice(unread, MOST_BLOCKS - 1 if self._read else FIRST_BLOCKS - 1)]
            stored: dict[queries.Key, dict[str, bytes]] = {one: {} for one in keys}
            for partnership_id, block, name, content in queries.buckets(self.user, self._names, keys):
                stored[partnership_id, block][name] = content
            self._read |= {one: _Block(buckets, self.words, self._wanted) for one, buckets in stored.items()}
        return self._read[key]

    @cached_property
    def _in_order(self) -> list[queries.Key]:
        """All blocks: the last of each partnership, then the last but one of each; the newest first."""
        blocks = (
            (last - block, -day, -partnership_id, block)
            for partnership_id, (day, last) in self._logs.items()
            for block in range(last + 1)
        )
        return [(-partnership_id, block) for _before, _day, partnership_id, block in sorted(blocks)]
