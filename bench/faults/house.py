"""Where the bench takes place: an app with its database, members with mail to get, a mail server, workers to kill."""

import json
import logging
import os
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import select, update

from bench.faults.points import Death
from tests.databases import Database
from tests.factories import add_member, start_partnership
from workspace import Workspace, clock, create_app
from workspace.config import Settings
from workspace.db import db
from workspace.mail import claims, smtp
from workspace.mail.delivery import MailSender
from workspace.mail.message_types import EMAIL_TYPES, EmailContent, email_type
from workspace.mail.models import Mail, MailState, enqueue_all, mail_row
from workspace.partnerships.models import Membership, MembershipState
from workspace.permissions import Action

SETTINGS = Settings(
    instance=Path(), database_url="", secret_key="0123456789abcdefghijklmnopqrstuvwxyz", secure_cookies=False
)
TEXT = "Vi har talt med borgerne på holdet, og ni ud af ti kommer selv i gang samme dag.\n" * 60
LATER = timedelta(minutes=11)  # when every lease has run out, and the first pause is over


@dataclass
class Result:
    """What came of a scenario, summed up over all its runs."""

    what: str
    runs: int = 0
    mails: int = 0
    lost: int = 0
    repeated: int = 0
    wrongly_repeated: int = 0
    unentitled: int = 0
    notes: Counter[str] = field(default_factory=Counter)

    @property
    def is_good(self) -> bool:
        """Whether it is what was promised."""
        return not (self.lost or self.wrongly_repeated or self.unentitled)


class House:
    """One database and one mail server. Mails are about a partnership, to somebody whose membership may have ended."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.folder, self.numbers = folder, count(1)
        self.received = folder / "received.jsonl"
        self.received.touch()
        self.settings = replace(SETTINGS, instance=folder, database_url=database.url, busy_timeout=10.0)
        self.app: Workspace = create_app(self.settings)
        database.prepare(self.app)
        _register()
        claims.SECONDS_BETWEEN_TRIES = 0.1
        smtp.SECONDS_TO_ANSWER, smtp.SECONDS_TO_ACCEPT = 5, 5

    @contextmanager
    def open(self) -> Iterator["House"]:
        """Let the mail server answer, and let the scenarios use the database."""
        command = [sys.executable, "-m", "bench.faults.sink", str(self.received)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            assert server.stdin is not None
            self.url = f"smtp+plain://127.0.0.1:{server.stdout.readline().strip()}"
            with self.app.app_context():
                moderator = start_partnership("Digital genoptræning")
                self.membership_id = add_member(moderator).id
                db.session.commit()
                yield self
                db.session.remove()
                db.engine.dispose()
            server.stdin.close()

    def post(self, number: int, subject: str = "") -> list[str]:
        """Put so many mails into the outbox, each to another address; the addresses."""
        made = [f"p{next(self.numbers)}@example.dk" for _ in range(number)]
        membership = self.membership_id
        enqueue_all(
            [
                mail_row("bench", key=f"bench:{address}", to=address, membership=membership, subject=subject)
                for address in made
            ]
        )
        db.session.commit()
        return made

    def set_membership(self, *, active: bool) -> None:
        """End the membership that the mails are about, or open it again."""
        state = MembershipState.ACTIVE if active else MembershipState.ENDED
        db.session.execute(update(Membership).where(Membership.id == self.membership_id).values(state=state))
        db.session.commit()

    def work(self, death: Death | None = None, *, later: timedelta = timedelta()) -> int:
        """Let a worker deliver, in a process of its own; with `death` it does not come home. Its exit status."""
        return self.end_of(self.begin_work(death, later=later))

    def work_here(self, url: str, *, later: timedelta = timedelta()) -> None:
        """Let a worker deliver to another mail server, in this process."""
        sender = MailSender(replace(self.settings, smtp_url=url))
        with clock.at(clock.now() + later):
            sender.deliver()
        sender.transport.close()

    def begin_work(
        self,
        death: Death | None = None,
        *,
        later: timedelta = timedelta(),
        url: str | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> int:
        """Begin a worker; its process id."""
        db.session.remove()
        db.engine.dispose()
        child = os.fork()
        if child:
            return child
        status = 1
        logging.disable()
        try:
            if death:
                death.install()
            before()
            with clock.at(clock.now() + later):
                MailSender(replace(self.settings, smtp_url=self.url if url is None else url)).deliver()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def wait_for(self, address: str) -> None:
        """Wait until the mail server has had a mail to `address`."""
        while address not in self.received.read_text():
            time.sleep(0.005)

    def end_of(self, worker: int) -> int:
        """Wait for a worker. Its exit status; that of one that was killed is the negative signal."""
        return os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])

    def count(self, result: Result, addresses: list[str], *, in_doubt: bool = False, entitled: bool = True) -> None:
        """Add what became of these mails to `result`; `in_doubt` says that a repeat is allowed."""
        wanted = set(addresses)
        lines = [json.loads(line) for line in self.received.read_text().splitlines()]
        got = Counter(recipient for recipient, _ in lines if recipient in wanted)
        identities = {(recipient, message_id) for recipient, message_id in lines if recipient in wanted}
        result.runs += 1
        result.mails += len(addresses)
        repeated = sum(number - 1 for number in got.values())
        result.repeated += repeated
        if not in_doubt:
            result.wrongly_repeated += repeated
        result.wrongly_repeated += len(identities) - len(got)  # the same mail under another Message-ID
        if entitled:
            result.lost += len(wanted - set(got))
        else:
            result.unentitled += len(got)
        kept = select(Mail.state).where(Mail.address.in_(addresses))
        result.notes.update(state.value for state in db.session.scalars(kept))
        unfinished = result.notes[MailState.DUE] + result.notes[MailState.SENDING]
        assert not unfinished, f"{result.what}: {unfinished} mails have no end"
        db.session.rollback()


def _register() -> None:
    EMAIL_TYPES.pop("bench", None)

    @email_type("bench", "Bench")
    def write(mail: Mail) -> EmailContent | None:
        membership = db.session.get_one(Membership, mail.payload["membership"])
        if not membership.may(Action.READ):
            return None
        if mail.payload["subject"] == "broken":
            raise ValueError("This one can't be written.")
        return EmailContent(subject="Fremskridt", text=TEXT, html=f"<p>{TEXT}</p>", sender=membership.partnership.name)
