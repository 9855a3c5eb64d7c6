"""What grows by itself is deleted when its time is over, and not a day before."""

from datetime import timedelta

from sqlalchemy import func, select, update

from tests.client import Client
from tests.factories import make_administrator, make_user
from workspace import Workspace, clock, retention, scheduled_jobs
from workspace.accounts import known_browsers, sessions, verification_codes
from workspace.accounts.sessions import Session
from workspace.accounts.verification_codes import VerificationCode
from workspace.audit.models import AuditAction, AuditEvent, record_audit
from workspace.db import db
from workspace.mail.models import Mail, MailState, enqueue
from workspace.mail.transports import path_of
from workspace.members.address_changes import service as address_changes_service
from workspace.members.address_changes.models import AddressChange


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def prune_in(**later: float) -> None:
    db.session.commit()
    with clock.at(clock.now() + timedelta(**later)):
        retention.prune()


def test_sessions_go_when_nobody_can_use_them_any_more(app: Workspace) -> None:
    user = make_user()
    for remembered in (True, False):
        sessions.start(user, remembered=remembered, browser="Tests", address="127.0.0.1")
    prune_in(hours=7)
    assert count(Session) == 2
    prune_in(hours=9)
    assert list(db.session.scalars(select(Session.remembered))) == [True]
    prune_in(days=29)
    assert count(Session) == 1
    prune_in(days=31)
    assert count(Session) == 0


def test_codes_go_after_a_day(app: Workspace) -> None:
    db.session.add(
        VerificationCode(
            token_hash="x" * 64, purpose=verification_codes.Purpose.SIGN_IN, address="ada@example.dk", browser=""
        )
    )
    prune_in(hours=23)
    assert count(VerificationCode) == 1
    prune_in(hours=25)
    assert count(VerificationCode) == 0


def test_address_changes_go_three_months_after_they_are_over(app: Workspace) -> None:
    person, administrator = make_user(), make_administrator()
    for address in ("en@x.dk", "to@x.dk"):
        address_changes_service.ask(person, address, by=administrator)
    prune_in(days=89)
    assert count(AddressChange) == 2
    prune_in(days=91)
    assert list(db.session.scalars(select(AddressChange.address))) == ["to@x.dk"], "That one is still open"


def test_mail_goes_with_its_file_but_never_what_is_still_to_be_sent(app: Workspace) -> None:
    for number in range(3):
        enqueue("invitation", key=f"sent:{number}", to="ada@example.dk")
    enqueue("invitation", key="waits", to="ada@example.dk")
    db.session.commit()
    db.session.execute(update(Mail).where(Mail.key != "waits").values(state=MailState.SENT))
    db.session.commit()
    folder = app.settings.mail_folder
    assert folder
    folder.mkdir(exist_ok=True)
    files = [path_of(folder, number) for number in db.session.scalars(select(Mail.id).order_by(Mail.id))]
    for file in files:
        file.write_text("a mail")
    prune_in(days=89)
    assert count(Mail) == 4
    prune_in(days=91)
    assert list(db.session.scalars(select(Mail.key))) == ["waits"]
    assert [file.exists() for file in files] == [False, False, False, True]


def test_the_audit_log_goes_after_its_months_and_says_so_once(app: Workspace) -> None:
    record_audit(AuditAction.SIGNED_IN, subject=make_user())
    prune_in(days=390)
    assert count(AuditEvent) == 1
    prune_in(days=400)
    assert list(db.session.scalars(select(AuditEvent.action))) == [AuditAction.PRUNED]
    prune_in(days=401)
    assert count(AuditEvent) == 1


def test_the_worker_does_it(app: Workspace) -> None:
    sessions.start(make_user(), remembered=False, browser="Tests", address="127.0.0.1")
    db.session.commit()
    with clock.at(clock.now() + timedelta(hours=21)):
        scheduled_jobs.run_due_jobs()
    assert count(Session) == 0


def test_the_privacy_page_says_how_long(client: Client, app: Workspace) -> None:
    text = client.page("/privacy", headers={"Accept-Language": "da"}).text
    assert f"{retention.MAIL.days} dage" in text
    assert f"{app.settings.audit_months} måneder" in text
    assert f"{known_browsers.REMEMBERED.days} dage" in text
    assert f"{sessions.REMEMBERED.days} dage" in text
