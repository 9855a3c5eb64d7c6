"""What the worker does with a file that has come: scanned, looked at, and only then there to be read.

A version's row says how far it is. A worker claims it for a while; whoever dies with it lets go of it by that. What it
has put into the storage before the commit that says so has no row, and is swept.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import Select, or_, select, update

from workspace import clock
from workspace.config import Settings
from workspace.config.files import make_folder
from workspace.db import db, failures
from workspace.db.statements import now_param
from workspace.extensions import stopping
from workspace.files import names
from workspace.files.inspection import InspectionOutcome, Refusal, process
from workspace.files.models import File, FileState, FileVersion, place_of
from workspace.files.receiving import new_key
from workspace.files.scanner import ScanVerdict, scan
from workspace.files.storage import storage
from workspace.files.verbs import REFUSED_FILE, REPLACED_FILE
from workspace.partnerships.activity_log import Entry, record, record_by
from workspace.partnerships.models import Membership, Partnership
from workspace.posts.models import Post

JOB = "checking"
LEASE = timedelta(minutes=3)  # longer than any file takes
WHILE_SILENT = timedelta(seconds=20)  # between two looks at a scanner that does not answer
MOST_ATTEMPTS = 5  # of workers that died with it
AT_ONCE = 20


class StoredFile(NamedTuple):
    """What is kept of a file: its size, and where it and the pictures of it are."""

    size: int
    key: str
    previews: dict[str, str]

    @property
    def keys(self) -> list[str]:
        """Where all of it is."""
        return [self.key, *self.previews.values()]


def is_any_due() -> bool:
    """Whether a file waits to be checked."""
    return db.session.execute(_due().limit(1)).first() is not None


def unchecked_since() -> Select[datetime]:
    """The statement of when the file came that waits the longest."""
    waits = FileVersion.state.in_((FileState.RECEIVED, FileState.CHECKING))
    return select(FileVersion.at).where(waits).order_by(FileVersion.at).limit(1)


def check_due() -> int:
    """Check what waits, the oldest first, until this worker is told to stop; how many files are through."""
    keys = [(row.partnership_id, row.file_number) for row in db.session.execute(_due().limit(AT_ONCE))]
    db.session.commit()
    return failures.each(JOB, (key for key in dict.fromkeys(keys) if not stopping.is_set()), check)


def check(partnership_id: int, number: int) -> int:
    """Check the versions of a file that wait; 1 if one is through."""
    claimed = _claim(partnership_id, number)
    if claimed is None:
        return 0
    if claimed.attempts > MOST_ATTEMPTS:
        return _finish(claimed, InspectionOutcome(refusal=Refusal.TOO_MUCH_WORK), None)
    try:
        with _folder() as folder:
            return _look(claimed, folder)
    except Exception:
        db.session.rollback()
        _let_go(claimed)
        raise


def _due() -> Any:
    """What waits, and is not being checked, and does not rest after a failure."""
    is_free = or_(FileVersion.claimed_until.is_(None), FileVersion.claimed_until <= now_param())
    return (
        select(FileVersion.partnership_id, FileVersion.file_number)
        .where(
            FileVersion.state.in_((FileState.RECEIVED, FileState.CHECKING)),
            is_free,
            ~failures.rests(JOB, FileVersion.partnership_id, FileVersion.file_number),
        )
        .order_by(FileVersion.at)
    )


class Claimed(NamedTuple):
    """A version that this worker has to itself."""

    partnership_id: int
    file_number: int
    n: int
    name: str
    storage_key: str
    attempts: int


def _claim(partnership_id: int, number: int) -> Claimed | None:
    """Take the oldest version of the file that waits, and commit; None if another worker was first."""
    now = clock.now()
    oldest = (
        select(FileVersion.n)
        .where(*_of(partnership_id, number), FileVersion.state.in_((FileState.RECEIVED, FileState.CHECKING)))
        .order_by(FileVersion.n)
        .limit(1)
    )
    claim = (
        update(FileVersion)
        .where(
            *_of(partnership_id, number),
            FileVersion.n == oldest.scalar_subquery(),
            FileVersion.storage_key.is_not(None),
            or_(FileVersion.claimed_until.is_(None), FileVersion.claimed_until <= now),
        )
        .values(state=FileState.CHECKING, claimed_until=now + LEASE, attempts=FileVersion.attempts + 1)
        .returning(FileVersion.n, FileVersion.name, FileVersion.storage_key, FileVersion.attempts)
        .execution_options(synchronize_session=False)
    )
    row = db.session.execute(claim).first()
    db.session.commit()
    return Claimed(partnership_id, number, *row) if row else None  # type: ignore[arg-type]


def _let_go(claimed: Claimed, *, until: timedelta | None = None) -> None:
    """Let another worker have it, or this one, later: the file itself is not to blame."""
    mine = (*_of(claimed.partnership_id, claimed.file_number), FileVersion.n == claimed.n)
    rest = clock.now() + until if until else None
    values = {"state": FileState.RECEIVED, "claimed_until": rest, "attempts": claimed.attempts - 1}
    db.session.execute(
        update(FileVersion).where(*mine, FileVersion.state == FileState.CHECKING).values(**values),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()


@contextmanager
def _folder() -> Iterator[Path]:
    settings: Settings = current_app.settings  # type: ignore[attr-defined]
    parent = settings.incoming_folder
    make_folder(parent)
    with TemporaryDirectory(prefix="checking-", dir=parent) as name:
        yield Path(name)


def _look(claimed: Claimed, folder: Path) -> int:
    source, into = folder / "source", folder / "into"
    into.mkdir(mode=0o700)
    with source.open("wb") as file:
        for piece in storage().read(claimed.storage_key):
            file.write(piece)
    verdict = scan(source).verdict
    if verdict is ScanVerdict.SILENT:
        _let_go(claimed, until=WHILE_SILENT)
        return 0
    if verdict is ScanVerdict.INFECTED:
        return _finish(claimed, InspectionOutcome(refusal=Refusal.INFECTED), None)
    outcome = process(source, claimed.name, into)
    return _finish(claimed, outcome, _keep(claimed.partnership_id, outcome))


def _keep(partnership_id: int, outcome: InspectionOutcome) -> StoredFile | None:
    """Put what is kept into the storage."""
    if outcome.served is None:
        return None
    stored = StoredFile(outcome.served.stat().st_size, new_key(partnership_id), {})
    for width, path in outcome.previews.items():
        stored.previews[str(width)] = new_key(partnership_id)
        storage().put(stored.previews[str(width)], path)
    storage().put(stored.key, outcome.served)
    return stored


def _finish(claimed: Claimed, outcome: InspectionOutcome, stored: StoredFile | None) -> int:
    """Write down what came of it, and commit, unless the file is gone; then delete what is not needed."""
    partnership = db.session.get_one(Partnership, claimed.partnership_id)
    with partnership.locked():
        version = db.session.get_one(FileVersion, claimed[:3])
        file = db.session.get_one(File, claimed[:2])
        is_mine = version.state is FileState.CHECKING and version.storage_key == claimed.storage_key
        if is_mine and file.redacted_at is None:
            partnership.file_bytes += (stored.size if stored else 0) - version.size
            version.claimed_until = None
            if stored:
                _take_place(file, version, outcome, stored)
            else:
                _refuse(file, version, outcome)
            superfluous = [claimed.storage_key]
        else:
            superfluous = stored.keys if stored else []
    db.session.commit()
    storage().delete(superfluous)
    return 1


def _take_place(file: File, version: FileVersion, outcome: InspectionOutcome, stored: StoredFile) -> None:
    """The version is ready: it stands under the file's name, unless a newer one does already."""
    version.state, version.kind = FileState.READY, outcome.kind
    version.width, version.height, version.pages = outcome.width, outcome.height, outcome.pages
    version.size, version.storage_key, version.preview_keys = stored.size, stored.key, stored.previews
    if version.n > (file.shown or 0):
        if version.n > 1 and not file.is_withdrawn:
            by = db.session.get_one(Membership, version.by_id)
            _tell(file, REPLACED_FILE, by)
        file.shown = version.n
        file.name = names.with_ending(file.name, version.kind)


def _refuse(file: File, version: FileVersion, outcome: InspectionOutcome) -> None:
    version.state, version.refusal, version.storage_key = FileState.REFUSED, outcome.refusal, None
    if not file.is_withdrawn:
        _tell(file, REFUSED_FILE, None)


def _tell(file: File, verb: Any, by: Membership | None) -> None:
    """Log it where the file stands; an upload stands nowhere yet."""
    if file.entry_number is None:
        return
    place = place_of(db.session.get_one(Entry, (file.partnership_id, file.entry_number)))
    about: dict[str, Any] = place | {"file": file.number, "name": file.name}
    if by is None:
        record(db.session.get_one(Partnership, file.partnership_id), verb, **about)
        return
    entry = record_by(by, verb, **about)
    if post := db.session.get(Post, (file.partnership_id, place.get("post_number"))):
        post.bump(entry)


def _of(partnership_id: int, number: int) -> tuple[Any, ...]:
    return FileVersion.partnership_id == partnership_id, FileVersion.file_number == number
