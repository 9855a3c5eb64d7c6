"""The demo's mailbox: what would have been mailed, as a mail program shows it, and in the demo only."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from werkzeug.test import Client as Browser

from tests.client import Client
from tests.databases import make_tables
from tests.pages import Page
from workspace import Workspace, create_app
from workspace.config import Settings
from workspace.db import db
from workspace.mail.message_types import EmailContent
from workspace.mail.mime import build_mime
from workspace.mail.models import Mail, message_id

pytestmark = pytest.mark.either_database


@pytest.fixture
def demo(settings: Settings, app: Workspace, tmp_path: Path) -> Iterator[Client]:
    """A browser at the demo, with two mails."""
    made = create_app(
        replace(settings, instance=tmp_path, database_url=f"sqlite:///{tmp_path / 'x.sqlite'}", demo=True)
    )
    made.test_client_class = Client
    (tmp_path / "mail").mkdir()
    with made.app_context():
        make_tables()
        for number, address in ((8, "hans@example.dk"), (9, "hendes@example.dk")):
            message = EmailContent(
                subject=f"Møde {number} <b>",
                text=f"Hej\nhttps://samspil.dk/{number}\n",
                html=f"<html><head></head><body><script>alert(1)</script><a href='/x'>Mail {number}</a></body></html>",
                sender="Icura",
            )
            mail = Mail(kind="note", key=f"note:{number}", address=address, message_id=message_id(f"note:{number}"))
            (tmp_path / "mail" / f"{number:010}.eml").write_bytes(build_mime(mail, message, made.settings))
        browser = made.test_client()
        assert isinstance(browser, Client)
        yield browser
        db.session.remove()
        db.engine.dispose()


def mails(page: Page) -> list[str]:
    """Where the mails in the list lead."""
    return [address for link in page.all("a") if re.fullmatch(r"/mailbox/\d+", address := str(link.get("href")))]


@pytest.mark.slow
def test_the_newest_mail_stands_first(demo: Client) -> None:
    page = demo.page("/mailbox")
    assert mails(page) == ["/mailbox/9", "/mailbox/8"]
    assert "Møde 9 <b>" in page.text


@pytest.mark.slow
def test_one_persons_mail_can_be_read_alone(demo: Client) -> None:
    page = demo.page("/mailbox?to=hans@example.dk")
    assert mails(page) == ["/mailbox/8"]


@pytest.mark.slow
def test_a_mail_is_shown_as_html_as_text_and_as_it_travels(demo: Client) -> None:
    [frame] = demo.page("/mailbox/8").all("iframe")
    assert "allow-scripts" not in str(frame.get("sandbox"))
    assert frame.get("src") == "/mailbox/8/letter"
    assert "https://samspil.dk/8" in demo.page("/mailbox/8?view=text").text
    assert "Message-ID: <" in demo.page("/mailbox/8?view=source").text
    assert demo.page("/mailbox/8?view=nothing").all("iframe")


def test_the_html_can_do_nothing_but_be_read_in_its_frame(demo: Client) -> None:
    answer = Browser(demo.application).get("/mailbox/8/letter", environ_base={"REMOTE_ADDR": "127.0.0.1"})
    policy = answer.headers.getlist("Content-Security-Policy")
    assert len(policy) == 1
    assert policy[0].startswith("default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox ")
    assert "allow-scripts" not in policy[0]
    assert answer.headers.getlist("X-Frame-Options") == ["SAMEORIGIN"]
    assert "Mail 8" in answer.text


@pytest.mark.slow
@pytest.mark.parametrize("address", ["/mailbox/7", "/mailbox/7/letter", "/mailbox/..", "/mailbox/99999999999"])
def test_a_mail_that_is_not_there_is_not_found(address: str, demo: Client) -> None:
    assert demo.get(address).status_code == 404


def test_outside_the_demo_there_is_no_mailbox(client: Client) -> None:
    assert client.get("/mailbox").status_code == 404
    assert client.get("/mailbox/1").status_code == 404
