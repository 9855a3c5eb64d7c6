"""Logs: what happened, and where in the code; never what somebody wrote, who they are, or what the database was asked.

An error's own words can hold all of that (PostgreSQL's DETAIL quotes the whole row), so of errors only kind and place
are logged.
"""

import logging
import re
import threading
import traceback
from pathlib import Path

HERE = Path(__file__).parent
MAIL_ADDRESS = re.compile(r"[^\s<>:\"',;()]+@[^\s<>:\"',;()]+")

log = logging.getLogger(__name__)


def told(error: BaseException) -> str:
    """An error for the log: its kind, what the database calls it, and where in our code it came from."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [(Path(frame.filename), frame.lineno) for frame in frames]
    places = [f"{path.relative_to(HERE)}:{line}" for path, line in ours if HERE in path.parents]
    return f"{kind_of(error)} ({' > '.join(places)})"


def kind_of(error: BaseException) -> str:
    """The kind of an error, and what the database calls it."""
    return " ".join([type(error).__name__, *_kinds_of_database(getattr(error, "orig", None))])


def _kinds_of_database(error: object) -> list[str]:
    """The SQLSTATE and the constraint of PostgreSQL, or the name of SQLite's error: words of ours, no row's."""
    names = [
        getattr(error, "sqlstate", None),
        getattr(getattr(error, "diag", None), "constraint_name", None),
        getattr(error, "sqlite_errorname", None),
    ]
    return [str(name) for name in names if name]


class Formatter(logging.Formatter):
    """One line an event, also for libraries that log whole errors, or a mail address."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        record.exc_text = None  # as another handler may have formatted it
        if isinstance(record.args, tuple):
            record.args = tuple(told(part) if isinstance(part, BaseException) else part for part in record.args)
        return MAIL_ADDRESS.sub("…@…", super().format(record))

    def formatException(self, given: object) -> str:
        """The error's kind and place instead of its traceback, which ends with its words."""
        error = given[1] if isinstance(given, tuple) else None
        return told(error) if isinstance(error, BaseException) else ""


def log_warnings() -> None:
    """Write warnings and errors to stderr, and also what ends a thread."""
    handler = logging.StreamHandler()
    handler.setFormatter(Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
    threading.excepthook = _log_end_of_thread


def _log_end_of_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None:
        log.error("A thread has ended: %s", told(given.exc_value))
