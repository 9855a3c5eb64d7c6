"""Two texts beside each other: what was added and removed, and whether two corrections of one text fit together."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import NamedTuple

from merge3 import Merge3

from workspace.prose import blocks, markup
from workspace.prose.blocks import Prose

BETWEEN = ""


class Change(NamedTuple):
    """Words that were kept, "removed" or "added"."""

    mark: str
    words: str


def changes(before: str, after: str) -> list[Change]:
    """What became of the words of `before`, in order, until they were `after`."""
    return list(_changes(re.findall(r"\S+\s*|\s+", before), re.findall(r"\S+\s*|\s+", after)))


def merged(base: str, one: str, other: str) -> Prose | None:
    """The HTML `base` with the corrections of both `one` and `other`; None where both touched the same paragraph."""
    texts = [markup.read(html) for html in (base, one, other)]
    known = {repr(block): block for text in texts for block in text}
    kept: list[str] = []
    # What stands between two paragraphs is the same in all texts: so corrections of neighbours fit together.
    keys = [[key for block in text for key in (repr(block), BETWEEN)] for text in texts]
    for region in Merge3(keys[0], keys[1], keys[2]).merge_groups():
        if region[0] == "conflict":
            return None
        kept.extend(region[1])
    return blocks.written(known[key] for key in kept if key != BETWEEN)


def _changes(before: list[str], after: list[str]) -> Iterator[Change]:
    for what, first, last, begin, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            yield Change("", "".join(before[first:last]))
            continue
        if first < last:
            yield Change("removed", "".join(before[first:last]))
        if begin < end:
            yield Change("added", "".join(after[begin:end]))
