"""The outbox: what is posted is sent once, when it is due, to whom it may still be sent."""

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from tests.factories import make_user
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.mail import delivery
from workspace.mail.message_types import EmailContent, email_type
from workspace.mail.models import Mail, MailState, enqueue, enqueue_all, mail_row

Delivered = Callable[[], list[EmailMessage]]


def state(key: str) -> MailState:
    return db.session.scalars(select(Mail.state).where(Mail.key == key)).one()


def test_what_is_enqueued_is_sent_once(delivered: Delivered) -> None:
    user = make_user("Bo Ågård")
    enqueue("note", key="note:1", to=user.id, subject="Møde på torsdag")
    enqueue("note", key="note:1", to=user.id, subject="Another")
    [sent] = delivered()
    assert (sent["To"], sent["Subject"]) == (user.email, "Møde på torsdag")
    assert state("note:1") is MailState.SENT
    assert len(delivered()) == 1


def test_a_key_is_one_mail(app: Workspace) -> None:
    rows = [mail_row("note", key="note:1", to="her@example.dk", subject=subject) for subject in ("One", "Two")]
    with pytest.raises(IntegrityError):
        enqueue_all(rows)


def test_a_mail_waits_for_its_time(delivered: Delivered) -> None:
    enqueue("note", key="note:1", to="her@example.dk", not_before=clock.now() + timedelta(hours=1), subject="Later")
    assert delivered() == []
    with clock.at(clock.now() + timedelta(hours=2)):
        assert [mail["To"] for mail in delivered()] == ["her@example.dk"]


def test_what_has_nothing_to_say_is_not_sent(delivered: Delivered) -> None:
    enqueue("note", key="note:1", to="her@example.dk")
    assert delivered() == []
    assert state("note:1") is MailState.SKIPPED


def test_nobody_whose_account_is_closed_gets_mail(delivered: Delivered) -> None:
    user = make_user()
    enqueue("note", key="note:1", to=user.id, subject="Hello")
    user.deactivated_at = clock.now()
    assert delivered() == []
    assert state("note:1") is MailState.SKIPPED


def test_it_goes_to_the_address_that_the_person_has_when_it_is_sent(delivered: Delivered) -> None:
    user = make_user()
    enqueue("note", key="note:1", to=user.id, subject="Hello")
    user.email = "ny@example.dk"
    assert [mail["To"] for mail in delivered()] == ["ny@example.dk"]


def test_what_is_rolled_back_is_not_sent(delivered: Delivered) -> None:
    enqueue("note", key="note:1", to="her@example.dk", subject="Hello")
    db.session.rollback()
    assert delivered() == []


def test_an_unknown_kind_is_refused_when_it_is_enqueued(app: Workspace) -> None:
    with pytest.raises(KeyError):
        enqueue("nothing", key="nothing:1", to="her@example.dk")


def test_writing_an_email_changes_nothing(app: Workspace) -> None:
    user = make_user("Before")

    @email_type("note", "Note")
    def write(mail: Mail) -> EmailContent | None:
        found = db.session.get_one(User, user_id)
        found.name = "After"
        db.session.flush()
        return None

    user_id = user.id
    enqueue("note", key="note:1", to=user.id)
    db.session.commit()
    delivery.deliver()
    db.session.rollback()
    assert db.session.get_one(User, user_id).name == "Before"
    [error] = db.session.scalars(select(Mail.last_error))
    assert re.search("ReadOnly|never writes", error)
