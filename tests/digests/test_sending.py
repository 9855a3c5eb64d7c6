"""A digest as a mail: written when it is sent, for its reader, with the access that they have then."""

import email
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import select

from tests.factories import add_member, make_user, share, start_partnership
from workspace import Workspace
from workspace.digests import planning
from workspace.extensions import db
from workspace.mail import postman
from workspace.mail.models import Mail, State
from workspace.partnerships.models import Membership
from workspace.partnerships.models import State as SeatState


@pytest.fixture
def folder(app: Workspace) -> Path:
    """Where mails land, empty."""
    folder = app.settings.instance / "mail"
    for file in folder.rglob("*.eml"):
        file.unlink()
    return folder


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership("Digital genoptræning")


@pytest.fixture
def reader(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Farida Nazari", email="fan@icura.example"))


def sent(folder: Path) -> list[EmailMessage]:
    """The digests that are sent now."""
    postman.deliver()
    found = (email.message_from_bytes(path.read_bytes(), policy=default) for path in sorted(folder.rglob("*.eml")))
    return [cast(EmailMessage, message) for message in found if str(message["List-Id"]).startswith("<digest.")]


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def send_now(reader: Membership) -> None:
    planning.send_now(reader.user, "key")
    db.session.commit()


def test_a_digest_is_sent_in_its_readers_language(folder: Path, moderator: Membership, reader: Membership) -> None:
    share(moderator, "Borgerne går selv i gang")
    send_now(reader)
    [message] = sent(folder)
    assert message["Subject"] == "Opsamling: Borgerne går selv i gang"
    assert message["From"].addresses[0].display_name == "Samspil – Digital genoptræning"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        assert "Der er et nyt opslag" in part(message, kind)
        assert f"/posts/{moderator.partnership.last_number}" in part(message, kind)


def test_a_title_cannot_begin_another_header_nor_an_element(
    folder: Path, moderator: Membership, reader: Membership
) -> None:
    share(moderator, "Titel <script>alert(1)</script> & Co")
    send_now(reader)
    [message] = sent(folder)
    assert message["Bcc"] is None
    assert "<script>" not in part(message, "html")
    assert "Titel <script>alert(1)</script> & Co" in " ".join(part(message, "plain").split())


def test_an_empty_digest_is_never_sent_and_its_bookmarks_stay_moved(
    folder: Path, moderator: Membership, reader: Membership
) -> None:
    post = share(moderator)
    send_now(reader)
    post.withdraw(moderator)
    db.session.commit()
    assert sent(folder) == []
    assert db.session.scalars(select(Mail.state).where(Mail.kind == "digest")).all() == [State.EMPTY]
    assert reader.digested_number >= post.number


@pytest.mark.parametrize("state", [SeatState.SUSPENDED, SeatState.ENDED])
def test_who_lost_access_between_planning_and_sending_gets_nothing_of_it(
    state: SeatState, folder: Path, moderator: Membership, reader: Membership
) -> None:
    elsewhere = start_partnership("Et andet sted")
    add_member(elsewhere, reader.user)
    share(moderator, "Fortroligt")
    share(elsewhere, "Åbent")
    send_now(reader)
    reader.state = state
    db.session.commit()
    [message] = sent(folder)
    whole = f"{message} {part(message, 'plain')} {part(message, 'html')}"
    assert "Åbent" in whole
    assert "Fortroligt" not in whole
    assert "Digital genoptræning" not in whole


def test_a_closed_account_gets_no_digest(folder: Path, moderator: Membership, reader: Membership) -> None:
    share(moderator)
    send_now(reader)
    reader.user.deactivated_at = moderator.created_at
    db.session.commit()
    assert sent(folder) == []
