"""Removing a file: nothing of it after the commit, whatever is under way; nothing left of what is deleted for good."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import event, select

from tests.client import Client
from tests.factories import add_member, attach_picture, comment, make_user, share, start_partnership, upload_picture
from tests.files.places import check, shared, uploaded, version
from tests.results.town import BEGUN, LATEST, Town, at
from workspace import Workspace, clock, scheduled_jobs
from workspace.accounts.models import User
from workspace.db import Base, db, failures
from workspace.files import removal, sweep
from workspace.files.models import MOST_OF_A_TEXT, File, FileVersion
from workspace.files.storage import storage
from workspace.files.verbs import REMOVED_FILE
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership
from workspace.posts.authored_text import UNDO_TAKEN

SignIn = Callable[[User], Client]
INTERLEAVINGS = int(os.environ.get("INTERLEAVINGS", "500"))
# A text file of several chunks of the storage.
LARGE = b"Referat af m\xc3\xb8det.\n" * 24_000

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def moderator() -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Ågård"))


@pytest.fixture
def member(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Bo Østergaard"))


def everything() -> str:
    """All that the database holds."""
    return "\n".join(str(row) for table in Base.metadata.sorted_tables for row in db.session.execute(select(table)))


def stored() -> set[str]:
    """The keys of all that the storage holds."""
    return set(storage().list_older_than(clock.now() + timedelta(days=1)))


def known() -> set[str]:
    """The keys that rows know."""
    return {key for found in db.session.scalars(select(FileVersion)) for key in found.keys}


@contextmanager
def listening(what: Any, name: str, told: Callable[..., None]) -> Iterator[None]:
    """Have `told` called at each such event."""
    event.listen(what, name, told)
    yield
    event.remove(what, name, told)


class Fetching(threading.Thread):
    """Somebody who fetches a file, and notes when each piece of it was given to them."""

    def __init__(self, browser: Client, address: str) -> None:
        super().__init__()
        self.browser, self.address = browser, address
        self.given: list[float] = []
        self.began = 0.0

    def run(self) -> None:
        self.began = time.monotonic()
        answer = self.browser.get(self.address, buffered=False)
        if answer.status_code == 200:
            for _piece in answer.iter_encoded():
                self.given.append(time.monotonic())
        answer.close()


@pytest.mark.slow
def test_nothing_of_a_file_is_given_after_the_commit_that_removes_it(
    app: Workspace, member: Membership, sign_in: SignIn, record_property: Callable[[str, object], None]
) -> None:
    browser = sign_in(member.user)
    number = uploaded(browser, member, "Referat.txt", LARGE)
    shared(browser, member, number)
    assert check() == 1
    address = f"{member.partnership.address}files/{number}/content"
    file, pause, fetched, cut = db.session.get_one(File, (member.partnership_id, number)), 0.0, 0, 0
    for turn in range(INTERLEAVINGS):
        fetching = Fetching(browser, address)
        fetching.start()
        time.sleep(pause * (turn % 20) / 20)
        file.withdraw(member)
        db.session.commit()
        removed = time.monotonic()
        fetching.join()
        late = [moment for moment in fetching.given if moment > removed]
        # One piece may be on its way: it was asked for before the commit, and is noted after it.
        assert len(late) <= 1, f"{len(late)} pieces after the commit"
        fetched, cut = fetched + bool(fetching.given), cut + (len(fetching.given) == 1)
        assert browser.get(address).status_code == 404
        pause = max(pause, (fetching.given[-1] - fetching.began) if fetching.given else 0.01)
        file.bring_back(member)
        db.session.commit()
    assert 0 < fetched < INTERLEAVINGS, "The removal came at one and the same moment of each fetch"
    record_property("interleavings of fetching and removing a file", INTERLEAVINGS)


@pytest.mark.parametrize("how", ["file", "post", "comment"])
def test_nothing_is_left_of_what_is_deleted_for_good(
    how: str, moderator: Membership, member: Membership, sign_in: SignIn
) -> None:
    post = share(member)
    text = comment(post, member) if how == "comment" else post
    file = attach_picture(member, text, "Kodeordetkartoffel.png")
    file.alt = "Kodeordetkartoffel"
    file.withdraw(member)
    file.bring_back(member)
    db.session.commit()
    assert "Kodeordetkartoffel" in everything()
    assert stored() >= known() > set()
    address = f"files/{file.number}/redaction" if how == "file" else f"texts/{text.number}/redaction"
    browser = sign_in(moderator.user)
    answer = browser.submit(f"{member.partnership.address}{address}", {"reason": "Et CPR-nummer"})
    assert answer.status_code == 303
    removal.delete_due()
    assert "Kodeordetkartoffel" not in everything()
    assert stored() == known() == set()
    assert member.partnership.file_bytes == 0


@pytest.mark.parametrize("how", ["file", "post"])
def test_nothing_is_left_of_why_a_file_was_removed_that_is_deleted_for_good(
    how: str, moderator: Membership, member: Membership, sign_in: SignIn
) -> None:
    post, browser = share(member), sign_in(moderator.user)
    file, home = attach_picture(member, post), member.partnership.address
    answer = browser.submit(f"{home}files/{file.number}/withdrawal", {"reason": "Kodeordetkartoffel ses"})
    assert answer.status_code == 303
    assert "Kodeordetkartoffel" in everything()
    address = f"files/{file.number}/redaction" if how == "file" else f"texts/{post.number}/redaction"
    assert browser.submit(f"{home}{address}", {"reason": "Et kodeord"}).status_code == 303
    assert "Kodeordetkartoffel" not in everything()


@pytest.mark.parametrize("htmx", [False, True], ids=["plain", "htmx"])
def test_a_file_whose_place_has_been_taken_does_not_come_back(
    htmx: bool, moderator: Membership, member: Membership, sign_in: SignIn
) -> None:
    browser, home = sign_in(member.user), member.partnership.address
    numbers = [uploaded(browser, member) for _place in range(MOST_OF_A_TEXT)]
    post = shared(browser, member, *numbers)
    first, second = (f"{home}files/{number}" for number in numbers[:2])
    assert browser.submit(f"{first}/withdrawal", {}).status_code == 303
    edited = {"title": "Referat", "body": "Se filen.", "uploads": [uploaded(browser, member)]}
    edit = f"{home}posts/{post}/edit"
    assert browser.submit(edit, edited, page=edit).status_code == 303
    by_moderator = sign_in(moderator.user)
    refused = by_moderator.submit(f"{first}/restoration", {}, htmx=htmx)
    assert (refused.status_code, "Der er allerede 10 filer" in refused.text) == (409, True)
    assert by_moderator.submit(f"{second}/withdrawal", {"reason": "Den er gammel"}).status_code == 303
    assert by_moderator.submit(f"{first}/restoration", {}, htmx=htmx).status_code == (204 if htmx else 303)


@pytest.mark.parametrize("which", range(3))
def test_deleting_a_file_of_numbers_reads_only_what_was_done_about_files_beside_it(which: int, sign_in: SignIn) -> None:
    with at(BEGUN):
        town = Town()
        indicators = [town.indicator(name) for name in ("Borgere", "Opkald", "Besøg", "Timer")]
    member = next(iter(town.members.values()))
    browser, moderator, home = sign_in(member.user), sign_in(town.moderator.user), town.partnership.address
    entry, key = f"{home}results/numbers/{member.organisation_id}", f"{LATEST:%Y%m%d}"
    for place, together in enumerate((indicators[:1], indicators[1:2], indicators[2:])):
        numbers = {
            f"{field}-{each.number}-{key}": value for each in together for field, value in (("a", "74"), ("b", "118"))
        }
        uploads = [uploaded(browser, member, f"Kodeord{place}.txt", b"Et ord")]
        assert browser.submit(entry, numbers | {"uploads": uploads}, page=entry).status_code == 303
        reason = {"reason": f"Fordi{place}"}
        assert moderator.submit(f"{home}files/{place + 1}/withdrawal", reason).status_code == 303
    read: list[str] = []
    db.session.expunge_all()
    with listening(Entry, "load", lambda entry, _context: read.append(entry.verb)):
        answer = moderator.submit(f"{home}files/{which + 1}/redaction", {"reason": "Et kodeord"})
    assert answer.status_code == 303
    assert read.count(REMOVED_FILE) == 1
    for place in range(3):
        left = [word in everything() for word in (f"Kodeord{place}", f"Fordi{place}")]
        assert left == [place != which] * 2


def test_an_upload_that_is_let_go_of_leaves_nothing(member: Membership, sign_in: SignIn) -> None:
    browser = sign_in(member.user)
    number = uploaded(browser, member)
    answer = browser.submit(f"{member.partnership.address}files/{number}/discarding", {}, htmx=True)
    assert answer.status_code == 200
    db.session.expire_all()
    assert (stored(), member.partnership.file_bytes) == (set(), 0)
    assert browser.get(f"{member.partnership.address}files/{number}").status_code == 404
    assert check() == 0


def test_what_nobody_has_shared_goes_after_thirty_days(member: Membership) -> None:
    upload_picture(member)
    kept = attach_picture(member, share(member))
    with time_machine.travel(clock.now() + removal.UNSHARED + timedelta(hours=1), tick=True):
        removal.delete_due()
    assert stored() == known() == set(version(member, kept.number).keys)


def test_an_upload_that_was_removed_goes_when_that_can_no_longer_be_undone(member: Membership, sign_in: SignIn) -> None:
    browser = sign_in(member.user)
    address = f"{member.partnership.address}files/{uploaded(browser, member)}"
    assert browser.submit(f"{address}/withdrawal", {}).status_code == 303
    removal.delete_due()
    assert browser.submit(f"{address}/restoration", {}).status_code == 303
    assert browser.page(address)
    assert browser.submit(f"{address}/withdrawal", {}).status_code == 303
    with time_machine.travel(clock.now() + UNDO_TAKEN + timedelta(seconds=1), tick=True):
        removal.delete_due()
    db.session.expire_all()
    assert (stored(), known(), member.partnership.file_bytes) == (set(), set(), 0)


def test_one_upload_that_cannot_be_forgotten_stops_no_other(
    member: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = (upload_picture(member).number for _upload in range(2))
    erase, tried = File.erase, []

    def fail(file: File) -> None:
        tried.append(file.number)
        if file.number == bad:
            raise ValueError(file.number)
        erase(file)

    monkeypatch.setattr(File, "erase", fail)
    with time_machine.travel(clock.now() + removal.UNSHARED + timedelta(hours=1), tick=True):
        for _minute in range(2):
            scheduled_jobs.run_job(removal.delete_due)
        assert tried == [bad, good], "What has failed rests"
        assert stored() == known() == set(version(member, bad).keys)
        assert [(each.job, each.number) for each in failures.standing().latest] == [("removal", bad)]
    monkeypatch.undo()
    with time_machine.travel(clock.now() + removal.UNSHARED + timedelta(hours=2), tick=True):
        scheduled_jobs.run_job(removal.delete_due)
    assert (stored(), failures.standing().latest) == (set(), [])


def test_bytes_without_a_row_are_swept_once_they_are_a_day_old(member: Membership, tmp_path: Any) -> None:
    kept = attach_picture(member, share(member))
    lost = tmp_path / "lost"
    lost.write_bytes(b"half")
    storage().put(f"{member.partnership_id}/0123456789abcdef0123456789abcdef", lost)
    assert sweep.sweep() == 0, "What is younger may still get its row"
    with time_machine.travel(clock.now() + timedelta(days=2), tick=True):
        assert sweep.sweep() == 1
        assert (sweep.sweep_due(), sweep.sweep_due()) == (0, 0)
    assert stored() == set(version(member, kept.number).keys)


def test_what_a_killed_process_has_left_on_its_way_is_cleared_after_an_hour(app: Workspace) -> None:
    incoming = app.settings.instance / "incoming"
    (incoming / "checking-abc" / "into").mkdir(parents=True)
    (incoming / "checking-abc" / "source").write_bytes(b"half")
    (incoming / "tmpabc").write_bytes(b"half")
    removal.delete_due()
    assert len(list(incoming.iterdir())) == 2, "Somebody may be at work on it"
    with time_machine.travel(clock.now() + timedelta(hours=2), tick=True):
        removal.delete_due()
    assert list(incoming.iterdir()) == []
