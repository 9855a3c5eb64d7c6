"""A mail server on this machine that takes what it is sent, and fails as it is told to: aiosmtpd with a plan of faults.

with Sink() as sink:
    sink.plan("her@example.dk", "rcpt 450", "drop in")   # her first mail is put off, the next is cut short, …
    ...
    assert sink.keys() == [...]
"""

import asyncio
import ssl
import threading
from collections import defaultdict
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from types import TracebackType
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

# What can go wrong with one try of a mail, and when. Of those that are in doubt, `accept and drop` keeps the mail.
FAULTS = (
    "mail 421",
    "mail 451",
    "rcpt 421",
    "rcpt 450",
    "rcpt 451",
    "rcpt 550",
    "rcpt silence",
    "rcpt drop",
    "data 451",
    "data 550",
    "drop in",
    "drop after",
    "accept and drop",
    "accept and silence",
)
IN_DOUBT = ("drop after", "accept and drop", "accept and silence")
ANSWERS = {
    "421": "421 4.3.2 Closing",
    "450": "450 4.2.1 Mailbox busy",
    "451": "451 4.3.0 Try again later",
    "550": "550 5.1.1 No such mailbox",
    "554": "554 5.7.1 Relay access denied",
}
SILENCE = 3600


@dataclass(frozen=True)
class Received:
    """A mail that the server has taken, whether or not it could say so."""

    recipient: str
    content: bytes
    answered: bool

    @property
    def message(self) -> EmailMessage:
        """The mail, read."""
        read = message_from_bytes(self.content, policy=default)
        assert isinstance(read, EmailMessage)
        return read


class Sink:
    """The server, in a thread of its own, on a free port."""

    def __init__(self, *, certificate: ssl.SSLContext | None = None, login: tuple[str, str] | None = None) -> None:
        self.received: list[Received] = []
        self.takes_utf8 = True
        self.connections = 0
        self.faults: dict[str, list[str]] = defaultdict(list)
        self.certificate, self.login = certificate, login
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def plan(self, recipient: str, *faults: str) -> None:
        """Let the tries of mails to `recipient` go wrong, one after the other, before they go well; "" goes well."""
        self.faults[recipient].extend(faults)

    @property
    def url(self) -> str:
        """What SMTP_URL is for this server."""
        return f"smtp+plain://127.0.0.1:{self.port}"

    def message_ids(self) -> list[str]:
        """The Message-ID of each mail that was taken, in order."""
        return [str(one.message["Message-ID"]) for one in self.received]

    def keep(self, received: Received) -> None:
        """Take a mail."""
        self.received.append(received)

    def start(self, port: int = 0) -> "Sink":
        """Begin to answer."""
        if not self.thread.is_alive():
            self.thread.start()

        async def listen() -> asyncio.Server:
            return await self.loop.create_server(lambda: Conversation(self), "127.0.0.1", port)

        self.server = asyncio.run_coroutine_threadsafe(listen(), self.loop).result()
        self.port: int = self.server.sockets[0].getsockname()[1]
        return self

    def stop(self) -> None:
        """Be unreachable."""

        async def close() -> None:
            self.server.close()
            for conversation in list(self.conversations):
                if conversation.transport and not conversation.transport.is_closing():
                    conversation.transport.abort()

        asyncio.run_coroutine_threadsafe(close(), self.loop).result()

    def __enter__(self) -> "Sink":
        self.conversations: set[Conversation] = set()
        return self.start()

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


class Conversation(SMTP):
    """What the server says to one who has called."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.fault = ""
        super().__init__(
            Handler(),
            hostname="sink.localhost",
            tls_context=sink.certificate,
            require_starttls=sink.certificate is not None,
            auth_required=sink.login is not None,
            authenticator=self._knows if sink.login else None,
            auth_require_tls=True,
            enable_SMTPUTF8=sink.takes_utf8,
            loop=sink.loop,
        )
        self.handler = self.event_handler

    def _knows(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> Any:
        from aiosmtpd.smtp import AuthResult

        login = (data.login.decode(), data.password.decode())
        return AuthResult(success=login == self.sink.login, handled=False)

    def connection_made(self, transport: Any) -> None:
        """Count the callers."""
        super().connection_made(transport)
        self.sink.connections += 1
        self.sink.conversations.add(self)

    def connection_lost(self, error: BaseException | None) -> None:
        """Forget one."""
        super().connection_lost(error)
        self.sink.conversations.discard(self)

    def data_received(self, data: bytes) -> None:
        """Hang up in the middle of the text, when that is the plan: before its last dot is heard."""
        if self.fault == "drop in" and self.hears_text:
            self.hang_up()
            return
        super().data_received(data)

    @property
    def hears_text(self) -> bool:
        """Whether what comes now is a mail's text."""
        return getattr(self, "_hears_text", False)

    async def push(self, status: Any) -> Any:
        """After 354 comes the text."""
        text = status if isinstance(status, str) else status.decode()
        self._hears_text = text.startswith("354")
        return await super().push(status)

    def hang_up(self) -> None:
        """Cut the line."""
        if self.transport:
            self.transport.abort()


class Handler:
    """Follows the plan."""

    async def handle_MAIL(
        self, server: Conversation, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        planned = server.sink.faults["MAIL"]
        if planned and (fault := planned.pop(0)):
            return ANSWERS[fault.split()[1]]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: Conversation, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        planned = server.sink.faults[address]
        server.fault = fault = planned.pop(0) if planned else ""
        if fault == "rcpt silence":
            await asyncio.sleep(SILENCE)
        if fault == "rcpt drop":
            server.hang_up()
        elif fault.startswith("rcpt "):
            return ANSWERS[fault.split()[1]]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Conversation, session: Session, envelope: Envelope) -> str:
        fault, [recipient] = server.fault, envelope.rcpt_tos
        if fault.startswith("data "):
            return ANSWERS[fault.split()[1]]
        if fault == "drop after":
            server.hang_up()
            return "451 Never said"
        assert isinstance(envelope.original_content, bytes)
        server.sink.keep(Received(recipient, envelope.original_content, not fault))
        if fault == "accept and drop":
            server.hang_up()
        if fault == "accept and silence":
            await asyncio.sleep(SILENCE)
        return "250 OK"
