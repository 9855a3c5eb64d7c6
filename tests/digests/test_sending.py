"""A digest as a mail: written when it is sent, for its reader, with the access that they have then."""

import email
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import cast

import pytest
import time_machine
from sqlalchemy import select, update

from tests.factories import add_member, make_user, share, start_partnership
from workspace import Workspace, clock
from workspace.digests import planning
from workspace.extensions import db
from workspace.mail import postman
from workspace.mail.alike import made_once, remembering
from workspace.mail.carriers import Folder, PutOff
from workspace.mail.models import Mail, State
from workspace.partnerships.models import Membership
from workspace.partnerships.models import State as SeatState
from workspace.posts.models import Kind


@pytest.fixture
def folder(app: Workspace) -> Path:
    """Where mails land."""
    return app.settings.instance / "mail"


@pytest.fixture
def moderator(app: Workspace) -> Membership:
    return start_partnership("Digital genoptræning")


@pytest.fixture
def reader(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Farida Nazari", email="fan@icura.example"))


def sent(folder: Path) -> list[EmailMessage]:
    """The digests that are sent now."""
    for file in folder.glob("*.eml"):
        file.unlink()
    postman.deliver()
    found = (email.message_from_bytes(path.read_bytes(), policy=default) for path in sorted(folder.glob("*.eml")))
    return [cast(EmailMessage, message) for message in found if message["Subject"].startswith(("Opsamling", "Digest"))]


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


def test_what_colleagues_get_in_one_round_is_in_the_words_of_each(folder: Path, moderator: Membership) -> None:
    other = start_partnership("Hjemmepleje")
    with time_machine.travel(datetime(2026, 3, 16, 22, 30, tzinfo=UTC), tick=False):
        colleagues = [
            add_member(moderator, make_user(zone, language=language, time_zone=zone))
            for language, zone in (("da", "Europe/Copenhagen"), ("en", "Europe/London"), ("da", "Asia/Tokyo"))
        ]
        add_member(other, colleagues[-1].user)
        share(moderator, "Hvem har en kabelplan", kind=Kind.CHALLENGE).solve(moderator, "Vi fandt den i arkivet.")
        for colleague in colleagues:
            send_now(colleague)
        danish, english, tokyo = sent(folder)
    assert "Løst den 16. marts" in part(danish, "plain")
    assert "Digital genoptræning · " not in part(danish, "plain")
    assert "Solved 16 March" in part(english, "plain")
    assert "Løst den 17. marts · Digital genoptræning" in part(tokyo, "plain")


def test_a_round_remembers_nothing_of_the_round_before(folder: Path, moderator: Membership, reader: Membership) -> None:
    asked: list[str] = []

    @made_once
    def written(text: str) -> str:
        asked.append(text)
        return text

    for _round in range(2):
        with remembering():
            written("Ordet")
            written("Ordet")
    written("Ordet")
    written("Ordet")
    assert len(asked) == 4


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


class Thinking(Folder):
    """A carrier that something happens at while a mail is begun, or that puts it off."""

    def __init__(self, folder: Path, happens: Callable[[], None], *, puts_off: bool) -> None:
        self.path, self.happens, self.puts_off = folder, happens, puts_off

    def begin(self, sender: str, recipient: str) -> None:
        if self.puts_off:
            raise PutOff("450 later")
        self.happens()


@pytest.mark.parametrize("puts_off", [False, True], ids=["after the claim", "between two tries"])
def test_who_loses_access_while_the_digest_is_on_its_way_gets_nothing_of_it(
    puts_off: bool, folder: Path, moderator: Membership, reader: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = start_partnership("Et andet sted")
    add_member(elsewhere, reader.user)
    share(moderator, "Fortroligt")
    share(elsewhere, "Åbent")
    send_now(reader)

    def lose_access() -> None:
        db.session.execute(update(Membership).where(Membership.id == reader.id).values(state=SeatState.ENDED))
        db.session.commit()

    carrier = Thinking(folder, (lambda: None) if puts_off else lose_access, puts_off=puts_off)
    monkeypatch.setattr(postman.the_postman(), "carrier", carrier)
    if puts_off:
        assert sent(folder) == []
        lose_access()
        carrier.puts_off = False
    with clock.at(clock.now() + timedelta(minutes=2 * puts_off)):
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
