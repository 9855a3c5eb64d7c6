"""What mails say, and the envelope that they travel in."""

from email import message_from_bytes
from email.policy import default

import pytest
from flask import render_template_string

from workspace import Workspace
from workspace.mail import message_types
from workspace.mail.message_types import EmailContent
from workspace.mail.mime import build_mime
from workspace.mail.models import Mail, message_id

pytestmark = pytest.mark.either_database

LAYOUT = '{% extends "layouts/mail.html" %}{% block title %}{{ title }}{% endblock %}'


def envelope(app: Workspace, **said: str) -> dict[str, str]:
    """The headers of a mail, read back from the bytes that travel."""
    content = EmailContent(**{"subject": "Hej", "text": "Hej\n", "html": "<p>Hej</p>"} | said)
    mail = Mail(kind="note", key="note:1", address="her@example.dk", message_id=message_id("note:1"))
    return dict(message_from_bytes(build_mime(mail, content, app.settings), policy=default).items())


def test_a_mail_says_what_it_is(app: Workspace) -> None:
    headers = envelope(
        app, sender="Grønne tage", list_id="groenne-tage", thread="post:17", unsubscribe="https://samspil.dk/mail/x"
    )
    assert headers["From"] == "Samspil – Grønne tage <samspil@localhost>"
    assert headers["Message-ID"].endswith("@localhost>")
    assert headers["List-Id"] == "<groenne-tage.localhost>"
    assert headers["List-Unsubscribe"] == "<https://samspil.dk/mail/x>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["X-Auto-Response-Suppress"] == "All"
    assert headers["References"] == headers["In-Reply-To"] == message_id("thread:post:17")


def test_no_link_or_identifier_is_folded_or_encoded_however_long(app: Workspace) -> None:
    link, slug = f"https://samspil.dk/mail/{'x' * 200}", "langt-navn-" * 9
    content = EmailContent(subject="Hej", text="", html="", thread="post:17", unsubscribe=link, list_id=slug)
    mail = Mail(kind="note", key="note:1", address="her@example.dk", message_id=message_id("note:1"))
    lines = build_mime(mail, content, app.settings).decode().split("\r\n")
    assert f"List-Unsubscribe: <{link}>" in lines
    assert f"List-Id: <{slug}.localhost>" in lines
    assert f"References: {message_id('thread:post:17')}" in lines


def test_no_name_or_title_begins_another_header(app: Workspace) -> None:
    evil = "Hej\r\nBcc: everybody@example.dk\x00\u2028\u202eX"
    headers = envelope(app, subject=evil, sender=evil)
    assert "Bcc" not in headers
    assert headers["To"] == "her@example.dk"
    assert headers["Subject"].startswith("Hej Bcc: everybody@example.dk")


def test_the_message_id_is_the_same_for_a_key_and_tells_nothing_of_it(app: Workspace) -> None:
    assert message_id("invitation:1") == message_id("invitation:1") != message_id("invitation:2")
    assert "invitation" not in message_id("invitation:1")


def test_the_style_stands_in_each_element(app: Workspace) -> None:
    html = message_types._inliner().inline(render_template_string(LAYOUT, title="Møde <i>nu</i>", sender="Icura"))
    assert '<h1 class="ink" style="' in html
    assert "prefers-color-scheme: dark" in html
    assert "data-ogsc" in html
    assert "<i>nu" not in html
    assert "src=" not in html


def test_text_fits_a_mail_and_no_address_is_broken() -> None:
    address = "https://samspil.dk/" + "x" * 90
    text = f"\n{'ord ' * 30}\n   {'indrykket ' * 12}\n\n\n\n\n{address}\n"
    lines = message_types.filled(text).splitlines()
    assert max(len(line) for line in lines if address not in line) <= message_types.WIDTH
    assert address in lines
    assert [line[:4] for line in lines if "indrykket" in line] == ["   i", "   i"]
    assert "" in lines
    assert ["", "", ""] not in [lines[index : index + 3] for index in range(len(lines))]
