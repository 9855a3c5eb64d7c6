"""How names are compared, sorted and made into addresses, as Danes do it."""

import unicodedata

from slugify import slugify

# Æ, ø, å come last, and aa counts as å (Retskrivningsordbogen § 4). Behind z in ASCII stand { | }.
SORTED_LETTERS = str.maketrans({"æ": "{", "ä": "{", "ø": "|", "ö": "|", "å": "}", "ü": "y", "ð": "d", "þ": "t"})
WRITTEN_LETTERS = [["æ", "ae"], ["ø", "oe"], ["å", "aa"], ["Æ", "ae"], ["Ø", "oe"], ["Å", "aa"]]


def search_key(text: str) -> str:
    """What `text` is found by: lower case, å as aa, no accents, single spaces."""
    lowered = unicodedata.normalize("NFC", text).casefold()
    plain = _without_accents(lowered.replace("å", "aa")).casefold()
    return " ".join(plain.replace("æ", "ae").replace("ø", "oe").split())


def sort_key(text: str) -> str:
    """What `text` is sorted by, compared byte by byte: Danish order in any database."""
    lowered = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    return _without_accents(lowered.replace("aa", "å").translate(SORTED_LETTERS))


def slug(name: str, *, longest: int = 40) -> str:
    """A readable address for `name`: letters, digits and hyphens; "partnerskab" where none is left."""
    return (
        slugify(name, max_length=longest, word_boundary=True, save_order=True, replacements=WRITTEN_LETTERS)
        or "partnerskab"
    )


def initials(name: str) -> str:
    """The first letters of the first and the last word: "Mette Lindholm Krag" is MK."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
