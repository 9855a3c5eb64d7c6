"""A text as blocks of runs, and their rendering as HTML and as plain text."""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from itertools import accumulate, groupby, takewhile
from typing import NamedTuple

import nh3
from linkify_it import LinkifyIt

TAGS = {"p", "br", "h2", "ul", "ol", "li", "blockquote", "strong", "em", "a"}
LINK_REL = "nofollow noopener noreferrer"
DEEPEST_LIST = 3
MOST_LINKS = 150
# The longest text that is searched for links; longer ones are refused, or shortened first.
LONGEST_SEARCHED = 10_000
# A URL contains no space. One of twice the length takes four times as long to search, so a word longer than this is not
# a link; URLs as rewritten by Outlook are half as long.
LONGEST_ADDRESS = 2_000

# Where a link may lead: to the web, to an e-mail address, or to a member, whom it mentions (posts/mentions.py).
HREF = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x20\"<>\\]+|#member-[1-9]\d{0,9}")
# Control characters, and the byte order mark.
NOT_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff]")
# Of a line: words with single spaces between them, further whitespace, and its end.
PARTS = re.compile(r"[^ \xa0\n]+(?:[ \xa0][^ \xa0\n]+)*|[ \xa0]+|\n")
WORD = re.compile(r"\S+")
# Every URL has this, and few other words do; it is found faster than a URL.
MAY_HOLD_LINK = re.compile(r"[.:@/]\S")
# Quotation marks and an ellipsis close what a link stands in; no address holds them as they are.
CLOSING = re.compile(r"[«»‹›“”„…]|[’‘]+$")
MENTION = re.compile(r"#member-(\d+)")

_links = LinkifyIt()


@dataclass(frozen=True)
class Run:
    """A stretch of text with the same formatting throughout; a line break in it is "\\n"."""

    text: str
    bold: bool = False
    italic: bool = False
    href: str = ""


class Link(NamedTuple):
    """A link found in a text: its position, and where it leads."""

    begin: int
    end: int
    url: str


@dataclass(frozen=True)
class Block:
    """A paragraph, a heading, or an item of the list at the path `lists`: ("ul", "ol") is an "ol" in a "ul"."""

    runs: tuple[Run, ...]
    heading: bool = False
    lists: tuple[str, ...] = ()
    quoted: bool = False


@dataclass(frozen=True)
class RichText:
    """A text in its two forms: sanitised `html`, and plain `text`."""

    html: str
    text: str

    @property
    def mentions(self) -> set[int]:
        """The ids of the memberships that the text mentions."""
        return {int(number) for number in re.findall(r'href="#member-(\d+)"', self.html)}


def render(blocks: Iterable[Block]) -> RichText:
    """`blocks` in both forms."""
    made = list(_in_steps(_linked(list(blocks))))
    html = "".join(_quoted_html(quoted, list(group)) for quoted, group in groupby(made, lambda block: block.quoted))
    return RichText(html=sanitised(html), text=_text(made))


def sanitised(html: str) -> str:
    """`html` with only the elements and attributes that blocks render to: the final safeguard, whatever came before."""
    return nh3.clean(
        html,
        tags=TAGS,
        attributes={"a": {"href"}},
        attribute_filter=lambda tag, name, value: value if name != "href" or HREF.fullmatch(value) else None,
        url_schemes={"http", "https", "mailto"},
        link_rel=LINK_REL,
    )


def normalise_runs(runs: Iterable[Run]) -> tuple[Run, ...]:
    """`runs` with single spaces, none at the ends of lines, and adjacent runs of equal formatting joined."""
    kept: list[tuple[str, Run]] = []
    space: tuple[str, Run] | None = None
    for run in runs:
        for part in PARTS.findall(run.text):
            if part[0] in " \xa0":
                space = (" " if space or len(part) > 1 else part, run)
                continue
            if part != "\n" and space and kept and kept[-1][0] != "\n":
                kept.append(space)
            space = None
            if part != "\n" or kept:
                kept.append((part, run))
    while kept and kept[-1][0] == "\n":
        kept.pop()
    looks = groupby(kept, lambda pair: (pair[1].bold, pair[1].italic, pair[1].href))
    return tuple(Run("".join(part for part, _run in group), *look) for look, group in looks)


def inline_text(block: Block) -> str:
    """The plain text of one block; a link whose text differs from its address is followed by the address."""
    return "".join(
        text + (f" ({href})" if href and not MENTION.fullmatch(href) and not href.endswith(text) else "")
        for href, text in (
            (href, "".join(run.text for run in group)) for href, group in groupby(block.runs, lambda run: run.href)
        )
    )


def _linked(blocks: Sequence[Block]) -> Iterator[Block]:
    """`blocks` with URLs and e-mail addresses made links, unless there are too many.

    They are searched for in the whole text of a block, which linking does not change.
    """
    if sum(len(run.text) for block in blocks for run in block.runs) > LONGEST_SEARCHED:
        yield from blocks
        return
    room = MOST_LINKS - sum(bool(run.href) for block in blocks for run in block.runs)
    for block in blocks:
        links = links_in("".join(run.text for run in block.runs))
        plain = list(_unlinked(block.runs, links))[: max(room, 0)]
        room -= len(plain)
        yield replace(block, runs=normalise_runs(_with_links(block.runs, plain))) if plain else block


