"""Ending the streams of sessions that end, without waiting for the watcher to find out.

Those of this process end right after the commit. On PostgreSQL other processes are notified with it. Where that does
not come through, their watchers find out within a second, and tell a session that has ended nothing but that.
"""

import time
from functools import partial

from flask import current_app, g, has_request_context
from sqlalchemy import func, select

from workspace.db import db
from workspace.db.transactions import run_after_request
from workspace.live.db_notifications import ENDED_CHANNEL
from workspace.live.watcher import SECONDS_BETWEEN_LOOKS, SECONDS_OF_REST, Watcher
from workspace.web import request_slots

AT_ONCE = 500  # PostgreSQL takes payloads of up to 8,000 bytes.


def end_streams(ids: list[int], at_once: bool) -> None:
    """End the streams of these sessions once the transaction is committed."""
    if db.engine.dialect.name == "postgresql":
        for start in range(0, len(ids), AT_ONCE):
            some = ",".join(map(str, ids[start : start + AT_ONCE]))
            db.session.execute(select(func.pg_notify(ENDED_CHANNEL, some)))
    if has_request_context():
        run_after_request(partial(_end_here, ids, at_once))


def _end_here(ids: list[int], at_once: bool) -> None:
    if not g.get("committed"):
        return
    watcher: Watcher = current_app.extensions["live"]
    watcher.streams.end_sessions(ids)
    if at_once and db.engine.dialect.name == "postgresql":
        # Nobody says how many processes there are, so each is given the time in which it looks in any case.
        with request_slots.released():
            time.sleep(SECONDS_BETWEEN_LOOKS + 2 * SECONDS_OF_REST)
