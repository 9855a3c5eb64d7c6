"""The postman: takes the mails that are due, lets their kind write them, and sends them."""

import re
import secrets
from datetime import timedelta

from flask import current_app, g
from flask_babel import force_locale
from sqlalchemy import select, update

from workspace import clock
from workspace.database import begin_request, db
from workspace.languages import DEFAULT_LANGUAGE
from workspace.mail.letters import KINDS, Letter
from workspace.mail.messages import message
from workspace.mail.models import UNFINISHED, Mail, State

AT_ONCE = 50
LEASE = timedelta(minutes=10)
NOT_IN_A_NAME = re.compile(r"[^a-z0-9]+")


def deliver() -> int:
    """Send every mail that is due; how many were sent."""
    sent = 0
    while due := claim(lease := secrets.token_hex(16)):
        sent += sum(_deliver(mail_id, lease) for mail_id in due)
    return sent


def claim(lease: str) -> list[int]:
    """Take some of the mails that are due, and those whose postman has been lost; the most urgent first."""
    due = (
        select(Mail.id)
        .where(UNFINISHED, Mail.take_at <= clock.now())
        .order_by(Mail.priority, Mail.take_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("taken")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    taken = db.session.execute(
        update(Mail)
        .where(Mail.id == due.c.id)
        .values(lease=lease, take_at=clock.now() + LEASE)
        .returning(Mail.priority, Mail.not_before, Mail.id)
        .execution_options(synchronize_session=False)
    ).all()
    db.session.commit()
    return [mail_id for _priority, _not_before, mail_id in sorted(taken)]


def written(mail: Mail) -> Letter | None:
    """What the mail says now, in the addressee's language and zone; None where it has nothing to say to them."""
    if mail.user is not None and not mail.user.is_active:
        return None
    g.user = mail.user
    with force_locale(mail.user.language if mail.user else DEFAULT_LANGUAGE):
        return KINDS[mail.kind].write(mail)


def _deliver(mail_id: int, lease: str) -> bool:
    folder = current_app.settings.instance / "mail"  # type: ignore[attr-defined]
    with current_app.app_context():
        begin_request(reads_only=True)
        mail = db.session.get_one(Mail, mail_id)
        letter = written(mail)
        if letter:
            folder.mkdir(parents=True, exist_ok=True)
            name = NOT_IN_A_NAME.sub("-", f"{mail.id:08}-{mail.kind}")
            made = message(mail, letter, current_app.settings)  # type: ignore[attr-defined]
            (folder / f"{name}.eml").write_bytes(made.as_bytes())
    db.session.execute(
        update(Mail)
        .where(Mail.id == mail_id, Mail.lease == lease)
        .values(state=State.SENT if letter else State.EMPTY, lease=None, finished_at=clock.now())
    )
    db.session.commit()
    return letter is not None
