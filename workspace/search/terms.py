"""The terms of a text, by which it is found, and those that a searched word asks for.

A word gives its stem, with those of its possible first parts behind plus signs, and as a compound the stems of its
last parts, behind a hyphen each. All are folded (i18n/danish.py): å is aa, accents go. The words that every text has
give none.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from workspace.i18n import danish
from workspace.search.compounds import WORDS, divisions
from workspace.search.stems import FORMS, stem

# With another version all is indexed anew.
VERSION = 6
LONGEST_WORD = 40
LONGEST_TEXT = 20_000
SHORTEST_HALF = 3
# The letters by which terms are put together in the index (search/postings.py): no more than a half word has.
LONGEST_BUCKET = SHORTEST_HALF
END = "."  # of a part: one of two letters lies in no bucket that longer ones are looked for in
MOST_WORDS = 8
LONGEST_QUERY = 200
STAR = "*"  # behind half a word

TOKEN = re.compile(r"[^\W_]+")
PHRASE = re.compile(r"[»\"“”„]([^»«\"“”„]+)[«\"“”]")
COMMON = frozenset(
    [
        "af",
        "alle",
        "alt",
        "at",
        "bare",
        "blev",
        "bliver",
        "da",
        "de",
        "dem",
        "den",
        "denne",
        "der",
        "deres",
        "det",
        "dette",
        "dig",
        "din",
        "dit",
        "dog",
        "du",
        "efter",
        "eller",
        "en",
        "end",
        "er",
        "et",
        "for",
        "fra",
        "ham",
        "han",
        "hans",
        "har",
        "havde",
        "hen",
        "her",
        "hos",
        "hun",
        "hvad",
        "hvem",
        "hver",
        "hvis",
        "hvor",
        "i",
        "igen",
        "ikke",
        "ind",
        "jeg",
        "jer",
        "jo",
        "kan",
        "kom",
        "kun",
        "man",
        "med",
        "meget",
        "men",
        "mig",
        "min",
        "mit",
        "mod",
        "må",
        "når",
        "nu",
        "også",
        "og",
        "om",
        "op",
        "os",
        "over",
        "på",
        "selv",
        "sig",
        "sin",
        "sit",
        "skal",
        "skulle",
        "som",
        "så",
        "sådan",
        "til",
        "ud",
        "under",
        "var",
        "ved",
        "vi",
        "vil",
        "ville",
        "vores",
        "være",
        "været",
        "a",
        "an",
        "and",
        "are",
        "as",
        "be",
        "by",
        "for",
        "from",
        "has",
        "have",
        "he",
        "in",
        "is",
        "it",
        "of",
        "on",
        "or",
        "she",
        "so",
        "that",
        "the",
        "their",
        "they",
        "this",
        "to",
        "was",
        "we",
        "were",
        "will",
        "with",
        "you",
    ]
)


@dataclass(frozen=True)
class SearchedWord:
    """A word that is searched for: the stems that it asks for, and the folded letters that a half word begins with.

    One of its spellings, folded, stands in every word that it finds, however that is inflected or joined.
    """

    word: str
    stems: frozenset[str]
    half: str
    spellings: tuple[str, ...]

    @cached_property
    def stem_buckets(self) -> set[str]:
        """Which of a block's buckets the terms with its stems may stand in."""
        return {name for stem in self.stems for name in _buckets(f"{stem}{END}")}

    @cached_property
    def half_buckets(self) -> set[str]:
        """Which of them those may stand in that begin like it."""
        return set(_buckets(self.half))


@dataclass(frozen=True)
class SearchQuery:
    """What was typed, shortened to what is read; its words, and its phrases, folded.

    It `is_half` if its last word can only be half a one: a star says so, or it ends as no word does. If more may be
    found by a star, `with_star` is what to type. `last` is its last word as it was typed.
    """

    typed: str
    words: tuple[SearchedWord, ...]
    phrases: tuple[str, ...]
    is_half: bool
    with_star: str
    last: str


