"""Delivery: claims the emails that are due, has their types write them, and sends them over one connection.

The outbox is the truth. A worker claims emails with a lease, and commits *sending* before it hands one over. Wherever
it dies, the lease expires and another worker continues: an email that was *sending* may have arrived, and is sent once
more under the same Message-ID; any other is simply sent.
"""

import logging
import re
import threading
import time
from datetime import timedelta

from flask import Flask, current_app, g
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import joinedload

from workspace import clock
from workspace.config import Settings
from workspace.db import db, failures
from workspace.db.failures import is_of_database
from workspace.db.transactions import begin_request
from workspace.extensions import stopping
from workspace.i18n.formatting import DEFAULT_LANGUAGE, spoken
from workspace.logs import told
from workspace.mail.claims import (
    AT_ONCE,
    MOST_DOUBTS,
    ClaimedMail,
    claim_due,
    complete,
    refuse,
    release,
    reschedule,
    start_sending,
    take_back,
)
from workspace.mail.message_types import EMAIL_TYPES, EmailContent
from workspace.mail.mime import build_mime, mailbox
from workspace.mail.models import Mail, MailState
from workspace.mail.run_cache import run_cache
from workspace.mail.smtp import SmtpTransport
from workspace.mail.transports import (
    DeliveryUnknown,
    FileTransport,
    PermanentFailure,
    TemporaryFailure,
    Transport,
    TransportDown,
)

AWAY = timedelta(minutes=1)
# So many refusals in a row, each of another address, are no email's fault.
MANY_REFUSALS = 10
AMONG_WORKERS = timedelta(minutes=10)  # by which another worker may have been refused before this one
NO_SUCH_ADDRESS = re.compile(r"\d+ 5\.1\.(?:1|2|3|10)\b")  # RFC 3463, 3.2; RFC 7505: this one alone is wrong
REFUSALS = "refusals"  # as mail/queries.py names it for administrators
SECONDS_CLAIMED = 5.0  # With a limit, what is urgent waits no longer than this behind what was claimed before.
IN_DOUBT_TWICE = "It was left in unknown twice: it may have arrived."

log = logging.getLogger(__name__)


def install(app: Flask, settings: Settings) -> None:
    """Give `app` its mail sender."""
    app.extensions["mail_sender"] = MailSender(settings)


def deliver() -> int:
    """Send every email that is due, with the mail sender of this process; how many were sent."""
    return mail_sender().deliver()


def mail_sender() -> "MailSender":
    """The mail sender of this process."""
    found: MailSender = current_app.extensions["mail_sender"]
    return found


def build_transport(settings: Settings) -> Transport:
    """What takes the emails of this installation."""
    return FileTransport(settings.mail_folder) if settings.mail_folder else SmtpTransport(settings)


class RefusesEverything(Exception):
    """The mail server refuses everybody's email."""


