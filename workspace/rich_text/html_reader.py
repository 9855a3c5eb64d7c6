"""Reads HTML into blocks: the editor's, or what was copied from Word, Outlook, Google Docs or a web page."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import quote

import nh3

from workspace.rich_text import notation
from workspace.rich_text.blocks import HREF, NOT_TEXT, Block, Run, normalise_runs

# The elements and attributes that are read; of all others only the text remains.
HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
BLOCKS = {"p", "div", "section", "article", "header", "footer", "main", "address", "figure", "figcaption", "center"}
BLOCKS |= {"dl", "dt", "dd", "pre", "table", "caption", "tr", "hr", "blockquote", "ul", "ol", "li"} | HEADINGS
BLOCKS |= {"nav", "aside", "form", "fieldset", "legend", "details", "summary", "dialog", "hgroup", "menu", "dir"}
CELLS = {"td", "th"}
INLINE = {"a", "b", "strong", "i", "em", "span", "font", "br", "sup", "sub", "s", "strike", "q", "img", "input"}
EMPTY = {"br", "img", "input"}
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

ATTRIBUTES = {"a": {"href"}, "ol": {"start", "type"}, "li": {"value", "role", "aria-checked", "style"}}
ATTRIBUTES |= {"img": {"alt"}, "input": {"type", "checked"}}
STYLED = ("p", "li", "b", "strong", "i", "em", "span", "font", "s", "sup", "sub")
BOLD = re.compile(r"(?<![\w-])font-weight:\s*(bold|bolder|[6-9]00)")
NOT_BOLD = re.compile(r"(?<![\w-])font-weight:\s*(normal|lighter|[1-5]00)")
ITALIC = re.compile(r"(?<![\w-])font-style:\s*(italic|oblique)")
STRUCK = re.compile(r"(?<![\w-])text-decoration[\w-]*:[^;]*line-through")
RAISED = re.compile(r"(?<![\w-])vertical-align:\s*(super|sub)")
NOT_ITALIC = re.compile(r"(?<![\w-])font-style:\s*normal")

# Word makes no lists, but paragraphs with a bullet, spaces, and the level in their style.
WORD_LIST = re.compile(r"mso-list:\s*l\d+\s+level(\d)")
WORD_SIGN = re.compile(r"\s*(\S{1,5})[ \xa0]+")
FORBIDDEN_IN_ADDRESS = re.compile(r"[\s\x00-\x20\"<>\\]")
SIGN = re.compile(
    r"\s*(?:([·•●▪■◦‣➢✓\uf0b7\uf0a7\uf0d8\uf0fc])[ \xa0]+|([o§–-])[ \xa0]{3,}|(\d{1,2}|[a-z])[.)][ \xa0]{3,})(?=\S)"
)
DEEPEST_READ = 10
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
        attributes={tag: ATTRIBUTES.get(tag, set()) | {"style"} for tag in STYLED} | ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel=None,
    )


class _Look(NamedTuple):
    """How text looks within an element: what a run keeps, and what has to be written in letters."""

    run: Run = Run("")
    shift: str = ""  # "super" or "sub"
    is_struck: bool = False
    is_linked: bool = False


class _Numbering:
    """The numbers of one list, as far as they are written in letters: where the list does not count 1, 2, 3."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.kind = attributes.get("type", "1")
        self.next = _number(attributes.get("start", "")) or 1
        self.is_spelled_out = tag == "ol" and (self.next != 1 or self.kind in tuple("aAiI"))

    def take(self, value: str) -> str:
        """The sign of the next item, whose number is `value` if that is one."""
        number = _number(value) or self.next
        self.is_spelled_out = self.is_spelled_out or number != self.next
        self.next = number + 1
        return notation.numbering(self.kind, number) if self.is_spelled_out else ""


