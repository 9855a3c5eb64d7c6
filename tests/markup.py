"""Reads HTML, and refuses what isn't: strictly, by html5lib; or quickly, where that has accepted all of it before.

Whether html5lib accepts an element depends on what it stands in, and on what stands directly in it, in which order; not
on words, on values, or on how often something comes again. So a page whose elements all stand where such elements have
stood in accepted pages, and hold what those held, is read by a quick reader, in a seventh of the time.
"""

import re
from functools import lru_cache
from html import unescape
from itertools import zip_longest
from typing import NamedTuple
from xml.etree.ElementTree import Element, TreeBuilder

import html5lib
from html5lib.html5parser import ParseError

DOCTYPE = re.compile(r"\s*<!doctype html>", re.IGNORECASE)
TAG = re.compile(r"""<(/?)([a-z][a-z0-9-]*)((?:\s+[^\s"'<>/=]+(?:="[^"]*"|='[^']*')?)*)\s*(/?)>""")
ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:="([^"]*)"|='([^']*)')?""")
# What is left to html5lib: names of signs that templates don't use, and signs that are none or rare.
ODD = re.compile(r"&(?!(?:amp|lt|gt|quot|nbsp|#34|#39);)|[^\t\n -~\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd]")
FRAGMENT = "DOCUMENT_FRAGMENT"
BLANK = " \t\n\f\r"
SINGLE = ("html", "head", "body")
EMPTY = ("br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
SVG = "http://www.w3.org/2000/svg"

Rule = tuple[str, ...]  # an element's name after all those that it stands in, and what stands directly in it


class Reading(NamedTuple):
    """What the quick reader found."""

    root: Element
    rules: set[Rule]


_accepted: set[Rule] = set()


def is_whole(html: str) -> bool:
    """Whether this is a document, not a part of one."""
    return DOCTYPE.match(html) is not None


@lru_cache(maxsize=8)
def read(html: str) -> Element:
    """The root of a document, or of a part of one; AssertionError for what isn't HTML.

    The browser of the tests looks at a page, and then the test does: nobody changes what was found.
    """
    quick = read_quickly(html)
    if quick and quick.rules <= _accepted:
        return quick.root
    root = read_strictly(html)
    if quick and _is_same(root, quick.root):
        _accepted.update(quick.rules)
    return root


def read_strictly(html: str) -> Element:
    """What html5lib makes of it."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    try:
        root: Element = parser.parse(html) if is_whole(html) else parser.parseFragment(html, container=_outside(html))
    except ParseError as error:
        line, column = parser.errors[-1][0]
        raise AssertionError(f"Not HTML at {line}:{column}: {error}: {html.splitlines()[line - 1]}") from None
    return root


def read_quickly(html: str) -> Reading | None:
    """What it is if it's HTML, of which the rules are to tell; None if it isn't written as our templates write it."""
    doctype = DOCTYPE.match(html)
    html = html[doctype.end() if doctype else 0 :].replace("\r\n", "\n").replace("\r", "\n")
    first, *parts = TAG.split(html)
    if ODD.search(html) or len(parts) != 5 * html.count("<"):
        return None
    builder, rules = TreeBuilder(), set[Rule]()
    builder.start(FRAGMENT, {})
    path, content = _outside(html) if not doctype else "", [FRAGMENT]  # of the innermost element that is open
    around: list[tuple[str, list[str]]] = []
    _add_text(first, builder, content)
    for closing, name, given, slash, text in zip(*(parts[group::5] for group in range(5)), strict=True):
        if closing:
            if not around or not path.endswith(f"<{name}"):
                return None
            builder.end(name)
            rules.add((path, *content))
            path, content = around.pop()
        else:
            is_drawn = name == "svg" or "<svg" in path
            attributes = _attributes(given)
            if attributes is None or (slash and not is_drawn and name not in EMPTY):
                return None
            if content[-1] != name or name in SINGLE:
                content.append(name)
            builder.start(f"{{{SVG}}}{name}" if is_drawn else name, attributes)
            if slash or name in EMPTY:
                builder.end(name)
                rules.add((f"{path}<{name}",))
            else:
                around.append((path, content))
                path, content = f"{path}<{name}", [name]
                if name in ("textarea", "pre"):
                    text = text.removeprefix("\n")  # HTML doesn't count it.
        _add_text(text, builder, content)
    builder.end(FRAGMENT)
    rules.add((path, *content))
    root = builder.close()
    if around or (doctype and len(root) != 1):
        return None
    return Reading(root[0] if doctype else root, rules)


def _outside(html: str) -> str:
    """In which element html5lib is to find it: nowhere, as a document, or where the browser puts such a part."""
    return "" if is_whole(html) else "tbody" if html.lstrip().startswith("<tr") else "div"


@lru_cache(maxsize=10_000)
def _attributes(given: str) -> dict[str, str] | None:
    """Names and values; None if a name stands there twice."""
    found = ATTRIBUTE.findall(given)
    values = {name: unescape(double or single) for name, double, single in found}
    return values if len(values) == len(found) else None


def _add_text(text: str, builder: TreeBuilder, content: list[str]) -> None:
    if not text:
        return
    builder.data(unescape(text))
    kind = "words" if text.strip(BLANK) else "space"
    if content[-1] != kind:
        content.append(kind)


def _is_same(one: Element, other: Element) -> bool:
    """Whether two trees are the same but for space between elements, which html5lib moves."""
    return all(
        a is not None and b is not None and _told(a) == _told(b) for a, b in zip_longest(one.iter(), other.iter())
    )


def _told(element: Element) -> tuple[object, ...]:
    texts = (text if text and text.strip(BLANK) else "" for text in (element.text, element.tail))
    return element.tag, len(element), element.attrib, *texts
