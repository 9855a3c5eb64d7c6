"""The transport to a mail server: one connection, kept between emails (RFC 5321).

The commands are smtplib's, sent one by one, since each reply decides what becomes of the email, and *sending* is
committed between RCPT and DATA. A connection that is lost before the last dot was sent has not delivered the email
(RFC 5321, 4.1.1.4); one that is lost after it, before the reply, may have.
"""

import smtplib
import socket
import ssl
import time
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from workspace.config import Settings
from workspace.mail.transports import DeliveryUnknown, PermanentFailure, TemporaryFailure, TransportDown

SECONDS_IDLE = 60  # A server that has heard nothing for longer may have closed the connection.
SECONDS_TO_CONNECT = 15
SECONDS_TO_ANSWER = 60
# Scanning an email takes a while, and a client that gives up too early sends it twice (RFC 5321, 4.5.3.2.6).
SECONDS_TO_ACCEPT = 240
SERVICE_CLOSES = 421

Reply = tuple[int, bytes]


class SmtpTransport:
    """Speaks to the server of SMTP_URL; unencrypted only if the URL says so."""

    def __init__(self, settings: Settings) -> None:
        url = urlsplit(settings.smtp_url)
        self.scheme, self.host = url.scheme, url.hostname or ""
        self.port = url.port or {"smtp": 587, "smtps": 465, "smtp+plain": 25}[url.scheme]
        self.user, self.password = unquote(url.username or ""), unquote(url.password or "")
        self.name, self.sender = settings.mail_domain, settings.mail_from
        self.server: smtplib.SMTP | None = None
        self.used_at = time.monotonic()

    def start(self, recipient: str) -> None:
        """Give the server sender and recipient. A kept connection that was lost meanwhile is opened again."""
        if time.monotonic() - self.used_at > SECONDS_IDLE:
            self.close()
        is_reused = self.server is not None
        try:
            self._start_transaction(recipient)
        except TransportDown:
            if not is_reused:
                raise
            self._start_transaction(recipient)
        try:
            self._command("RCPT", f"TO:<{recipient}>")
        except _ConnectionLost as lost:
            self.close()
            raise TemporaryFailure(str(lost)) from lost
        except (TemporaryFailure, PermanentFailure):
            self.abort()
            raise

    def deliver(self, message: bytes, number: int) -> None:
        """Send the message, and wait for the reply."""
        server = self._connected()
        try:
            self._command("DATA", wanted=(354,))
            server.send(_dot_stuff(message))  # When this raises, the last dot has not been sent.
        except (TemporaryFailure, PermanentFailure):
            self.abort()
            raise
        except (_ConnectionLost, OSError, smtplib.SMTPException) as lost:
            self.close()
            raise TemporaryFailure(
                f"The connection was lost before the whole email was sent: {describe_error(lost)}"
            ) from lost
        try:
            _timeout(server, SECONDS_TO_ACCEPT)
            reply = server.getreply()
        except (OSError, smtplib.SMTPException) as lost:
            self.close()
            raise DeliveryUnknown(f"The connection was lost before the reply: {describe_error(lost)}") from lost
        if not 200 <= reply[0] <= 599:
            self.close()
            raise DeliveryUnknown(f"The reply can't be understood: {_describe(reply)}")
        _timeout(server, SECONDS_TO_ANSWER)
        self.used_at = time.monotonic()
        try:
            _check_reply(reply)
        except _ConnectionLost as closing:
            self.close()
            raise TemporaryFailure(str(closing)) from closing

    def abort(self) -> None:
        """Forget the email that was started."""
        if self.server is None:
            return
        try:
            self._command("RSET")
        except (_ConnectionLost, TemporaryFailure, PermanentFailure):
            self.close()

    def close(self) -> None:
        """Say goodbye, if there is a connection."""
        if self.server is not None:
            _timeout(self.server, 1)
            with suppress(OSError, smtplib.SMTPException):
                self.server.quit()
            self.server.close()
            self.server = None

    def _start_transaction(self, recipient: str) -> None:
        """Begin an email. A sender who is refused is no email's fault: nothing can be sent then."""
        server, options = self._connected(), ""
        if not (self.sender + recipient).isascii():
            if not server.has_extn("smtputf8"):
                raise PermanentFailure(
                    "The mail server takes only addresses in plain ASCII letters: it doesn't offer SMTPUTF8."
                )
            options = " SMTPUTF8"
        server.command_encoding = "utf-8" if options else "ascii"
        try:
            self._command("MAIL", f"FROM:<{self.sender}>{options}")
        except (_ConnectionLost, TemporaryFailure, PermanentFailure) as refused:
            self.close()
            raise TransportDown(f"{self.host}:{self.port} takes no mail: {refused}") from refused

    def _command(self, verb: str, argument: str = "", *, wanted: tuple[int, ...] = (250, 251, 252)) -> None:
        """Send a command. Raises what its reply means, and _ConnectionLost where there is none."""
        try:
            reply = self._connected().docmd(verb, argument)
        except (OSError, smtplib.SMTPException) as lost:
            raise _ConnectionLost(describe_error(lost)) from lost
        _check_reply(reply, wanted)

    def _connected(self) -> smtplib.SMTP:
        if self.server is None:
            try:
                self.server, self.used_at = self._connect(), time.monotonic()
            except (OSError, smtplib.SMTPException) as error:
                raise TransportDown(f"{self.host}:{self.port} can't be used: {describe_error(error)}") from error
        return self.server

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        server: smtplib.SMTP
        if self.scheme == "smtps":
            server = smtplib.SMTP_SSL(self.host, self.port, self.name, timeout=SECONDS_TO_CONNECT, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, self.name, timeout=SECONDS_TO_CONNECT)
        try:
            _timeout(server, SECONDS_TO_ANSWER)
            server.ehlo_or_helo_if_needed()
            if self.scheme == "smtp":
                server.starttls(context=context)  # Raises where it is not offered: nothing goes in the clear.
                server.ehlo()
            if self.user:
                server.login(self.user, self.password)
            # Without this the end of a message would wait until what went before it has been acknowledged.
            server.sock.setsockopt(  # type: ignore[union-attr]
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server


class _ConnectionLost(Exception):
    """The connection is gone, or is going."""


def _check_reply(reply: Reply, wanted: tuple[int, ...] = (250, 251, 252)) -> None:
    """Raise what the reply means for the email."""
    code = reply[0]
    if code in wanted:
        return
    if code == SERVICE_CLOSES or code < 200:
        raise _ConnectionLost(_describe(reply))
    raise PermanentFailure(_describe(reply)) if 500 <= code <= 599 else TemporaryFailure(_describe(reply))


def _dot_stuff(message: bytes) -> bytes:
    """The message, whose lines end with CRLF, each leading dot doubled, and the last dot (RFC 5321, 4.5.2)."""
    stuffed = message.rstrip(b"\r\n").replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n"
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _timeout(server: smtplib.SMTP, seconds: float) -> None:
    if server.sock is not None:
        server.sock.settimeout(seconds)


def describe_error(error: BaseException) -> str:
    """The error in one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return _describe((error.smtp_code, answer if isinstance(answer, bytes) else str(answer).encode()))
    return " ".join(str(error).split()) or type(error).__name__


def _describe(reply: Reply) -> str:
    return f"{reply[0]} {' '.join(reply[1].decode(errors='replace').split())}"