def has_links(text: str) -> bool:
    """Whether there is anything in `text`, of no more than LONGEST_SEARCHED letters, that is shown as a link."""
    return next(links_in(text), None) is not None


def links_in(text: str) -> Iterator[Link]:
    """The links found in `text`, in order."""
    for word in WORD.finditer(text):
        if MAY_HOLD_LINK.search(word[0]) and len(word[0]) <= LONGEST_ADDRESS:
            for found in _links.match(word[0]) or ():
                written = word[0][found.index : found.last_index]
                address = written
                if closing := CLOSING.search(written):
                    address = written[: closing.start()].rstrip(".,;:!?")
                url = found.url.removesuffix(written) + address
                if address and found.url.endswith(written) and HREF.fullmatch(url):
                    yield Link(word.start() + found.index, word.start() + found.index + len(address), url)


def _unlinked(runs: Iterable[Run], links: Iterable[Link]) -> Iterator[Link]:
    """Those of `links` that don't overlap with an existing link."""
    ends = accumulate(len(run.text) for run in runs)
    linked = deque((end - len(run.text), end) for run, end in zip(runs, ends, strict=True) if run.href and run.text)
    for link in links:
        while linked and linked[0][1] <= link.begin:
            linked.popleft()
        if not linked or link.end <= linked[0][0]:
            yield link


def _with_links(runs: Iterable[Run], links: Iterable[Link]) -> Iterator[Run]:
    left = deque(links)
    begin = 0
    for run in runs:
        end, place = begin + len(run.text), begin
        while left and left[0].end <= begin:
            left.popleft()
        for link in takewhile(lambda link: link.begin < end, () if run.href else left):  # noqa: B023 (used at once)
            first, last = max(link.begin, place), min(link.end, end)
            yield replace(run, text=run.text[place - begin : first - begin])
            yield replace(run, text=run.text[first - begin : last - begin], href=link.url)
            place = last
        yield replace(run, text=run.text[place - begin :])
        begin = end


def _in_steps(blocks: Iterable[Block]) -> Iterator[Block]:
    """Without empty blocks, and with lists whose levels follow one another, whatever the level of their first item."""
    levels: list[tuple[int, str]] = []  # how deep the items stood that this one may stand below, and their lists
    for block in blocks:
        if block.runs:
            while levels and (not block.lists or levels[-1][0] >= len(block.lists)):
                levels.pop()
            if block.lists:
                levels.append((len(block.lists), block.lists[-1]))
            names = [name for _depth, name in levels]
            yield replace(block, lists=(*names[: DEEPEST_LIST - 1], *names[DEEPEST_LIST - 1 :][-1:]))


def _quoted_html(quoted: bool, blocks: Sequence[Block]) -> str:
    html = "".join(_html_parts(blocks))
    return f"<blockquote>{html}</blockquote>" if quoted else html


def _html_parts(blocks: Iterable[Block]) -> Iterator[str]:
    open_lists: list[str] = []
    for block in blocks:
        shared = _shared(open_lists, block.lists)
        while len(open_lists) > shared:
            yield f"</li></{open_lists.pop()}>"
        if block.lists and shared == len(block.lists):
            yield "</li><li>"
        for name in block.lists[shared:]:
            open_lists.append(name)
            yield f"<{name}><li>"
        yield _block_html(block)
    while open_lists:
        yield f"</li></{open_lists.pop()}>"


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = list(zip(one, other, strict=False))
    return next((index for index, (left, right) in enumerate(pairs) if left != right), len(pairs))


def _block_html(block: Block) -> str:
    inline = "".join(
        f'<a href="{escape(href)}">{_runs_html(group)}</a>' if href else _runs_html(group)
        for href, group in groupby(block.runs, lambda run: run.href)
    )
    if block.lists:
        return inline
    return f"<h2>{inline}</h2>" if block.heading else f"<p>{inline}</p>"


def _runs_html(runs: Iterable[Run]) -> str:
    return "".join(_run_html(run) for run in runs)


def _run_html(run: Run) -> str:
    html = escape(run.text, quote=False).replace("\n", "<br>")
    html = f"<em>{html}</em>" if run.italic else html
    return f"<strong>{html}</strong>" if run.bold else html


def _text(blocks: Sequence[Block]) -> str:
    """Blank lines between blocks; items and quotes marked as is usual in plain text."""
    lines: list[str] = []
    numbers: list[int] = []
    before: Block | None = None
    for block in blocks:
        together = before is not None and before.quoted and block.quoted
        if before and not (before.lists[:1] == block.lists[:1] != () and before.quoted == block.quoted):
            lines.append(">" if together else "")
        numbers = numbers[: len(block.lists)] + [0] * (len(block.lists) - len(numbers))
        if before and block.lists and before.lists[: len(block.lists)] != block.lists:
            numbers[-1] = 0
        lead = hang = "> " if block.quoted else ""
        if block.lists:
            numbers[-1] += 1
            indent = "  " * (len(block.lists) - 1)
            lead += indent + (f"{numbers[-1]}. " if block.lists[-1] == "ol" else "- ")
            hang += indent + "  "
        first, *rest = inline_text(block).split("\n")
        lines += [lead + first, *((hang + line).rstrip() for line in rest)]
        before = block
    return "\n".join(lines)
