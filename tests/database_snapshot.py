"""The database as it was at a moment, brought back after whatever was written since."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, text

from tests.databases import KIND
from workspace.db import Base, db

WRITTEN = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
GROWS = "audit_event"  # The database lets nobody take anything out of it.


class DatabaseSnapshot:
    """What the database holds now, beside it; and the tables to which something has been committed since."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "kept.sqlite"
        self.committed: set[str] = set()
        db.session.commit()
        if KIND == "sqlite":
            self.path.unlink(missing_ok=True)
            with sqlite3.connect(str(db.engine.url.database)) as connection:
                connection.execute(f"VACUUM INTO '{self.path}'")
            connection.close()
        else:
            tables = "; ".join(f'CREATE TABLE kept."{table}" AS TABLE public."{table}"' for table in _tables())
            with db.engine.begin() as connection:
                connection.execute(text(f"DROP SCHEMA IF EXISTS kept CASCADE; CREATE SCHEMA kept; {tables}"))

    @contextmanager
    def watched(self) -> Iterator["DatabaseSnapshot"]:
        """Notice what is committed; at the end nothing of it is left."""
        hears = {"before_cursor_execute": self._hear, "commit": self._commit, "rollback": self._roll_back}
        for name, hear in hears.items():
            event.listen(db.engine, name, hear)
        try:
            yield self
        finally:
            for name, hear in hears.items():
                event.remove(db.engine, name, hear)
            self.bring_back()
            if KIND != "sqlite":
                with db.engine.begin() as connection:
                    connection.execute(text("DROP SCHEMA kept CASCADE"))

    def bring_back(self) -> None:
        """Undo what has been committed."""
        again = sorted(self.committed)
        self.committed.clear()
        if again and KIND == "sqlite":
            connection = sqlite3.connect(str(db.engine.url.database), isolation_level=None, timeout=10)
            connection.execute("ATTACH ? AS kept", (str(self.path),))
            connection.execute("BEGIN IMMEDIATE")
            for table in again:
                connection.execute(f'DELETE FROM main."{table}"')
                connection.execute(f'INSERT INTO main."{table}" SELECT * FROM kept."{table}"')
            connection.execute("COMMIT")
            connection.close()
        elif again:
            whole = "; ".join(
                f'DELETE FROM public."{table}"; INSERT INTO public."{table}" TABLE kept."{table}"' for table in again
            )
            with db.engine.begin() as connection:
                connection.execute(text(f"SET LOCAL session_replication_role = replica; {whole}"))
            self.committed.clear()

    def _hear(self, connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if (found := WRITTEN.match(statement)) and found[1] != GROWS and found[1] in _tables():
            _pending(connection).add(found[1])

    def _commit(self, connection: Any) -> None:
        self.committed |= _pending(connection)
        _pending(connection).clear()

    def _roll_back(self, connection: Any) -> None:
        _pending(connection).clear()


def _pending(connection: Any) -> set[str]:
    """To which tables this connection has written since its last commit; threads have others (live/watcher.py)."""
    found: set[str] = connection.info.setdefault("pending", set())
    return found


def _tables() -> list[str]:
    return [table.name for table in Base.metadata.sorted_tables if table.name != GROWS]
