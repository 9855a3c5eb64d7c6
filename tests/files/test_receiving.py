"""Files as they come: names, sizes, keys, room, a full disk; and as they go, in parts."""

import gc
import re
import resource
import shutil
import threading
from collections.abc import Callable
from contextvars import copy_context
from dataclasses import replace
from io import BytesIO
from urllib.parse import unquote
from uuid import uuid4

import pytest
from flask_babel import force_locale
from flask_login.utils import encode_cookie
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import create_environ

from tests.client import Client
from tests.factories import PIXEL, add_member, attach_picture, comment, make_user, share, start_partnership
from tests.files.places import PDF, check, shared, upload, uploaded, version
from workspace import Workspace
from workspace.accounts.models import User
from workspace.db import db
from workspace.files import receiving
from workspace.files.content import disposition
from workspace.files.inspection import FileKind
from workspace.files.models import File
from workspace.files.names import stored_name, with_ending
from workspace.files.quota import NoRoom
from workspace.partnerships.models import Membership
from workspace.posts.models import Post
from workspace.web import request_bodies

SignIn = Callable[[User], Client]

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def moderator() -> Membership:
    return start_partnership("Grønne tage", by=make_user("Mette Ågård"))


@pytest.fixture
def member(moderator: Membership) -> Membership:
    return add_member(moderator, make_user("Bo Østergaard"))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Referat.pdf", "Referat.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Brugere\\Bo\\Møde æøå.docx", "Møde æøå.docx"),
        ("a\0b\r\nc.pdf", "abc.pdf"),
        ("faktura\u202efdp.exe", "fakturafdp.exe"),
        ("  ..  ", "fil"),
        ("", "fil"),
        ("æ" * 300 + ".pdf", "æ" * 196 + ".pdf"),
        ("a" * 10_000, "a" * 200),
        ("a\u2028b\u00a0c.txt", "a b c.txt"),
    ],
)
def test_a_name_is_kept_as_one_line_without_a_path(given: str, kept: str) -> None:
    assert stored_name(given) == kept
    assert len(kept) <= 200


def test_a_name_ends_in_what_the_file_is() -> None:
    assert with_ending("IMG_4088.HEIC", FileKind.JPEG) == "IMG_4088.jpg"
    assert with_ending("IMG_4088.JPEG", FileKind.JPEG) == "IMG_4088.JPEG"
    assert with_ending("Referat", FileKind.PDF) == "Referat.pdf"


def test_a_name_goes_out_as_it_is_and_says_nothing_else() -> None:
    header = disposition("attachment", 'Møde "æ"; filename=x.html\r\nX: y')
    plain, encoded = re.fullmatch(
        r"attachment; filename=\"([^\"\r\n]*)\"; filename\*=UTF-8''([^\s;]*)", header
    ).groups()  # type: ignore[union-attr]
    assert unquote(encoded) == 'Møde "æ"; filename=x.html\r\nX: y'
    assert plain.isascii()


def test_odd_names_come_through_the_front_door(member: Membership, sign_in: SignIn) -> None:
    browser = sign_in(member.user)
    for name in ("../../../x.pdf", "ø" * 300 + ".pdf", "<script>.pdf", "a;b.pdf", "\u202etxt.pdf"):
        number = uploaded(browser, member, name)
        kept = db.session.get_one(File, (member.partnership_id, number)).name
        assert kept.endswith(".pdf")
        assert "/" not in kept
        assert len(kept) <= 200


def test_nothing_and_too_much_are_refused(app: Workspace, member: Membership, sign_in: SignIn) -> None:
    browser = sign_in(member.user)
    assert upload(browser, member, "Tom.pdf", b"").status_code == 422
    settings, app.settings = app.settings, replace(app.settings, file_megabytes=1)
    try:
        assert upload(browser, member, "Stor.pdf", PDF + bytes(2**20)).status_code == 413
        assert upload(browser, member, "Kæmpe.pdf", PDF + bytes(4 * 2**20)).status_code == 413
    finally:
        app.settings = settings
    db.session.expire_all()
    assert (member.partnership.last_file_number, member.partnership.file_bytes) == (0, 0)


