"""A backup that is made while people write, and one of many posts, come back in another folder and database.

RESTORE_POSTS says how many posts: 1,000,000 must be back within a quarter of an hour (docs/reliability.md).
"""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench import fill
from tests.backup.test_backup import Installation, elsewhere, stored
from tests.client import Client
from tests.databases import new_database
from tests.factories import PASSWORD, attach_picture, make_user, share, start_partnership
from tests.operations.fleet import people
from tests.operations.service import running, until
from workspace import Workspace, create_app
from workspace.comments.models import Comment
from workspace.config import Settings
from workspace.db import db
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Partnership
from workspace.posts.models import Post

__all__ = ["elsewhere"]  # a fixture

pytestmark = pytest.mark.slow

POSTS = int(os.environ.get("RESTORE_POSTS", "2000"))
MINUTES_FOR_A_MILLION = 15
SECONDS_AT_LEAST = 60  # for programs to start, on a machine that is busy with other tests


def test_what_was_acknowledged_before_a_backup_under_load_is_in_it(
    app: Workspace, settings: Settings, elsewhere: Installation
) -> None:
    ada = make_user(email="ada@example.dk")
    moderator = start_partnership(by=ada)
    attach_picture(moderator, share(moderator))
    db.session.commit()
    with running(settings, workers=1) as service, people(app, service.port) as ledger:
        until(lambda: len(ledger.acknowledged) > 20, "People write")
        before = list(ledger.acknowledged)
        archive = Installation(settings).works("backup", "-")
        until(lambda: len(ledger.acknowledged) > len(before), "People go on writing")
    assert ledger.failures() == []
    elsewhere.works("restore", "-", given=archive)
    assert stored(elsewhere.settings)
    assert stored(elsewhere.settings).items() <= stored(settings).items()
    restored = create_app(elsewhere.settings)
    restored.test_client_class = Client
    with restored.app_context():
        assert set(db.session.scalars(select(Comment.body_text))) >= set(before)
        counted = select(Post.comment_count, func.count(Comment.number)).outerjoin(
            Comment, (Comment.partnership_id == Post.partnership_id) & (Comment.post_number == Post.number)
        )
        for said, found in db.session.execute(counted.group_by(Post.partnership_id, Post.number, Post.comment_count)):
            assert said == found
        newest = select(Partnership.last_number, func.max(Entry.number), func.count(Entry.number))
        of_each = newest.join(Entry, Entry.partnership_id == Partnership.id).group_by(Partnership.id)
        for last, highest, count in db.session.execute(of_each):
            assert last == highest == count  # each number, once
        db.session.remove()
    browser = restored.test_client()
    assert isinstance(browser, Client)
    form = browser.page("/sign-in").form("/sign-in") | {"email": "ada@example.dk", "password": PASSWORD}
    assert browser.post("/sign-in", data=form).location == "/"
    with restored.app_context():
        db.engine.dispose()


@pytest.fixture
def large(
    app: Workspace, settings: Settings, tmp_path: Path, postgresql: str, worker_id: str
) -> Iterator[Installation]:
    """An installation with many posts."""
    folder = tmp_path / "large"
    folder.mkdir()
    made = new_database(folder, postgresql, f"{worker_id}_large")
    installation = Installation(replace(settings, instance=folder, database_url=made.url))
    with create_app(installation.settings).app_context():
        fill.fill(POSTS)
        db.session.remove()
        db.engine.dispose()
    yield installation
    made.remove()


def test_many_posts_are_back_in_time(large: Installation, elsewhere: Installation, tmp_path: Path) -> None:
    file = tmp_path / "samspil.backup"
    began = time.monotonic()
    large.works("backup", str(file))
    backed_up = time.monotonic()
    elsewhere.works("restore", str(file))
    seconds = time.monotonic() - backed_up
    print(f"{POSTS:,} posts: {backed_up - began:.0f} s to back up {file.stat().st_size:,} bytes, {seconds:.0f} s back")
    assert seconds < max(SECONDS_AT_LEAST, MINUTES_FOR_A_MILLION * 60 * POSTS / 1_000_000)
    restored = create_app(elsewhere.settings)
    with restored.app_context():
        assert db.session.scalar(select(func.count()).select_from(Post)) >= POSTS
        db.session.remove()
        db.engine.dispose()
