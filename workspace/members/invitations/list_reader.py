"""Reading a list of people, however it is written: every address in it once, with what stands beside it.

Addresses are found first, wherever they stand; what surrounds them only says whose they are. It reads text, and knows
nothing but the words that it is given.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from workspace.web import pasted_tables

LONGEST_NAME = 100
LONGEST_WRITTEN = 200
MOST_IN_BLOCK = 8  # Lines of a signature.
MOST_REPEATED = 5_000  # A list of this many is read within a fraction of a second, whoever stands on it twice.
MOST_LEFT = 100
HEADED_WITHIN = 5  # Lines in which a table's headings may stand: its title comes first.

INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"), "") | {ord("\uff20"): "@"}
LINE = re.compile(r"\r\n|[\r\n\x0b\x0c\u2028\u2029]")
# What may stand in an address, of which only the "@" is looked for; whatever else ends it.
RUN = re.compile(r"[^\s<>()\[\]{}\"«»“”„‚‘’`,;:|/\\?]+")
DOMAIN = re.compile(r"[\w.\-@]*")
BROKEN_END = re.compile(r",[A-Za-z]{2,3}(?![\w@])")  # A comma where a dot was meant: mette@gladsaxe,dk
BEFORE_ADDRESS = re.compile(r"^(?:.*&)?(?:to|cc|bcc|e-?mail|mail)=|^['*&#!%.~^]+", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Parts of a line, outside quotes.
STRONG_PART = re.compile(r'(?:"[^"\n]*"|[^;|\t"]|")+')
PART = re.compile(r'(?:"[^"\n]*"|[^;|\t,"]|")+')
NOISE = "mailto|smtp|e-?mail(?:s|adresse)?|mail(?:adresse)?|e-?post|to|til|cc|bcc|kopi|from|fra|navn|name|deltagere"
FIELD_WORD = re.compile(rf"(?:^|(?<=\W))(?:{NOISE})\s{{0,3}}[:=]\s{{0,3}}", re.IGNORECASE)
LABEL = re.compile(r"^\s{0,20}(?P<words>[^:@<>,;|\"\t]{1,60}):(?!//)\s{0,20}")
BULLET = re.compile(r"^\s*(?:[-–—*•·▪●○◦‣⁃>+]+\s+|-(?=\w)|\(?\d{1,3}[.)]\s*|\[[ xX]?\]\s*)+")
BETWEEN = re.compile(r"^(?:og|and|samt|eller|or)\b\s*|\s*\b(?:og|and|samt|eller|or)$", re.IGNORECASE)
EDGES = " \t,;:|/\\<>[]{}\"'«»“”„‚‘’`*•·▪●–—-=&_?!"
NO_NAME = re.compile(
    r"[@=:/\\{}<>%]|https?:|\d{4}|\bhref\b|^(?:hej|kære|hi|hello|dear|hilsen|mvh|best regards|vh)\b", re.IGNORECASE
)
PARTICLES = frozenset(("af", "de", "den", "der", "di", "du", "la", "le", "van", "von", "el", "al", "bin", "ibn", "dos"))
ORGANISATION = re.compile(
    r"\b(?:kommune|region|a/s|aps|i/s|p/s|k/s|amba|ab|gmbh|ltd|inc|group|gruppen|universitet|university|hospital|"
    r"hospitalet|sygehus|styrelse|styrelsen|ministeriet|institut|forening|foreningen|fonden|fond|forbund|forbundet|"
    r"selskab|klinik|center|centret|skole|højskole|håndværk|kommunernes)\b",
    re.IGNORECASE,
)
MOST_WORDS = 6

# Headings as they are in Danish and English spreadsheets, and in the files of Outlook and Google.
TITLES: dict[str, Collection[str]] = {
    "address": frozenset(
        [
            "mail",
            "e mail",
            "email",
            "e mails",
            "mailadresse",
            "e mailadresse",
            "e mail adresse",
            "emailadresse",
            "email address",
            "e mail address",
            "e mail 1 value",
            "e mail 1 address",
            "e mail 2 value",
            "e mail 2 address",
            "e mail 3 address",
            "e post",
            "epost",
            "primary email",
            "mail address",
            "work email",
            "arbejdsmail",
        ]
    ),
    "name": frozenset(
        [
            "name",
            "navn",
            "fulde navn",
            "full name",
            "medlem",
            "member",
            "person",
            "deltager",
            "participant",
            "kontaktperson",
            "kontakt",
            "contact",
            "vist navn",
            "display name",
            "navne",
            "medarbejder",
        ]
    ),
    "given": frozenset(["first name", "given name", "fornavn", "fornavne", "firstname", "givenname"]),
    "middle": frozenset(["middle name", "mellemnavn", "additional name", "middlename"]),
    "family": frozenset(["last name", "family name", "efternavn", "surname", "lastname"]),
    "organisation": frozenset(
        [
            "organisation",
            "organization",
            "organisation name",
            "organization name",
            "organization 1 name",
            "company",
            "company name",
            "firma",
            "firmanavn",
            "virksomhed",
            "kommune",
            "arbejdsplads",
            "arbejdssted",
            "arbejdsgiver",
            "employer",
            "institution",
            "myndighed",
            "repræsenterer",
            "represents",
        ]
    ),
    "access": frozenset(
        ["access", "adgang", "level", "niveau", "rettighed", "rettigheder", "access level", "adgangsniveau"]
    ),
    "role": frozenset(["role", "roles", "rolle", "roller", "rolle i partnerskabet"]),
}


@dataclass(frozen=True)
class Vocabulary:
    """The words that are known, each as `normal` makes it: what tells a cell's kind where no heading does."""

    organisations: Collection[str] = frozenset()
    access: Collection[str] = frozenset()
    roles: Collection[str] = frozenset()

    def kind(self, words: str) -> str:
        """What `words` are: "organisation", "access", "role", or "" if they are not known."""
        known = normal(words)
        kinds = {"organisation": self.organisations, "access": self.access, "role": self.roles}
        return next((kind for kind, all_known in kinds.items() if known and known in all_known), "")


