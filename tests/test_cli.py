"""The `workspace` command."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, select

from tests.client import Client
from tests.databases import KIND, execute, new_database
from tests.environment import Run, environment_of
from tests.factories import PASSWORD, add_member, make_administrator, make_user, share, start_partnership
from tests.operations.service import PATIENCE, free_port
from workspace import clock
from workspace.accounts import passwords, sessions
from workspace.accounts.models import User, user_with
from workspace.audit.models import AuditAction, AuditEvent
from workspace.config import ROOT, Settings
from workspace.db import db
from workspace.partnerships.models import Partnership

NEW = "gynge saddel torden"
COMMAND = (sys.executable, "-c", "from workspace.cli import main; main()", "run")


def test_the_first_administrator_gets_an_account(run: Run) -> None:
    result = run("admin", "add", "ada@example.dk", typed=f"Ada Holm\n{NEW}\n{NEW}\n")
    assert result.exit_code == 0, result.output
    administrator = user_with("ada@example.dk")
    assert administrator is not None
    assert (administrator.name, administrator.is_administrator) == ("Ada Holm", True)
    assert passwords.matches(administrator, NEW)


def test_digests_are_previewed_planned_and_sent(run: Run) -> None:
    moderator = start_partnership("Digital genoptræning", by=make_user(email="ada@example.dk", language="en"))
    add_member(moderator, make_user("Bo", email="bo@example.dk", language="en"))
    run("digests", "send")  # That Bo is a member now
    share(moderator, "Borgerne går selv i gang")
    assert run("digests", "plan").output == "0 digests are planned.\n"
    for _ in range(2):
        shown = run("digests", "preview", "bo@example.dk")
        assert shown.output.startswith("Digest: Borgerne går selv i gang\n"), shown.output
    assert run("digests", "send", "bo@example.dk").output == "1 e-mail is sent.\n"
    assert run("digests", "preview", "bo@example.dk").output == "There is nothing new for Bo.\n"
    assert run("digests", "send").output == "0 e-mails are sent.\n"
    unknown = run("digests", "preview", "nobody@example.dk")
    assert (unknown.exit_code, unknown.output) == (1, "Error: Nobody has the address nobody@example.dk.\n")


def test_an_administrator_can_be_made_without_anybody_at_the_keyboard(run: Run) -> None:
    result = run("admin", "add", "ada@example.dk", "--name", "Ada Holm", "--stdin", typed=f"{NEW}\n")
    assert result.exit_code == 0, result.output
    assert passwords.matches(user_with("ada@example.dk"), NEW)


def test_a_person_becomes_an_administrator_and_keeps_the_password(run: Run) -> None:
    user = make_user()
    result = run("admin", "add", user.email.upper())
    assert result.exit_code == 0, result.output
    assert user.is_administrator
    assert passwords.matches(user, PASSWORD)


def test_a_password_that_is_not_used_is_told(run: Run) -> None:
    user = make_user("Ada Holm", email="ada@example.dk")
    result = run("admin", "add", user.email, "--stdin", typed=f"{NEW}\n")
    assert (result.exit_code, user.is_administrator) == (0, True)
    assert "has a password already, so the one that was given is not used. Set it with: workspace user" in result.stderr
    assert passwords.matches(user, PASSWORD)


@pytest.mark.parametrize("command", [("admin", "add"), ("user", "password")], ids=" ".join)
def test_a_closed_account_gets_nothing_that_nobody_can_use(run: Run, command: tuple[str, str]) -> None:
    user = make_user("Ada Holm", email="ada@example.dk", deactivated_at=clock.now())
    before = user.password_hash
    result = run(*command, user.email, "--stdin", typed=f"{NEW}\n")
    assert (result.exit_code, user.is_administrator, user.password_hash) == (1, False, before)
    assert result.output.startswith("Error: The account of Ada Holm is closed, so nobody can sign in with it.")


def test_what_is_no_address_makes_nobody(run: Run) -> None:
    result = run("admin", "add", "nobody", "--name", "Nobody", "--stdin", typed=f"{NEW}\n")
    assert result.exit_code == 1
    assert db.session.scalars(select(User)).all() == []


def test_without_a_terminal_it_is_said_what_is_needed(run: Run) -> None:
    for options in ((), ("--name", "Ada Holm")):
        result = run("admin", "add", "ada@example.dk", *options)
        assert result.exit_code == 1
        assert "There is no terminal to ask in: give the name with --name, and the password" in result.output
    assert db.session.scalars(select(User)).all() == []


def test_administrators_are_listed(run: Run) -> None:
    make_user("Nobody")
    make_administrator(name="Bo Dam", email="bo@example.dk", deactivated_at=clock.now())
    make_administrator(name="Ada Holm", email="ada@example.dk")
    assert [line.split() for line in run("admin", "list").output.splitlines()] == [
        ["ada@example.dk", "Ada", "Holm"],
        ["bo@example.dk", "Bo", "Dam", "(closed", "account)"],
    ]


def test_an_administrator_becomes_an_ordinary_person_again(run: Run, sign_in: Callable[[User], Client]) -> None:
    make_administrator(name="Bo Dam")
    ada = make_administrator(name="Ada Holm", email="ada@example.dk")
    browser = sign_in(ada)
    assert browser.get("/admin/partnerships").status_code == 200
    assert run("admin", "remove", "Ada@example.dk").output == "Ada Holm is no longer an administrator.\n"
    assert browser.get("/admin/partnerships").status_code == 404
    line = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert line is not None
    assert (line.action, line.subject_name) == (AuditAction.UNMADE_ADMINISTRATOR, "Ada Holm")
    again = run("admin", "remove", "ada@example.dk")
    assert (again.exit_code, again.output) == (1, "Error: Ada Holm is not an administrator.\n")


def test_the_last_administrator_stays(run: Run) -> None:
    ada = make_administrator(name="Ada Holm", email="ada@example.dk")
    make_administrator(deactivated_at=clock.now())
    result = run("admin", "remove", "ada@example.dk")
    assert (result.exit_code, ada.is_administrator) == (1, True)
    assert "Ada Holm is the only administrator: add another first" in result.output


@pytest.mark.parametrize("months", ["0", "-1", "121", "٠"])
def test_no_setting_deletes_the_whole_trail(months: str, run: Run) -> None:
    run("admin", "add", make_user().email)
    before = db.session.scalars(select(AuditEvent.id)).all()
    result = run("trail", "prune", AUDIT_MONTHS=months)
    assert (result.exit_code, db.session.scalars(select(AuditEvent.id)).all()) == (1, before)
    assert "AUDIT_MONTHS is a whole number from 1 to 120" in result.output


def test_a_new_password_ends_all_sessions(run: Run) -> None:
    user = make_user()
    sessions.start(user, remembered=True, browser="", address="")
    result = run("user", "password", user.email, typed=f"{NEW}\n{NEW}\n")
    assert result.exit_code == 0, result.output
    assert passwords.matches(user, NEW)
    assert sessions.live_sessions(user) == []


def test_a_weak_password_is_asked_for_again(run: Run) -> None:
    user = make_user()
    result = run("user", "password", user.email, typed=f"short\nshort\n{NEW}\n{NEW}\n")
    assert "at least 12" in result.output
    assert passwords.matches(user, NEW)


def test_a_weak_password_from_a_file_is_refused(run: Run) -> None:
    user = make_user()
    result = run("user", "password", user.email, "--stdin", typed="123456789012\n")
    assert result.exit_code == 1
    assert passwords.matches(user, PASSWORD)


def test_nobody_has_an_unknown_address(run: Run) -> None:
    result = run("user", "password", "nobody@example.dk")
    assert (result.exit_code, result.output.strip()) == (1, "Error: Nobody has the address nobody@example.dk.")


def test_a_database_that_is_up_to_date_stays_as_it_is(run: Run) -> None:
    assert run("migrate").output == "The database is up to date.\n"


def test_the_demo_is_not_loaded_into_a_real_installation(run: Run) -> None:
    result = run("demo", "load")
    assert (result.exit_code, result.output) == (1, "Error: The demo story is for the demo only: set DEMO=1.\n")
    assert db.session.scalars(select(User)).all() == []


def test_the_demo_is_not_loaded_among_other_people(run: Run) -> None:
    make_administrator()
    result = run("demo", "load", DEMO="1", SECRET_KEY="")
    assert result.exit_code == 1
    assert "has people already" in result.output
    assert db.session.scalars(select(Partnership)).all() == []


def test_the_demo_is_not_served_among_other_people(run: Run) -> None:
    start_partnership()
    result = run("run", DEMO="1", SECRET_KEY="")
    assert result.exit_code == 1
    assert "has people already" in result.output


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "changeme" * 8}, "SECRET_KEY"),
        ({"PORT": "http"}, "PORT"),
        ({"DEMO": "1", "HOST": "0.0.0.0"}, "HOST"),
        ({"DATABASE_URL": "mysql://here/there"}, "DATABASE_URL"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.sqlite"}, "database"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line(run: Run, environment: dict[str, str], told: str) -> None:
    result = run("run", **environment)
    assert result.exit_code == 1
    assert result.output.startswith("Error: ")
    assert told in result.output
    assert result.output.count("\n") == 1


def test_a_port_that_is_taken_is_told_in_one_line(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = run("run", PORT=str(other.getsockname()[1]))
    assert result.exit_code == 1
    assert result.output.count("\n") == 1
    assert "set PORT" in result.output


@pytest.mark.parametrize("command", ["run", "worker"])
@pytest.mark.usefixtures("app")
def test_an_address_for_metrics_that_is_taken_is_told_in_one_line(settings: Settings, command: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        own = {"PATH": os.environ["PATH"], "PORT": str(free_port()), "METRICS_ADDRESS": address}
        begun = subprocess.run(
            (*COMMAND[:2], f"from workspace.cli import main; main(['{command}'])"),
            cwd=ROOT,
            env=environment_of(settings) | own,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    assert (begun.returncode, begun.stdout) == (1, "")
    assert begun.stderr.startswith(
        f"Error: {address} can't be used (Address already in use). Free it, or set METRICS_A"
    )
    assert begun.stderr.count("\n") == 1


COMMANDS = [
    ("admin", "list"),
    ("admin", "remove", "ada@example.dk"),
    ("user", "password", "ada@example.dk"),
    ("user", "address", "ada@example.dk", "ada@example.org"),
    ("digests", "plan"),
    ("digests", "send"),
    ("digests", "preview", "ada@example.dk"),
    ("audit", "prune"),
]


@pytest.fixture
def unmigrated(tmp_path: Path, postgresql: str, worker_id: str) -> Iterator[str]:
    """The address of a database without tables."""
    made = new_database(tmp_path, postgresql, f"{worker_id}_unmigrated")
    yield made.url
    made.remove()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_without_tables_is_told_in_one_line(run: Run, unmigrated: str, command: tuple[str, ...]) -> None:
    result = run(*command, DATABASE_URL=unmigrated)
    assert result.exit_code == 1
    assert re.fullmatch(r"Error: The database lacks .+ Run workspace migrate first\.\n", result.output), result.output


@pytest.fixture
def as_role(settings: Settings, worker_id: str) -> Iterator[Callable[[str], str]]:
    """Make a role of PostgreSQL that may do what it is told; the database's address for it: `as_role("SUPERUSER")`."""
    url, role = make_url(settings.database_url), f"samspil_{worker_id}_other"

    def make(rights: str, setting: str = "") -> str:
        execute(url, f"CREATE ROLE {role} LOGIN {rights}")
        if setting:
            execute(url, f"ALTER ROLE {role} SET {setting}")
        return url.set(username=role).render_as_string(hide_password=False)

    yield make
    execute(url, f"DROP ROLE IF EXISTS {role}")


