"""How mail stands: what administrators see of it and can do, and what watches over the machine."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.factories import make_administrator, make_user
from tests.mail.sink import Sink
from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.db.installation import note_key, note_worker
from workspace.mail import claims
from workspace.mail.models import Mail, MailState, enqueue

SignIn = Callable[[User], Client]
HER = "her@example.dk"


@pytest.fixture
def administrator(sign_in: SignIn) -> Client:
    return sign_in(make_administrator(language="en"))


def note(key: str = "note:1", to: str = HER, subject: str = "Confidential") -> Mail:
    enqueue("note", key=key, to=to, subject=subject)
    db.session.commit()
    return db.session.scalars(select(Mail).where(Mail.key == key)).one()


def test_what_was_not_sent_is_shown_with_its_cause_and_can_be_sent_again(
    administrator: Client, send_due: Callable[[], int], sink: Sink
) -> None:
    mail = note()
    sink.plan(HER, "rcpt 550")
    send_due()
    page = administrator.page("/admin/mail")
    assert "550 5.1.1 No such mailbox" in page.text
    assert HER in page.text
    assert "Confidential" not in page.html
    answer = administrator.submit(f"/admin/mail/{mail.id}/retry", page="/admin/mail")
    assert (answer.status_code, answer.location) == (303, "/admin/mail?shelf=failed")
    assert send_due() == 1
    assert (mail.state, mail.attempts) == (MailState.SENT, 1)
    assert "No e-mail has failed" in administrator.page("/admin/mail").text
    assert HER in administrator.page("/admin/mail?shelf=sent").text


def test_what_could_not_be_told_in_a_mail_is_shown_where_it_was_sent(
    administrator: Client, send_due: Callable[[], int]
) -> None:
    note(subject="half")
    assert send_due() == 1
    assert "Half of it could not be told." in administrator.page("/admin/mail?shelf=sent").text


def test_htmx_gets_the_list_alone(administrator: Client, send_due: Callable[[], int], sink: Sink) -> None:
    mail = note()
    sink.plan(HER, "rcpt 550")
    send_due()
    answer = administrator.submit(f"/admin/mail/{mail.id}/retry", {"shelf": "failed"}, htmx=True)
    assert answer.status_code == 200
    assert answer.text.lstrip().startswith('<div class="flow" id="mails"')


def test_what_was_given_up_put_off_or_refused_is_sent_again_all_at_once(
    administrator: Client, send_due: Callable[[], int], sink: Sink
) -> None:
    given_up, put_off, refused = note("note:1", "a@example.dk"), note("note:2", "b@example.dk"), note("note:3")
    of_old = note("note:4", "c@example.dk")
    sink.plan("a@example.dk", "rcpt 450")
    sink.plan("b@example.dk", "rcpt 450")
    sink.plan(HER, "rcpt 550")
    send_due()
    given_up.state = MailState.FAILED
    of_old.state, of_old.finished_at = MailState.REFUSED, clock.now() - timedelta(days=8)
    assert "Send 3 e-mails again now" in administrator.page("/admin/mail").text
    administrator.submit("/admin/mail/retry", {"shelf": "failed"})
    assert send_due() == 3
    assert {mail.state for mail in (given_up, put_off, refused)} == {MailState.SENT}
    assert of_old.state is MailState.REFUSED


def test_what_is_planned_for_later_does_not_wait_and_is_not_sent_before_its_day(
    administrator: Client, send_due: Callable[[], int]
) -> None:
    note("note:1", "nu@example.dk")
    enqueue("note", key="note:2", to="siden@example.dk", not_before=clock.now() + timedelta(days=5), subject="Hej")
    db.session.commit()
    waiting, planned = (administrator.page(f"/admin/mail?shelf={shelf}").text for shelf in ("waiting", "planned"))
    assert ("nu@" in waiting, "siden@" in waiting) == (True, False)
    assert ("nu@" in planned, "siden@" in planned) == (False, True)
    assert "Waiting 1 Planned 1" in waiting
    assert "again now" not in waiting
    administrator.submit("/admin/mail/retry", {"shelf": "waiting"})
    assert send_due() == 1


def test_what_is_being_sent_or_has_been_is_not_sent_again(administrator: Client, send_due: Callable[[], int]) -> None:
    mail = note()
    [taken] = claims.claim_due()
    assert claims.start_sending(taken)
    administrator.submit(f"/admin/mail/{mail.id}/retry", {})
    assert (mail.state, mail.lease) == (MailState.SENDING, taken.lease)
    mail.state, mail.lease = MailState.SENT, None
    administrator.submit(f"/admin/mail/{mail.id}/retry", {})
    assert mail.state is MailState.SENT


def test_a_long_list_comes_in_pages(administrator: Client, send_due: Callable[[], int]) -> None:
    for number in range(51):
        note(f"note:{number}", f"person{number}@example.dk")
    page = administrator.page("/admin/mail?shelf=waiting")
    assert "person0@" not in page.text
    older = administrator.page("/admin/mail?shelf=waiting&before=2")
    assert "person0@" in older.text


@pytest.mark.parametrize("address", ["/admin/mail?shelf=nothing", "/admin/mail?before=x", "/admin/mail?before=-1"])
def test_an_address_with_nonsense_shows_what_was_not_sent(address: str, administrator: Client) -> None:
    assert "No e-mail has failed" in administrator.page(address).text


def test_it_costs_a_bounded_number_of_statements(
    administrator: Client, statements: Callable[[], object], send_due: Callable[[], int]
) -> None:
    for number in range(30):
        enqueue("note", key=f"note:{number}", to=make_user().id, subject="Hej")
    with statements() as asked:  # type: ignore[attr-defined]
        administrator.get("/admin/mail?shelf=waiting")
    assert len(asked) <= 5


def test_nobody_but_administrators_sees_mail(sign_in: SignIn) -> None:
    mail = note()
    browser = sign_in(make_user())
    assert browser.get("/admin/mail").status_code == 404
    assert browser.submit(f"/admin/mail/{mail.id}/retry", {}).status_code == 404


# What watches over the machine


def ready(client: Client, **after: float) -> int:
    """What `/healthz/all` says when a worker has just looked for work."""
    with clock.at(clock.now() + timedelta(**after)):
        note_key("a" * 32, ())
        note_worker()
        assert client.get("/healthz/ready").status_code == 200, "It does not take the pages away"
        return client.get("/healthz/all").status_code


def test_mail_that_is_overdue_by_a_quarter_of_an_hour_turns_it_red(client: Client) -> None:
    assert ready(client) == 200
    note()
    assert ready(client, minutes=14) == 200
    assert ready(client, minutes=16) == 503


def test_mail_that_is_to_wait_is_not_overdue(client: Client) -> None:
    enqueue("note", key="note:1", to=HER, not_before=clock.now() + timedelta(hours=1), subject="Later")
    assert ready(client, minutes=59) == 200
    assert ready(client, minutes=76) == 503


def test_a_server_that_is_away_turns_it_red(client: Client, send_due: Callable[[], int], sink: Sink) -> None:
    note()
    sink.stop()
    send_due()
    with clock.at(clock.now() + timedelta(minutes=16)):
        send_due()
    assert ready(client, minutes=16) == 503


def test_one_mailbox_that_puts_its_mail_off_does_not(client: Client, send_due: Callable[[], int], sink: Sink) -> None:
    note()
    sink.plan(HER, *["rcpt 450"] * 4)
    for minutes in (0, 2, 8, 30):
        with clock.at(clock.now() + timedelta(minutes=minutes)):
            send_due()
    assert ready(client, minutes=31) == 200
    assert ready(client, hours=3) == 503, "Nobody has come for it again"


def test_what_was_sent_refused_or_given_up_is_not_overdue(
    client: Client, send_due: Callable[[], int], sink: Sink
) -> None:
    note("note:1")
    note("note:2", "no@example.dk")
    sink.plan("no@example.dk", "rcpt 550")
    assert send_due() == 1
    assert ready(client, hours=3) == 200