@dataclass(frozen=True)
class ListedPerson:
    """Somebody on the list: the address as it is written, which may be none, and what the list says of them."""

    address: str
    name: str = ""
    organisation: str = ""
    access: str = ""
    role: str = ""


@dataclass
class PastedList:
    """The people of a list, each address once, in the order of the text; and lines that have words but no address."""

    people: list[ListedPerson] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FoundAddress:
    """What is meant as an address, and where it stands in its text; in brackets, a name stands before it."""

    address: str
    start: int
    end: int
    is_bracketed: bool = False


@dataclass(frozen=True)
class Draft:
    """A person with the around of text around their address, whose kinds are not known yet."""

    token: FoundAddress
    name: str = ""
    around: tuple[str, ...] = ()
    known: tuple[tuple[str, str], ...] = ()
    is_in_columns: bool = True


def normal(words: str) -> str:
    """Words without what makes no difference between them."""
    return pasted_tables.normal(words)


def count(text: str) -> int:
    """How many addresses there are in `text`; in one that repeats them beyond measure, how often they stand there."""
    if (signs := text.count("@")) > MOST_REPEATED:
        return signs
    return len({token.address.casefold() for token in _tokens(_visible(text))})


def read(text: str, vocabulary: Vocabulary | None = None) -> PastedList:
    """The people on the list."""
    vocabulary = vocabulary or Vocabulary()
    text = _visible(text).strip("\n ")
    if text.startswith("|"):  # A table in Markdown.
        text = "\n".join(line.strip().strip("|").replace("|", "\t") for line in LINE.split(text))
    reading = PastedList()
    drafts = _table(text, reading) or _lines(text, reading, vocabulary)
    columns = _columns(drafts, vocabulary)
    seen: set[str] = set()
    for draft in drafts:
        key = draft.token.address.casefold()
        if key not in seen:
            seen.add(key)
            reading.people.append(_person(draft, vocabulary, columns))
    return reading


def _visible(text: str) -> str:
    return text.translate(INVISIBLE)


