"""Files of data are for nobody but the user whom the workspace runs as, whatever the umask and whoever made them."""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.environment import environment_of
from tests.operations.service import running
from workspace.config import ROOT, Settings
from workspace.mail.transports import FileTransport

pytestmark = [pytest.mark.either_database, pytest.mark.slow]

MIGRATE = "from workspace.cli import main; main(['migrate'])"


@pytest.fixture
def fresh(settings: Settings, tmp_path: Path) -> Settings:
    """Settings of an installation that has no files yet, and keeps its database in one."""
    instance = tmp_path / "instance"
    return replace(settings, instance=instance, database_url=f"sqlite:///{instance / 'samspil.sqlite'}")


@pytest.fixture
def no_umask() -> Iterator[None]:
    """A process that takes nothing from others by itself."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """What others could read, write or enter, in a folder and below."""
    found = [(path, path.lstat().st_mode) for path in (folder, *folder.rglob("*"))]
    return [str(path) for path, mode in found if mode & 0o077 and not stat.S_ISLNK(mode)]


def migrate(settings: Settings) -> None:
    environment = environment_of(settings) | {"PATH": os.environ["PATH"]}
    subprocess.run((sys.executable, "-c", MIGRATE), cwd=ROOT, env=environment, check=True, umask=0o022)


def test_a_service_makes_its_files_for_nobody_else(fresh: Settings) -> None:
    fresh.instance.mkdir(mode=0o755)
    with running(fresh) as service:
        for errors in fresh.instance.glob("errors-*"):
            errors.chmod(0o600)  # those of the tests
        made = {path.name for path in fresh.instance.iterdir()}
        assert made >= {"samspil.sqlite", "assets"}  # SQLite gives -wal and -shm the mode of the file
        assert open_to_others(fresh.instance) == []
        assert service.stop() == 0


def test_files_from_before_are_closed_and_those_of_others_left_alone(fresh: Settings, tmp_path: Path) -> None:
    migrate(fresh)
    mails = fresh.instance / "mail"
    mails.mkdir(exist_ok=True)
    foreign, elsewhere = fresh.instance / "notes.txt", tmp_path / "elsewhere"
    for path in (foreign, elsewhere, mails / "0000000001.eml"):
        path.write_text("")
    (mails / "link").symlink_to(elsewhere)
    for path in (elsewhere, fresh.instance, *fresh.instance.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)
    migrate(fresh)
    assert open_to_others(fresh.instance) == [str(foreign)]
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o666


def test_a_database_elsewhere_is_closed_and_its_folder_left_alone(fresh: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    database = elsewhere / "samspil.sqlite"
    there = replace(fresh, database_url=f"sqlite:///{database}")
    migrate(there)
    database.chmod(0o644)
    migrate(there)
    assert open_to_others(elsewhere) == [str(elsewhere)]


def test_mails_in_a_folder_are_for_nobody_else_whatever_the_umask(fresh: Settings, no_umask: None) -> None:
    FileTransport(fresh.instance / "mail").deliver(b"Subject: Hej\n\n", 1)
    assert [path.name for path in (fresh.instance / "mail").iterdir()] == ["0000000001.eml"]
    assert open_to_others(fresh.instance / "mail") == []


def test_the_key_of_the_demo_and_its_folder_are_for_nobody_else_whatever_the_umask(
    tmp_path: Path, no_umask: None
) -> None:
    Settings.from_environment({"DEMO": "1", "INSTANCE_PATH": str(tmp_path / "instance")})
    assert open_to_others(tmp_path / "instance") == []
