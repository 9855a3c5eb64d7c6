"""What tests of files are made of: bytes that are what they say, uploads by the front door, and the worker's turn."""

from io import BytesIO
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from tests.client import Client
from tests.factories import PIXEL
from workspace.db import db
from workspace.files import checking
from workspace.files.models import File, FileVersion
from workspace.partnerships.models import Membership
from workspace.posts.models import Post, PostKind

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 300]>>endobj\nxref\n0 4\n0000000000 65535 f \n"
    b"0000000009 00000 n \n0000000052 00000 n \n0000000101 00000 n \n"
    b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n164\n%%EOF\n"
)
EXE = b"MZ\x90\x00" + b"\x00" * 200


def upload(
    browser: Client,
    member: Membership,
    name: str = "Referat.pdf",
    content: bytes = PDF,
    *,
    key: str = "",
    **options: Any,
) -> Any:
    """Send one file to be shared later; the answer."""
    fields = {"file": (BytesIO(content), name), "one_time_key": key or str(uuid4())}
    return browser.submit(f"{member.partnership.address}files", fields, htmx=True, **options)


def uploaded(browser: Client, member: Membership, name: str = "Referat.pdf", content: bytes = PDF) -> int:
    """The number of a file that was sent."""
    answer = upload(browser, member, name, content)
    assert answer.status_code == 200, answer.text
    newest = select(File.number).where(File.partnership_id == member.partnership_id).order_by(File.number.desc())
    number = db.session.scalar(newest)
    assert number
    return number


def shared(browser: Client, member: Membership, *numbers: int, **more: Any) -> int:
    """The number of a post that carries the uploads."""
    fields = {"kind": PostKind.PROGRESS, "title": "Referat", "body": "Se filen.", "one_time_key": str(uuid4())}
    answer = browser.submit(f"{member.partnership.address}posts", fields | {"uploads": list(numbers)} | more)
    assert answer.status_code == 303, answer.text
    newest = select(Post.number).where(Post.partnership_id == member.partnership_id).order_by(Post.number.desc())
    number = db.session.scalar(newest)
    assert number
    return number


def replaced(browser: Client, member: Membership, number: int, content: bytes = PIXEL, name: str = "Ny.png") -> Any:
    """Send a new version of a file; the answer."""
    fields = {"file": (BytesIO(content), name), "one_time_key": str(uuid4())}
    return browser.submit(f"{member.partnership.address}files/{number}/versions", fields)


def check() -> int:
    """Let the worker look at what waits."""
    done = checking.check_due()
    db.session.commit()
    return done


def version(member: Membership, number: int, n: int = 1) -> FileVersion:
    """A version's row as it is now."""
    db.session.expire_all()
    return db.session.get_one(FileVersion, (member.partnership_id, number, n))
