"""The lowest floor, *rows*: the same HTML from plain statements, without session, access or translation.

Nobody can ask for less; the fair floor is bench/plain.py.

The templates are made of the workspace's own answers (bench/pages.py): the words are constant in them, and what comes
from rows is put in anew for each request. So what is answered is the same, byte for byte.

    python -m bench.floors FOLDER PORT DATABASE_URL
"""

import json
import sys
from pathlib import Path
from typing import Any

from flask import Flask, render_template
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from bench import pages, serving
from workspace.serving.front import THREADS


def create(folder: Path, url: str) -> Flask:
    """The floors, with the pages that the workspace has answered in `folder`."""
    app = Flask(__name__, template_folder=str(folder), static_folder=None)
    place = pages.Place(**json.loads((folder / "place.json").read_text()))
    engine = engine_of(url)

    @app.get("/rows/<name>")
    def rows(name: str) -> str:
        with Session(engine) as session:
            return render_template(f"{name}.html", rows=pages.read(session, name, place))

    return app


def engine_of(url: str) -> Engine:
    """An engine as the workspace's."""
    engine = create_engine(url, pool_size=20, max_overflow=4, **_options(url))
    if url.startswith("sqlite"):
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _options(url: str) -> dict[str, Any]:
    return {"connect_args": {"timeout": 60, "isolation_level": None}} if url.startswith("sqlite") else {}


def _prepare(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


if __name__ == "__main__":
    serving.serve(create(Path(sys.argv[1]), sys.argv[3]), int(sys.argv[2]), THREADS)
