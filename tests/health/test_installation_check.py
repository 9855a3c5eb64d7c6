"""`workspace check` finds what was set up wrong, says what to do, and changes nothing."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from tests.backup.test_backup import PATH
from tests.databases import KIND, execute
from tests.environment import Run, environment_of
from tests.factories import make_user
from tests.mail.sink import Sink
from tests.operations.service import COMMAND, PATIENCE, free_port
from workspace import Workspace
from workspace.config import ROOT, Settings
from workspace.db import db, installation
from workspace.health import installation_check

HEALTHY = {"SECRET_KEY": "x", "BASE_URL": "https://samspil.kommune.dk", "HOSTNAME": "host", "PATH": "/bin"}


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as answering:
        yield answering


@pytest.fixture
def healthy(app: Workspace, settings: Settings, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation in which nothing is wrong."""
    monkeypatch.setenv("PATH", PATH)
    installation.note_key(settings.secret_key, ())
    db.session.commit()
    return replace(
        settings,
        base_url="https://samspil.kommune.dk",
        trusted_proxies=1,
        smtp_url=sink.url,
        mail_from="samspil@kommune.dk",
    )


def found(settings: Settings, environment: dict[str, str] = HEALTHY) -> dict[str, str]:
    """What is wrong, by the name of the check."""
    return {
        name: " ".join(troubles) for name, troubles in installation_check.troubles(settings, environment) if troubles
    }


def test_where_nothing_is_wrong_nothing_is_said_or_sent(healthy: Settings, sink: Sink) -> None:
    assert found(healthy) == {}
    assert sink.received == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("BASE_URI", "BASE_URL"),
        ("SECRET_KEYS", "SECRET_KEY"),
        ("WORKER", "WORKERS"),
        ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
    ],
)
def test_a_misspelt_setting(name: str, meant: str, healthy: Settings) -> None:
    environment = {key: value for key, value in HEALTHY.items() if key != meant} | {name: "1"}
    assert found(healthy, environment) == {
        "spelling of settings": f"{name} is no setting, so it has no effect. If {meant} is meant, rename it."
    }


def test_an_example_of_the_readme(healthy: Settings) -> None:
    environment = HEALTHY | {"MAIL_FROM": "samspil@your-municipality.dk"}
    assert "MAIL_FROM still has the README's example" in found(healthy, environment)["examples"]


def test_a_proxy_that_is_not_declared(healthy: Settings) -> None:
    assert "Set TRUSTED_PROXIES=1" in found(replace(healthy, trusted_proxies=0))["proxy"]


def test_another_schema(healthy: Settings) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = '0001_workspace'"))
    db.session.commit()
    try:
        assert "workspace migrate" in found(healthy)["database"]
    finally:
        newest = installation_check.schema.newest_version()
        db.session.execute(text("UPDATE alembic_version SET version_num = :newest"), {"newest": newest})
        db.session.commit()


def test_too_many_processes_for_the_database(healthy: Settings) -> None:
    remedy = {"sqlite": "Use PostgreSQL", "postgresql": "Raise max_connections"}[KIND]
    assert remedy in found(replace(healthy, workers=60))["database"]


@pytest.fixture
def limited(settings: Settings) -> Iterator[int]:
    """The database lets nobody have more than so many connections."""
    url = make_url(settings.database_url)
    execute(url, f'ALTER DATABASE "{url.database}" CONNECTION LIMIT 40')
    yield 40
    execute(url, f'ALTER DATABASE "{url.database}" CONNECTION LIMIT -1')


@pytest.mark.skipif(KIND != "postgresql", reason="SQLite has no server.")
def test_a_limit_of_the_database_counts_and_the_start_is_refused(healthy: Settings, limited: int) -> None:
    assert "database" not in found(replace(healthy, workers=1))  # 31
    too_many = replace(healthy, workers=2)
    assert f"may open 53 connections, and PostgreSQL allows {limited}" in found(too_many)["database"]
    own = {"PATH": os.environ["PATH"], "PORT": str(free_port()), "WORKERS": "2"}
    begun = subprocess.run(
        COMMAND, cwd=ROOT, env=environment_of(too_many) | own, capture_output=True, text=True, timeout=PATIENCE
    )
    assert begun.returncode == 1
    assert begun.stdout == ""
    assert begun.stderr.startswith("Error: WORKERS=2 web processes and a worker may open 53 connections")
    assert begun.stderr.count("\n") == 1


