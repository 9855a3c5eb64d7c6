"""Deleting bytes: of files that were deleted for good, of what failed to come, and of what nobody knows any more.

The rows are the truth: a file is out of reach with the commit that says so, and its bytes go afterwards, as often as
it takes.
"""

from datetime import timedelta

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, or_, select

from workspace import clock
from workspace.db import db, failures
from workspace.db.transactions import run_after_request
from workspace.files import sweep
from workspace.files.models import File, FileVersion, is_of_file
from workspace.files.storage import storage
from workspace.partnerships.models import Partnership
from workspace.posts.authored_text import UNDO_TAKEN, on_erase

JOB = "removal"
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
    forgotten = select(File.partnership_id, File.number).where(_is_forgotten())
    erased = (
        select(File.partnership_id, File.number)
        .join(FileVersion, is_of_file())
        .where(File.redacted_at.is_not(None), FileVersion.storage_key.is_not(None))
    )
    done = failures.each(JOB, _keys(forgotten), _erase_forgotten) + failures.each(JOB, _keys(erased), delete_bytes)
    done += sweep.clear_killed_backups(current_app.settings)  # type: ignore[attr-defined]
    return done + sweep.clear_incoming() + sweep.sweep_due()


def _is_forgotten() -> ColumnElement[bool]:
    """The condition that a file belongs to nothing, and will not: it is old, or was removed for good."""
    now = clock.now()
    is_over = or_(File.created_at < now - UNSHARED, File.withdrawn_at < now - UNDO_TAKEN)
    return and_(File.entry_number.is_(None), File.redacted_at.is_(None), is_over)


def _keys(query: Select[int, int]) -> list[tuple[int, int]]:
    """Some of the files that `query` finds, without those that have failed and rest."""
    query = query.where(~failures.rests(JOB, File.partnership_id, File.number)).limit(AT_ONCE)
    keys = [(row.partnership_id, row.number) for row in db.session.execute(query)]
    db.session.commit()
    return list(dict.fromkeys(keys))


def _erase_forgotten(partnership_id: int, number: int) -> int:
    """Forget an upload; 1 unless it has been shared or brought back in the meantime."""
    with db.session.get_one(Partnership, partnership_id).locked():
        own = File.partnership_id == partnership_id, File.number == number
        file = db.session.scalar(select(File).where(*own, _is_forgotten()))
        if file is None:
            return 0
        file.erase()
        return 1


def erase_of_text(partnership_id: int, number: int) -> None:
    """Forget the files of a text that is erased, in its transaction."""
    own = File.partnership_id == partnership_id, File.entry_number == number
    for file in db.session.scalars(select(File).where(*own)):
        file.erase()


on_erase.append(erase_of_text)
