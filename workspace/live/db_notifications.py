"""Wakes the watcher at once after a commit. On PostgreSQL a trigger on `partnership` notifies it of each entry, and
whoever ends a session of that (ended_sessions.py).

On SQLite `PRAGMA data_version` tells whether the file has changed, without reading a table. Nothing depends on either:
where notifications don't come through (a pooler, a restart) the watcher looks every second.
"""

import logging
import sqlite3
from contextlib import closing
from threading import Event, Thread
from typing import TYPE_CHECKING

from sqlalchemy import Engine

from workspace.logs import told

if TYPE_CHECKING:
    from workspace.live.watcher import Watcher

log = logging.getLogger(__name__)

CHANNEL = "live"
ENDED_CHANNEL = "ended_sessions"
SECONDS = 1.0
SECONDS_BETWEEN_GLANCES = 0.1


def start(engine: Engine, watcher: "Watcher", stop: Event) -> None:
    """Let commits wake `watcher` until `stop`, over a connection reserved for this."""
    run = _poll_sqlite if engine.dialect.name == "sqlite" else _listen_postgresql
    Thread(target=run, args=(engine, watcher, stop), name="live listener", daemon=True).start()


def _poll_sqlite(engine: Engine, watcher: "Watcher", stop: Event) -> None:
    while not stop.is_set():
        try:
            with closing(sqlite3.connect(str(engine.url.database))) as connection:
                seen = None
                while not stop.wait(SECONDS_BETWEEN_GLANCES):
                    version = connection.execute("PRAGMA data_version").fetchone()
                    if version != seen:
                        seen = version
                        watcher.wake()
        except sqlite3.Error as error:
            log.warning("The watcher is not woken by the database at present: %s", told(error))
            stop.wait(SECONDS)


def _listen_postgresql(engine: Engine, watcher: "Watcher", stop: Event) -> None:
    import psycopg

    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while not stop.is_set():
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                connection.execute(f"LISTEN {ENDED_CHANNEL}")
                watcher.wake()  # Notice what came before.
                while not stop.is_set():
                    for notification in connection.notifies(timeout=SECONDS):
                        if notification.channel == ENDED_CHANNEL:
                            watcher.streams.end_sessions({int(text) for text in notification.payload.split(",")})
                        elif watcher.concerns(int(notification.payload)):
                            watcher.wake()
        except psycopg.Error as error:
            log.warning("The watcher is not woken by the database at present: %s", told(error))
            stop.wait(SECONDS)
