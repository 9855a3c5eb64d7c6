"""The code before the newest migration works on the schema after it: so instances can be replaced one by one.

That code is taken from this repository's history: the last release, and the commit before the newest migration.
"""

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import func

from tests.client import Client, signed_in
from tests.factories import add_member, challenge, make_role, share, start_partnership
from tests.operations.fleet import Ledger, Person, people
from tests.operations.service import running, until
from workspace import Workspace
from workspace.comments.models import Comment
from workspace.config import ROOT, Settings
from workspace.db import db, schema
from workspace.mail.models import Mail, MailState

pytestmark = pytest.mark.slow

RENAMES = "0016_standard_names"


def git(*arguments: str) -> bytes:
    """What git says; the test is left out where there is no history."""
    done = subprocess.run(("git", "-C", str(ROOT), *arguments), capture_output=True, check=False)
    if done.returncode:
        pytest.skip("There is no history.")
    return done.stdout


def last_release() -> str:
    """The tag of the last release whose schema is older than this code's, and that had all names of today."""
    for tag in git("tag", "--list", "v*", "--merged", "HEAD", "--sort=-version:refname").decode().split():
        names = migrations_of(tag)
        if RENAMES in names and schema.newest_version() not in names:
            return tag
    pytest.skip("There is no release after the renames whose schema is older.")


def before_newest_migration() -> str:
    """The last commit that had all migrations but the newest."""
    *_older, last, newest = schema.versions()
    for commit in git("rev-list", "--max-count=500", "HEAD").decode().split():
        if newest not in (names := migrations_of(commit)) and last in names:
            return commit
    pytest.skip("The history does not go back so far.")


def migrations_of(commit: str) -> set[str]:
    """The names of a commit's migrations."""
    return {Path(name).stem for name in git("ls-tree", "--name-only", commit, "migrations/versions/").decode().split()}


@pytest.fixture(params=[before_newest_migration, last_release], ids=["the last commit", "the last release"])
def code_before(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The code of a commit, in a folder."""
    commit = request.param()
    folder = tmp_path / "before"
    folder.mkdir()
    subprocess.run(("tar", "-x", "-C", str(folder)), input=git("archive", commit), check=True)
    compiled = (sys.executable, "-m", "babel.messages.frontend", "--quiet", "compile", "--directory", "translations")
    subprocess.run(compiled, cwd=folder, check=True)
    return folder


@pytest.mark.parametrize("code_before", [last_release], indirect=True, ids=["the last release"])
def test_every_address_works_as_before_on_the_schema_of_today(code_before: Path) -> None:
    """The release's own test of its routes, which asks for each address as everybody, with the migrations of today."""
    for path in (schema.MIGRATIONS / "versions").glob("[0-9]*.py"):
        shutil.copy(path, code_before / "migrations" / "versions")
    command = (sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "tests/test_routes.py")
    done = subprocess.run(command, cwd=code_before, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:]


def test_the_code_before_the_newest_migration_works_beside_it(
    app: Workspace, settings: Settings, code_before: Path
) -> None:
    moderator = start_partnership()
    member = add_member(moderator)
    post, role = share(member), make_role(moderator)
    challenge(member)
    db.session.commit()
    place = moderator.partnership.address
    pages = ["/", place, f"{place}posts/{post.number}", f"{place}challenges", f"{place}members", f"{place}roles"]
    pages += [f"{place}roles/{role.number if hasattr(role, 'number') else role.id}", "/settings", "/settings/digest"]
    browser = signed_in(app, moderator.user)
    assert isinstance(browser, Client)
    cookie = browser.get_cookie("samspil")
    assert cookie is not None
    with running(settings, workers=1, root=code_before) as service:
        ledger = Ledger()
        reader = Person(service.port, cookie.value, ledger)
        assert {address: reader.send("GET", address) for address in pages} == dict.fromkeys(pages, 200), service.said
        with people(app, service.port) as written:
            until(lambda: len(written.answers) > 60, "People read and write")
        assert written.failures() == [], service.said
        assert len(written.acknowledged) > 10, Counter(each.status for each in written.answers)
        until(is_sent, "The mail about it is sent")
        assert service.stop() == 0
        assert service.said == ""
    found = Counter(db.session.scalars(db.select(Comment.body_text)))
    assert found.keys() >= set(written.acknowledged)
    assert set(found.values()) == {1}


def is_sent() -> bool:
    """Whether some mail has been sent."""
    sent = db.session.scalar(db.select(func.count()).select_from(Mail).where(Mail.state == MailState.SENT))
    db.session.commit()
    return bool(sent)
