"""Danish names: folding for search, sorting, slugs and initials."""

import re
import unicodedata

from slugify import slugify

# Æ, ø, å come last, and aa counts as å (Retskrivningsordbogen § 4). After z in ASCII come { | }.
SORTED_LETTERS = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}", "ü": "y", "ð": "d", "þ": "t"})
WRITTEN_LETTERS = [["æ", "ae"], ["ø", "oe"], ["å", "aa"], ["Æ", "ae"], ["Ø", "oe"], ["Å", "aa"]]


def search_key(text: str) -> str:
    """The form of `text` that searches compare: lower case, å as aa, no accents, single spaces."""
    lowered = unicodedata.normalize("NFC", text).casefold()
    plain = _without_accents(lowered.replace("å", "aa")).casefold()
    return " ".join(plain.replace("æ", "ae").replace("ø", "oe").split())


def sort_key(text: str) -> str:
    """The form of `text` to sort by, compared byte by byte: Danish order in any database."""
    lowered = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    return _without_accents(lowered.replace("aa", "å").translate(SORTED_LETTERS))


def slug(name: str, *, longest: int = 40) -> str:
    """A readable slug for `name`: letters, digits and hyphens; "partnerskab" where nothing is left."""
    return (
        slugify(name, max_length=longest, word_boundary=True, save_order=True, replacements=WRITTEN_LETTERS)
        or "partnerskab"
    )


def initials(name: str) -> str:
    """The initials of the first and the last word: "MK" for "Mette Lindholm Krag" and "Mette Krag (MEKR)"."""
    composed = unicodedata.normalize("NFC", name)
    words = re.findall(r"[^\W_][^\s(]*", re.sub(r"(?<=\S)\s*\([^)]*\)?", " ", composed)) or re.findall(
        r"[^\W_]+", composed
    )
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
