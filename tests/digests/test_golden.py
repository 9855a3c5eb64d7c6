"""Three digests as they were looked at: `GOLDEN=write` writes them anew, to be looked at again."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import time_machine

from tests.client import Client
from tests.digests.story import TUESDAY, Story, tell
from workspace import Workspace
from workspace.accounts.models import User
from workspace.db import db
from workspace.digests import emails
from workspace.mail.message_types import EmailContent

pytestmark = pytest.mark.either_database

GOLDEN = Path(__file__).parent / "golden"
LARGEST = 40_000
# The signature is of the key of these tests; the story has nobody else to name.
SIGNED = re.compile(r"/unsubscribe/[\w.-]+")


@pytest.fixture
def story(app: Workspace) -> Iterator[Story]:
    told = tell()
    with time_machine.travel(TUESDAY, tick=False):
        yield told


def message(reader: User, language: str) -> EmailContent:
    reader.language = language
    db.session.commit()
    made = emails.preview(reader)
    assert made is not None
    return made


@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("name", ["reader", "moderator", "full"])
def test_a_digest_is_as_it_was_looked_at(name: str, language: str, story: Story) -> None:
    made = message(story.readers[name], language)
    for kind, text in (("txt", f"{made.subject}\n\n{made.text}"), ("html", made.html)):
        path = GOLDEN / f"{name}.{language}.{kind}"
        text = SIGNED.sub("/unsubscribe/signed", text)
        if os.environ.get("GOLDEN") == "write":
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8"), f"{path.name} is another: GOLDEN=write, and look at it"


def test_an_address_in_a_text_is_a_link_in_both_parts(story: Story) -> None:
    made = message(story.readers["moderator"], "da")
    address = "https://icura.example/" + "vejledning" * 9
    assert f"{address}." in made.text
    [link] = re.findall(rf'<a [^>]*href="{address}"[^>]*>{address}</a>', made.html)
    assert "color:" in link, "it has its style in it"


def test_every_link_in_a_digest_resolves(story: Story, sign_in: Callable[[User], Client]) -> None:
    for reader in story.readers.values():
        made = message(reader, "da")
        found = set(re.findall(r'href="([^"]+)"', made.html)) | set(re.findall(r"https?://\S+", made.text))
        assert len(found) > 5
        browser = sign_in(reader)
        for address in sorted(address for address in found if "icura.example" not in address):
            parts = urlsplit(address)
            assert f"{parts.scheme}://{parts.netloc}" == "http://127.0.0.1:8000"
            assert browser.get(parts.path).status_code == 200, address


def test_a_full_digest_is_small_enough(story: Story) -> None:
    made = message(story.readers["full"], "da")
    assert len(made.html.encode()) < LARGEST
    assert len(re.findall(r"<h3", made.html)) == 15


def test_nothing_in_a_digest_is_fetched_from_elsewhere(story: Story) -> None:
    for reader in story.readers.values():
        html = message(reader, "da").html
        assert not re.search(r"<(img|link|script|iframe|object)\b|url\(|@import|@font-face", html)
