"""Rich text: what people write, converted once, when it is saved, to the HTML that is shown and the plain text that is
searched and mailed.

Whatever comes in, typed or pasted, is read into blocks (blocks.py), and only blocks are rendered. So there is one form
for everything, and converting it twice changes nothing.
"""

import re
from html import escape

from workspace.rich_text import blocks, html_reader, text_reader
from workspace.rich_text.blocks import Block, RichText
from workspace.rich_text.html_reader import is_readable

# Six digits of a date, perhaps a hyphen or a space, and four more: the format of a Danish CPR number.
CPR_NUMBER = re.compile(r"(?<!\d)(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])\d{2}[-–\s]?\d{4}(?!\d)")
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")

EMPTY = RichText(html="", text="")


def from_plain(text: str, *, instead_of: str = "") -> RichText:
    """Paragraphs separated by blank lines, with line breaks; "- " and "1. " make lists, "> " a quote.

    A paragraph with the same text as one of the HTML `instead_of` keeps the formatting that it has there.
    """
    formatted = {_wording(block): block for block in html_reader.read(instead_of)} if instead_of else {}
    return blocks.render([formatted.get(_wording(block), block) for block in text_reader.read(text)])


def from_html(html: str) -> RichText:
    """The parts of `html` that are supported: paragraphs, bold, italic, lists, quotes, links and one level of heading.

    HTML that is too long or too tangled to be parsed is taken as plain text.
    """
    return blocks.render(html_reader.read(html if is_readable(html) else escape(html)))


def replace_control_chars(text: str) -> str:
    """`text` with U+FFFD in place of control characters, which HTML can't hold."""
    return CONTROL_CHARACTER.sub("\ufffd", text)


def resembles_cpr_number(*texts: str) -> bool:
    """Whether anything in `texts` looks like a CPR number, which should not be shared here."""
    return any(CPR_NUMBER.search(text) for text in texts)


def _wording(block: Block) -> tuple[bool, tuple[str, ...], str]:
    return block.quoted, block.lists, blocks.inline_text(block)


__all__ = [
    "EMPTY",
    "RichText",
    "from_html",
    "from_plain",
    "is_readable",
    "replace_control_chars",
    "resembles_cpr_number",
]
