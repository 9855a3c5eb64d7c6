"""An email as it travels: the MIME message (RFC 5322, 2045), with the headers that say what it is."""

from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy

import idna

from workspace import clock
from workspace.config import Settings
from workspace.mail.message_types import EmailContent
from workspace.mail.models import Mail, message_id
from workspace.rich_text import replace_control_chars


class _VerbatimHeader(UnstructuredHeader):
    """An identifier or a link, on one line. The standard library would encode a long one, which no program reads."""

    name: str

    def fold(self, *, policy: EmailPolicy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
for _name in ("References", "In-Reply-To", "List-Id", "List-Unsubscribe"):
    _HEADERS.map_to_type(_name, _VerbatimHeader)  # type: ignore[arg-type]
POLICY = SMTP.clone(header_factory=_HEADERS)


def build_mime(mail: Mail, content: EmailContent, settings: Settings) -> bytes:
    """The message that carries `content`. Raises ValueError for a header that would hold a line break."""
    recipient = mailbox(mail.recipient)
    message = EmailMessage(POLICY.clone(utf8=not (settings.mail_from + recipient).isascii()))  # RFC 6532
    name = _one_line(f"Samspil – {content.sender}" if content.sender else "Samspil")
    local, _at, domain = settings.mail_from.rpartition("@")
    message["From"] = Address(name, local, domain)
    message["To"] = f"<{recipient}>"
    message["Subject"] = _one_line(content.subject)
    message["Date"] = clock.now()
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834
    message["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    if content.thread:
        message["References"] = message["In-Reply-To"] = message_id(f"thread:{content.thread}")
    if content.list_id:
        message["List-Id"] = f"<{content.list_id}.{settings.mail_domain}>"
    if content.unsubscribe:
        message["List-Unsubscribe"] = f"<{content.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message.set_content(content.text, cte="quoted-printable")
    message.add_alternative(content.html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def mailbox(address: str) -> str:
    """`address` with its domain as DNS knows it (RFC 5891). Raises ValueError for what is not an address.

    Characters that would end the address, or the line that it stands in, could say more to a mail server.
    """
    local, _at, domain = address.rpartition("@")
    if not (local and domain and address.isprintable()) or {" ", "<", ">"} & set(address):
        raise ValueError("That is not an email address.")
    return address if domain.isascii() else f"{local}@{idna.encode(domain, uts46=True).decode()}"


def _one_line(text: str) -> str:
    """`text` on one line, without what is not a character: no name or title can begin another header."""
    return replace_control_chars(" ".join(text.split())).replace("\ufffd", "")
