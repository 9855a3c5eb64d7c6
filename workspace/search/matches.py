"""Which texts the index holds the words of, from the newest to the oldest."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Collection, Iterator
from enum import StrEnum
from heapq import nlargest
from typing import NamedTuple

from workspace.db.types import AnyRow
from workspace.search.postings import BLOCK, FACTS, lookup, unpacked_facts
from workspace.search.sources import FoundKind
from workspace.search.terms import SearchedWord, SearchQuery, bucket

INDEXED_KINDS = (FoundKind.PROGRESS, FoundKind.CHALLENGE, FoundKind.COMMENT, FoundKind.RESULT)


class Mode(StrEnum):
    """How texts have to hold the words: all of them, the last one perhaps half, or any of them."""

    ALL = "all"
    HALF = "half"
    ANY = "any"


class Match(NamedTuple):
    """A text that holds the words. Matches sort by their day."""

    day: int
    partnership_id: int
    number: int
    kind: FoundKind


class _Block(NamedTuple):
    partnership_id: int
    block: int
    days: array[int]
    kinds: dict[FoundKind, set[int]]
    authors: dict[str, set[int]]
    words: list[set[int]]
    half: set[int]


class Matches:
    """What the buckets that a query asks for hold."""

    def __init__(self, query: SearchQuery, rows: Collection[AnyRow]) -> None:
        self.words = query.words
        stored: dict[tuple[int, int], dict[str, bytes]] = defaultdict(dict)
        for row in rows:
            stored[row.partnership_id, row.block][row.bucket] = row.postings
        self._blocks = [_read(key, buckets, query.words) for key, buckets in stored.items() if FACTS in buckets]

    def newest(
        self,
        mode: Mode,
        *,
        kinds: Collection[FoundKind],
        author_id: int | None,
        since: int,
        until: tuple[int, int, int] | None,
        most: int,
    ) -> list[Match]:
        """The newest texts of these kinds by that author, from the day `since` on, and not after the match `until`."""
        found: list[Match] = []
        for block in self._blocks:
            places = _places(block, mode)
            if author_id is not None:
                places = places & block.authors.get(str(author_id), set())
            for kind in kinds:
                found += nlargest(most, _of_kind(block, places, kind, since, until))
        return nlargest(most, found)


def wanted_buckets(query: SearchQuery) -> set[str]:
    """Which buckets hold what is asked for."""
    return {FACTS, *(name for word in query.words for name in word.buckets)}


def _read(key: tuple[int, int], buckets: dict[str, bytes], words: Collection[SearchedWord]) -> _Block:
    days, facts = unpacked_facts(buckets[FACTS])
    half: set[int] = set()
    found = []
    for at, word in enumerate(words):
        places: set[int] = set()
        for name in word.buckets & buckets.keys():
            is_half = at == len(words) - 1 and word.half and bucket(word.half) == name
            for is_whole, stands in lookup(buckets[name], word.stems, word.half if is_half else ""):
                (places if is_whole else half).update(stands)
        found.append(places)
    kinds = {kind: facts.pop(kind.value, set()) for kind in INDEXED_KINDS}
    return _Block(*key, days, kinds, facts, found, half)


def _places(block: _Block, mode: Mode) -> set[int]:
    if mode is Mode.ANY:
        return set[int]().union(*block.words, block.half)
    *others, last = block.words
    return (last | block.half if mode is Mode.HALF else last).intersection(*others)


def _of_kind(
    block: _Block, places: set[int], kind: FoundKind, since: int, until: tuple[int, int, int] | None
) -> Iterator[Match]:
    for place in places & block.kinds[kind]:
        day, number = block.days[place], block.block * BLOCK + place
        if day >= since and (until is None or (day, block.partnership_id, number) <= until):
            yield Match(day, block.partnership_id, number, kind)
