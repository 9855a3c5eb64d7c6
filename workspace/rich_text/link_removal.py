"""Text that may not lead anywhere: what one person writes goes to strangers, in the name of the whole workspace."""

import re
import unicodedata

from workspace.rich_text.blocks import has_links

# Where mail programs begin to make a link: at the dots of a name, at a scheme, at the name of a file server.
JOINTS = re.compile(r"(?<=\w)[.\u3002\uff0e\uff61](?=\w)|(?<=[:/\\])[/\\]|(?<=\w)[@\uff20](?=\w)")
BREAK = "\u200b"  # It has no width, and no address holds one.


def leads_somewhere(text: str) -> bool:
    """Whether a link, a web address or an e-mail address is in `text`, however its letters are disguised."""
    shown = unicodedata.normalize("NFKC", text).replace("\u3002", ".")
    letters = "".join(letter for letter in shown if unicodedata.category(letter) != "Cf")
    return "://" in letters or has_links(letters)


def unlinked(text: str) -> str:
    """`text` as it reads, in which no mail program finds a link, not even in a name like »evil.example«."""
    return JOINTS.sub(lambda found: found[0] + BREAK, text)
