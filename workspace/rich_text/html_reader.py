"""Reads HTML into blocks: the editor's, or what was copied from Word, Outlook, Google Docs or a web page."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html.parser import HTMLParser

import nh3

from workspace.rich_text.blocks import DEEPEST_LIST, HREF, NOT_TEXT, Block, Run, normalise_runs

# The elements and attributes that are read; of all others only the text remains.
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
BLOCKS = {"p", "div", "section", "article", "header", "footer", "main", "address", "figure", "figcaption", "center"}
BLOCKS |= {"dl", "dt", "dd", "pre", "table", "tr", "hr", "blockquote", "ul", "ol", "li"} | HEADINGS
CELLS = {"td", "th"}
INLINE = {"a", "b", "strong", "i", "em", "span", "font", "br"}
# Elements whose content is not text.
LEFT_OUT = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math", "textarea", "select"}
LEFT_OUT |= {
    "del",
    "xmp",
    "noembed",
    "noframes",
    "plaintext",
    "head",
    "option",
    "button",
    "audio",
    "video",
    "canvas",
    "xml",
}

STYLED = ("p", "li", "b", "strong", "i", "em", "span", "font")
BOLD = re.compile(r"(?<![\w-])font-weight:\s*(bold|bolder|[6-9]00)")
NOT_BOLD = re.compile(r"(?<![\w-])font-weight:\s*(normal|lighter|[1-5]00)")
ITALIC = re.compile(r"(?<![\w-])font-style:\s*(italic|oblique)")
NOT_ITALIC = re.compile(r"(?<![\w-])font-style:\s*normal")

# Word makes no lists, but paragraphs with a bullet, spaces, and the level in their style.
WORD_LIST = re.compile(r"mso-list:\s*l\d+\s+level(\d)")
WORD_SIGN = re.compile(r"\s*(\S{1,5})[ \xa0]+")
SIGN = re.compile(
    r"\s*(?:([·•●▪■◦‣➢✓\uf0b7\uf0a7\uf0d8\uf0fc])[ \xa0]+|([o§–-])[ \xa0]{3,}|(\d{1,2}|[a-z])[.)][ \xa0]{3,})(?=\S)"
)
DEPTH_OF_SIGN = {"o": 2, "◦": 2, "§": 3, "▪": 3, "\uf0a7": 3}
NUMBERED = re.compile(r"\(?\w{1,4}[.)]")


# What a text of 4,000 characters can have. A parser takes four times as long for twice as many nested tags,
LONGEST = 40_000
MOST_TAGS = 3_000
# and it reopens in each paragraph the formatting elements that were left open in the one before: up to three equal
# ones, and all that differ. So their number is limited too.
MOST_REOPENED = 40_000
TAG = re.compile(r"<[a-zA-Z/]")
REOPENED = re.compile(
    r"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])"
    r"(?:(?:\s+[\w:-]+(?:=\"[^\"<>]*\"|='[^'<>]*'|=[^\s\"'<>=`]+)?)*\s*/?(>))?",
    re.IGNORECASE,
)


def is_readable(html: str) -> bool:
    """Whether `html` is no longer, and no more deeply nested, than what an editor makes."""
    if len(html) > LONGEST:
        return False
    tags = len(TAG.findall(html))
    # A tag whose end is not certain counts as different from all others.
    different = len({found[0] if found[1] else found.start() for found in REOPENED.finditer(html)})
    return tags <= MOST_TAGS and 3 * different * tags <= MOST_REOPENED


def read(html: str) -> list[Block]:
    """The blocks of `html`, which is stored HTML, or readable (see `is_readable`)."""
    reader = _Reader()
    reader.feed(_parsed(html))
    reader.close()
    return reader.finished()


def _parsed(html: str) -> str:
    """`html` as a browser would parse it, well formed, with only the elements and attributes that are read."""
    return nh3.clean(
        html,
        tags=BLOCKS | CELLS | INLINE,
        clean_content_tags=LEFT_OUT,
        attributes={"a": {"href"}} | {tag: {"style"} for tag in STYLED},
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


class _Reader(HTMLParser):
    """Reads well-formed HTML from its beginning to its end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.runs: list[Run] = []
        self.item: list[Run] = []  # of the last block, if that is an item that may continue
        self.lists: list[str] = []
        self.looks: list[tuple[str, Run]] = []
        self.quotes = self.headings = self.cells = self.preformatted = 0
        self.word_depth = 0
        self.item_is_new = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in BLOCKS:
            self._begin_block(tag, attributes.get("style", ""))
        elif tag in CELLS:
            self._append(" | " if self.runs else "")
            self.cells += 1
        elif tag == "br":
            self._append(" " if self.cells or self.headings else "\n")
        else:
            self.looks.append((tag, self._look(tag, attributes)))

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.end_block()
            self._leave(tag)
        elif tag in CELLS:
            self.cells -= 1
        elif tag != "br" and self.looks:
            self.looks.pop()

    def handle_data(self, data: str) -> None:
        text = NOT_TEXT.sub("", data)
        if self.preformatted:
            self._append(text)
        else:
            self._append(re.sub(r"[ \t\n\r\v\f\u2028\u2029]+", " ", text))

    def _begin_block(self, tag: str, style: str) -> None:
        self.end_block()
        if tag in ("ul", "ol"):
            self.lists.append(tag)
        elif tag == "li":
            self.item_is_new = True
        elif tag == "blockquote":
            self.quotes += 1
        elif tag == "pre":
            self.preformatted += 1
        elif tag in HEADINGS:
            self.headings += 1
        elif tag == "p" and (found := WORD_LIST.search(style)):
            self.word_depth = int(found[1])

    def _leave(self, tag: str) -> None:
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
            self.item_is_new = False
        elif tag == "blockquote":
            self.quotes -= 1
        elif tag == "pre":
            self.preformatted -= 1
        elif tag in HEADINGS:
            self.headings -= 1
        elif tag == "p":
            self.word_depth = 0

    def _look(self, tag: str, attributes: dict[str, str]) -> Run:
        look = self.looks[-1][1] if self.looks else Run("")
        style, href = attributes.get("style", ""), attributes.get("href", "").strip()
        bold = (look.bold or tag in ("b", "strong") or bool(BOLD.search(style))) and not NOT_BOLD.search(style)
        italic = (look.italic or tag in ("i", "em") or bool(ITALIC.search(style))) and not NOT_ITALIC.search(style)
        return Run("", bold, italic, href if HREF.fullmatch(href) else look.href)

    def _append(self, text: str) -> None:
        look = self.looks[-1][1] if self.looks else Run("")
        bold = look.bold and not self.headings
        self.runs.append(Run(text, bold, look.italic and not self.headings, look.href))

    def finished(self) -> list[Block]:
        """The blocks of everything that was read."""
        self.end_block()
        self._add()
        return self.blocks

    def end_block(self) -> None:
        """Make a block of what was read since the last one, if it has any text."""
        if self.cells:
            self._append(" ")
            return
        text = "".join(run.text for run in self.runs)
        runs, self.runs = self.runs, []
        if not text.strip():
            return
        if self.lists:
            self._add_item(runs, tuple(self.lists[: DEEPEST_LIST + 1]))
        elif sign := (WORD_SIGN if self.word_depth else SIGN).match(text):
            self._add_signed(runs, sign)
        else:
            self._add_paragraphs(normalise_runs(runs))

    def _add_signed(self, runs: Sequence[Run], sign: re.Match[str]) -> None:
        """Add a list item that is marked by a bullet or number in its text."""
        name = "ol" if NUMBERED.fullmatch(sign[0].strip()) else "ul"
        depth = self.word_depth or DEPTH_OF_SIGN.get(sign[0].strip(), 1)
        outer = (self.blocks[-1].lists if self.blocks else ()) + ("ul",) * depth
        self.item_is_new = True
        self._add_item(_without(runs, sign.end()), (*outer[: depth - 1], name))

    def _add_item(self, runs: Iterable[Run], lists: tuple[str, ...]) -> None:
        last = self.blocks[-1] if self.blocks else None
        if not self.item_is_new and last and last.lists == lists and last.quoted == bool(self.quotes):
            self.item += [Run("\n"), *runs]
        else:
            self._add(Block((), lists=lists, quoted=bool(self.quotes)))
            self.item = list(runs)
        self.item_is_new = False

    def _add(self, block: Block | None = None) -> None:
        """Add `block`, if any; the item before it is complete."""
        if self.item:
            self.blocks[-1] = replace(self.blocks[-1], runs=normalise_runs(self.item))
            self.item = []
        if block:
            self.blocks.append(block)

    def _add_paragraphs(self, runs: tuple[Run, ...]) -> None:
        """Add one paragraph, or several where there are blank lines."""
        paragraph: list[Run] = []
        for run in runs:
            first, *rest = re.split(r"\n{2,}", run.text)
            paragraph.append(Run(first, run.bold, run.italic, run.href))
            for part in rest:
                self._add_paragraph(paragraph)
                paragraph = [Run(part, run.bold, run.italic, run.href)]
        self._add_paragraph(paragraph)

    def _add_paragraph(self, runs: list[Run]) -> None:
        if sign := SIGN.match("".join(run.text for run in runs)):
            return self._add_signed(runs, sign)
        self._add(Block(normalise_runs(runs), heading=bool(self.headings), quoted=bool(self.quotes)))


def _without(runs: Sequence[Run], letters: int) -> list[Run]:
    """`runs` without the first `letters` of their text."""
    rest = []
    for run in runs:
        rest.append(Run(run.text[letters:], run.bold, run.italic, run.href))
        letters = max(0, letters - len(run.text))
    return rest
