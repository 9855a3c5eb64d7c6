"""A letter as it travels: the MIME message (RFC 5322, 2045), with the headers that tell what it is."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from workspace import clock
from workspace.config import Settings
from workspace.mail.letters import Letter
from workspace.mail.models import Mail, message_id
from workspace.prose import legible

LONGEST_NAME = 100


def message(mail: Mail, letter: Letter, settings: Settings) -> EmailMessage:
    """`letter` in an envelope. No name or title can begin another header: each is put on one line."""
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(
        _line(f"Samspil – {letter.sender}" if letter.sender else "Samspil"), addr_spec=settings.mail_from
    )
    made["To"] = Address(addr_spec=mail.recipient)
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
    made.set_content(letter.text, cte="quoted-printable")
    made.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return made


def _line(text: str) -> str:
    """`text` on one line, without what is no character."""
    return legible(" ".join(text.split())).replace("\ufffd", "")
