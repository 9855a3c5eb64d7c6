"""Where a Danish compound may be divided: »temperaturmålingen« holds »temperatur« and »målingen«.

It is decided by a list of common words (words.txt) and by the letters, never by what others have written: what a search
finds must not depend on texts that its reader can't read.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from workspace.search.stems import VOWELS, stem

SHORTEST = 7  # of a word that is divided
LONGEST = 60
MOST_PARTS = 4
LONG = 5  # letters of a part that counts beside one that is not in the list

LINES = Path(__file__).with_name("words.txt").read_text("utf-8").splitlines()
WORDS = frozenset(word for line in LINES if not line.startswith("#") for word in line.split())
STEMS = frozenset(map(stem, WORDS))
# A part that is not in the list ends so where it is the first, and begins so where it is the last, as Danish words do.
CLOSES = re.compile(
    r"(?:a[lmnrt]|ce|ds|e[gklmnrstv]|i[degklnrstv]|je|k[es]|l[dekst]|m[eip]|n[degst]"
    r"|o[lmnprs]|r[adegkmnst]|s[aeikost]|t[eirs]|u[dklmnrs]|ve|ye|å[blnrs]|æ[glr]|ø[bgjklnrs])"
)
OPENS = re.compile(
    r"(?:bj|bl|br|b|c|dj|dr|dv|d|fj|fl|fn|fr|f|gl|gn|gr|g|hj|hv|h|j|kl|kn|kr|kv|k|l|m|n|pj|pl|pr|p|r|sj|sk[jlrv]?|sl|sm"
    r"|sn|sp[jlr]?|str|st|sv|s|tj|tr|tv|t|vr|v)?[aeiouyæøå]"
)
LINKS = ("", "s", "e")


@lru_cache(maxsize=65_536)
def divisions(word: str) -> tuple[tuple[int, str], ...]:
    """Where each last part of a lower-case word begins, with the first part before it; the likeliest of them.

    Those of which both parts are known, if there are any; else those with one. A word of the list is not divided.
    """
    if not SHORTEST <= len(word) <= LONGEST or not word.isalpha() or stem(word) in STEMS:
        return ()
    found = list(_possible(word))
    best = [(place, first) for place, first, are_both in found if are_both]
    return tuple((best or [(place, first) for place, first, _one in found])[:MOST_PARTS])


def _possible(word: str) -> Iterator[tuple[int, str, bool]]:
    """The divisions of which a part is known, and whether both are."""
    for place in range(2, len(word) - 2):
        before, last = word[:place], word[place:]
        first, is_last_known = _without_link(before), stem(last) in STEMS
        if first is not None and not is_last_known:
            is_last_known = _is_compound(last)
        elif first is None and (is_last_known or place >= 2 * LONG) and _is_compound(before):
            first = before
        if first is not None and is_last_known:
            yield place, first, True
        elif place >= LONG <= len(last) and OPENS.match(last):
            if first in WORDS or (first is not None and len(stem(first)) >= LONG - 1):
                yield place, first, False
            elif first is None and is_last_known and CLOSES.fullmatch(word, place - 2, place) and VOWELS & set(before):
                yield place, before.removesuffix("s"), False


@lru_cache(maxsize=65_536)
def _is_compound(word: str) -> bool:
    """Whether the word, or what a link is added to, is made of two words of the list."""
    return any(
        stem(last) in STEMS
        for place in range(2, len(word) - 2)
        if _without_link(word[:place]) is not None  # Few are, and what begins so is asked about often.
        for last in (word[place:], word[place:-1] if word[-1] in LINKS else word[place:])
    )


@lru_cache(maxsize=65_536)
def _without_link(first: str) -> str | None:
    """The word of the list that a compound has as this first part; None if it is none."""
    bare = (first.removesuffix(link) for link in LINKS if first.endswith(link))
    return next((word for word in bare if len(word) >= 2 and stem(word) in STEMS), None)
