"""Delivery: what becomes of an email when the server takes it, puts it off, refuses it, or is not there."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, make_url, select

from tests.databases import KIND, execute, prepared
from tests.factories import make_user
from tests.mail.sink import IN_DOUBT, Sink
from workspace import Workspace, clock
from workspace.config import Settings
from workspace.db import db, failures
from workspace.extensions import stopping
from workspace.mail import claims
from workspace.mail.delivery import MailSender
from workspace.mail.message_types import EmailContent, email_type
from workspace.mail.models import Mail, MailState, enqueue

HER = "her@example.dk"
Deliver = Callable[[], int]


def note(key: str = "note:1", to: str = HER, subject: str = "Hej") -> None:
    enqueue("note", key=key, to=to, subject=subject)
    db.session.commit()


def mail(key: str = "note:1") -> Mail:
    return db.session.scalars(select(Mail).where(Mail.key == key)).one()


def later(deliver: Deliver, **after: float) -> int:
    """Send what is due after so many hours, minutes…"""
    with clock.at(clock.now() + timedelta(**after)):
        return deliver()


def test_one_connection_takes_all_mails(send_due: Deliver, sink: Sink) -> None:
    for number in range(120):
        note(f"note:{number}", f"person{number}@example.dk")
    assert send_due() == 120
    assert sink.connections == 1
    assert [one.recipient for one in sink.received] == [f"person{number}@example.dk" for number in range(120)]


@pytest.mark.parametrize("takes_utf8", [True, False])
def test_an_address_in_other_letters_goes_only_to_a_server_that_takes_it(
    takes_utf8: bool, send_due: Deliver, sink: Sink
) -> None:
    sink.takes_utf8 = takes_utf8
    note(to="bo.ågård@blåbær.dk", subject="Blåbær")
    note("note:2", "others@example.dk")
    assert send_due() == 1 + takes_utf8
    assert mail("note:2").state is MailState.SENT
    if takes_utf8:
        assert sink.received[0].recipient == "bo.ågård@xn--blbr-roah.dk"
        assert sink.received[0].message["To"] == "bo.ågård@xn--blbr-roah.dk"
        assert sink.received[0].message["Subject"] == "Blåbær"
    else:
        assert mail().state is MailState.REFUSED
        assert "SMTPUTF8" in mail().last_error


def test_an_email_whose_message_cannot_be_built_holds_up_no_other(send_due: Deliver, sink: Sink) -> None:
    @email_type("broken", "Broken")
    def write(mail: Mail) -> EmailContent:
        return EmailContent(subject="Hej", text="Hej\n", html="<p>Hej</p>", list_id="two\nlines")

    enqueue("broken", key="note:1", to=HER)
    note("note:2", "others@example.dk")
    assert send_due() == 1
    assert (mail().state, mail("note:2").state) == (MailState.DUE, MailState.SENT)
    assert (mail().last_error, mail().uncertain_attempts) == (
        "ValueError: Header values may not contain linefeed or carriage return characters",
        0,
    )
    assert [one.recipient for one in sink.received] == ["others@example.dk"]


@pytest.mark.skipif(KIND != "postgresql", reason="SQLite's driver forgets nothing")
def test_sending_leaves_the_connection_what_it_has_prepared(send_due: Deliver) -> None:
    for number in range(3):
        note(f"note:{number}")
    assert send_due() == 3
    assert "WHERE mail.id = $1" in prepared()


def test_a_mail_arrives_as_it_was_written(send_due: Deliver, sink: Sink) -> None:
    note(subject="Blåbærgrød på torsdag – .\n.")
    assert send_due() == 1
    [received] = sink.received
    assert received.message["Subject"] == "Blåbærgrød på torsdag – . ."
    body = received.message.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "Blåbærgrød på torsdag – .\n.\n.\n"
    assert received.message["Message-ID"] == mail().message_id
    assert (mail().state, mail().attempts, mail().lease) == (MailState.SENT, 1, None)


@pytest.mark.parametrize("fault", ["rcpt 450", "rcpt 451", "rcpt 421", "rcpt silence", "rcpt drop", "data 451"])
def test_what_was_not_taken_is_sent_once_after_a_pause(fault: str, send_due: Deliver, sink: Sink) -> None:
    sink.plan(HER, fault, fault)
    note()
    note("note:2", "others@example.dk")
    assert send_due() == 1, "the others' mail goes out"
    assert (mail().state, mail().attempts, mail().uncertain_attempts) == (MailState.DUE, 1, 0)
    assert mail().last_error
    assert send_due() == 0
    assert later(send_due, minutes=1.1) == 0
    assert later(send_due, minutes=2) == 0, "the pauses grow"
    assert later(send_due, minutes=10) == 1
    assert (mail().state, mail().attempts) == (MailState.SENT, 3)
    assert [one.recipient for one in sink.received] == ["others@example.dk", HER]


@pytest.mark.parametrize("fault", ["rcpt 550", "data 550"])
def test_what_is_refused_is_kept_and_not_tried_again(fault: str, send_due: Deliver, sink: Sink) -> None:
    sink.plan(HER, fault)
    note()
    note("note:2", "others@example.dk")
    assert send_due() == 1
    assert (mail().state, mail().attempts, mail().last_error) == (MailState.REFUSED, 1, "550 5.1.1 No such mailbox")
    assert later(send_due, days=3) == 0


@pytest.mark.parametrize("fault", IN_DOUBT)
def test_what_is_in_doubt_is_sent_once_more_as_the_same_mail(fault: str, send_due: Deliver, sink: Sink) -> None:
    sink.plan(HER, fault)
    note()
    assert send_due() == 0
    assert (mail().state, mail().uncertain_attempts) == (MailState.DUE, 1)
    assert later(send_due, minutes=2) == 1
    assert set(sink.message_ids()) == {mail().message_id}
    assert len(sink.received) == (1 if fault == "drop after" else 2)


def test_what_is_cut_short_is_sent_once_more(send_due: Deliver, sink: Sink) -> None:
    """Small as it is, all of it may have been said before the line is known to be cut: then it is in doubt."""
    sink.plan(HER, "drop in")
    note()
    assert send_due() == 0
    assert later(send_due, minutes=2) == 1
    assert sink.message_ids() == [mail().message_id]


def test_what_is_in_doubt_twice_is_left_to_the_administrator(send_due: Deliver, sink: Sink) -> None:
    sink.plan(HER, "accept and drop", "accept and drop")
    note()
    send_due()
    later(send_due, minutes=2)
    assert (mail().state, mail().uncertain_attempts, len(sink.received)) == (MailState.FAILED, 2, 2)
    assert later(send_due, days=3) == 0


def test_after_three_days_it_has_failed(send_due: Deliver, sink: Sink) -> None:
    sink.plan(HER, *["rcpt 450"] * 30)
    note()
    moment, pauses = clock.now(), []
    while mail().state is MailState.DUE:
        pauses.append((mail().next_attempt_at - moment).total_seconds() / 60)
        moment = mail().next_attempt_at
        with clock.at(moment):
            send_due()
    assert [round(pause) for pause in pauses[1:]] == [1, 5, 15, 30, 60, 120, *[240] * 18]
    assert sum(pauses) > 3 * 24 * 60
    assert (mail().state, mail().attempts) == (MailState.FAILED, 25)


def write_to_many(sink: Sink, number: int, fault: str, *, first: int = 0) -> None:
    """Mails to so many people, all of which the server refuses, twice."""
    for each in range(first, first + number):
        note(f"note:{each}", f"person{each}@example.dk")
        sink.plan(f"person{each}@example.dk", fault, fault)


def states() -> Counter[MailState]:
    return Counter(db.session.scalars(select(Mail.state)))


def test_a_server_that_refuses_everything_loses_no_mail_and_is_told(send_due: Deliver, sink: Sink) -> None:
    write_to_many(sink, 14, "rcpt 554")
    assert send_due() == 0
    assert states() == {MailState.DUE: 14}
    assert sink.received == []
    assert failures.has_failed("refusals")
    assert "refuses every email: 554 5.7.1 Relay access denied" in mail("note:13").last_error
    assert later(send_due, minutes=1.1) == 0  # One is tried, and is refused.
    assert states() == {MailState.DUE: 14}
    for fault in sink.faults.values():
        fault.clear()
    assert later(send_due, minutes=10) == 14
    assert not failures.has_failed("refusals")
    note("note:alone")
    sink.plan(HER, "rcpt 554")
    send_due()
    assert mail("note:alone").state is MailState.REFUSED  # It was this mail again.


def test_what_another_worker_was_refused_meanwhile_is_not_lost(app: Workspace, send_due: Deliver, sink: Sink) -> None:
    other = MailSender(replace(app.settings, smtp_url=sink.url))
    write_to_many(sink, 5, "rcpt 554")
    sink.plan("nobody@example.dk", "rcpt 550")
    note("note:nobody", "nobody@example.dk")
    db.session.commit()
    other.deliver()
    assert states() == {MailState.REFUSED: 6}, "too few to be a pattern"
    write_to_many(sink, 10, "rcpt 554", first=5)
    send_due()
    assert states() == {MailState.DUE: 15, MailState.REFUSED: 1}
    write_to_many(sink, 1, "rcpt 554", first=15)
    db.session.commit()
    other.deliver()
    assert mail("note:15").state is MailState.DUE, "the other one has been told"
    other.transport.close()


def test_a_few_refusals_are_believed(send_due: Deliver, sink: Sink) -> None:
    write_to_many(sink, 9, "rcpt 554")
    note("note:well", "well@example.dk")
    send_due()
    assert states() == {MailState.REFUSED: 9, MailState.SENT: 1}


def test_addresses_that_do_not_exist_hold_up_nobody(send_due: Deliver, sink: Sink) -> None:
    write_to_many(sink, 12, "rcpt 550")
    note("note:well", "well@example.dk")
    send_due()
    assert states() == {MailState.REFUSED: 12, MailState.SENT: 1}


def test_no_more_are_sent_in_a_minute_than_is_allowed(
    app: Workspace, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = MailSender(replace(app.settings, smtp_url=sink.url, mails_per_minute=30))
    waited: list[float] = []
    monkeypatch.setattr(stopping, "wait", waited.append)
    monkeypatch.setattr(time, "monotonic", lambda: 100.0 + sum(waited))
    for number in range(5):
        note(f"note:{number}", f"person{number}@example.dk")
    assert sender.deliver() == 5
    assert [round(each) for each in waited] == [0, 2, 2, 2, 2]
    assert sender._most_at_once() == 2
    sender.transport.close()


def test_a_server_that_is_away_costs_no_mail_a_try(send_due: Deliver, sink: Sink) -> None:
    for number in range(3):
        note(f"note:{number}")
    port = sink.port
    sink.stop()
    assert send_due() == 0
    assert {(one.state, one.attempts, one.lease) for one in db.session.scalars(select(Mail))} == {
        (MailState.DUE, 0, None)
    }
    assert "can't be used" in mail("note:0").last_error
    sink.start(port)
    assert later(send_due, minutes=1.1) == 3


@pytest.mark.parametrize("fault", ["mail 421", "mail 451", "mail 550"])
def test_what_is_said_before_anybody_is_named_is_no_mails_fault(fault: str, send_due: Deliver, sink: Sink) -> None:
    sink.plan("MAIL", fault)
    note()
    assert send_due() == 0
    assert (mail().state, mail().attempts) == (MailState.DUE, 0)
    assert later(send_due, minutes=1.1) == 1


def test_a_connection_that_has_gone_meanwhile_is_opened_again(send_due: Deliver, sink: Sink) -> None:
    note()
    assert send_due() == 1
    port = sink.port
    sink.stop()
    sink.start(port)
    note("note:2")
    assert send_due() == 1
    assert sink.connections == 2


def test_a_mail_that_cannot_be_written_holds_up_no_other(send_due: Deliver, sink: Sink) -> None:
    note("note:1", subject="broken")
    note("note:2", "others@example.dk")
    assert send_due() == 1
    assert (mail().state, mail().last_error) == (MailState.DUE, "ValueError: This one can't be written.")


def test_a_mail_whose_worker_was_lost_is_claimed_by_another(send_due: Deliver, sink: Sink) -> None:
    note()
    claims.claim_due()
    assert send_due() == 0
    assert later(send_due, minutes=11) == 1
    assert mail().uncertain_attempts == 0


def test_a_worker_lost_while_sending_leaves_it_in_doubt(send_due: Deliver, sink: Sink) -> None:
    note()
    [taken] = claims.claim_due()
    assert claims.start_sending(taken)
    assert later(send_due, minutes=11) == 1
    assert (mail().state, mail().uncertain_attempts, mail().attempts) == (MailState.SENT, 1, 2)


@pytest.mark.skipif(KIND != "postgresql", reason="SQLite is a file, which does not hang up")
def test_what_was_sent_is_written_down_also_when_the_database_hangs_up(app: Workspace, settings: Settings) -> None:
    note()
    [taken] = claims.claim_due()

    def hang_up(driver: Any, *_rest: Any) -> None:
        execute(make_url(settings.database_url), f"SELECT pg_terminate_backend({driver.info.backend_pid}, 5000)")

    event.listen(db.engine, "checkout", hang_up, once=True)
    claims.complete(taken, MailState.SENT)
    assert mail().state is MailState.SENT


def test_a_worker_that_has_lost_the_lease_changes_nothing(send_due: Deliver, sink: Sink) -> None:
    note()
    [taken] = claims.claim_due()
    assert later(send_due, minutes=11) == 1
    assert not claims.start_sending(taken)
    claims.reschedule(taken, "too late")
    assert mail().state is MailState.SENT


def test_who_is_asked_at_the_last_moment(app: Workspace, sink: Sink) -> None:
    """Whoever may not have it any more when the server agrees to take it, does not get it."""
    user = make_user()

    class Slow(MailSender):
        """A server that thinks for a while about whether it takes the mail."""

        def __init__(self) -> None:
            super().__init__(replace(app.settings, smtp_url=sink.url))
            start = self.transport.start

            def thinking(recipient: str) -> None:
                start(recipient)
                user.deactivated_at = clock.now()
                with app.app_context():
                    db.session.merge(user)
                    db.session.commit()

            self.transport.start = thinking  # type: ignore[method-assign]

    enqueue("note", key="note:1", to=user.id, subject="Secret")
    db.session.commit()
    sender = Slow()
    assert sender.deliver() == 0
    sender.transport.close()
    assert (mail().state, sink.received) == (MailState.SKIPPED, [])


def test_the_most_urgent_goes_first(send_due: Deliver, sink: Sink) -> None:
    @email_type("code", "Code", priority=0)
    def write(mail: Mail) -> EmailContent:
        return EmailContent(subject="Code", text="Code\n", html="<p>Code</p>")

    for number in range(60):
        note(f"note:{number}", subject=f"Note {number}")
    enqueue("code", key="code:1", to=HER)
    assert send_due() == 61
    assert sink.received[0].message["Subject"] == "Code"
