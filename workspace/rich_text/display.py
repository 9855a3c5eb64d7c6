"""Stored HTML as a page shows it: with the current names of mentioned members, and headings of the page's level."""

import re

from markupsafe import Markup, escape

from workspace.rich_text.blocks import links_in

LINK = Markup('<a class="link" href="{}">{}</a>')
MENTION = re.compile(r'<a href="#member-(\d+)"[^>]*>(.*?)</a>')


def display_html(html: str, mentioned: str | None = None, heading: int = 2, members: str = "") -> Markup:
    """`html`, which is sanitised, with headings of the level `heading`.

    `mentioned` has the current names of everybody whom it may mention, one per line: "17:Mette Lindholm Krag". Their
    pages lie at `members` and the number; without it, a mention leads nowhere.
    """
    names = dict(line.split(":", 1) for line in (mentioned or "").split("\n") if line)

    def name(match: re.Match[str]) -> str:
        present = names.get(match[1])
        shown = "@" + escape(present) if present else match[2]
        if present and members:
            return f'<a class="mention" href="{escape(members)}{match[1]}">{shown}</a>'
        return f'<span class="mention">{shown}</span>'

    html = MENTION.sub(name, html)
    return Markup(html.replace("<h2>", f"<h{heading}>").replace("</h2>", f"</h{heading}>"))  # noqa: S704 (sanitised)


def with_links(text: str, link: Markup = LINK) -> Markup:
    """Plain text, of no more than LONGEST_SEARCHED letters, with its URLs and e-mail addresses as links.

    `link` is one with two places, for the address and the words, and with the class that links have in mails.
    """
    parts: list[Markup] = []
    end = 0
    for found in links_in(text):
        parts += [escape(text[end : found.begin]), link.format(found.url, text[found.begin : found.end])]
        end = found.end
    return Markup().join((*parts, escape(text[end:])))
