"""A test email, and what became of it, in words that an administrator can act on."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import uuid4

from flask_babel import gettext as _

from workspace.config import Settings
from workspace.mail.delivery import build_transport
from workspace.mail.message_types import EmailContent, link
from workspace.mail.mime import build_mime, mailbox
from workspace.mail.models import Mail, message_id
from workspace.mail.smtp import describe_error
from workspace.mail.transports import DeliveryUnknown, PermanentFailure, TemporaryFailure, TransportDown, path_of

NUMBER = 0  # of the file, where emails go to a folder: no row of the outbox has it
AUTHENTICATION_NEEDED = "530"  # RFC 4954, 6


class NotSent(Exception):
    """The test email was not sent; the message says why, and what to do."""


def send(address: str, settings: Settings) -> str:
    """Send a test email to `address` now, past the outbox, over the transport of all emails; what became of it.

    Raises NotSent.
    """
    recipient = mailbox(address)
    mail = Mail(kind="test", address=address, message_id=message_id(f"test:{uuid4()}"))
    text = _("Samspil can send e-mail from %(address)s.", address=link("/"))
    content = EmailContent(subject=_("A test e-mail from Samspil"), text=f"{text}\n", html=f"<p>{text}</p>")
    transport = build_transport(settings)
    try:
        try:
            transport.start(recipient)
        except (PermanentFailure, TemporaryFailure) as refused:
            raise NotSent(_recipient_refused(refused, address)) from refused
        transport.deliver(build_mime(mail, content, settings), NUMBER)
    except TransportDown as unreachable:
        raise NotSent(_unreachable(unreachable, settings)) from unreachable
    except (PermanentFailure, TemporaryFailure) as refused:
        raise NotSent(
            _("The mail server took the address, but not the e-mail: %(answer)s. Its log says more.", answer=refused)
        ) from refused
    except DeliveryUnknown as unknown:
        raise NotSent(
            _("The e-mail was sent, but the mail server did not say that it has it: %(answer)s", answer=unknown)
        ) from unknown
    finally:
        transport.close()
    if settings.mail_folder:
        path = path_of(settings.mail_folder, NUMBER)
        return _("SMTP_URL is a folder, so no e-mail reaches anybody. The test e-mail is the file %(path)s.", path=path)
    return _(
        "%(server)s has taken the e-mail for %(address)s. If it does not arrive, look in the spam folder and in the "
        "server's log: the domain of MAIL_FROM may lack a DNS record that lets this server send (SPF, DKIM).",
        server=_server(settings),
        address=address,
    )


def connect(settings: Settings) -> None:
    """Connect to the mail server, and begin a mail from our address to itself, which is not sent. Raises NotSent."""
    transport = build_transport(settings)
    try:
        transport.start(settings.mail_from)
        transport.abort()
    except (PermanentFailure, TemporaryFailure) as refused:
        raise NotSent(_recipient_refused(refused, settings.mail_from)) from refused
    except TransportDown as unreachable:
        raise NotSent(_unreachable(unreachable, settings)) from unreachable
    finally:
        transport.close()


def _recipient_refused(refused: PermanentFailure | TemporaryFailure, address: str) -> str:
    if isinstance(refused, TemporaryFailure):
        return _(
            "The mail server does not take e-mail for %(address)s at present: %(answer)s. Try again in some minutes.",
            address=address,
            answer=refused,
        )
    return _(
        "The mail server refused the recipient %(address)s: %(answer)s. Check the address, and that the server relays "
        "e-mail to other domains for this machine or for the user in SMTP_URL.",
        address=address,
        answer=refused,
    )


def _unreachable(unreachable: TransportDown, settings: Settings) -> str:
    """What stands between us and the server."""
    if settings.mail_folder:
        return str(unreachable)
    causes = list(_causes(unreachable))
    for cause in causes:
        if isinstance(cause, PermanentFailure | TemporaryFailure):
            return _sender_refused(cause, settings)
    return _not_connected(causes[-1], settings)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What an error came from, the first cause last."""
    while (cause := error.__cause__ or error.__context__) is not None:
        yield (error := cause)


def _sender_refused(refused: PermanentFailure | TemporaryFailure, settings: Settings) -> str:
    if str(refused).startswith(AUTHENTICATION_NEEDED):
        return _(
            "The mail server asks who is sending: %(answer)s. Put a user and a password into SMTP_URL.", answer=refused
        )
    return _(
        "The mail server refused the sender %(sender)s: %(answer)s. Set MAIL_FROM to an address that it sends for.",
        sender=settings.mail_from,
        answer=refused,
    )


def _not_connected(error: BaseException, settings: Settings) -> str:
    server, reason = _server(settings), describe_error(error)
    match error:
        case socket.gaierror():
            return _("%(server)s is not found. Check the host in SMTP_URL, and this machine's DNS.", server=server)
        case ConnectionRefusedError():
            return _(
                "%(server)s refused the connection. Check host and port in SMTP_URL, and that the server is running.",
                server=server,
            )
        case TimeoutError():
            return _(
                "%(server)s does not answer. A firewall may be in between; or the port expects TLS from the start: "
                "then use smtps:// in SMTP_URL.",
                server=server,
            )
        case ssl.SSLCertVerificationError():
            return _(
                "The certificate of %(server)s can't be trusted (%(reason)s). Use the name in SMTP_URL that the "
                "certificate is for; if it is from an authority of your own, let SSL_CERT_FILE name that.",
                server=server,
                reason=error.verify_message,
            )
        case ssl.SSLError():
            return _(
                "%(server)s does not speak TLS as SMTP_URL says. smtp:// is for STARTTLS (usually port 587), "
                "smtps:// for TLS from the start (usually port 465).",
                server=server,
            )
        case smtplib.SMTPAuthenticationError():
            return _(
                "%(server)s refused the user or the password: %(answer)s. Check both in SMTP_URL; write @, /, : and # "
                "as %%40, %%2F, %%3A and %%23.",
                server=server,
                answer=reason,
            )
        case smtplib.SMTPNotSupportedError() if "STARTTLS" in reason:
            return _(
                "%(server)s offers no encryption (STARTTLS), so nothing is sent. Use a port that does (usually 587), "
                "or smtps:// in SMTP_URL.",
                server=server,
            )
        case smtplib.SMTPNotSupportedError():
            return _(
                "%(server)s takes no user and password. Leave them out of SMTP_URL, or use the port for "
                "sign-in (usually 587).",
                server=server,
            )
        case smtplib.SMTPServerDisconnected():
            return _(
                "%(server)s hung up. It may expect TLS from the start (smtps:// in SMTP_URL), or take no e-mail from "
                "this machine: its log says more.",
                server=server,
            )
    if reason.startswith("4"):
        return _("%(server)s takes no e-mail at present: %(answer)s. Try again later.", server=server, answer=reason)
    return _("%(server)s can't be used: %(reason)s. Check SMTP_URL.", server=server, reason=reason)


def _server(settings: Settings) -> str:
    parts = urlsplit(settings.smtp_url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