def _tokens(text: str) -> Iterator[FoundAddress]:
    """What is meant as an address: letters around an "@", of which the domain may be all or, with a dot, enough."""
    for run in RUN.finditer(text):
        start = run.start()
        while (at := text.find("@", start, run.end())) >= 0:
            before = BEFORE_ADDRESS.match(text[start:at])
            begin = start + (before.end() if before else 0)
            end = _end_of_domain(text, at + 1)
            domain = text[at + 1 : end]
            if begin < at or "." in domain:
                yield FoundAddress(text[begin:end], begin, end, _is_bracketed(text, begin))
            start = max(end, at + 1)


def _end_of_domain(text: str, start: int) -> int:
    found = DOMAIN.match(text, start)
    domain = found[0].rstrip(".-_") if found else ""
    end = start + len(domain)
    broken = BROKEN_END.match(text, end) if domain and "." not in domain else None
    return broken.end() if broken else end


def _is_bracketed(text: str, start: int) -> bool:
    before = text[max(0, start - 12) : start].rstrip(" '\"")
    return (
        before.removesuffix(":").removesuffix("mailto").removesuffix("MAILTO").rstrip(" '\"").endswith(("<", "(", "["))
    )


def _table(text: str, reading: PastedList) -> list[Draft]:
    """The people of a table with headings; none if the text is none."""
    for number, line in enumerate(LINE.split(text, HEADED_WITHIN)[:HEADED_WITHIN]):
        if "@" in line:
            return []
        found = pasted_tables.split(line)
        columns = pasted_tables.columns(found[0], TITLES) if found else {}
        if "address" in columns or len(columns) > 1:
            separator = pasted_tables.separator_of(line) if len(found[0]) > 1 else ""
            rows = pasted_tables.split(text, separator)
            heading = next((at for at, row in enumerate(rows) if row == found[0]), number)
            return [draft for row in rows[heading + 1 :] for draft in _row(row, columns, reading)]
    return []


def _row(cells: list[str], columns: dict[str, int], reading: PastedList) -> list[Draft]:
    """The people of one row of a table, by its headings."""
    if not any("@" in cell for cell in cells):
        _leave(reading, " ".join(cells))
        return []
    facts = {kind: words for kind, place in columns.items() if place < len(cells) and (words := _words(cells[place]))}
    whole = facts.get("name", "") or " ".join(facts[part] for part in ("given", "middle", "family") if part in facts)
    known = tuple((kind, facts[kind]) for kind in ("organisation", "access", "role") if kind in facts)
    found = [draft for cell in cells for draft in _sequence(cell)]
    if not found:
        _leave(reading, " ".join(cells))
    is_one = len({draft.token.address.casefold() for draft in found}) == 1
    return [
        replace(draft, name=(whole if is_one else draft.name or whole) or draft.name, known=known) for draft in found
    ]


def _lines(text: str, reading: PastedList, vocabulary: Vocabulary) -> list[Draft]:
    """The people of a text without headings."""
    drafts: list[Draft] = []
    section = ""
    for block in _blocks(text):
        if _is_signature(block):
            lines = [line if "@" in line else _words(line) for line in block]
            drafts.append(replace(_alone(lines), is_in_columns=False))
            continue
        for line in block:
            found = _line(line, vocabulary) if "@" in line else []
            if found:
                drafts += [_within(draft, section) for draft in found]
            elif vocabulary.organisations and vocabulary.kind(_words(line)) == "organisation":
                section = _words(line)
            else:
                _leave(reading, line)
    return drafts


def _within(draft: Draft, organisation: str) -> Draft:
    return replace(draft, known=(*draft.known, ("organisation", organisation))) if organisation else draft


def _blocks(text: str) -> Iterator[list[str]]:
    """Lines that stand together; cells of a spreadsheet hold line breaks within quotes."""
    block: list[str] = []
    lines = (
        ["\t".join(cell.replace("\n", " ") for cell in row) for row in pasted_tables.split(text, "\t")]
        if "\t" in text and '"' in text
        else LINE.split(text)
    )
    for line in lines:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _is_signature(block: list[str]) -> bool:
    """Whether the lines are about one person, whose name is the first."""
    if not 1 < len(block) <= MOST_IN_BLOCK or "@" in block[0] or sum("@" in line for line in block) != 1:
        return False
    [line] = [line for line in block if "@" in line]
    return len(_distinct(line)) == 1 and "\t" not in line and bool(_name(_words(block[0])))


