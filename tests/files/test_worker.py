"""The worker and files: killed at any point, without a scanner's word, or with a storage that is away."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import time_machine

from tests.factories import PIXEL, make_user, start_partnership, upload_picture
from tests.files.places import check, uploaded, version
from tests.files.test_removal import SignIn, known, stored
from workspace import Workspace, clock, scheduled_jobs
from workspace.db import db, failures
from workspace.files import checking, sweep
from workspace.files.models import FileState
from workspace.files.storage import FolderStorage
from workspace.partnerships.models import Membership

pytestmark = pytest.mark.usefixtures("app")
SOON = timedelta(minutes=10)


@pytest.fixture
def member() -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Ågård"))


def dies(owner: Any, name: str, *, after: bool, times: int = 1) -> Callable[[], None]:
    """Let this process die before, or after, the `times`th call of a function."""

    def prepare() -> None:
        real, calls = getattr(owner, name), 0

        def fatal(*given: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == times and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            done = real(*given, **options)
            if calls == times:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        setattr(owner, name, fatal)

    return prepare


POINTS = {
    "before it claims": dies(checking, "_claim", after=False),
    "once it has claimed": dies(checking, "_claim", after=True),
    "before it reads": dies(FolderStorage, "read", after=False),
    "before it scans": dies(checking, "scan", after=False),
    "before it looks": dies(checking, "process", after=False),
    "once it has looked": dies(checking, "process", after=True),
    "with one preview stored": dies(FolderStorage, "put", after=True),
    "with all stored": dies(checking, "_keep", after=True),
    "before the commit that says so": dies(checking, "_take_place", after=True),
    "before it deletes what came": dies(FolderStorage, "delete", after=False),
}


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_is_killed_loses_nothing_and_shows_nothing_half(
    point: str, app: Workspace, member: Membership, sign_in: SignIn
) -> None:
    number, member_id = upload_picture(member).number, member.id
    db.session.remove()
    child = os.fork()
    if child == 0:
        db.engine.dispose(close=False)
        POINTS[point]()
        checking.check_due()
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    member = db.session.get_one(Membership, member_id)
    address = f"{member.partnership.address}files/{number}/content"
    assert sign_in(member.user).get(address).status_code in (404, 200)
    with time_machine.travel(clock.now() + SOON, tick=True):
        check()
        assert version(member, number).state is FileState.READY
        assert sign_in(member.user).get(address).status_code == 200
    with time_machine.travel(clock.now() + timedelta(days=2), tick=True):
        sweep.sweep()
    assert stored() == known()


def test_a_file_that_kills_every_worker_is_refused(member: Membership) -> None:
    number = upload_picture(member).number
    found = version(member, number)
    found.attempts = checking.MOST_ATTEMPTS
    db.session.commit()
    assert check() == 1
    assert (version(member, number).state, version(member, number).refusal) == (FileState.REFUSED, "too_much_work")
    assert member.partnership.file_bytes == 0


def test_a_silent_scanner_keeps_files_waiting(
    app: Workspace, member: Membership, sign_in: SignIn, tmp_path: Path
) -> None:
    number, settings = upload_picture(member).number, app.settings
    app.settings = replace(settings, clamd_url=f"unix://{tmp_path / 'nobody'}")
    try:
        assert check() == 0
        assert version(member, number).state is FileState.RECEIVED
        address = f"{member.partnership.address}files/{number}/content"
        assert sign_in(member.user).get(address).status_code == 404
    finally:
        app.settings = settings
    with time_machine.travel(clock.now() + SOON, tick=True):
        assert check() == 1
    assert version(member, number).state is FileState.READY
    assert failures.standing().latest == []


def test_a_storage_that_is_away_holds_up_no_other_job(app: Workspace, member: Membership, sign_in: SignIn) -> None:
    browser = sign_in(member.user)
    number = upload_picture(member).number
    folder = app.settings.instance / "files"
    folder.rename(folder.with_name("files-away"))
    folder.write_bytes(b"")
    try:
        scheduled_jobs.run_due_jobs()
        assert version(member, number).state is FileState.RECEIVED
        assert [(each.job, each.number) for each in failures.standing().latest] == [("checking", number)]
        refused = browser.submit(f"{member.partnership.address}files", {"file": (BytesIO(PIXEL), "A.png")}, htmx=True)
        assert refused.status_code == 503
        assert member.partnership.last_file_number == number
    finally:
        folder.unlink()
        folder.with_name("files-away").rename(folder)
    with time_machine.travel(clock.now() + SOON, tick=True):
        assert check() == 1
    assert version(member, number).state is FileState.READY
    assert failures.standing().latest == []


def test_one_poisoned_file_stops_no_other(member: Membership, sign_in: SignIn) -> None:
    browser = sign_in(member.user)
    bomb = uploaded(browser, member, "Bombe.png", PIXEL[:40] + b"\xff" * 500)
    good = uploaded(browser, member, "God.png", PIXEL)
    assert check() == 2
    assert version(member, bomb).state is FileState.REFUSED
    assert version(member, good).state is FileState.READY
