"""A letter as it travels: the MIME message (RFC 5322, 2045), with the headers that tell what it is."""

from binascii import b2a_qp
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

import idna

from workspace import clock
from workspace.config import Settings
from workspace.mail.letters import Letter
from workspace.mail.models import Mail, message_id
from workspace.prose import legible


def message(mail: Mail, letter: Letter, settings: Settings) -> bytes:
    """`letter` in its envelope. No name or title can begin another header: each is put on one line."""
    recipient = mailbox(mail.recipient)
    sender = f"Samspil – {_line(letter.sender)}" if letter.sender else "Samspil"
    made = EmailMessage(policy=SMTP if recipient.isascii() else SMTPUTF8)
    made["From"] = Address(sender, addr_spec=settings.mail_from)
    made["To"] = Address(addr_spec=recipient)
    made["Subject"] = _line(letter.subject)
    made["Date"] = clock.now()
    made["Message-ID"] = mail.message_id
    if letter.thread:
        made["References"] = made["In-Reply-To"] = message_id(f"thread:{letter.thread}")
    if letter.list_id:
        made["List-Id"] = f"<{letter.list_id}.{settings.mail_domain}>"
    if letter.unsubscribe:
        made["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834
    made["X-Auto-Response-Suppress"] = "All"  # The same for Exchange
    made["MIME-Version"] = "1.0"
    made.make_alternative()
    made.attach(_part("plain", letter.text))
    made.attach(_part("html", letter.html))
    return made.as_bytes()


def mailbox(address: str) -> str:
    """`address` with its domain as DNS knows it (RFC 5891)."""
    local, _at, domain = address.rpartition("@")
    return address if domain.isascii() else f"{local}@{idna.encode(domain, uts46=True).decode()}"


def _part(subtype: str, text: str) -> EmailMessage:
    """Text in lines that every server takes."""
    part = EmailMessage(policy=SMTP)
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(text.encode(), istext=True).decode())
    return part


def _line(text: str) -> str:
    """`text` on one line, without what is no character."""
    return legible(" ".join(text.split())).replace("\ufffd", "")