@pytest.mark.skipif(KIND != "postgresql", reason="SQLite copies itself.")
def test_a_pg_dump_that_is_older_than_the_server_or_not_there(
    run: Run, healthy: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "✗ backup\n    workspace backup can't work. pg_dump is not installed." in run("check").output
    program = tmp_path / "pg_dump"
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 11.22 (Debian 11.22-0+deb10u2)'\n")
    program.chmod(0o755)
    assert "✗ backup\n    workspace backup can't work: pg_dump is of PostgreSQL 11, and the" in run("check").output
    program.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 99beta1'\n")
    assert "✓ backup\n" in run("check").output


def test_another_key(healthy: Settings) -> None:
    other = replace(healthy, secret_key="y" * 32)
    assert "SECRET_KEY_FALLBACKS" in found(other)["key"]
    assert found(replace(other, secret_key_fallbacks=(healthy.secret_key,))) == {}


def test_a_mail_server_that_is_away_or_refuses_us(healthy: Settings, sink: Sink) -> None:
    sink.plan("samspil@kommune.dk", "rcpt 550")
    assert "refused the recipient samspil@kommune.dk" in found(healthy)["mail"]
    sink.stop()
    assert "mail" in found(healthy)


def test_a_folder_for_mail(healthy: Settings) -> None:
    assert "no mail reaches anybody" in found(replace(healthy, smtp_url="file:///tmp/mail"))["mail"]


def test_a_full_disk(healthy: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 10 * 2**20, "total": 10**12})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert found(healthy)["disk"].startswith("Only 10 MB are left")


def test_a_redis_that_is_away(healthy: Settings) -> None:
    assert "does not answer" in found(replace(healthy, rate_limit_url="redis://127.0.0.1:1"))["limits"]


def test_the_command_says_it_all_and_fails(run: Run, healthy: Settings) -> None:
    result = run("check", MONITORING_NETWORK="x")
    assert result.exit_code == 1
    assert "✗ spelling of settings\n    MONITORING_NETWORK is no setting" in result.output
    assert "✓ database" in result.output
    assert "Traceback" not in result.output


def test_a_database_that_is_away_keeps_no_other_check_from_looking(run: Run, healthy: Settings) -> None:
    result = run("check", DATABASE_URL=f"postgresql://samspil:password@127.0.0.1:{free_port()}/samspil", WORKER="2")
    assert result.exit_code == 1
    assert "✗ spelling of settings\n    WORKER is no setting" in result.output
    assert "✗ database\n    The database can't be used: connection failed: " in result.output
    assert "Check DATABASE_URL, and that the server runs and lets us in." in result.output
    assert result.output.count("Mend that, and check again.") == 3  # backup, demo accounts, key
    assert "✗ mail\n    SMTP_URL is a folder" in result.output
    assert "✓ disk" in result.output
    names = [line[2:] for line in result.output.splitlines() if not line.startswith(" ")]
    assert names == list(installation_check.CHECKS)


def test_a_full_disk_keeps_no_check_from_looking(run: Run, healthy: Settings, tmp_path: Path) -> None:
    """No file can grow, and SQLite needs files beside its own."""
    run("check")  # Assets are made.
    environment = environment_of(healthy) | {"PATH": os.environ["PATH"], "LC_ALL": "en_GB.UTF-8"}
    done = subprocess.run(
        (sys.executable, "-c", "from workspace.cli import main; main(['check'])"),
        cwd=ROOT,
        env=environment | {"DATABASE_URL": f"sqlite:///{tmp_path / 'samspil.sqlite'}"},
        preexec_fn=partial(resource.setrlimit, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY)),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "✗ database\n    The database can't be used: " in done.stdout
    assert "that the disk is not full." in done.stdout
    assert "✓ disk" in done.stdout


def test_accounts_of_the_demo(healthy: Settings) -> None:
    make_user(email="admin@samspil.example")
    db.session.commit()
    assert "set DATABASE_URL to another" in found(healthy)["demo accounts"]
