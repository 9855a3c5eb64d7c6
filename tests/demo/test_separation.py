"""The demo and a real installation don't mix: the demo's passwords are public."""

import runpy
import socket
from dataclasses import replace

import pytest

from tests.client import Client
from tests.environment import Run, environment_of
from tests.factories import make_administrator, make_user
from workspace import Workspace
from workspace.accounts import passwords
from workspace.config import ROOT, Settings, SettingsError
from workspace.db import db
from workspace.demo import demo_accounts

pytestmark = pytest.mark.either_database

REFUSED = "The database has accounts of the demo (admin@samspil.example is one), whose password is public"


@pytest.mark.parametrize(
    "command", [["run"], ["worker", "--once"], ["migrate"], ["admin", "list"], ["digests", "send"], ["demo", "load"]]
)
def test_a_database_with_the_demos_accounts_is_the_demos(command: list[str], run: Run) -> None:
    make_user(email="Admin@Samspil.example")
    with socket.create_server(("127.0.0.1", 0)) as taken:  # What is served after all ends there.
        result = run(*command, PORT=str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert result.output.casefold().startswith(f"Error: {REFUSED}".casefold())
    assert result.output.count("\n") == 1
    assert run("migrate", DEMO="1", SECRET_KEY="").output == "The database is up to date.\n"


@pytest.mark.parametrize("email", [email for email, _who in demo_accounts.SIGN_INS])
def test_each_of_the_demos_sign_ins_is_known(email: str, run: Run) -> None:
    make_user(email=email)
    assert "accounts of the demo" in run("migrate").output


def test_another_server_does_not_serve_it_either(
    app: Workspace, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment_of(settings).items():
        monkeypatch.setenv(name, value)
    make_administrator(email="admin@example.dk")
    db.session.commit()
    assert runpy.run_path(str(ROOT / "wsgi.py"))["app"].settings.demo is False
    make_user(email="admin@samspil.example")
    db.session.commit()
    with pytest.raises(SettingsError, match="accounts of the demo"):
        runpy.run_path(str(ROOT / "wsgi.py"))


def signs_in(browser: Client, email: str) -> bool:
    """Whether the demo's password opens the account with the address `email`."""
    return browser.submit("/sign-in", {"email": email, "password": demo_accounts.PASSWORD}).status_code < 400


def test_the_demos_password_opens_nothing_but_the_demo(
    app: Workspace, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = make_user(email="her@example.dk")
    user.password_hash = passwords.hashed(demo_accounts.PASSWORD)
    db.session.commit()
    assert not signs_in(client, user.email)
    monkeypatch.setattr(app, "settings", replace(app.settings, demo=True))
    assert signs_in(client, user.email)


def test_nobody_chooses_the_demos_password(run: Run) -> None:
    result = run("user", "password", make_user().email, "--stdin", typed=f"{demo_accounts.PASSWORD}\n")
    assert result.exit_code == 1
    assert "among those that are guessed first" in result.output
