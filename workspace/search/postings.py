"""How a bucket is stored: its terms, and for each the texts that it stands in.

A text is its number's place in its block, two bytes. All of a bucket is compressed together, since most terms stand in
one text or two: a row for each would take more room than the texts. A bucket has the terms of a letter, or where these
are many, of two letters or three: that little is read of it.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import accumulate

from workspace.search.terms import END, LONGEST_BUCKET, parts_of

BLOCK = 1024  # numbers of the log
LARGEST_BUCKET = 4096  # bytes, before it is compressed
FACTS = ""
FIRST_DAY = date(2000, 1, 1).toordinal()

HEAD = struct.Struct("<I")
BEFORE_PART = b"\n-+"  # stands before each part of a term

Postings = dict[str, set[int]]


def divided(postings: Postings, begin: str) -> Iterator[tuple[str, Postings]]:
    """The buckets, by name, of those terms of a block of which a part begins with these letters."""
    if len(begin) == LONGEST_BUCKET or _size(postings) <= LARGEST_BUCKET:
        yield begin, postings
        return
    buckets: dict[str, Postings] = {}
    for term, places in postings.items():
        for part in parts_of(term):
            if f"{part}{END}".startswith(begin):
                buckets.setdefault(f"{part}{END}"[: len(begin) + 1], {})[term] = places
    for name, found in buckets.items():
        yield from [(name, found)] if name.endswith(END) else divided(found, name)


def _size(postings: Postings) -> int:
    return sum(len(term) + 3 + 2 * len(places) for term, places in postings.items())


def packed(postings: Mapping[str, Collection[int]]) -> bytes:
    """The bucket as it is stored."""
    kept = sorted((term, sorted(places)) for term, places in postings.items() if places)
    names = "\n".join(term for term, _places in kept).encode()
    counts = array("H", (len(places) for _term, places in kept))
    places = array("H", (place for _term, places in kept for place in places))
    return zlib.compress(HEAD.pack(len(names)) + names + _written(counts) + _written(places), 1)


def unpacked(stored: bytes) -> Postings:
    """All of a bucket."""
    return {term: set(places) for term, places in _places_by_term(stored)}


def _places_by_term(stored: bytes, wanted: Collection[str] | None = None) -> Iterator[tuple[str, array[int]]]:
    """Where the terms of a bucket stand, or only those that are `wanted`."""
    bucket = StoredBucket(stored)
    counts, places = bucket.counts_and_places()
    begins = [0, *accumulate(counts)]
    for at, term in enumerate(bucket.terms()):
        if wanted is None or term in wanted:
            yield term, places[begins[at] : begins[at + 1]]


class StoredBucket:
    """A stored bucket; what is looked for is found without a look at each of its terms, which would take long."""

    def __init__(self, stored: bytes) -> None:
        content = zlib.decompress(stored)
        [length] = HEAD.unpack_from(content)
        self._lines = b"\n%b\n" % content[HEAD.size : HEAD.size + length] if length else b"\n"
        self._numbers = content[HEAD.size + length :]

    def terms(self) -> list[str]:
        """The terms, in their order; one each line."""
        return self._lines.decode().split("\n")[1:-1]

    def counts_and_places(self) -> tuple[array[int], array[int]]:
        """In how many texts each term stands, and the places of these texts, one term's after the other's."""
        return _array(self._counts), _array(self._places)

    def places_with(self, stems: Iterable[str]) -> Iterator[array[int]]:
        """Where the terms stand that have one of these stems, as a word or as a part of one."""
        return self._places_of({(at, at + 1) for stem in stems for at in self._lines_with(stem.encode())})

    def places_beginning_with(self, half: str) -> Iterator[array[int]]:
        """Where the terms stand that begin with `half`, as a word or as the last part of one."""
        found = (self._lines_beginning_with(f"{hyphen}{half}".encode()) for hyphen in ("", "-"))
        return self._places_of({lines for lines in found if lines})

    def _lines_with(self, stem: bytes) -> Iterator[int]:
        """The lines of which a part is this stem."""
        for each in (b"%b\n", b"%b+"):
            text = each % stem
            at, before, place = -1, 0, self._lines.find(text)
            while place >= 0:
                if self._lines[place - 1] in BEFORE_PART:
                    at += self._lines.count(b"\n", before, place)
                    yield at
                    before = place
                place = self._lines.find(text, place + 1)

    def _lines_beginning_with(self, begin: bytes) -> tuple[int, int] | None:
        """The first of the lines and the one after the last; they are sorted."""
        place = self._lines.find(b"\n%b" % begin)
        if place < 0:
            return None
        first = self._lines.count(b"\n", 0, place)
        return first, first + self._lines.count(b"\n%b" % begin)

    def _places_of(self, lines: Collection[tuple[int, int]]) -> Iterator[array[int]]:
        """The places of each of these runs of lines."""
        at = begin = 0
        for first, last in sorted(lines):
            begin += _sum(self._counts, at, first)
            at = first
            yield _array(self._places, begin, begin + _sum(self._counts, first, last))

    @cached_property
    def _counts(self) -> bytes:
        return self._numbers[: 2 * (self._lines.count(b"\n") - 1)]

    @cached_property
    def _places(self) -> bytes:
        return self._numbers[len(self._counts) :]


def packed_facts(days: Mapping[int, int], facts: Mapping[str, Collection[int]]) -> bytes:
    """The day of each text of a block, by its place, and its kinds and authors."""
    written = zlib.compress(_written(array("H", (days.get(place, 0) for place in range(BLOCK)))), 1)
    return HEAD.pack(len(written)) + written + packed(facts)


def unpacked_days(stored: bytes) -> array[int]:
    """The days by place, 0 where there is no text."""
    return _array(zlib.decompress(stored[HEAD.size : _end_of_days(stored)]))


def unpacked_facts(stored: bytes) -> Postings:
    """The kinds and authors."""
    return unpacked(stored[_end_of_days(stored) :])


def places_of_facts(stored: bytes, wanted: Collection[str]) -> dict[str, array[int]]:
    """Where those kinds and authors stand that are `wanted`."""
    return dict(_places_by_term(stored[_end_of_days(stored) :], wanted))


def _end_of_days(stored: bytes) -> int:
    [length] = HEAD.unpack_from(stored)
    return HEAD.size + int(length)


def day_number(moment: datetime) -> int:
    """The day of a moment, as the index keeps it: counted from the year 2000, from 1 on."""
    return max(1, moment.astimezone(UTC).toordinal() - FIRST_DAY)


def _array(stored: bytes, first: int = 0, last: int | None = None) -> array[int]:
    """The numbers, or a run of them."""
    middle = len(stored) // 2
    last = middle if last is None else last
    halves = bytearray(2 * (last - first))
    halves[::2], halves[1::2] = stored[first:last], stored[middle + first : middle + last]
    read = array("H")
    read.frombytes(halves)
    if sys.byteorder == "big":
        read.byteswap()
    return read


def _sum(stored: bytes, first: int, last: int) -> int:
    """The sum of a run of numbers, without making them."""
    middle = len(stored) // 2
    return sum(stored[first:last]) + 256 * sum(stored[middle + first : middle + last])


def _written(numbers: array[int]) -> bytes:
    """The lower bytes of all, then the higher ones, most of which are 0."""
    if sys.byteorder == "big":
        numbers.byteswap()
    content = numbers.tobytes()
    return content[::2] + content[1::2]


def places_by_term(terms: Iterable[tuple[int, Iterable[str]]]) -> Postings:
    """The postings of texts, given as (place, terms)."""
    made: Postings = {}
    for place, found in terms:
        for term in found:
            made.setdefault(term, set()).add(place)
    return made
