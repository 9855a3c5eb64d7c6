"""A letter as it travels: the MIME message (RFC 5322, 2045), with the headers that tell what it is."""

from binascii import b2a_qp
from email.header import Header
from email.utils import format_datetime

import idna

from workspace import clock
from workspace.config import Settings
from workspace.mail.message_types import EmailContent
from workspace.mail.models import Mail, message_id
from workspace.rich_text import replace_control_chars

BOUNDARY = "=_samspil"  # No line of a part can be this: quoted-printable writes = as =3D (RFC 2045, 6.7).


def build_mime(mail: Mail, letter: EmailContent, settings: Settings) -> bytes:
    """`letter` in its envelope. No name or title can begin another header: each is put on one line.

    The standard library's own messages take longer than all the rest of sending one, hence by hand what is the same
    in all of them.
    """
    headers = {
        "From": f"{_words(f'Samspil – {letter.sender}' if letter.sender else 'Samspil')} <{settings.mail_from}>",
        "To": f"<{mailbox(mail.recipient)}>",
        "Subject": _words(letter.subject),
        "Date": format_datetime(clock.now()),
        "Message-ID": mail.message_id,
        "Auto-Submitted": "auto-generated",  # RFC 3834
        "X-Auto-Response-Suppress": "All",  # the same for Exchange
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{BOUNDARY}"',
    }
    if letter.thread:
        headers["References"] = headers["In-Reply-To"] = message_id(f"thread:{letter.thread}")
    if letter.list_id:
        headers["List-Id"] = f"<{letter.list_id}.{settings.mail_domain}>"
    if letter.unsubscribe:
        headers["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    head = "".join(f"{name}: {_safe(value)}\n" for name, value in headers.items())
    parts = f"{_part('plain', letter.text)}{_part('html', letter.html)}--{BOUNDARY}--\n"
    return f"{head}\n{parts}".replace("\n", "\r\n").encode()


def mailbox(address: str) -> str:
    """`address` with its domain as DNS knows it (RFC 5891). Raises ValueError for what is no address.

    What would end the address, or the line that it stands in, could say more to a mail server.
    """
    local, _at, domain = address.rpartition("@")
    if not (local and domain and address.isprintable()) or {" ", "<", ">"} & set(address):
        raise ValueError("That is no mail address.")
    return address if domain.isascii() else f"{local}@{idna.encode(domain, uts46=True).decode()}"


def _part(subtype: str, text: str) -> str:
    """Text in lines that every server takes."""
    encoded = b2a_qp(text.replace("\r\n", "\n").replace("\r", "\n").encode(), istext=True).decode()
    kind = f'Content-Type: text/{subtype}; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n'
    return f"--{BOUNDARY}\n{kind}\n{encoded}\n"


def _words(text: str) -> str:
    """`text` as a header holds it (RFC 2047): on one line, without what is no character."""
    line = replace_control_chars(" ".join(text.split())).replace("\ufffd", "")
    return Header(line, "us-ascii" if line.isascii() else "utf-8", maxlinelen=66).encode()


def _safe(value: str) -> str:
    """`value`, which is one header's and no other's."""
    if "\r" in value or "\n" in value.replace("\n ", ""):
        raise ValueError("A header can't hold a line break.")
    return value
