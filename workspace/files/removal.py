"""Deleting bytes: of files that were deleted for good, of what failed to come, and of what nobody knows any more.

The rows are the truth: a file is out of reach with the commit that says so, and its bytes go afterwards, as often as
it takes.
"""

from datetime import timedelta

from sqlalchemy import select

from workspace import clock
from workspace.db import db, failures
from workspace.db.transactions import run_after_request
from workspace.files import sweep
from workspace.files.models import File, FileVersion, is_of_file
from workspace.files.storage import storage
from workspace.partnerships.models import Partnership
from workspace.posts.authored_text import on_erase

UNSHARED = timedelta(days=30)  # longer than a draft is offered
AT_ONCE = 200


def delete_bytes_soon(partnership_id: int, number: int) -> None:
    """After this request, if it is committed."""

    def delete() -> None:
        delete_bytes(partnership_id, number)

    run_after_request(delete)


def delete_bytes(partnership_id: int, number: int) -> int:
    """Delete the bytes and previews of a file that was deleted for good; how many versions had any."""
    found = db.session.scalars(
        select(FileVersion)
        .join(File, is_of_file())
        .where(
            FileVersion.partnership_id == partnership_id,
            FileVersion.file_number == number,
            FileVersion.storage_key.is_not(None),
            File.redacted_at.is_not(None),
        )
    ).all()
    for version in found:
        storage().delete(version.keys)
        version.storage_key, version.preview_keys = None, {}
    return len(found)


def delete_due() -> int:
    """Delete the bytes of what was deleted for good, and what nobody has shared; once a week, what has no row."""
    forgotten = File.entry_number.is_(None), File.withdrawn_at.is_(None), File.created_at < clock.now() - UNSHARED
    for file in db.session.scalars(select(File).where(*forgotten).limit(AT_ONCE)).all():
        with db.session.get_one(Partnership, file.partnership_id).locked():
            if file.entry_number is None:
                file.erase()
        db.session.commit()
    due = (
        select(File.partnership_id, File.number)
        .join(FileVersion, is_of_file())
        .where(File.redacted_at.is_not(None), FileVersion.storage_key.is_not(None))
        .limit(AT_ONCE)
    )
    keys = [(row.partnership_id, row.number) for row in db.session.execute(due)]
    db.session.commit()
    return failures.each("removal", dict.fromkeys(keys), delete_bytes) + sweep.clear_incoming() + sweep.sweep_due()


def erase_of_text(partnership_id: int, number: int) -> None:
    """Forget the files of a text that is erased, in its transaction."""
    own = File.partnership_id == partnership_id, File.entry_number == number
    for file in db.session.scalars(select(File).where(*own)):
        file.erase()


on_erase.append(erase_of_text)