class MailSender:
    """Sends one email after another, until the process, which has one, is told to stop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.transport = build_transport(settings)
        self.run_lock = threading.Lock()
        self.trouble: str | None = None
        self.away_until = 0.0
        self.refused: set[str | None] = set()  # whom, since an email was last accepted
        self.refused_since = clock.now()
        self.refuses_all: bool | None = None  # unknown to a new process
        self.next_at = 0.0
        self.seconds_between = 60 / settings.mails_per_minute if settings.mails_per_minute else 0.0

    def deliver(self) -> int:
        """Send every email that is due; how many were sent. One that can't be sent holds up no other."""
        sent = 0
        with self.run_lock, run_cache():
            while self.is_available() and (claimed := claim_due(self._most_at_once())):
                for mail in claimed:
                    self._wait_for_turn()
                    if not self.is_available():
                        break
                    sent += self._deliver(mail)
                away = AWAY if self.trouble else timedelta()
                release(claimed, clock.now() + away, self.trouble)
        return sent

    def is_available(self) -> bool:
        """Whether emails can be sent at present: not when told to stop, nor soon after the server was down."""
        if time.monotonic() >= self.away_until:
            self.trouble = None
        return not stopping.is_set() and self.trouble is None

    def _most_at_once(self) -> int:
        return max(1, min(AT_ONCE, int(SECONDS_CLAIMED / self.seconds_between))) if self.seconds_between else AT_ONCE

    def _wait_for_turn(self) -> None:
        """Keep to MAILS_PER_MINUTE."""
        if self.seconds_between:
            stopping.wait(max(0.0, self.next_at - time.monotonic()))
            self.next_at = max(self.next_at, time.monotonic()) + self.seconds_between

    def _deliver(self, mail: ClaimedMail) -> bool:
        """Send one email; whether it was sent."""
        if mail.uncertain_attempts > MOST_DOUBTS:
            complete(mail, MailState.FAILED, IN_DOUBT_TWICE)
            return False
        try:
            written = self._written(mail)
            if written is None:
                complete(mail, MailState.SKIPPED)
                return False
            message, trouble = written
            if not start_sending(mail):
                self.transport.abort()
                return False
            self.transport.deliver(message, mail.id)
        except TransportDown as away:
            self._back_off(str(away))
        except PermanentFailure as refused:
            self._refuse(mail, str(refused))
        except TemporaryFailure as not_now:
            reschedule(mail, str(not_now))
        except DeliveryUnknown as unknown:
            reschedule(mail, str(unknown), in_doubt=True)
        except Exception as error:  # Its kind's own code, or what stands in its row: the others go out.
            log.error("Mail %s could not be written: %s", mail.id, told(error))
            self.transport.abort()
            if is_of_database(error):
                self._back_off(f"The database can't be used: {type(error).__name__}")
            else:
                reschedule(mail, _cause(error))
        else:
            complete(mail, MailState.SENT, trouble)
            self._note_acceptance()
            return True
        return False

    def _refuse(self, mail: ClaimedMail, error: str) -> None:
        """Write down that it will never be accepted; unless the server refuses everybody's, which passes."""
        if NO_SUCH_ADDRESS.match(error):
            refuse(mail, error)
            return
        if not self.refused:
            self.refused_since = clock.now()
        others = self.refused - {mail.recipient}
        if not self.refuses_all and len(others) + 1 < MANY_REFUSALS and not _refuses_others():
            refuse(mail, error)
            self.refused.add(mail.recipient)
            return
        take_back(self.refused_since - AMONG_WORKERS, but=NO_SUCH_ADDRESS)
        self.refused.clear()
        self.refuses_all = True
        reschedule(mail, error)
        failures.note(REFUSALS, failures.WHOLE, RefusesEverything())
        self._back_off(f"The mail server refuses every email: {error}")

    def _note_acceptance(self) -> None:
        """The server accepts emails, so refusals are again what they say."""
        self.refused.clear()
        if self.refuses_all is not False:
            failures.forget(REFUSALS, [failures.WHOLE])
            db.session.commit()
            self.refuses_all = False

    def _back_off(self, trouble: str) -> None:
        """Stop for a while: no email can be sent."""
        log.warning("Mail has to wait: %s", trouble)
        self.trouble, self.away_until = trouble, time.monotonic() + AWAY.total_seconds()

    def _written(self, claimed: ClaimedMail) -> tuple[bytes, str] | None:
        """The message, rendered now, and what could not be rendered; None when there is nothing to say to the
        recipient any more, or another worker has the email.

        Whether the recipient may have it is asked after the server has agreed to take it, which can last: nothing but
        handing it over comes between.
        """
        if claimed.recipient is None:
            return None
        try:
            recipient = mailbox(claimed.recipient)
        except ValueError as error:
            raise PermanentFailure("Its address is not an email address.") from error
        self.transport.start(recipient)
        with current_app.app_context():
            begin_request(reads_only=True)
            mine = select(Mail).where(Mail.id == claimed.id, Mail.lease == claimed.lease)
            mail = db.session.scalar(mine.options(joinedload(Mail.user)))
            content = written(mail) if mail else None
            if mail is None or content is None:
                self.transport.abort()
                return None
            if mailbox(mail.recipient) != recipient:
                self.transport.abort()
                raise TemporaryFailure("The address has changed meanwhile.")
            return build_mime(mail, content, self.settings), content.trouble


def _refuses_others() -> bool:
    """Whether another worker has found that the mail server refuses everybody."""
    found = failures.has_failed(REFUSALS)
    db.session.rollback()
    return found


def _cause(error: Exception) -> str:
    """The error as administrators read it; without the values of a statement that failed."""
    return type(error.orig).__name__ if isinstance(error, DBAPIError) else f"{type(error).__name__}: {error}"


def written(mail: Mail) -> EmailContent | None:
    """What the email says now, in the addressee's language and time zone; None if it has nothing to say to them."""
    if not mail.recipient_is_active:
        return None
    g.user = mail.user
    with force_locale(spoken(mail.user.language) if mail.user else DEFAULT_LANGUAGE):
        return EMAIL_TYPES[mail.kind].write(mail)
