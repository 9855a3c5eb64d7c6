"""Compares two texts (what was added and removed), and merges two edits of one text where they don't conflict."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate, groupby
from typing import Any, NamedTuple

from merge3 import Merge3

from workspace.rich_text import blocks, html_reader
from workspace.rich_text.blocks import RichText

BETWEEN = ""
# Pairs of equal words that one comparison examines: twenty times what a rewritten text needs.
MOST_STEPS = 100_000
# Kept, removed and added parts; with more of them the whole text is easier to read.
MAX_HUNKS = 300
LINE = re.compile(r"[^\n]*\n+|[^\n]+")
WORD = re.compile(r"\S+\s*|\s+")


class Change(NamedTuple):
    """Words that were kept, "removed" or "added"."""

    mark: str
    words: str


class Matcher(SequenceMatcher[str]):
    """Finds what two sequences have in common, in a limited number of steps.

    The standard one takes a step for each pair of equal words, again for each match that it finds: minutes for
    "a b a b …". Once the steps are used up, only the beginning and the end count as common, and the rest as different.
    """

    def __init__(self, isjunk: None, a: Sequence[str], b: Sequence[str], *, steps: int = MOST_STEPS) -> None:
        super().__init__(None, a, b, autojunk=False)
        self.a, self.b = a, b
        self.steps = steps
        times = Counter(b)
        self._steps_to = list(accumulate((1 + times[word] for word in a), initial=0))

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """The longest match within these bounds, as long as steps are left."""
        ahi, bhi = len(self.a) if ahi is None else ahi, len(self.b) if bhi is None else bhi
        steps = self._steps_to[ahi] - self._steps_to[alo]
        if steps > self.steps:
            return self._common_end(alo, ahi, blo, bhi)
        self.steps -= steps
        return super().find_longest_match(alo, ahi, blo, bhi)

    def _common_end(self, alo: int, ahi: int, blo: int, bhi: int) -> Match:
        longest, length = min(ahi - alo, bhi - blo), 0
        while length < longest and self.a[alo + length] == self.b[blo + length]:
            length += 1
        if length:
            return Match(alo, blo, length)
        while length < longest and self.a[ahi - 1 - length] == self.b[bhi - 1 - length]:
            length += 1
        return Match(ahi - length, bhi - length, length)


def changes(before: str, after: str) -> list[Change]:
    """The changes from `before` to `after`, in order: compared line by line, and changed lines word by word."""
    by_lines = _joined(_told(Matcher(None, LINE.findall(before), LINE.findall(after))))
    by_words = _joined(_by_words(by_lines))
    whole = [Change("removed", before), Change("added", after)]
    return next(pieces for pieces in (by_words, by_lines, whole) if len(pieces) <= MAX_HUNKS)


def merged(base: str, one: str, other: str) -> RichText | None:
    """The HTML `base` with the edits of both `one` and `other`; None where both changed the same paragraph."""
    texts = [html_reader.read(html) for html in (base, one, other)]
    known = {repr(block): block for text in texts for block in text}
    merged_keys: list[str] = []
    # The separator between two paragraphs is the same in all texts, so edits of neighbours don't conflict.
    keys = [[key for block in text for key in (repr(block), BETWEEN)] for text in texts]
    matcher: Any = Matcher
    for region in Merge3(keys[0], keys[1], keys[2], sequence_matcher=matcher).merge_groups():
        if region[0] == "conflict":
            return None
        merged_keys.extend(region[1])
    return blocks.render(known[key] for key in merged_keys if key != BETWEEN)


def _by_words(lines: Sequence[Change]) -> Iterator[Change]:
    """`lines` with replaced lines compared to their replacements, word by word."""
    steps = MOST_STEPS
    place = 0
    while place < len(lines):
        change, following = lines[place], lines[place + 1] if place + 1 < len(lines) else None
        if change.mark == "removed" and following and following.mark == "added":
            matcher = Matcher(None, WORD.findall(change.words), WORD.findall(following.words), steps=steps)
            yield from _told(matcher)
            steps = matcher.steps
            place += 1
        else:
            yield change
        place += 1


def _told(matcher: Matcher) -> Iterator[Change]:
    for what, first, last, begin, end in matcher.get_opcodes():
        if what == "equal":
            yield Change("", "".join(matcher.a[first:last]))
            continue
        if first < last:
            yield Change("removed", "".join(matcher.a[first:last]))
        if begin < end:
            yield Change("added", "".join(matcher.b[begin:end]))


def _joined(pieces: Iterator[Change]) -> list[Change]:
    """`pieces` with adjacent ones of the same kind joined."""
    return [
        Change(mark, "".join(piece.words for piece in group))
        for mark, group in groupby(pieces, lambda piece: piece.mark)
    ]
