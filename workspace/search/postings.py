"""How a bucket is stored: its terms, and for each the texts that it stands in.

A text is its number's place in its block, two bytes. All of a bucket is compressed together, since most terms stand in
one text or two: a row for each would take more room than the texts.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate

BLOCK = 1024  # numbers of the log
FACTS = ""
FIRST_DAY = date(2000, 1, 1)

HEAD = struct.Struct("<I")

Postings = dict[str, set[int]]


def packed(postings: Mapping[str, Collection[int]]) -> bytes:
    """The bucket as it is stored."""
    kept = sorted((term, sorted(places)) for term, places in postings.items() if places)
    names = "\n".join(term for term, _places in kept).encode()
    counts = array("H", (len(places) for _term, places in kept))
    places = array("H", (place for _term, places in kept for place in places))
    return zlib.compress(HEAD.pack(len(names)) + names + _written(counts) + _written(places), 1)


def unpacked(stored: bytes, wanted: Collection[str] | None = None) -> Postings:
    """All of a bucket, or only the terms that are `wanted`."""
    names, begins, places = _read(zlib.decompress(stored))
    return {
        name: set(places[begins[at] : begins[at + 1]])
        for at, name in enumerate(names)
        if wanted is None or name in wanted
    }


def lookup(stored: bytes, stems: frozenset[str], half: str = "") -> Iterator[tuple[bool, array[int]]]:
    """Where the terms of a bucket stand that have one of these `stems`, as a word or as a part of one: with True.

    With False those that begin with `half`, as a word or as the last part of one.
    """
    content = zlib.decompress(stored)
    [length] = HEAD.unpack_from(content)
    names, after = content[HEAD.size : HEAD.size + length], HEAD.size + length
    wanted = {*stems, half} - {""}
    found = dict(line for text in wanted for line in _lines_with(names, text.encode()))
    if not found:
        return
    end = after + 2 * (names.count(b"\n") + 1)
    counts, places = _array(content[after:end]), _array(content[end:])
    for at, name in found.items():
        parts = name.decode().removeprefix("-").split("+")
        is_whole = not stems.isdisjoint(parts)
        if is_whole or (half and parts[0].startswith(half)):
            begin = sum(counts[:at])
            yield is_whole, places[begin : begin + counts[at]]


def _lines_with(lines: bytes, text: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that hold `text`, each with its number; without a look at each of the others, which would take long."""
    at = counted = 0
    place = lines.find(text)
    while place >= 0:
        at += lines.count(b"\n", counted, place)
        counted = place
        begin, end = lines.rfind(b"\n", 0, place) + 1, lines.find(b"\n", place)
        end = end if end >= 0 else len(lines)
        yield at, lines[begin:end]
        place = lines.find(text, end)


def packed_facts(days: Mapping[int, int], facts: Mapping[str, Collection[int]]) -> bytes:
    """The day of each text of a block, by its place, and its kinds and authors."""
    written = zlib.compress(_written(array("H", (days.get(place, 0) for place in range(BLOCK)))), 1)
    return HEAD.pack(len(written)) + written + packed(facts)


def unpacked_days(stored: bytes) -> array[int]:
    """The days by place, 0 where there is no text."""
    return _array(zlib.decompress(stored[HEAD.size : _end_of_days(stored)]))


def unpacked_facts(stored: bytes, wanted: Collection[str] | None = None) -> Postings:
    """The kinds and authors, or only those that are `wanted`."""
    return unpacked(stored[_end_of_days(stored) :], wanted)


def _end_of_days(stored: bytes) -> int:
    [length] = HEAD.unpack_from(stored)
    return HEAD.size + int(length)


def day_number(moment: datetime) -> int:
    """The day of a moment, as the index keeps it: counted from the year 2000, from 1 on."""
    return max(1, (moment.astimezone(UTC).date() - FIRST_DAY) // timedelta(days=1))


def _read(content: bytes) -> tuple[list[str], list[int], array[int]]:
    [length] = HEAD.unpack_from(content)
    begin = HEAD.size + length
    names = content[HEAD.size : begin].decode().split("\n") if length else []
    end = begin + 2 * len(names)
    return names, [0, *accumulate(_array(content[begin:end]))], _array(content[end:])


def _array(content: bytes) -> array[int]:
    halves = bytearray(len(content))
    middle = len(content) // 2
    halves[::2], halves[1::2] = content[:middle], content[middle:]
    read = array("H")
    read.frombytes(halves)
    if sys.byteorder == "big":
        read.byteswap()
    return read


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
