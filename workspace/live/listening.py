"""On PostgreSQL the commit of an entry wakes the watcher (a trigger on `partnership` sends the notification).

Nothing rests on it: where notifications don't come through (a pooler, a restart) the watcher looks every second.
"""

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING

from sqlalchemy import Engine

if TYPE_CHECKING:
    from workspace.live.watcher import Watcher

log = logging.getLogger(__name__)

CHANNEL = "live"
SECONDS = 1.0


def start(engine: Engine, watcher: "Watcher", stop: Event) -> None:
    """Let notifications wake `watcher` until `stop`, over a connection that is kept for them."""
    if engine.dialect.name == "postgresql":
        Thread(target=_run, args=(engine, watcher, stop), name="live listener", daemon=True).start()


def _run(engine: Engine, watcher: "Watcher", stop: Event) -> None:
    import psycopg

    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while not stop.is_set():
        try:
            with psycopg.connect(address, autocommit=True) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                watcher.wake()  # What came before is noticed now.
                while not stop.is_set():
                    for notification in connection.notifies(timeout=SECONDS):
                        if watcher.concerns(int(notification.payload)):
                            watcher.wake()
        except psycopg.Error as error:
            log.warning("The watcher is not woken by the database at present: %s", error)
            stop.wait(SECONDS)