def parsed(typed: str) -> SearchQuery:
    """What is asked for. A mark only separates words, unless it is a quotation mark, or a star at the end."""
    typed = " ".join(unicodedata.normalize("NFC", typed[:LONGEST_QUERY]).split())
    words: dict[str, SearchedWord] = {}
    last = rest = written = ""
    for last, begin, end in tokens_of(typed):
        rest, written = typed[end:], typed[begin:end]
        if (last not in COMMON or rest == STAR) and len(words) < MOST_WORDS:
            words.setdefault(last, _searched(last))
    found = tuple(words.values())
    may_be_half = bool(found) and found[-1].word == last and bool(found[-1].half)
    is_half = may_be_half and (rest == STAR or _is_unfinished(last))
    return SearchQuery(
        typed=typed,
        words=found,
        phrases=tuple(filter(None, (danish.search_key(phrase) for phrase in PHRASE.findall(typed)))),
        is_half=is_half,
        with_star=f"{typed}{STAR}" if may_be_half and not is_half and not rest else "",
        last=written,
    )


def _is_unfinished(word: str) -> bool:
    """Whether no word ends so: in Danish none has two of the same consonant there, in English few but -ff, -ll, -ss."""
    return word[-2:-1] == word[-1] and word[-1] in "bdgkmnprt" and word not in WORDS


def tokens_of(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a text, composed and in lower case, in their order, each with where it begins and ends."""
    text = text[:LONGEST_TEXT]
    is_composed = unicodedata.is_normalized("NFC", text)
    for found in TOKEN.finditer(text):
        word = found[0][:LONGEST_WORD]
        yield (word if is_composed else unicodedata.normalize("NFC", word)).lower(), found.start(), found.end()


def words_of(text: str) -> set[str]:
    """The same words, without their places."""
    composed = unicodedata.normalize("NFC", text[:LONGEST_TEXT])
    return {word[:LONGEST_WORD] for word in TOKEN.findall(composed.lower())}


def terms_of(*texts: str) -> set[str]:
    """All terms by which these texts are found."""
    words = {word for text in texts for word in words_of(text)} - COMMON
    return {term for word in words for term in terms(word)}


@lru_cache(maxsize=65_536)
def terms(word: str) -> frozenset[str]:
    """The terms of one word of a text."""
    parts = divisions(word)
    firsts = dict.fromkeys(fold(stem(first)) for _place, first in parts)
    whole = "+".join((fold(stem(word)), *firsts))
    return frozenset((whole, *(f"-{fold(stem(word[place:]))}" for place, _first in parts)))


def parts_of(term: str) -> list[str]:
    """The stem of a term and those of its first parts."""
    return term.removeprefix("-").split("+")


def _buckets(begin: str) -> Iterator[str]:
    """The names of the buckets that what begins so may stand in."""
    return (begin[:length] for length in range(1, min(len(begin), LONGEST_BUCKET) + 1))


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """`word` as it is compared."""
    return danish.search_key(word)


def found_in(word: str, searched: SearchedWord, *, half: bool) -> tuple[int, int, int] | None:
    """Which letters of a text's `word` are searched for, and how well they fit: 3 a whole word, 2 a part, 1 half."""
    folded = fold(word)
    if any(one in folded for one in searched.spellings) or (half and searched.half and searched.half in folded):
        return _found_in(word, searched, half=half)
    return None


@lru_cache(maxsize=8_192)
def _found_in(word: str, searched: SearchedWord, *, half: bool) -> tuple[int, int, int] | None:
    if fold(stem(word)) in searched.stems:
        return 0, len(word), 3
    for place, first in divisions(word):
        if fold(stem(word[place:])) in searched.stems:
            return place, len(word), 2
        if fold(stem(first)) in searched.stems:
            return 0, len(first), 2
    if half and searched.half:
        if fold(word).startswith(searched.half):
            return 0, min(len(word), len(searched.word)), 1
        for place, _first in divisions(word):
            if fold(word[place:]).startswith(searched.half):
                return place, min(len(word), place + len(searched.word)), 1
    return None


def _searched(word: str) -> SearchedWord:
    stems = {fold(stem(word))}
    if len(word) >= 4 and word[0] == "a" and word[1] not in "aeiouyæøå":
        stems.add(fold(stem(f"å{word[1:]}")))  # Who has no å on the keyboard may write Alborg.
    folded = fold(word)
    spellings = {found for one in stems for found in _spellings(one)}
    return SearchedWord(
        word, frozenset(stems), folded if len(folded) >= SHORTEST_HALF else "", tuple(sorted(spellings))
    )


def _spellings(folded_stem: str) -> Iterator[str]:
    yield folded_stem.removesuffix("el").removesuffix("er")
    for form, base in FORMS.items():
        known = fold(stem(base))
        if folded_stem.endswith(known):
            yield folded_stem.removesuffix(known) + fold(form)
