"""What goes wrong, and what must come of it."""

import json
import os
import resource
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from sqlalchemy import event, select
from sqlalchemy.engine import make_url

from bench.faults.house import LATER, House, Result
from bench.faults.points import IN_DOUBT, POINTS, Death
from tests.mail.sink import FAULTS, Sink
from tests.mail.sink import IN_DOUBT as FAULTS_IN_DOUBT
from workspace.db import db
from workspace.mail import smtp
from workspace.mail.claims import MOST_TRIES
from workspace.mail.models import Mail, MailState

AFTER_ALL_PAUSES = timedelta(hours=9)
MAILS = 4


def killed(house: House, runs: int) -> Iterator[Result]:
    """A worker killed at each point, and another that goes on when the lease has run out."""
    for point in POINTS:
        result = Result(f"killed: {point}")
        nth = 1 if point in ("before it is taken", "taken, not committed", "taken") else 2
        for _ in range(runs):
            addresses = house.post(MAILS)
            status = house.work(Death(point, nth))
            assert status == -signal.SIGKILL, f"The worker was not killed {point}: {status}"
            _finish(house)
            house.count(result, addresses, in_doubt=point in IN_DOUBT)
        yield result


def raced(house: House, workers: int, mails: int) -> Iterator[Result]:
    """Many workers, and one outbox."""
    result = Result(f"{workers} workers race for {mails:,} mails")
    addresses = house.post(mails)
    begun = [house.begin_work() for _ in range(workers)]
    assert [house.end_of(worker) for worker in begun] == [0] * workers
    house.count(result, addresses)
    yield result


def answered_badly(house: House, runs: int) -> Iterator[Result]:
    """A mail server that fails in each way, once or twice, for one of several mails."""
    patience = smtp.SECONDS_TO_ANSWER, smtp.SECONDS_TO_ACCEPT
    smtp.SECONDS_TO_ANSWER = smtp.SECONDS_TO_ACCEPT = 0.5  # type: ignore[assignment]
    for fault in FAULTS:
        result = Result(f"mail server: {fault}")
        with Sink() as sink:
            for _ in range(runs):
                addresses = house.post(MAILS)
                sink.plan("MAIL" if fault.startswith("mail") else addresses[1], fault)
                _deliver_until_the_end(house, sink.url)
                _write_down(house, sink)
                refused = addresses[1:2] if "550" in fault else []
                house.count(result, [one for one in addresses if one not in refused], in_doubt=fault in FAULTS_IN_DOUBT)
                assert _states(refused) <= {MailState.REFUSED}
        yield result
    smtp.SECONDS_TO_ANSWER, smtp.SECONDS_TO_ACCEPT = patience


def unreachable(house: House, runs: int) -> Iterator[Result]:
    """No mail server at all, for a while."""
    result = Result("mail server: unreachable")
    for _ in range(runs):
        addresses = house.post(MAILS)
        house.end_of(house.begin_work(url="smtp+plain://127.0.0.1:1"))
        _finish(house)
        house.count(result, addresses)
    yield result


def unwritable(house: House, runs: int) -> Iterator[Result]:
    """A template that raises on one post."""
    result = Result("a template raises on one post")
    for _ in range(runs):
        [broken], addresses = house.post(1, subject="broken"), house.post(MAILS)
        for tries in range(MOST_TRIES + 1):
            house.work(later=tries * AFTER_ALL_PAUSES)
        house.count(result, addresses)
        assert _states([broken]) == {MailState.FAILED}, "It is kept, and shown to the administrator"
    yield result


def full_disk(house: House, runs: int) -> Iterator[Result]:
    """No room for a mail's file, nor (on SQLite) for the outbox itself."""
    result = Result("the disk is full")
    folder = house.folder / "mail"
    for _ in range(runs):
        addresses = house.post(MAILS)
        worker = house.begin_work(url="", before=_no_room)
        time.sleep(0.5)
        os.kill(worker, signal.SIGKILL)
        house.end_of(worker)
        assert not list(folder.glob("*.eml"))
        _finish(house)
        house.count(result, addresses)
    yield result


