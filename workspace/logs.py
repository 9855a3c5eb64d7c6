"""Logs: what happened, and where in the code; never what somebody wrote, who they are, or what the database was asked.

An error's own words can hold all of that (PostgreSQL's DETAIL quotes the whole row), so of errors only kind and place
are logged. What goes on for long, such as a database that is away, is a line a minute, with a count.
"""

import logging
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

HERE = Path(__file__).parent
MAIL_ADDRESS = re.compile(r"[^\s<>:\"',;()]+@[^\s<>:\"',;()]+")

FIRST = ["time", "level", "process", "event"]
SECONDS_BETWEEN_REPETITIONS = 60.0
MOST_LINES = 500  # that are remembered
EACH = {"each": True}

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


def message_of(record: logging.LogRecord) -> str:
    """The line of a record, also of libraries that log whole errors, or a mail address."""
    arguments = record.args
    if isinstance(arguments, tuple):
        arguments = tuple(told(part) if isinstance(part, BaseException) else part for part in arguments)
    message = str(record.msg) % arguments if arguments else str(record.msg)
    if record.exc_info and record.exc_info[1]:
        message += f": {told(record.exc_info[1])}"  # instead of its traceback, which ends with its words
    return MAIL_ADDRESS.sub("…@…", message)


class LineLogger(structlog.WriteLogger):
    """Writes lines. Where a line can't be written (the disk is full), what is logged goes on without it."""

    def msg(self, message: str) -> None:
        """Write a line."""
        with suppress(OSError, ValueError):
            super().msg(message)

    log = debug = info = warning = error = critical = exception = msg


class LogHandler(logging.Handler):
    """Hands records of the standard library to structlog, each line once a minute, with a count of those left out.

    A record with `extra=EACH` is never left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], list[float]] = {}  # when each line was written last, and how many since

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line, unless it has just been written. The caller holds the handler's lock."""
        try:
            message = message_of(record)
        except Exception:
            self.handleError(record)
            return
        self._write_counts()
        key, now = (record.name, message), time.monotonic()
        if key in self._seen and not hasattr(record, "each"):
            self._seen[key][1] += 1
            return
        self._seen[key] = [now, 0]
        _event_log().log(record.levelno, message, logger=record.name)

    def _write_counts(self) -> None:
        """Forget lines that are a minute old; of those that came again, write how often."""
        end = time.monotonic() - SECONDS_BETWEEN_REPETITIONS
        for (logger, message), (written_at, count) in list(self._seen.items()):
            if written_at < end or len(self._seen) > MOST_LINES:
                del self._seen[logger, message]
                if count:
                    _event_log().warning(message, logger=logger, times=int(count))


def install(*, as_json: bool) -> None:
    """Write warnings and errors to stderr, also what ends a thread, and what `event_log` is given: a line each."""
    renderer = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.processors.LogfmtRenderer(key_order=FIRST, drop_missing=True)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True, key="time"),
            _add_process,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_name: LineLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[LogHandler()], level=logging.WARNING)
    threading.excepthook = _log_end_of_thread


def event_log() -> Any | None:
    """What writes events, each with its values; None where nobody has asked for logs."""
    return structlog.get_logger() if structlog.is_configured() else None


def _event_log() -> Any:
    return structlog.get_logger()


def _add_process(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["process"] = os.getpid()
    return event


def _log_end_of_thread(given: threading.ExceptHookArgs) -> None:
    if given.exc_value is not None:
        log.error("A thread has ended: %s", told(given.exc_value))