def test_two_at_once_under_one_key_make_one_file(app: Workspace, member: Membership) -> None:
    key, membership_id, numbers = str(uuid4()), member.id, []
    start = threading.Barrier(2)
    db.session.commit()

    def send() -> None:
        with app.app_context(), force_locale("en"):
            start.wait()
            by = db.session.get_one(Membership, membership_id)
            numbers.extend(receiving.receive(by, [FileStorage(BytesIO(PDF), "Referat.pdf")], key))
            db.session.remove()

    threads = [threading.Thread(target=lambda: copy_context().run(send)) for _time in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers == [1, 1]
    assert db.session.scalar(select(func.count()).select_from(File)) == 1
    assert db.session.get_one(Membership, membership_id).partnership.file_bytes == len(PDF)


def test_those_who_race_for_the_last_room_get_no_more_than_there_is(app: Workspace, member: Membership) -> None:
    membership_id, size, outcomes = member.id, 400_000, []
    start = threading.Barrier(6)
    db.session.commit()
    settings, app.settings = app.settings, replace(app.settings, files_megabytes=1)

    def send() -> None:
        with app.app_context(), force_locale("en"):
            start.wait()
            by = db.session.get_one(Membership, membership_id)
            try:
                outcomes.extend(receiving.receive(by, [FileStorage(BytesIO(bytes(size)), "a.txt")], str(uuid4())))
            except NoRoom:
                outcomes.append(None)
            db.session.remove()

    threads = [threading.Thread(target=lambda: copy_context().run(send)) for _time in range(6)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        app.settings = settings
    assert len(outcomes) == 6
    assert sum(outcome is not None for outcome in outcomes) == 2
    db.session.expire_all()
    assert db.session.get_one(Membership, membership_id).partnership.file_bytes == 2 * size


# Werkzeug leaves the file of a form that broke off to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_disk_that_takes_no_more_acknowledges_nothing(app: Workspace, member: Membership, sign_in: SignIn) -> None:
    browser, limits = sign_in(member.user), resource.getrlimit(resource.RLIMIT_FSIZE)
    browser.token()
    (app.settings.instance / "incoming").mkdir(exist_ok=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
    try:
        answer = upload(browser, member, "Stor.pdf", PDF + bytes(450_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    # Without our own server a body that can't be stored is one that broke off.
    assert answer.status_code in (400, 503)
    db.session.expire_all()
    assert (member.partnership.last_file_number, member.partnership.file_bytes) == (0, 0)
    folder = app.settings.instance / "incoming"
    assert list(folder.glob("*")) == []
    shutil.rmtree(folder)
    folder.write_bytes(b"")
    assert upload(browser, member).status_code == 503
    folder.unlink()
    assert upload(browser, member).status_code == 200
    gc.collect()  # here, and not in another test


def test_a_file_is_fetched_in_parts_and_resumed(member: Membership, sign_in: SignIn) -> None:
    browser, content = sign_in(member.user), b"0123456789" * 100_000
    number = uploaded(browser, member, "Tal.txt", content)
    shared(browser, member, number)
    assert check() == 1
    address = f"{member.partnership.address}files/{number}/content"
    whole = browser.get(address)
    assert (whole.status_code, whole.data, whole.headers["Accept-Ranges"]) == (200, content, "bytes")
    assert whole.headers["Content-Disposition"].startswith("attachment")
    tag = whole.headers["ETag"]
    for asked, first, last in (("0-9", 0, 9), ("999990-", 999_990, 999_999), ("-5", 999_995, 999_999)):
        part = browser.get(address, headers={"Range": f"bytes={asked}", "If-Range": tag})
        assert (part.status_code, part.data) == (206, content[first : last + 1])
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/1000000"
    beyond = browser.get(address, headers={"Range": "bytes=1000000-"})
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "bytes */1000000")
    for other in ({"Range": "bytes=0-9", "If-Range": '"another"'}, {"Range": "bytes=0-1,4-5"}, {"Range": "lines=1-2"}):
        assert browser.get(address, headers=other).status_code == 200
    head = browser.head(address)
    assert (head.headers["Content-Length"], head.data) == ("1000000", b"")


def test_a_form_without_scripts_uploads_and_keeps_files_when_it_fails(member: Membership, sign_in: SignIn) -> None:
    browser, address = sign_in(member.user), f"{member.partnership.address}posts"
    fields = {"kind": "progress", "title": "", "body": "Se filen.", "one_time_key": str(uuid4())}
    failed = browser.submit(address, fields | {"attachments": [(BytesIO(PDF), "Referat.pdf")]})
    assert failed.status_code == 422
    number = db.session.scalar(select(File.number))
    assert number == 1
    done = browser.submit(address, fields | {"title": "Referat", "uploads": ["1"]})
    assert done.status_code == 303
    post = db.session.scalars(select(Post)).one()
    assert db.session.get_one(File, (member.partnership_id, 1)).entry_number == post.number
    again = browser.submit(address, fields | {"title": "Referat", "attachments": [(BytesIO(PDF), "Referat.pdf")]})
    assert again.status_code == 303
    assert db.session.scalar(select(func.count()).select_from(Post)) == 1
    assert member.partnership.file_count == 1


def test_a_text_carries_ten_files_at_most(member: Membership, sign_in: SignIn) -> None:
    browser = sign_in(member.user)
    files = [(BytesIO(PDF), f"{number}.pdf") for number in range(11)]
    fields = {"kind": "progress", "title": "Mange", "body": "Se filerne.", "attachments": files}
    assert browser.submit(f"{member.partnership.address}posts", fields).status_code == 422
    assert db.session.scalar(select(func.count()).select_from(Post)) == 0


def test_an_edit_adds_and_takes_away(member: Membership, sign_in: SignIn) -> None:
    browser, post = sign_in(member.user), share(member, "Referat", "Se filen.")
    old = attach_picture(member, post)
    new = uploaded(browser, member, "Ny.png", PIXEL)
    fields = {"version": 1, "title": "Referat", "body": "Se filen.", "uploads": [new], "take_away": [old.number]}
    answer = browser.submit(f"{member.partnership.address}posts/{post.number}/edit", fields)
    assert answer.status_code == 303
    db.session.expire_all()
    rows = {file.number: (file.entry_number, file.is_withdrawn) for file in db.session.scalars(select(File))}
    assert rows == {old.number: (post.number, True), new: (post.number, False)}


def test_a_comment_carries_files(member: Membership, moderator: Membership, sign_in: SignIn) -> None:
    browser, post = sign_in(member.user), share(moderator)
    number = uploaded(browser, member)
    fields = {"body": "Her er referatet.", "uploads": [number], "one_time_key": str(uuid4())}
    assert browser.submit(f"{member.partnership.address}posts/{post.number}/comments", fields).status_code == 303
    assert db.session.get_one(File, (member.partnership_id, number)).entry_number == post.number + 1


@pytest.mark.parametrize("count", [1, 8])
def test_pages_ask_once_for_all_their_files(
    count: int, member: Membership, moderator: Membership, sign_in: SignIn, statements: Callable[[], object]
) -> None:
    posts = [share(member, f"Nummer {number}") for number in range(count)]
    for post in posts:
        comment(post, member)
    browser = sign_in(moderator.user)
    browser.page(member.partnership.address)
    with statements() as before:  # type: ignore[attr-defined]
        browser.page(member.partnership.address)
    for post in posts:
        attach_picture(member, post)
    browser.page(member.partnership.address)
    with statements() as after:  # type: ignore[attr-defined]
        browser.page(member.partnership.address)
    assert len(after) <= len(before) + 1


def test_a_version_takes_the_place_of_the_one_before(member: Membership, sign_in: SignIn) -> None:
    browser = sign_in(member.user)
    number = uploaded(browser, member, "Plan.txt", b"Foerste")
    shared(browser, member, number)
    check()
    address = f"{member.partnership.address}files/{number}"
    fields = {"file": (BytesIO(b"Anden"), "Plan.txt"), "one_time_key": str(uuid4())}
    assert browser.submit(f"{address}/versions", fields).status_code == 303
    assert browser.get(f"{address}/content").data == b"Foerste", "It is not checked yet"
    assert check() == 1
    assert browser.get(f"{address}/content").data == b"Anden"
    assert browser.get(f"{address}/content/1").data == b"Foerste"
    assert version(member, number, 2).name == "Plan.txt"


def large_file(**fields: str) -> dict[str, object]:
    """What a form with a file of two megabytes sends."""
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields]
    parts.append('--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n')
    body = "".join(parts).encode() + b"x" * 2_000_000 + b"\r\n--x--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize("cookie", ["", "samspil=eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbb", "samspil_remember=1|bbbb"])
def test_a_stranger_s_large_file_is_not_stored(cookie: str, app: Workspace, moderator: Membership) -> None:
    """It is read and dropped as it comes, and the stranger is sent to sign in."""
    address = f"{moderator.partnership.address}files"
    environ = create_environ(address, method="POST", headers={"Cookie": cookie}) | {"CONTENT_LENGTH": "2000000"}
    assert app.largest_body(environ) == request_bodies.LARGEST
    answer = app.test_client().post(address, **large_file(), headers={"Cookie": cookie})
    assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in")


@pytest.mark.parametrize("by", ["session", "remembered"])
def test_a_member_s_large_file_is_taken(by: str, app: Workspace, moderator: Membership, sign_in: SignIn) -> None:
    browser = sign_in(moderator.user)
    token = browser.token()
    if by == "remembered":
        with app.test_request_context():
            session = browser.get_cookie("samspil")
            assert session
            signed = app.session_interface.get_signing_serializer(app)
            assert signed
            found = signed.loads(session.value)
            browser.set_cookie("samspil_remember", encode_cookie(found.pop("_user_id")))
            browser.set_cookie("samspil", signed.dumps(found))
    answer = browser.post(
        f"{moderator.partnership.address}files", **large_file(one_time_key=str(uuid4()), csrf_token=token)
    )
    assert answer.status_code == 303
    assert db.session.scalar(select(func.count()).select_from(File)) == 1