class _Reader(HTMLParser):
    """Reads well-formed HTML from its beginning to its end."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.runs: list[Run] = []
        self.item: list[Run] = []  # of the last block, if that is an item that may continue
        self.lists: list[str] = []
        self.numberings: list[_Numbering] = []
        self.sign = ""  # of the item that begins, in letters
        self.looks: list[_Look] = []
        self.quotes = self.headings = self.cells = self.preformatted = 0
        self.word_depth = 0
        self.is_row = False
        self.item_is_new = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in BLOCKS:
            self._begin_block(tag, attributes)
        elif tag in CELLS:
            self._append(" | " if self.is_row else "")
            self.is_row = True
            self.cells += 1
        elif tag == "br":
            self._append(" " if self.cells or self.headings else "\n")
        elif tag == "img":
            self._append(notation.picture(attributes.get("alt", "")))
        elif tag == "input":
            self._append(notation.checkbox("checked" in attributes) if attributes.get("type") == "checkbox" else "")
        else:
            self._append("»" if tag == "q" else "")
            self.looks.append(self._look(tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.end_block()
            self._leave(tag)
        elif tag in CELLS:
            self.cells -= 1
        elif tag not in EMPTY and self.looks:
            self.looks.pop()
            self._append("«" if tag == "q" else "")

    def handle_data(self, data: str) -> None:
        text = NOT_TEXT.sub("", data)
        if self.preformatted:
            self._append(text)
        else:
            self._append(self._as_notation(re.sub(r"[ \t\n\r\v\f\u2028\u2029]+", " ", text)))

    def _as_notation(self, text: str) -> str:
        look = self.looks[-1] if self.looks else _Look()
        if look.shift == "super" and text.strip():
            text = notation.footnote(text) if look.is_linked else notation.superscript(text)
        elif look.shift == "sub":
            text = notation.subscript(text)
        return notation.struck(text) if look.is_struck else text

    def _begin_block(self, tag: str, attributes: dict[str, str]) -> None:
        self.end_block()
        if tag in ("ul", "ol"):
            self.lists.append(tag)
            self.numberings.append(_Numbering(tag, attributes))
        elif tag == "li":
            self._begin_item(attributes)
        elif tag == "blockquote":
            self.quotes += 1
        elif tag == "pre":
            self.preformatted += 1
        elif tag in HEADINGS:
            self.headings += 1
        elif tag == "tr":
            self.is_row = False
        elif tag == "p" and (found := WORD_LIST.search(attributes.get("style", ""))):
            self.word_depth = int(found[1])

    def _begin_item(self, attributes: dict[str, str]) -> None:
        self.item_is_new = True
        self.sign = ""
        if self.numberings:
            self.sign = self.numberings[-1].take(attributes.get("value", ""))
            self.item_is_new = not self.sign
        if attributes.get("role") == "checkbox":
            self.sign += notation.checkbox(attributes.get("aria-checked") == "true")

    def _leave(self, tag: str) -> None:
        if tag in ("ul", "ol") and self.lists:
            self.lists.pop()
            self.numberings.pop()
            self.item_is_new = False
        elif tag == "blockquote":
            self.quotes -= 1
        elif tag == "pre":
            self.preformatted -= 1
        elif tag in HEADINGS:
            self.headings -= 1
        elif tag == "p":
            self.word_depth = 0

    def _look(self, tag: str, attributes: dict[str, str]) -> _Look:
        look, shift, is_struck, is_linked = self.looks[-1] if self.looks else _Look()
        style = attributes.get("style", "")
        bold = (look.bold or tag in ("b", "strong") or bool(BOLD.search(style))) and not NOT_BOLD.search(style)
        italic = (look.italic or tag in ("i", "em") or bool(ITALIC.search(style))) and not NOT_ITALIC.search(style)
        raised = RAISED.search(style)
        return _Look(
            Run("", bold, italic, _href(attributes.get("href", "")) or look.href),
            {"sup": "super", "sub": "sub"}.get(tag) or (raised[1] if raised else shift),
            is_struck or tag in ("s", "strike") or bool(STRUCK.search(style)),
            is_linked or tag == "a",
        )

    def _append(self, text: str) -> None:
        look = self.looks[-1].run if self.looks else Run("")
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
        if not text.strip() or (self.is_row and not text.strip(" |\xa0\n")):
            return
        lists = [tag for tag, numbers in zip(self.lists, self.numberings, strict=True) if not numbers.is_spelled_out]
        if self.sign:
            runs, self.sign = [Run(self.sign), *runs], ""
            text = "".join(run.text for run in runs)
        if lists:
            self._add_item(runs, tuple(lists[:DEEPEST_READ]))
        elif sign := (WORD_SIGN if self.word_depth else SIGN).match(text):
            self._add_signed(runs, sign)
        else:
            self._add_paragraphs(normalise_runs(runs))

    def _add_signed(self, runs: Sequence[Run], sign: re.Match[str]) -> None:
        """Add a list item that is marked by a bullet or number in its text; a first one that is not 1 stays there."""
        words = sign[0].strip()
        name = "ol" if NUMBERED.fullmatch(words) else "ul"
        depth = self.word_depth or DEPTH_OF_SIGN.get(words, 1)
        before = self.blocks[-1].lists if self.blocks else ()
        outer = (before + ("ul",) * depth)[: depth - 1]
        if name == "ol" and depth == 1 and before[:1] != ("ol",) and words.strip("().") != "1":
            text = Run(f"{words} ")
            self._add(Block(normalise_runs([text, *_without(runs, sign.end())]), quoted=bool(self.quotes)))
            return
        self.item_is_new = True
        self._add_item(_without(runs, sign.end()), (*outer, name))

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


def _number(value: str) -> int | None:
    """A number that a list may begin with."""
    return int(value) if re.fullmatch(r"[1-9]\d{0,3}", value) else None


def _href(address: str) -> str:
    """`address` if it leads somewhere; what may not stand in one is percent-encoded, as browsers do with spaces."""
    address = FORBIDDEN_IN_ADDRESS.sub(lambda found: quote(found[0]), re.sub(r"[\t\n\r]+", "", address.strip()))
    return address if HREF.fullmatch(address) else ""
