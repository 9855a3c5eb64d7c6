"""The postman: takes the mails that are due, asks their kind for the words, and puts them into a folder as files."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from sqlalchemy import select

from workspace import clock
from workspace.database import db
from workspace.mail.models import Mail, Standing

AT_ONCE = 100
SENDER = Address("Samspil", "samspil", "localhost")
NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Letter:
    """What a mail says."""

    subject: str
    body: str


# What makes the words of each kind. A feature adds its own; None says that there is nothing to say any more.
KINDS: dict[str, Callable[[Mail], Letter | None]] = {}


def deliver(folder: Path) -> int:
    """Write every mail that is due into `folder`, each in a transaction of its own; how many were written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    while due := _due():
        for mail_id in due:
            written += _deliver(mail_id, folder)
    return written


def message(mail: Mail, letter: Letter) -> EmailMessage:
    """The mail as it travels. A line break in a subject, which would begin another header, becomes a space."""
    made = EmailMessage(policy=SMTP)
    made["From"] = str(SENDER)
    made["To"] = Address(addr_spec=mail.to)
    made["Subject"] = " ".join(letter.subject.split())
    made["Date"] = clock.now()
    made.set_content(letter.body)
    return made


def _due() -> list[int]:
    return list(
        db.session.scalars(
            select(Mail.id)
            .where(Mail.state == Standing.WAITING, Mail.not_before <= clock.now())
            .order_by(Mail.not_before, Mail.id)
            .limit(AT_ONCE)
        )
    )


def _deliver(mail_id: int, folder: Path) -> bool:
    mail = db.session.scalar(select(Mail).where(Mail.id == mail_id).with_for_update(skip_locked=True))
    if mail is None or mail.state is not Standing.WAITING:
        db.session.rollback()
        return False
    letter = KINDS[mail.kind](mail)
    if letter:
        name = NOT_IN_A_NAME.sub("-", f"{mail.id:08}-{mail.kind}")
        (folder / f"{name}.eml").write_bytes(message(mail, letter).as_bytes())
        mail.sent_at = clock.now()
    mail.state = Standing.SENT if letter else Standing.DROPPED
    db.session.commit()
    return letter is not None
