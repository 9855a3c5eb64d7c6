"""What an email says: features register their email types here, each with a function that writes it when it is sent.

@email_type("membership", _l("Membership"))
def membership_changed(mail: Mail) -> EmailContent | None:
    membership = db.session.get(Membership, mail.payload["membership"])
    if membership is None or not membership.may(Action.READ):
        return None
    return render_email("membership", sender=membership.partnership.name, membership=membership)
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from css_inline import CSSInliner
from flask import current_app, g, render_template

from workspace.mail.run_cache import cached_per_run

if TYPE_CHECKING:
    from workspace.mail.models import Mail

PRIORITIES = PROMPT, PLAIN, BULK = 0, 1, 2
WIDTH = 70


@dataclass(frozen=True, kw_only=True)
class EmailContent:
    """What an email says, and how it is told from others.

    `sender` is the partnership that it comes from, `list_id` the name by which that one's mails can be sorted; mails
    of one `thread` (any key of it, such as "post:17") stand together; `unsubscribe` is where one can be rid of them.
    `trouble` is what could not be written into it, for administrators: the rest goes out.
    """

    subject: str
    text: str
    html: str
    sender: str = ""
    list_id: str = ""
    thread: str = ""
    unsubscribe: str = ""
    trouble: str = ""


Writer = Callable[["Mail"], EmailContent | None]


@dataclass(frozen=True)
class EmailType:
    """A type of email: its name for administrators, what writes it, and how soon it is claimed among what is due."""

    title: Any
    write: Writer
    priority: int


EMAIL_TYPES: dict[str, EmailType] = {}


def email_type(name: str, title: Any, *, priority: int = PLAIN) -> Callable[[Writer], Writer]:
    """Register the function that writes emails of the type `name`.

    It runs when the mail is sent, in the addressee's language and time zone, in a transaction that only reads, and
    asks then whether the addressee may have it. None says that there is nothing to say to them any more.
    """

    def register(write: Writer) -> Writer:
        EMAIL_TYPES[name] = EmailType(title, write, priority)
        return write

    return register


def render_email(
    name: str,
    *,
    sender: str = "",
    list_id: str = "",
    thread: str = "",
    unsubscribe: str = "",
    trouble: str = "",
    **context: Any,
) -> EmailContent:
    """The content that templates/mail/<name>/{subject.txt,body.txt,body.html} make of `context`."""
    context |= {"sender": sender, "unsubscribe": unsubscribe}
    return EmailContent(
        subject=" ".join(render_template(f"mail/{name}/subject.txt", **context).split()),
        text=filled(render_template(f"mail/{name}/body.txt", **context)),
        html=_with_style(render_template(f"mail/{name}/body.html", **context)),
        sender=sender,
        list_id=list_id,
        thread=thread,
        unsubscribe=unsubscribe,
        trouble=trouble,
    )


class PreInlinedHtml:
    """A part of an email's HTML that has its style in each element already; it is put in where the template has it."""

    MARK = re.compile(r"<!--ready:(\d+)-->")  # Nobody writes it: what people write is escaped.

    def __init__(self, html: str) -> None:
        self.html = html

    @classmethod
    def of(cls, html: str) -> "PreInlinedHtml":
        """`html` with the style that all emails have."""
        return cls(_inliner().inline_fragment(html, _style()))

    def __html__(self) -> str:
        pieces: list[str] = g.setdefault("ready", [])
        pieces.append(self.html)
        return f"<!--ready:{len(pieces) - 1}-->"


def _with_style(html: str) -> str:
    """`html` with its style in each element, and the parts that have theirs already in their places."""
    pieces: list[str] = g.pop("ready", [])
    return PreInlinedHtml.MARK.sub(lambda mark: pieces[int(mark[1])], _inliner().inline(html))


@cache
def _style() -> str:
    return render_template("layouts/_mail.css")


def filled(text: str) -> str:
    """`text` in lines that fit an email: broken at spaces, never within an address, indented as they were."""
    lines = (_filled(line) if len(line) > WIDTH else line for line in map(str.rstrip, text.strip().splitlines()))
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines)) + "\n"


@cached_per_run
def wrap_lines(text: str, width: int) -> str:
    """`text` in lines of at most `width` characters, but for words that are longer."""
    return "\n".join("\n".join(_lines(line, width)) for line in text.splitlines())


def _filled(line: str) -> str:
    indent = " " * (len(line) - len(line.lstrip()))
    return "\n".join(indent + part for part in _lines(line, WIDTH - len(indent)))


def _lines(text: str, width: int) -> Iterator[str]:
    """The words of `text` in lines. `textwrap` is made for more, and takes most of the time of an email's text."""
    line = ""
    for word in text.split():
        if line and len(line) + len(word) >= width:
            yield line
            line = word
        else:
            line = f"{line} {word}" if line else word
    if line:
        yield line


def link(path: str) -> str:
    """The address of one of our pages, as an email has it."""
    base: str = current_app.settings.base_url  # type: ignore[attr-defined]
    return base + path


@cache
def _inliner() -> CSSInliner:
    """Puts the style into each element, where every mail program finds it, and fetches nothing."""
    return CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
