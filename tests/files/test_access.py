"""Whoever may not read a text can't read its files: no bytes, version, preview or name, nor that there are any."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.client import Client
from tests.factories import (
    PIXEL,
    Level,
    add_member,
    attach_picture,
    comment,
    make_administrator,
    make_user,
    share,
    start_partnership,
    upload_picture,
)
from tests.files.places import PDF, check, replaced, shared, upload, uploaded, version
from workspace import Workspace, clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.files.models import File
from workspace.members.moderation import service as moderation_service
from workspace.partnerships import service as partnerships_service
from workspace.posts.authored_text import UNDO_TAKEN

SignIn = Callable[[User], Client]
READ = (
    "files/{n}/content",
    "files/{n}/content/1",
    "files/{n}/content/2",
    "files/{n}/preview/480",
    "files/{n}/preview/1600/1",
    "files/{n}/tile",
    "files/{n}",
)
NAME = "Hemmelig sensor"
STRANGERS = ("anonymous", "outsider", "administrator", "suspended", "removed", "requested")
MEMBERS = ("observer", "contributor", "author", "moderator")

pytestmark = pytest.mark.usefixtures("app")


class Place:
    """A partnership with somebody of each kind, and a picture with two versions in the author's post."""

    def __init__(self, app: Workspace, sign_in: SignIn) -> None:
        self.moderator = start_partnership("Grønne tage", by=make_user("Mette Ågård"))
        self.memberships = {
            "observer": add_member(self.moderator, make_user(), Level.OBSERVER),
            "contributor": add_member(self.moderator, make_user()),
            "author": add_member(self.moderator, make_user()),
            "moderator": self.moderator,
        }
        self.author = self.memberships["author"]
        out = {name: add_member(self.moderator, make_user()) for name in ("suspended", "removed")}
        self.browsers = {name: sign_in(membership.user) for name, membership in (self.memberships | out).items()}
        self.browsers |= {
            "outsider": sign_in(start_partnership().user),
            "administrator": sign_in(make_administrator()),
            "requested": sign_in(make_user()),
            "anonymous": app.test_client(),  # type: ignore[dict-item]
        }
        moderation_service.suspend(self.moderator, [out["suspended"].id], until=None, reason="Ferie", confirmed=True)
        moderation_service.remove(self.moderator, [out["removed"].id], reason="Ny stilling", confirmed=True)
        self.post = share(self.author)
        self.comment = comment(self.post, self.author)
        self.home = self.moderator.partnership.address
        db.session.commit()

    def attached(self, to: str = "post") -> int:
        file = attach_picture(self.author, self.post if to == "post" else self.comment, f"{NAME}.png")
        replaced(self.browsers["author"], self.author, file.number)
        assert check() == 1
        return file.number

    def file(self, number: int) -> File:
        return db.session.get_one(File, (self.author.partnership_id, number))

    def statuses(self, name: str, number: int) -> list[int]:
        """What one of them gets at each address."""
        return [self.browsers[name].get(self.home + path.format(n=number)).status_code for path in READ]

    def names_it(self, name: str) -> bool:
        """Whether the list of all files, the feed or the post say what the file is called."""
        pages = [
            self.browsers[name].get(f"{self.home}{path}").text for path in ("files", "", f"posts/{self.post.number}")
        ]
        return any(NAME in page for page in pages)


@pytest.fixture
def place(app: Workspace, sign_in: SignIn) -> Place:
    return Place(app, sign_in)


@pytest.mark.parametrize("to", ["post", "comment"])
def test_members_read_what_stands_in_a_text_and_nobody_else(place: Place, to: str) -> None:
    number = place.attached(to)
    for name in MEMBERS:
        assert place.statuses(name, number) == [200] * len(READ), name
    for name in STRANGERS:
        expected = [303] * len(READ) if name == "anonymous" else [404] * len(READ)
        assert place.statuses(name, number) == expected, name
        assert not place.names_it(name), name
    content = place.browsers["observer"].get(f"{place.home}files/{number}/content")
    assert (content.mimetype, content.headers["Cache-Control"]) == ("image/png", "private, no-store")
    assert content.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert content.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("gone", ["text withdrawn", "text erased", "file withdrawn", "file erased"])
def test_what_is_gone_is_gone_for_all(place: Place, gone: str) -> None:
    number = place.attached()
    if gone == "text withdrawn":
        place.post.withdraw(place.author)
    elif gone == "text erased":
        place.post.redact(place.moderator, "Et CPR-nummer")
    elif gone == "file withdrawn":
        place.file(number).withdraw(place.author)
    else:
        place.file(number).redact(place.moderator, "Et CPR-nummer")
    db.session.commit()
    for name in MEMBERS:
        assert place.statuses(name, number) == [404] * len(READ), name
        assert not place.names_it(name), name


def test_what_is_brought_back_is_there_again(place: Place) -> None:
    number = place.attached()
    place.file(number).withdraw(place.author)
    place.file(number).bring_back(place.moderator)
    place.post.withdraw(place.author)
    place.post.bring_back(place.moderator)
    db.session.commit()
    assert place.statuses("observer", number) == [200] * len(READ)