def _line(line: str, vocabulary: Vocabulary) -> list[Draft]:
    """The people of one line."""
    line = BULLET.sub("", line)
    tokens = _distinct(line)
    if not tokens:
        return []
    known: tuple[tuple[str, str], ...] = ()
    label = LABEL.match(line)
    if label and label.end() <= tokens[0].start:
        rest = _words(line[label.end() : tokens[0].start])
        if vocabulary.kind(label["words"]) == "organisation":
            known = (("organisation", _words(label["words"])),)
        if known or rest or len(tokens) > 1 or FIELD_WORD.fullmatch(f"{label['words'].strip()}:"):
            line = line[label.end() :]
    return [replace(draft, known=known) if known else draft for draft in _records(line)]


def _records(line: str) -> list[Draft]:
    """The people of a line, which is split where each part then has one."""
    tokens = _distinct(line)
    if len(tokens) == 1:
        is_whole = tokens[0].is_bracketed or "," in tokens[0].address
        return [_alone(_parts(line, STRONG_PART if is_whole else PART))]
    for pattern in (STRONG_PART, PART):
        parts = _parts(line, pattern)
        if len(parts) > 1 and all("@" in part for part in parts):
            return [draft for part in parts for draft in _records(part)]
    return _sequence(line)


def _parts(line: str, pattern: re.Pattern[str]) -> list[str]:
    """The parts of a line that say something; of a table's, all of them, for they stand in columns."""
    parts = line.split("\t") if "\t" in line else pattern.findall(line)
    return parts if "\t" in line else [part for part in parts if part.strip(EDGES + ".()")]


def _alone(cells: list[str]) -> Draft:
    """Somebody with a line, or lines, to themselves: the address in one of the cells, the rest about them."""
    at = next(place for place, cell in enumerate(cells) if any(True for _ in _tokens(cell)))
    token, gaps = _distinct(cells[at])[0], [_words(gap) for gap in _gaps(cells[at])]
    before, after = gaps[0], gaps[-1]
    around = [_words(cell) if place != at else "" for place, cell in enumerate(cells)]
    if token.is_bracketed and before:
        return Draft(token, before, (*around[:at], "", *around[at + 1 :], after))
    return Draft(token, "", (*around[:at], before or after, *around[at + 1 :], after if before else ""))


def _sequence(text: str) -> list[Draft]:
    """The people of a text with several addresses: names stand before them all, or after them all."""
    tokens, gaps = _distinct(text), [_words(gap) for gap in _gaps(text)]
    if not tokens:
        return []
    stand_before = bool(gaps[0]) or any(token.is_bracketed for token in tokens)
    return [
        Draft(token, around=(gaps[place if stand_before or token.is_bracketed else place + 1],))
        if not token.is_bracketed
        else Draft(token, gaps[place])
        for place, token in enumerate(tokens)
    ]


def _distinct(text: str) -> list[FoundAddress]:
    """The addresses of a text; one that stands twice in a row, as in <a@x.dk<mailto:a@x.dk>>, is one."""
    found: list[FoundAddress] = []
    for token in _tokens(text):
        last = found[-1] if found else None
        if last and last.address.casefold() == token.address.casefold():
            found[-1] = replace(last, end=token.end, is_bracketed=last.is_bracketed or token.is_bracketed)
        else:
            found.append(token)
    return found


def _gaps(text: str) -> list[str]:
    """What stands before the first address, between each and the next, and after the last."""
    tokens = _distinct(text)
    edges = [0, *(edge for token in tokens for edge in (token.start, token.end)), len(text)]
    return [text[start:end] for start, end in list(pairwise(edges))[::2]]


def _columns(drafts: Sequence[Draft], vocabulary: Vocabulary) -> dict[tuple[int, int], str]:
    """What stands in a place among parts that are equally many, where known words show it."""
    votes: dict[tuple[int, int], Counter[str]] = {}
    for draft in drafts:
        for place, words in enumerate(draft.around if draft.is_in_columns else ()):
            if kind := vocabulary.kind(words):
                votes.setdefault((len(draft.around), place), Counter())[kind] += 1
    return {place: counted.most_common(1)[0][0] for place, counted in votes.items()}