needs_roles = pytest.mark.skipif(KIND != "postgresql", reason="SQLite has no roles")


@needs_roles
def test_a_role_that_does_not_own_the_database_is_told_in_one_line(run: Run, as_role: Callable[[str], str]) -> None:
    address = as_role("")
    for command in (("migrate",), ("run",), ("admin", "add", "ada@example.dk")):
        result = run(*command, DATABASE_URL=address)
        assert result.exit_code == 1
        assert re.fullmatch(r"Error: .+ \(permission denied .+\)\. Make that the owner .+\.\n", result.output)


@needs_roles
def test_a_database_that_only_reads_is_told_in_one_line(run: Run, as_role: Callable[..., str]) -> None:
    user = make_user()
    address = as_role("SUPERUSER", "default_transaction_read_only = on")
    for command in (("admin", "add", user.email), ("user", "password", user.email, "--stdin"), ("digests", "plan")):
        result = run(*command, DATABASE_URL=address, typed=f"{NEW}\n")
        assert result.exit_code == 1, command
        assert re.fullmatch(r"Error: The database only reads \(.+\)\. Let DATABASE_URL .+\.\n", result.output), command


def answer(address: str) -> str:
    """What stands at `address`; the process that serves it opens its port a moment after the greeting."""
    deadline = time.monotonic() + 10
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as response:
                return str(response.read().decode())
        except urllib.error.URLError:
            if time.monotonic() > deadline:
                raise


@contextmanager
def served(instance: Path, port: int) -> Iterator[list[str]]:
    """The demo, served by a process of its own until Ctrl-C; what it said before it answered."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPYCACHEPREFIX")}
    environment = kept | {"DEMO": "1", "INSTANCE_PATH": str(instance), "PORT": str(port), "LC_ALL": "en_GB.UTF-8"}
    with subprocess.Popen(
        COMMAND, cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line.rstrip())
            if "admin@samspil.example" in line:
                break
        try:
            yield said
            process.send_signal(signal.SIGINT)
            process.wait(timeout=2)
        finally:
            process.kill()
        assert process.returncode == 0
        assert process.stdout.read() == ""


@pytest.mark.either_database
def test_the_demo_starts_answers_stops_at_once_and_keeps_its_data(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with served(tmp_path, port) as said:
        assert said[0] == "Loading the demo story: Digital genoptræning af knæ og hofter"
        assert f"Samspil is at http://127.0.0.1:{port} (Ctrl-C stops it)." in said
        assert "moderator@gladsaxe.example" in answer(f"http://127.0.0.1:{port}/sign-in")
    with served(tmp_path, port) as said:
        assert said[0].startswith("Samspil is at")
