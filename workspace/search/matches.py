"""Which texts the index holds the words of, from the newest to the oldest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from functools import cached_property
from heapq import heappop, heappush, nlargest
from typing import NamedTuple

from workspace.db.types import AnyRow
from workspace.search.postings import BLOCK, FACTS, Postings, lookup, unpacked_days, unpacked_facts
from workspace.search.sources import FoundKind
from workspace.search.terms import SearchedWord, SearchQuery, bucket

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

    def __init__(self, partnership_id: int, block: int, buckets: dict[str, bytes], wanted: Collection[str]) -> None:
        self.partnership_id, self.block, self._buckets, self._wanted = partnership_id, block, buckets, wanted
        self.days = unpacked_days(buckets[FACTS])
        self.newest = max(self.days)
        self._places: dict[Mode, set[int]] = {}

    @cached_property
    def facts(self) -> Postings:
        """Where the wanted kinds and authors stand."""
        return unpacked_facts(self._buckets[FACTS], self._wanted)

    def places(self, words: Sequence[SearchedWord], mode: Mode) -> set[int]:
        """The texts that hold the words."""
        if mode not in self._places:
            found, half = self._found(words)
            self._places[mode] = _combined(found, half, mode)
        return self._places[mode]

    def _found(self, words: Sequence[SearchedWord]) -> tuple[list[set[int]], set[int]]:
        half: set[int] = set()
        found = []
        for at, word in enumerate(words):
            places: set[int] = set()
            for name in word.buckets & self._buckets.keys():
                is_half = at == len(words) - 1 and word.half and bucket(word.half) == name
                for is_whole, stands in lookup(self._buckets[name], word.stems, word.half if is_half else ""):
                    (places if is_whole else half).update(stands)
            found.append(places)
        return found, half


class Matches:
    """What the buckets that a query asks for hold."""

    def __init__(
        self, query: SearchQuery, rows: Iterable[AnyRow], *, kinds: Collection[FoundKind], author_id: int | None
    ) -> None:
        self.words = query.words
        self.kinds = kinds
        self.author = None if author_id is None else str(author_id)
        self._wanted = {*kinds, *([self.author] if self.author else ())}
        stored: dict[int, dict[int, dict[str, bytes]]] = defaultdict(lambda: defaultdict(dict))
        for partnership_id, block, name, postings in rows:
            stored[partnership_id][block][name] = postings
        self._stored = {
            partnership_id: sorted((key for key, buckets in blocks.items() if FACTS in buckets), reverse=True)
            for partnership_id, blocks in stored.items()
        }
        self._buckets = stored
        self._read: dict[tuple[int, int], _Block] = {}

    def newest(
        self,
        mode: Mode,
        *,
        since: int,
        until: tuple[int, int, int] | None,
        most: int,
    ) -> list[Match]:
        """The newest texts of the kinds by the author, from the day `since` on, and not after the match `until`."""
        found: list[Match] = []
        for block in self._newest_first():
            if block.newest < since:
                break
            if len(found) == most and (block.newest, block.partnership_id, (block.block + 1) * BLOCK) < found[-1][:3]:
                break
            places = block.places(self.words, mode)
            if places and self.author:
                places = places & block.facts.get(self.author, set())
            if places:
                found = nlargest(most, (*found, *self._of_kinds(block, places, since, until)))
        return found

    def _of_kinds(
        self, block: _Block, places: set[int], since: int, until: tuple[int, int, int] | None
    ) -> Iterator[Match]:
        places_of = {kind: places & block.facts.get(kind, set()) for kind in self.kinds}
        for place in set().union(*places_of.values()):
            day, number = block.days[place], block.block * BLOCK + place
            if day >= since and (until is None or (day, block.partnership_id, number) <= until):
                found = tuple(kind for kind, of_kind in places_of.items() if place in of_kind)
                yield Match(day, block.partnership_id, number, found)

    def _newest_first(self) -> Iterator[_Block]:
        """The blocks, by their newest day, the highest partnership first; those of a partnership from the last on."""
        remaining = {key: iter(blocks) for key, blocks in self._stored.items()}
        waiting: list[tuple[int, int, int]] = []

        def put_next(partnership_id: int) -> None:
            if (key := next(remaining[partnership_id], None)) is not None:
                heappush(waiting, (-self._block(partnership_id, key).newest, -partnership_id, key))

        for partnership_id in remaining:
            put_next(partnership_id)
        while waiting:
            _newest, partnership, key = heappop(waiting)
            yield self._block(-partnership, key)
            put_next(-partnership)

    def _block(self, partnership_id: int, key: int) -> _Block:
        if (partnership_id, key) not in self._read:
            buckets = self._buckets[partnership_id][key]
            self._read[partnership_id, key] = _Block(partnership_id, key, buckets, self._wanted)
        return self._read[partnership_id, key]


def wanted_buckets(query: SearchQuery) -> set[str]:
    """Which buckets hold what is asked for."""
    return {FACTS, *(name for word in query.words for name in word.buckets)}


def _combined(words: list[set[int]], half: set[int], mode: Mode) -> set[int]:
    if mode is Mode.ANY:
        return half.union(*words)
    *others, last = words
    return (last | half if mode is Mode.HALF else last).intersection(*others)
