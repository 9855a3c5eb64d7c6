"""Stored prose as it is shown: with the present names of those whom it mentions, its heading fitting the page."""

import re
from collections.abc import Iterable, Mapping

from markupsafe import Markup, escape

MENTION = re.compile(r'<a href="#member-(\d+)"[^>]*>(.*?)</a>')


def shown(html: str, names: Mapping[int, str] | None = None, heading: int = 2) -> Markup:
    """`html`, which is sanitised; `names` are those of memberships, and `heading` the level of a heading in it."""

    def name(match: re.Match[str]) -> str:
        present = (names or {}).get(int(match[1]))
        return f'<span class="mention">{"@" + escape(present) if present else match[2]}</span>'

    html = MENTION.sub(name, html)
    return Markup(html.replace("<h2>", f"<h{heading}>").replace("</h2>", f"</h{heading}>"))  # noqa: S704 (sanitised)


def mentioned(htmls: Iterable[str | None]) -> set[int]:
    """The ids of the memberships that any of `htmls` refers to."""
    return {int(match[1]) for html in htmls if html for match in MENTION.finditer(html)}
