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

from tests.factories import add_member, comment, make_user, share, start_partnership
from workspace import Workspace, clock, rich_text
from workspace.db import db
from workspace.digests import planning
from workspace.mail import delivery
from workspace.mail.models import Mail, MailState
from workspace.mail.run_cache import cached_per_run, run_cache
from workspace.mail.transports import FileTransport, TemporaryFailure
from workspace.partnerships import reading
from workspace.partnerships.models import Membership, MembershipState
from workspace.posts.models import Post, PostKind


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
    delivery.deliver()
    found = (email.message_from_bytes(path.read_bytes(), policy=default) for path in sorted(folder.glob("*.eml")))
    return [cast(EmailMessage, message) for message in found if message["Subject"].startswith(("Opsamling", "Digest"))]


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def send_now(reader: Membership) -> None:
    planning.send_now(reader.user, "key")
    db.session.commit()


def at_the_same_place(*colleagues: Membership) -> None:
    """Let them all have read what there is, and get the mails that say they are in."""
    for colleague in colleagues:
        reading.read_all(colleague, colleague.partnership.last_number)
    db.session.commit()
    delivery.deliver()


def test_a_digest_is_sent_in_its_readers_language(folder: Path, moderator: Membership, reader: Membership) -> None:
    share(moderator, "Borgerne går selv i gang")
    send_now(reader)
    [message] = sent(folder)
    assert message["Subject"] == "Opsamling: Borgerne går selv i gang"
    assert message["From"].addresses[0].display_name == "Samspil – Digital genoptræning"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for kind in ("plain", "html"):
        assert "Der er ét nyt opslag" in part(message, kind)
        assert f"/posts/{moderator.partnership.last_number}" in part(message, kind)


def test_what_colleagues_get_in_one_round_is_in_the_words_of_each(folder: Path, moderator: Membership) -> None:
    other = start_partnership("Hjemmepleje")
    with time_machine.travel(datetime(2026, 3, 16, 22, 30, tzinfo=UTC), tick=False):
        colleagues = [
            add_member(moderator, make_user(zone, language=language, time_zone=zone))
            for language, zone in (("da", "Europe/Copenhagen"), ("en", "Europe/London"), ("da", "Asia/Tokyo"))
        ]
        add_member(other, colleagues[-1].user)
        share(moderator, "Hvem har en kabelplan", kind=PostKind.CHALLENGE).solve(moderator, "Vi fandt den i arkivet.")
        for colleague in colleagues:
            send_now(colleague)
        danish, english, tokyo = sent(folder)
    assert "løst den 16. marts" in part(danish, "plain")
    assert "solved 16 March" in part(english, "plain")
    assert "løst den 17. marts" in part(tokyo, "plain")


def test_what_colleagues_get_in_one_round_leaves_out_what_is_each_ones_own(folder: Path, moderator: Membership) -> None:
    names = ("Anna", "Bo", "Carl", "Dina")
    anna, bo, carl, dina = (add_member(moderator, make_user(name)) for name in names)
    question = share(bo, "Hvem har en kabelplan")
    at_the_same_place(anna, bo, carl, dina)
    comment(question, moderator, "Den ligger i arkivet.")  # of which Bo has a mail at once
    comment(share(moderator, "Borgerne går selv i gang"), carl, "Godt gået")
    with clock.at(clock.now()):
        for colleague in (anna, bo, carl, dina):
            send_now(colleague)
    told = dict(zip(names, (part(message, "plain") for message in sent(folder)), strict=True))
    assert [told[name].count("1 ny kommentar") for name in names] == [1, 1, 0, 1]
    assert [told[name].count("1 kommentar til 1 opslag") for name in names] == [1, 0, 1, 1]


@pytest.mark.parametrize("change", ["a post is withdrawn", "a title is put right", "a colleague is removed"])
def test_what_changes_in_the_middle_of_a_round_counts_for_the_rest_of_it(
    change: str, folder: Path, moderator: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (add_member(moderator, make_user(name)) for name in ("Anna", "Bo"))
    at_the_same_place(first, second)
    share(moderator, "Åbent")
    secret = share(moderator, "Fortroligt").number
    with clock.at(clock.now()):
        for colleague in (first, second):
            send_now(colleague)
    post_id, moderator_id, second_id, begun = (moderator.partnership_id, secret), moderator.id, second.id, [0]

    def happen() -> None:
        begun[0] += 1
        if begun[0] < 2:
            return
        by, post = db.session.get_one(Membership, moderator_id), db.session.get_one(Post, post_id)
        if change == "a post is withdrawn":
            post.withdraw(by)
        elif change == "a title is put right":
            post.edit(by, title="Offentligt", body=rich_text.from_plain("Nu for alle"), version=post.version)
        else:
            db.session.get_one(Membership, second_id).state = MembershipState.ENDED
        db.session.commit()

    monkeypatch.setattr(delivery.mail_sender(), "transport", Thinking(folder, happen, puts_off=False))
    whole = [part(message, "plain") for message in sent(folder)]
    assert "Fortroligt" in whole[0]
    assert not any("Fortroligt" in text for text in whole[1:])
    assert [("Åbent" in text, "Offentligt" in text) for text in whole[1:]] == {
        "a post is withdrawn": [(True, False)],
        "a title is put right": [(True, True)],
        "a colleague is removed": [],
    }[change]


def test_a_round_remembers_nothing_of_the_round_before(folder: Path, moderator: Membership, reader: Membership) -> None:
    asked: list[str] = []

    @cached_per_run
    def written(text: str) -> str:
        asked.append(text)
        return text

    for _round in range(2):
        with run_cache():
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
    assert db.session.scalars(select(Mail.state).where(Mail.kind == "digest")).all() == [MailState.SKIPPED]
    assert reader.digested_number >= post.number


@pytest.mark.parametrize("state", [MembershipState.SUSPENDED, MembershipState.ENDED])
def test_who_lost_access_between_planning_and_sending_gets_nothing_of_it(
    state: MembershipState, folder: Path, moderator: Membership, reader: Membership
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


class Thinking(FileTransport):
    """A transport that something happens at while an email is started, or that puts it off."""

    def __init__(self, folder: Path, happens: Callable[[], None], *, puts_off: bool) -> None:
        self.path, self.happens, self.puts_off = folder, happens, puts_off

    def start(self, recipient: str) -> None:
        if self.puts_off:
            raise TemporaryFailure("450 later")
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
        db.session.execute(update(Membership).where(Membership.id == reader.id).values(state=MembershipState.ENDED))
        db.session.commit()

    transport = Thinking(folder, (lambda: None) if puts_off else lose_access, puts_off=puts_off)
    monkeypatch.setattr(delivery.mail_sender(), "transport", transport)
    if puts_off:
        assert sent(folder) == []
        lose_access()
        transport.puts_off = False
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