def test_removing_a_file_is_undone_for_as_long_as_withdrawing_a_text(place: Place) -> None:
    address, author = f"{place.home}files/{place.attached()}", place.browsers["author"]
    post, text = (f"{place.home}{kind}/{place.post.number}" for kind in ("posts", "texts"))
    for withdrawn, restored in ((address, address), (post, text)):
        removed = clock.now()
        with clock.at(removed):
            assert author.submit(f"{withdrawn}/withdrawal", {}).status_code == 303
        with clock.at(removed + UNDO_TAKEN + timedelta(seconds=1)):
            assert author.submit(f"{restored}/restoration", {}).status_code == 403, restored
        with clock.at(removed + UNDO_TAKEN - timedelta(seconds=1)):
            assert author.submit(f"{restored}/restoration", {}).status_code == 303, restored


def test_an_upload_is_its_uploaders_alone(place: Place) -> None:
    number = upload_picture(place.author, f"{NAME}.png").number
    assert check() == 1
    assert place.statuses("author", number)[0] == 200
    for name in (*MEMBERS[:2], "moderator", *STRANGERS[1:]):
        assert place.statuses(name, number) == [404] * len(READ), name
        assert not place.names_it(name), name


def test_nobody_reads_what_is_not_checked_or_refused(place: Place) -> None:
    number = upload_picture(place.author, f"{NAME}.png").number
    content = f"{place.home}files/{number}/content"
    assert place.browsers["author"].get(content).status_code == 404
    assert upload(place.browsers["author"], place.author, "Program.pdf", b"MZ\x90\x00" + bytes(200)).status_code == 200
    assert check() == 2
    refused = place.browsers["author"].get(f"{place.home}files/{number + 1}/content")
    assert (refused.status_code, version(place.author, number + 1).refusal) == (404, "program")


def test_an_archive_is_read_and_takes_no_file(place: Place) -> None:
    number = place.attached()
    partnerships_service.archive(place.moderator)
    db.session.commit()
    assert place.statuses("observer", number) == [200] * len(READ)
    assert upload(place.browsers["author"], place.author).status_code == 409


def test_an_observer_uploads_nothing(place: Place) -> None:
    assert upload(place.browsers["observer"], place.memberships["observer"]).status_code == 403
    db.session.expire_all()
    assert place.moderator.partnership.last_file_number == 0


def test_anothers_upload_is_not_attached(place: Place) -> None:
    number = upload_picture(place.author).number
    browser = place.browsers["contributor"]
    fields = {"kind": "progress", "title": "Tyveri", "body": "Se filen.", "uploads": [number]}
    assert browser.submit(f"{place.home}posts", fields, htmx=True).status_code == 409
    assert place.file(number).entry_number is None


def test_a_person_put_out_reads_nothing_from_then_on(place: Place, sign_in: SignIn) -> None:
    number, membership = place.attached(), place.memberships["observer"]
    assert place.statuses("observer", number)[0] == 200
    moderation_service.suspend(place.moderator, [membership.id], until=None, reason="Ferie", confirmed=True)
    db.session.commit()
    assert place.statuses("observer", number) == [404] * len(READ)


def test_the_page_of_a_picture_and_what_may_be_done(place: Place) -> None:
    number = place.attached()
    reasoned = {"reason": "En borger kan kendes"}
    assert place.browsers["contributor"].submit(f"{place.home}files/{number}/withdrawal", reasoned).status_code == 403
    assert place.browsers["moderator"].submit(f"{place.home}files/{number}/withdrawal", {}).status_code == 422
    assert place.browsers["moderator"].submit(f"{place.home}files/{number}/withdrawal", reasoned).status_code == 303
    assert place.browsers["author"].submit(f"{place.home}files/{number}/restoration", {}).status_code == 403
    assert place.browsers["moderator"].submit(f"{place.home}files/{number}/restoration", {}).status_code == 303
    described = {"alt": "En sensor på et knæ"}
    assert place.browsers["contributor"].submit(f"{place.home}files/{number}/description", described).status_code == 403
    assert place.browsers["author"].submit(f"{place.home}files/{number}/description", described).status_code == 303
    assert place.file(number).alt == described["alt"]
    assert replaced(place.browsers["contributor"], place.memberships["contributor"], number).status_code == 403


@pytest.mark.parametrize("name", [f"{NAME}.png", "Referat.pdf"])
def test_nobody_else_replaces_what_has_not_been_checked(place: Place, name: str) -> None:
    content = PIXEL if name.endswith(".png") else PDF
    number = uploaded(place.browsers["author"], place.author, name, content)
    shared(place.browsers["author"], place.author, number)
    other, membership = place.browsers["contributor"], place.memberships["contributor"]
    page = other.page(f"{place.home}files/{number}")
    assert f"{place.home}files/{number}/versions" not in page.html
    assert replaced(other, membership, number).status_code == 403
    assert check() == 1
    assert (place.file(number).newest, version(place.author, number).by_id) == (1, place.author.id)
    assert replaced(other, membership, number, PDF, "Ny.pdf").status_code == (403 if content is PIXEL else 303)
    assert replaced(place.browsers["author"], place.author, number).status_code == 303
