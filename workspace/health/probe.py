"""A probe: a check that is waited for two seconds at most, whatever it waits for itself."""

from collections.abc import Callable
from contextvars import copy_context
from dataclasses import dataclass
from threading import Lock, Thread
from time import monotonic

from flask import Flask

from workspace.db import db
from workspace.db.transactions import begin_request

SECONDS = 2.0  # for an answer
SECONDS_VALID = 10.0  # how long the result of a check that writes is repeated


@dataclass(frozen=True)
class Finding:
    """What a check has found: what it looked at, and what is wrong with it; empty if nothing is."""

    name: str
    trouble: str = ""


class Probe:
    """Runs `check` in a thread of its own, one at a time: a database that hangs holds up one thread, not one a request.

    The check gets an app context, and returns what is wrong. With `writes` its result is repeated for ten seconds.
    """

    def __init__(self, name: str, check: Callable[[], str], *, writes: bool = False) -> None:
        self.name, self.check, self.writes = name, check, writes
        self._lock = Lock()
        self._thread = Thread()  # none runs yet
        self._trouble, self._since = "", -SECONDS_VALID

    def find(self, app: Flask) -> Finding:
        """Run the check, or wait for the one that is running."""
        with self._lock:
            thread = self._thread
            if not thread.is_alive():
                if self.writes and monotonic() - self._since < SECONDS_VALID:
                    return Finding(self.name, self._trouble)
                self._since = monotonic()
                thread = Thread(target=copy_context().run, args=(self._run, app), name=self.name, daemon=True)
                thread.start()
                self._thread = thread
            since = self._since
        thread.join(max(0.0, since + SECONDS - monotonic()))
        if thread.is_alive():
            return Finding(self.name, f"no answer for {monotonic() - since:.0f} seconds")
        return Finding(self.name, self._trouble)

    def forget(self) -> None:
        """Run the check again, however lately it was run."""
        self._since = -SECONDS_VALID

    def _run(self, app: Flask) -> None:
        with app.app_context():
            begin_request(reads_only=not self.writes)
            try:
                self._trouble = self.check()
                db.session.commit()
            except Exception as error:  # Whatever it is: the check says that something is wrong.
                self._trouble = type(error).__name__
                db.session.rollback()
            finally:
                db.session.remove()