def _person(draft: Draft, vocabulary: Vocabulary, columns: dict[tuple[int, int], str]) -> ListedPerson:
    """Who it is, by what each part is: known, in the column of known ones, or as it looks."""
    facts: dict[str, str] = {}
    unknown: list[str] = []
    for place, words in enumerate(draft.around):
        column = columns.get((len(draft.around), place), "") if draft.is_in_columns else ""
        kind = vocabulary.kind(words) or column
        if kind and words:
            facts.setdefault(kind, words)
        elif words:
            unknown.append(words)
    name = draft.name
    if not name:
        name, unknown = _name_among(unknown, draft.token.address)
    if not facts.get("organisation"):
        facts["organisation"] = _organisation_among(unknown, draft.token.address, is_sure=bool(name))
    facts = dict(draft.known) | {kind: words for kind, words in facts.items() if words}
    return ListedPerson(
        address=draft.token.address[:LONGEST_WRITTEN],
        name=_name(name, is_sure=bool(draft.name)),
        organisation=facts.get("organisation", "")[:LONGEST_NAME],
        access=facts.get("access", "")[:LONGEST_NAME],
        role=facts.get("role", "")[:LONGEST_NAME],
    )


def _name_among(around: list[str], address: str) -> tuple[str, list[str]]:
    """The name among around of a line, and the others."""
    names = [words for words in around if _name(words) and not _looks_like_organisation(words, address)]
    if not names:
        return "", around
    name, *others = names
    if others and " " not in name and " " not in others[0]:
        name, others = f"{name} {others[0]}", others[1:]
    kept = set(name.split(" ")) | {name}
    return name, [words for words in around if words not in kept]


def _organisation_among(around: list[str], address: str, *, is_sure: bool) -> str:
    """The organisation among around of a line: what looks like one; or the one thing that stands beside a name."""
    found = [words for words in around if _looks_like_organisation(words, address)]
    if found:
        return found[0]
    return around[0] if is_sure and len(around) == 1 and _name(around[0]) else ""


def _looks_like_organisation(words: str, address: str) -> bool:
    if ORGANISATION.search(words):
        return True
    local, _at, domain = _folded(address).rpartition("@")
    first = _folded(re.split(r"[\s,]", words, maxsplit=1)[0])
    return len(first) > 2 and first in domain and first not in local


def _folded(text: str) -> str:
    return text.casefold().replace("æ", "ae").replace("ø", "oe").replace("å", "aa")


def _name(words: str, *, is_sure: bool = False) -> str:
    """The words if they can be a name."""
    if is_sure:
        return words[:LONGEST_NAME]
    parts = [word for word in words.split() if word.casefold() not in PARTICLES]
    capitals = {word[:1].isupper() for word in parts if word[:1].isalpha()}
    if len(parts) > MOST_WORDS or len(capitals) > 1 or NO_NAME.search(words) or FIELD_WORD.fullmatch(f"{words}:"):
        return ""
    return words[:LONGEST_NAME]


def _words(text: str) -> str:
    """What a piece of text says, on one line, without what surrounds names in lists: bullets, quotes, brackets."""
    words = CONTROL.sub(" ", text[:2000])
    words = FIELD_WORD.sub(" ", words)
    words = BULLET.sub("", words).strip(EDGES)
    words = BETWEEN.sub("", words).strip(EDGES).lstrip(".)")
    if words.startswith("(") and (")" not in words or words.endswith(")")):
        words = words[1:].removesuffix(")")
    if "(" in words and ")" not in words:
        words = words + ")" if words.partition("(")[2].strip() else words.partition("(")[0]
    words = " ".join(words.replace('"', " ").strip(EDGES).split())
    return words if any(letter.isalpha() for letter in words) else ""


def _leave(reading: PastedList, line: str) -> None:
    """Keep a line without an address, if it says anything."""
    words = " ".join(line[: 5 * LONGEST_WRITTEN].split())[:LONGEST_WRITTEN]
    if len(reading.rest) < MOST_LEFT and any(letter.isalpha() for letter in words):
        reading.rest.append(words)