def database_away(house: House, runs: int, restart: Callable[[], None] | None) -> Iterator[Result]:
    """The database restarts (PostgreSQL), or is locked for longer than anybody waits (SQLite), while mail goes out."""
    result = Result("the database restarts" if restart else "the database is locked for long")
    for _ in range(runs):
        addresses = house.post(40)
        worker = house.begin_work(before=(lambda: None) if restart else _wait_for_nobody)
        house.wait_for(addresses[5])
        if restart:
            restart()
        else:
            _lock(house)
        house.end_of(worker)
        _finish(house)
        house.count(result, addresses, in_doubt=False)
    yield result


def access_lost(house: House, runs: int) -> Iterator[Result]:
    """The membership ends: after the claim, between two tries, and while the server thinks about the addressee."""
    for what, lose in (
        ("after the claim", _lose_after_the_claim),
        ("between two tries", _lose_between_tries),
        ("after RCPT", _lose_after_rcpt),
    ):
        result = Result(f"membership lost {what}")
        for _ in range(runs):
            addresses = house.post(MAILS)
            lose(house)
            _finish(house)
            house.count(result, addresses, entitled=False)
            house.set_membership(active=True)
        yield result


def _lose_after_the_claim(house: House) -> None:
    house.work(Death("taken", 1))
    house.set_membership(active=False)


def _lose_between_tries(house: House) -> None:
    with Sink() as sink:
        for mail in db.session.scalars(select(Mail).where(Mail.state == MailState.DUE)):
            sink.plan(mail.recipient, "rcpt 450")
        db.session.rollback()
        house.work_here(sink.url)
    house.set_membership(active=False)


def _lose_after_rcpt(house: House) -> None:
    """The worker waits after RCPT until the membership is gone."""
    readable, writable = os.pipe()

    def wait_after_rcpt() -> None:
        start = smtp.SmtpTransport.start

        def starting(transport: smtp.SmtpTransport, recipient: str) -> None:
            start(transport, recipient)
            os.write(told, b"x")
            os.read(readable, 1)

        smtp.SmtpTransport.start = starting  # type: ignore[assignment, method-assign]

    hears, told = os.pipe()
    worker = house.begin_work(before=wait_after_rcpt)
    os.read(hears, 1)
    house.set_membership(active=False)
    os.write(writable, b"x" * MAILS)
    house.end_of(worker)
    for end in (readable, writable, hears, told):
        os.close(end)


def _finish(house: House) -> None:
    """Let workers go round until all leases and pauses are over."""
    for rounds in (1, 2):
        assert house.work(later=rounds * LATER) == 0


def _deliver_until_the_end(house: House, url: str) -> None:
    for rounds in range(4):
        house.work_here(url, later=rounds * LATER)


def _write_down(house: House, sink: Sink) -> None:
    """What the server of a fault has taken, where all is counted."""
    with house.received.open("a") as file:
        for received in sink.received:
            file.write(json.dumps([received.recipient, str(received.message["Message-ID"])]) + "\n")
    sink.received.clear()


def _states(addresses: list[str]) -> set[MailState]:
    found = set(db.session.scalars(select(Mail.state).where(Mail.address.in_(addresses))))
    db.session.rollback()
    return found


def _no_room() -> None:
    """Let no file of this process grow, nor its complaints be heard."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def _wait_for_nobody() -> None:
    """Let this process give up at once where a file is locked."""
    event.listen(db.engine, "connect", lambda connection, record: connection.execute("PRAGMA busy_timeout = 100"))


def _lock(house: House) -> None:
    """Hold the SQLite file for a while."""
    connection = sqlite3.connect(str(make_url(house.settings.database_url).database), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    time.sleep(1)
    connection.execute("ROLLBACK")
    connection.close()
