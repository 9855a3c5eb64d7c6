"""Whether PostgreSQL answers: a thread of each process that finds out while others wait for it.

A server that hangs still takes connections, and answers nothing. Its own timeouts don't help then, and to whoever waits
it looks like a slow statement. So while statements run, the server is asked on a connection apart from theirs. Where no
answer comes, all connections are cut: whoever waits has an error at once, instead of holding a request slot. Until the
server answers again nobody connects to it, since each would wait as well.
"""

import logging
import os
import socket
from contextlib import suppress
from select import select
from threading import Event, Lock, Thread
from typing import Any

from sqlalchemy import Engine, event

from workspace.logs import told

SECONDS_BETWEEN_LOOKS = 0.25
# Two looks and this make less than two seconds, within which a page says that it can't be shown.
SECONDS_TO_ANSWER = 1.0
SECONDS_TO_CONNECT = 2  # the least that libpq takes

log = logging.getLogger(__name__)


class Availability:
    """Knows the connections of an engine, and cuts them when the server hangs."""

    def __init__(self, engine: Engine) -> None:
        self.is_away = False
        self._engine = engine
        self._guard = Lock()
        self._sockets: dict[Any, socket.socket] = {}
        self._waiting: set[Any] = set()
        self._probe: Any = None
        self._thread: Thread | None = None
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "connect", self._add)
        event.listen(engine, "close", self._remove)

    def watch(self, stopping: Event | None = None) -> None:
        """Begin to look, in this process, until `stopping` or its end."""
        self._thread = Thread(target=self._run, args=(stopping or Event(),), name="database watch", daemon=True)
        self._thread.start()

    def _connect(self, dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        """Connect, unless the server is known to hang."""
        if self.is_away:
            raise dialect.loaded_dbapi.OperationalError("The database does not answer.")
        try:
            return dialect.connect(*arguments, **options)
        except dialect.loaded_dbapi.errors.ConnectionTimeout:
            self.is_away = self._thread is not None  # The next look says whether it is.
            raise

    def _add(self, connection: Any, _record: Any) -> None:
        # A descriptor of our own: when theirs is closed, its number may become that of another socket.
        with self._guard:
            self._sockets[connection] = socket.socket(fileno=os.dup(connection.pgconn.socket))

    def _remove(self, connection: Any, _record: Any) -> None:
        with self._guard:
            if found := self._sockets.pop(connection, None):
                found.close()

    def _run(self, stopping: Event) -> None:
        while not stopping.wait(SECONDS_BETWEEN_LOOKS):
            try:
                self.look()
            except Exception as error:
                log.error("The database could not be watched: %s", told(error))

    def look(self) -> None:
        """Ask the server if it is away, or if a statement that ran at the last look still does."""
        before, self._waiting = self._waiting, self._running()
        if self.is_away:
            self.is_away = not self._answers()
            if not self.is_away:
                log.warning("PostgreSQL answers again.")
        elif self._sockets and (self._probe is None or before & self._waiting) and not self._answers():
            self.is_away = True
            self._cut()

    def _running(self) -> set[Any]:
        """The connections on which a statement runs. Only numbers are read, so nobody is disturbed."""
        active = self._engine.dialect.loaded_dbapi.pq.TransactionStatus.ACTIVE
        with self._guard:
            return {each for each in self._sockets if each.pgconn.transaction_status == active}

    def _answers(self) -> bool:
        """Whether the server answers or refuses: whoever is refused knows it at once."""
        import psycopg

        try:
            if self._probe is None:
                address = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
                self._probe = psycopg.connect(address, autocommit=True, connect_timeout=SECONDS_TO_CONNECT)
            is_answered = _is_answered(self._probe.pgconn)
        except psycopg.errors.ConnectionTimeout:
            is_answered = False
        except psycopg.Error:  # It has been restarted, say.
            self._close_probe()
            return True
        if not is_answered:
            self._close_probe()
        return is_answered

    def _close_probe(self) -> None:
        if self._probe is not None:
            self._probe.close()
            self._probe = None

    def _cut(self) -> None:
        log.error("PostgreSQL does not answer. Until it does, pages can't be shown.")
        with self._guard:
            for each in self._sockets.values():
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)


def _is_answered(connection: Any) -> bool:
    """Whether the simplest statement is answered in time. Raises psycopg.Error for a connection that is lost."""
    connection.send_query(b"SELECT 1")
    connection.flush()
    while select([connection.socket], [], [], SECONDS_TO_ANSWER)[0]:
        connection.consume_input()
        if not connection.is_busy():
            while connection.get_result() is not None:
                pass
            return True
    return False
