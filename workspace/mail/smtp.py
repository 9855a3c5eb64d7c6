"""The carrier to a mail server: one connection, kept between mails (RFC 5321).

It is smtplib's, which says one thing after another and waits for each answer: that is how the postman works, and each
answer decides what becomes of the mail. Only from whom and to whom is said in one go, and right behind the mail before
it, to a server that can hear it so (RFC 2920): each wait is the way to it and back. What ends before the last dot has
been said is not accepted (RFC 5321, 4.1.1.4); what ends after it, before the answer, is in doubt.
"""

import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from urllib.parse import unquote, urlsplit

from workspace.config import Settings
from workspace.mail.transports import DeliveryUnknown, PermanentFailure, TemporaryFailure, TransportDown

SECONDS_IDLE = 60  # Who has heard nothing for longer may have hung up without a word.
SECONDS_TO_CONNECT = 15
SECONDS_TO_ANSWER = 60
SECONDS_TO_ACCEPT = (
    240  # Scanning a mail takes a while, and who gives up too early sends it twice (RFC 5321, 4.5.3.2.6).
)
SERVICE_CLOSES = 421

Answer = tuple[int, bytes]


class Smtp:
    """Speaks to the server of SMTP_URL; in the clear only with one on this machine, and only when told so."""

    def __init__(self, settings: Settings) -> None:
        url = urlsplit(settings.smtp_url)
        self.scheme, self.host = url.scheme, url.hostname or ""
        self.port = url.port or {"smtp": 587, "smtps": 465, "smtp+plain": 25}[url.scheme]
        self.user, self.password = unquote(url.username or ""), unquote(url.password or "")
        self.name, self.sender = settings.mail_domain, settings.mail_from
        self.server: smtplib.SMTP | None = None
        self.said_ahead: tuple[str, ...] = ()  # from whom and to whom the next mail is, not answered yet
        self.used_at = time.monotonic()

    def begin(self, recipient: str) -> None:
        """Say from whom and to whom. A kept connection that has gone meanwhile is opened again."""
        if time.monotonic() - self.used_at > SECONDS_IDLE:
            self.close()
        kept = self.server is not None
        envelope = self._envelope(recipient)
        if not "".join(envelope).isascii() and not self._connected().has_extn("smtputf8"):
            raise PermanentFailure("The mail server takes no address with such letters (SMTPUTF8).")
        if self.said_ahead and self.said_ahead != envelope:
            self.drop()
        try:
            answers = self._introduce(*envelope)
        except TransportDown:
            if not kept:
                raise
            answers = self._introduce(*envelope)
        try:
            _judge(next(answers))
        except _Lost as lost:
            self.close()
            raise TemporaryFailure(str(lost)) from lost
        except (TemporaryFailure, PermanentFailure):
            self.drop()
            raise

    def deliver(self, message: Callable[[], bytes], number: int, following: str = "") -> None:
        """Say all of it, and wait for the answer. The next mail, to `following`, is begun meanwhile."""
        server = self._connected()
        try:
            server.putcmd("DATA")
            text = _stuffed(message())  # Where it can't be made, dropping it hangs up: the server waits for it by now.
            _judge(server.getreply(), wanted=(354,))
            server.send(text)  # What raises has not sent all of it, so not the last dot either.
        except (TemporaryFailure, PermanentFailure):
            self.drop()
            raise
        except (_Lost, OSError, smtplib.SMTPException) as lost:
            self.close()
            raise TemporaryFailure(f"The connection was lost before all was said: {told(lost)}") from lost
        if following and following.isascii() and server.has_extn("pipelining"):
            self._say_ahead(server, self._envelope(following))
        try:
            _timeout(server, SECONDS_TO_ACCEPT)
            answer = server.getreply()
        except (OSError, smtplib.SMTPException) as lost:
            self.close()
            raise DeliveryUnknown(f"The connection was lost before the answer: {told(lost)}") from lost
        if not 200 <= answer[0] <= 599:
            self.close()
            raise DeliveryUnknown(f"The answer can't be understood: {_text(answer)}")
        _timeout(server, SECONDS_TO_ANSWER)
        self.used_at = time.monotonic()
        try:
            _judge(answer)
        except _Lost as closing:
            self.close()
            raise TemporaryFailure(str(closing)) from closing

    def drop(self) -> None:
        """Forget what was begun."""
        if self.server is None:
            return
        try:
            list(self._answers(*self.said_ahead))
            _judge(self._ask("RSET"))
        except (_Lost, TemporaryFailure, PermanentFailure):
            self.close()

    def close(self) -> None:
        """Say goodbye, if there is anybody."""
        if self.server is not None:
            _timeout(self.server, 1)
            with suppress(OSError, smtplib.SMTPException):
                self.server.quit()
            self.server.close()
            self.server, self.said_ahead = None, ()

    def _envelope(self, recipient: str) -> tuple[str, ...]:
        utf8 = "" if (self.sender + recipient).isascii() else " SMTPUTF8"
        return f"MAIL FROM:<{self.sender}>{utf8}", f"RCPT TO:<{recipient}>"

    def _say_ahead(self, server: smtplib.SMTP, envelope: tuple[str, ...]) -> None:
        """Begin the next mail. Where that can't be said, the answer to the one before tells what has become of it."""
        if server.sock is not None:
            with suppress(OSError):
                server.sock.sendall("".join(f"{command}\r\n" for command in envelope).encode())
            self.said_ahead = envelope

    def _introduce(self, *envelope: str) -> Iterator[Answer]:
        """Begin a mail; the answers that are still to come. What is refused to its sender is no mail's fault."""
        answers = self._answers(*envelope)
        try:
            _judge(next(answers))
        except (_Lost, TemporaryFailure, PermanentFailure) as refused:
            self.close()
            raise TransportDown(f"{self.host}:{self.port} takes no mail: {refused}") from refused
        return answers

    def _ask(self, command: str) -> Answer:
        """The server's answer. Raises _Lost where there is none."""
        return next(self._answers(command))

    def _answers(self, *commands: str) -> Iterator[Answer]:
        """The server's answers, one after the other. Raises _Lost where there is none."""
        server = self._connected()
        is_said, self.said_ahead = self.said_ahead == commands, ()
        together = len(commands) > 1 and server.has_extn("pipelining")
        try:
            server.command_encoding = "ascii" if "".join(commands).isascii() else "utf-8"
            if together and not is_said:
                server.send("".join(f"{command}\r\n" for command in commands))
            for command in commands:
                yield server.getreply() if together else server.docmd(command)
        except (OSError, smtplib.SMTPException) as lost:
            raise _Lost(told(lost)) from lost

    def _connected(self) -> smtplib.SMTP:
        if self.server is None:
            try:
                self.server, self.used_at = self._connect(), time.monotonic()
            except (OSError, smtplib.SMTPException) as error:
                raise TransportDown(f"{self.host}:{self.port} can't be used: {told(error)}") from error
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
            # Without this the end of a mail would wait until what went before it has been heard.
            server.sock.setsockopt(  # type: ignore[union-attr]
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server


class _Lost(Exception):
    """The connection is gone, or is going."""


def _judge(answer: Answer, wanted: tuple[int, ...] = (250, 251, 252)) -> None:
    """Raise what the answer means for the mail."""
    code = answer[0]
    if code in wanted:
        return
    if code == SERVICE_CLOSES or code < 200:
        raise _Lost(_text(answer))
    raise PermanentFailure(_text(answer)) if 500 <= code <= 599 else TemporaryFailure(_text(answer))


def _stuffed(message: bytes) -> bytes:
    """The message, whose lines end with CRLF, with a dot more where one begins and a last dot (RFC 5321, 4.5.2)."""
    stuffed = message.rstrip(b"\r\n").replace(b"\r\n.", b"\r\n..") + b"\r\n.\r\n"
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def _timeout(server: smtplib.SMTP, seconds: float) -> None:
    if server.sock is not None:
        server.sock.settimeout(seconds)


def told(error: BaseException) -> str:
    """The error in one line."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return _text((error.smtp_code, answer if isinstance(answer, bytes) else str(answer).encode()))
    return " ".join(str(error).split()) or type(error).__name__


def _text(answer: Answer) -> str:
    return f"{answer[0]} {' '.join(answer[1].decode(errors='replace').split())}"
