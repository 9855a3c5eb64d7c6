"""What a search finds: hits in their order, with what shows why, a page at a time.

The newest sixty texts are read again by the ordinary rules, which drops what is withdrawn; they are ordered by their
day, with a small boost for words in the title and for whole words. Then come the next sixty.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from markupsafe import Markup

from workspace import clock
from workspace.accounts.models import User
from workspace.db.types import AnyRow
from workspace.i18n import danish
from workspace.partnerships.activity_log import text_path
from workspace.search import queries
from workspace.search.finder import Finder
from workspace.search.matches import INDEXED_KINDS, Match, Matches, Mode, Position
from workspace.search.postings import day_number
from workspace.search.sources import FoundKind
from workspace.search.terms import SearchQuery

PAGE = 20
WINDOW = 60
MOST_WINDOWS = 3
MOST_NAMED = 5
IN_TITLE, IS_WHOLE = 60, 30  # days by which a hit counts as newer
PATHS = {
    FoundKind.RESULT: "results/{}",
    FoundKind.FILE: "files/{}",
    FoundKind.ROLE: "roles/{}",
    FoundKind.PERSON: "members/{}",
    FoundKind.ORGANISATION: "members?organisation={}",
}
NAMED_KINDS = (FoundKind.PARTNERSHIP, FoundKind.ROLE, FoundKind.PERSON, FoundKind.ORGANISATION)


@dataclass(frozen=True)
class SearchFilter:
    """What a search is narrowed to. `since` is a number of days; empty values narrow nothing."""

    partnership: str = ""
    kind: FoundKind | None = None
    status: str = ""
    author_id: int | None = None
    since: timedelta | None = None


class Cursor(NamedTuple):
    """Where a page begins: at a place in the window that begins with the match of `day`, partnership and number."""

    mode: Mode
    day: int
    partnership_id: int
    number: int
    place: int

    def __str__(self) -> str:
        return ".".join(map(str, self))

    @property
    def until(self) -> Position:
        """The match with which its window begins."""
        return self.day, self.partnership_id, self.number


@dataclass(frozen=True)
class Hit:
    """Something found: what it is, where it is, and why it was found."""

    kind: FoundKind
    partnership: str
    address: str
    title: Markup
    text: Markup
    at: datetime | None = None
    status: str = ""
    author_id: int | None = None
    author: str = ""
    stands_in: str = ""  # the post that a file belongs to


class _Ranked(NamedTuple):
    """A text that holds the words, with the day that it counts as."""

    day: int
    match: Match
    row: AnyRow
    text: str


@dataclass(frozen=True)
class SearchPage:
    """A page of hits. `names` are those that were found by their name; `after` is where the next page begins.

    If it `begins_more`, more may be found that begins like the last word (`SearchQuery.with_star`).

    `here` is the partnership that the search is narrowed to. `authors` and `places` are those of the newest texts: who
    wrote them, and in which partnerships they stand.
    """

    partnerships: list[AnyRow]
    here: AnyRow | None = None
    mode: Mode = Mode.ALL
    names: list[Hit] = field(default_factory=list)
    hits: list[Hit] = field(default_factory=list)
    after: str = ""
    authors: list[tuple[int, str]] = field(default_factory=list)
    places: frozenset[int] = frozenset()
    begins_more: bool = False


def cursor_of(text: str) -> Cursor | None:
    """The cursor that an address has; None if it is none."""
    mode, *numbers = text.split(".")
    if mode not in list(Mode) or len(numbers) != 4 or not all(_is_number(number) for number in numbers):
        return None
    return Cursor(Mode(mode), *map(int, numbers))


def find(user: User, query: SearchQuery, narrowed: SearchFilter, cursor: Cursor | None) -> SearchPage:
    """A page of what the user may read and `query` asks for."""
    partnerships = queries.partnerships(user)
    here = next((one for one in partnerships if one.slug == narrowed.partnership), None)
    if not query.words or not partnerships:
        return SearchPage(partnerships, here)
    names = [] if cursor else _names(user, query, narrowed, partnerships, here.id if here else None)
    kinds = [kind for kind in INDEXED_KINDS if narrowed.kind in (None, kind)]
    if not kinds:
        return SearchPage(partnerships, here, names=names, places=frozenset(one.id for one in partnerships))
    searched = [here] if here else partnerships
    matches = Matches(user, query, searched, kinds=kinds, author_id=narrowed.author_id)
    for mode in [cursor.mode] if cursor else _modes(query):
        page = _page(user, query, narrowed, matches, mode, cursor)
        if page.hits or page.after:
            break
    shown = names if narrowed.kind else names[:MOST_NAMED]
    is_end = page.mode is Mode.ALL and page.hits and not page.after
    is_whole = query.with_star and not query.phrases and narrowed == SearchFilter(partnership=narrowed.partnership)
    begins_more = bool(is_end and is_whole and matches.begins_more())
    return replace(page, partnerships=partnerships, here=here, names=shown, begins_more=begins_more)


def _modes(query: SearchQuery) -> list[Mode]:
    """What is tried, one after the other, until something is found."""
    return [
        *[Mode.ALL] * (not query.is_half),
        *[Mode.HALF] * bool(query.words[-1].half),
        *[Mode.ANY] * (len(query.words) > 1),
    ]


def _page(
    user: User,
    query: SearchQuery,
    narrowed: SearchFilter,
    matches: Matches,
    mode: Mode,
    cursor: Cursor | None,
) -> SearchPage:
    finder = Finder(query, mode)
    since = day_number(clock.now() - narrowed.since) if narrowed.since else 0
    until, place = (cursor.until, cursor.place) if cursor else (None, 0)
    ranked: list[_Ranked] = []
    following: Match | None = None
    for _window in range(MOST_WINDOWS):
        found = matches.newest(mode, since=since, until=until, most=WINDOW + 1)
        window, following = found[:WINDOW], found[WINDOW] if len(found) > WINDOW else None
        ranked = sorted(
            _ranked(user, query, window, finder, narrowed), key=lambda hit: (hit.day, hit.match), reverse=True
        )
        if ranked or following is None:
            break
        until = following[:3]
    hits = [_hit(one.row, one.text, finder) for one in ranked[place : place + PAGE]]
    after = ""
    if window and len(ranked) > place + PAGE:
        after = str(Cursor(mode, *window[0][:3], place + PAGE))
    elif following:
        after = str(Cursor(mode, *following[:3], 0))
    authors = {one.row.author_id: one.row.author_name for one in ranked}
    places = frozenset(one.row.partnership_id for one in ranked)
    by_name = sorted(authors.items(), key=lambda author: author[1])
    return SearchPage([], mode=mode, hits=hits, after=after, authors=by_name, places=places)


def _ranked(
    user: User, query: SearchQuery, window: Collection[Match], finder: Finder, narrowed: SearchFilter
) -> Iterator[_Ranked]:
    """Those of the window that are there and hold the words, with the day that they count as.

    A text that holds them only by the name of a file, which is found itself, is left out.
    """
    by_key = {(match.partnership_id, match.number): match for match in window}
    keys: dict[FoundKind, list[queries.Key]] = {}
    for match in window:
        for kind in match.kinds:
            keys.setdefault(kind, []).append((match.partnership_id, match.number))
    with_found_files = set()
    for row in sorted(queries.texts(user, keys, narrowed.status), key=lambda row: row.kind != FoundKind.FILE):
        if narrowed.author_id not in (None, row.author_id):
            continue
        key = row.partnership_id, row.number
        own_title = "" if row.kind == FoundKind.COMMENT else row.title
        text = f"{row.text}\n{row.more}" if row.more else row.text
        in_title, in_text = finder.qualities(own_title), finder.qualities(text)
        best = [max(pair) for pair in zip(in_title, in_text, strict=True)]
        if not finder.holds(best):
            continue
        folded = danish.search_key(f"{own_title} | {text}") if query.phrases else ""
        if not all(phrase in folded for phrase in query.phrases):
            continue
        if row.kind == FoundKind.FILE:
            with_found_files.add(key)
        elif key in with_found_files and not finder.is_found(f"{own_title}\n{row.text}"):
            continue
        match = by_key[key]
        boosted = match.day + IN_TITLE * all(quality > 1 for quality in in_title) + IS_WHOLE * (min(best) == 3)
        yield _Ranked(boosted, match, row, text)


def _hit(row: AnyRow, text: str, finder: Finder) -> Hit:
    kind = FoundKind(row.kind)
    path = PATHS[kind].format(row.address_number) if kind in PATHS else text_path(row.address_number, row.number)
    return Hit(
        kind=kind,
        partnership=row.partnership_name,
        address=f"/partnerships/{row.slug}/{path}",
        title=finder.marked(row.title),
        text=finder.snippet(text),
        stands_in=row.stands_in,
        at=row.at,
        status=row.status or "",
        author_id=row.author_id,
        author=row.author_name,
    )


def _names(
    user: User, query: SearchQuery, narrowed: SearchFilter, partnerships: Collection[AnyRow], here: int | None
) -> list[Hit]:
    """What is found by its name, from partnerships to organisations; not where something else narrows the search."""
    if narrowed.status or narrowed.author_id or narrowed.since or narrowed.kind not in (None, *NAMED_KINDS):
        return []
    finder = Finder(query, Mode.HALF)
    found = []
    if finder.may_stand_in("\n".join(one.name for one in partnerships)):
        found = [
            Hit(FoundKind.PARTNERSHIP, "", f"/partnerships/{one.slug}/", finder.marked(one.name), Markup())
            for one in partnerships
            if here in (None, one.id) and finder.is_found(one.name)
        ]
    mine = {one.id: one for one in partnerships}
    met = set()  # Somebody is found once, wherever they are.
    words = " ".join(word.word for word in query.words)
    for row in queries.named(user, words, [word.spellings for word in query.words], here):
        kind = FoundKind(row.kind)
        if kind is FoundKind.ROLE and not finder.is_found(f"{row.title} {row.text}"):
            continue
        partnership = mine.get(row.partnership_id)  # None where the user came in meanwhile
        if partnership is None or (row.subject_id and (kind, row.subject_id) in met):
            continue
        met.add((kind, row.subject_id))
        address = f"/partnerships/{partnership.slug}/{PATHS[kind].format(row.number)}"
        text = finder.snippet(row.text or "")
        found.append(Hit(kind, partnership.name, address, finder.marked(row.title), text))
    return [hit for hit in found if narrowed.kind in (None, hit.kind)]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10
