"""Where the words of a query stand in a text, and how well they fit: to order the hits, and to show why each is one."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from markupsafe import Markup, escape

from workspace.search.matches import Mode
from workspace.search.terms import LONGEST_TEXT, LONGEST_WORD, SearchQuery, found_in, tokens_of

SNIPPET, BEFORE = 160, 50  # letters: of a snippet, and at most of them before what was found
FOLDED = {"aa": "å", "ae": "æ", "oe": "ø"}
SHORT_RUN, LONG_RUN = re.compile("[aeo]{2,}"), re.compile("[aeo]{5,}")
# A text that has more than these is folded word by word.
ODD = re.compile(r"[^\x00-\x7fæøåÆØÅ\xa0«»§°–—‘’“”„•…]")


class _FoundWord(NamedTuple):
    """How well a word of a text fits each word of the query, 0 for not at all; and which of its letters do."""

    qualities: tuple[int, ...]
    begin: int
    end: int


class Finder:
    """Finds the words of a query in texts. These have most words in common, so each is looked at once."""

    def __init__(self, query: SearchQuery, mode: Mode) -> None:
        self._mode = mode
        last = len(query.words) - 1
        self._searched = [(word, mode is not Mode.ALL and at == last) for at, word in enumerate(query.words)]
        folded = {one for word in query.words for one in (*word.spellings, word.half) if one}
        self._written = re.compile("|".join(map(_pattern, sorted(folded))))
        self._known: dict[str, _FoundWord | None] = {}

    def qualities(self, text: str) -> list[int]:
        """How well the text has each word of the query at its best: 3 whole, 2 in part, 1 half, 0 not at all."""
        words = {word for word, _begin, _end in self._words(text)}
        found = [one.qualities for word in words if (one := self._find(word))]
        return [max(of_word) for of_word in zip(*found, strict=True)] or [0] * len(self._searched)

    def holds(self, qualities: Collection[int]) -> bool:
        """Whether a text of these qualities is one that is asked for."""
        return any(qualities) if self._mode is Mode.ANY else all(qualities)

    def is_found(self, text: str) -> bool:
        """Whether this text is."""
        return self.holds(self.qualities(text))

    def may_stand_in(self, text: str) -> bool:
        """Whether a look at its words is worth while; of however many texts that are joined, it takes little time."""
        return bool(ODD.search(text) or self._written.search(text.lower()))

    def marked(self, text: str) -> Markup:
        """The text, with what was found marked."""
        parts = []
        end = 0
        for first, last in self._marks(text):
            parts += [escape(text[end:first]), "<mark>", escape(text[first:last]), "</mark>"]
            end = last
        return Markup("".join((*parts, escape(text[end:]))))  # noqa: S704 (all of the text is escaped)

    def snippet(self, text: str) -> Markup:
        """Some 160 characters of a text, around the first of the words, which are marked."""
        text = " ".join(text.split())
        first = next(self._marks(text), None)
        begin = 0
        if first and first[1] > SNIPPET and first[0] > BEFORE:
            begin = text.find(" ", first[0] - BEFORE, first[0]) + 1 or first[0]
        end = len(text)
        if end - begin > SNIPPET:
            end = max(text.rfind(" ", begin, begin + SNIPPET), first[1] if first else 0)
            end = end if end > begin else begin + SNIPPET
        shown = self.marked(text[begin:end])
        return ("… " if begin else "") + shown + (" …" if end < len(text) else "")

    def _marks(self, text: str) -> Iterator[tuple[int, int]]:
        """The places of what was found in a text."""
        for word, begin, end in self._words(text):
            if found := self._find(word):
                # A letter and its accent, or one that has no lower-case letter of its own, count otherwise.
                is_same = end - begin == len(word)
                yield (begin + found.begin, begin + found.end) if is_same else (begin, end)

    def _words(self, text: str) -> Iterator[tuple[str, int, int]]:
        """The words of a text that may be found, in lower case, each with where it begins and ends."""
        if ODD.search(text):
            yield from tokens_of(text)
            return
        text = text[:LONGEST_TEXT].lower()
        end = 0
        for found in self._written.finditer(text):
            if found.start() >= end:
                begin, end = found.span()
                while begin and text[begin - 1].isalnum():
                    begin -= 1
                while end < len(text) and text[end].isalnum():
                    end += 1
                yield text[begin:end][:LONGEST_WORD], begin, end

    def _find(self, word: str) -> _FoundWord | None:
        if word not in self._known:
            found = [found_in(word, searched, half=may_be_half) for searched, may_be_half in self._searched]
            best = next(filter(None, found), None)
            qualities = tuple(one[2] if one else 0 for one in found)
            self._known[word] = _FoundWord(qualities, best[0], best[1]) if best else None
        return self._known[word]


def _pattern(folded: str) -> str:
    """What matches all that is folded to this, in lower case; of what has a long run of vowels, how it begins.

    A run can be written in very many ways, the more the longer it is, and what is found is looked at again anyway.
    """
    if found := LONG_RUN.search(folded):
        return f"{_pattern(folded[: found.start()])}[aeoæøå]{{2}}"
    return SHORT_RUN.sub(lambda run: f"(?:{'|'.join(_unfolded(run[0]))})", re.escape(folded))


def _unfolded(run: str) -> Iterator[str]:
    """All that is folded to these letters."""
    if not run:
        yield ""
        return
    yield from (run[0] + rest for rest in _unfolded(run[1:]))
    if run[:2] in FOLDED:
        yield from (FOLDED[run[:2]] + rest for rest in _unfolded(run[2:]))
