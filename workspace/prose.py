"""What people write: made once, at writing, into the HTML that is shown and the text that is searched and mailed."""

import re
from dataclasses import dataclass
from html import escape

import nh3
from linkify_it import LinkifyIt

ALLOWED_TAGS = {"p", "br", "a"}
ALLOWED_SCHEMES = {"http", "https", "mailto"}
LINK_REL = "nofollow noopener noreferrer"

# Six digits of a date, perhaps a hyphen or a space, and four more: the form of a Danish CPR number.
CPR_NUMBER = re.compile(r"(?<!\d)(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])\d{2}[-–\s]?\d{4}(?!\d)")

CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")

_links = LinkifyIt()


@dataclass(frozen=True)
class Prose:
    """A text in its two forms: sanitised `html`, and plain `text`."""

    html: str
    text: str


def from_plain(text: str) -> Prose:
    """Paragraphs at blank lines, line breaks within them, and addresses on the web as links."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    paragraphs = [paragraph.strip() for paragraph in re.split(r"\n[ \t]*\n+", text)]
    return Prose(html="".join(_paragraph(paragraph) for paragraph in paragraphs if paragraph), text=text)


def sanitised(html: str) -> str:
    """`html` with nothing but paragraphs, line breaks and safe links. Doing it twice changes nothing."""
    return nh3.clean(
        html,
        tags=ALLOWED_TAGS,
        attributes={"a": {"href"}},
        url_schemes=ALLOWED_SCHEMES,
        link_rel=LINK_REL,
    )


def legible(text: str) -> str:
    """`text` with U+FFFD in place of control characters, which HTML can't hold."""
    return CONTROL_CHARACTER.sub("\ufffd", text)


def resembles_cpr_number(*texts: str) -> bool:
    """Whether anything in `texts` looks like a CPR number, which has no place here."""
    return any(CPR_NUMBER.search(text) for text in texts)


def _paragraph(text: str) -> str:
    return sanitised(f"<p>{_linked(text).replace(chr(10), '<br>')}</p>")


def _linked(text: str) -> str:
    parts, end = [], 0
    for link in _links.match(text) or []:
        parts.append(escape(text[end : link.index], quote=False))
        parts.append(f'<a href="{escape(link.url)}">{escape(link.text, quote=False)}</a>')
        end = link.last_index
    parts.append(escape(text[end:], quote=False))
    return "".join(parts)
