"""What the workspace is measured beside: the same HTML from objects in memory (*bare*), from rows (*rows*), and the
bare writing of a comment (*write*). No session, no access, no translation: nobody can ask for less.

The templates are made of the workspace's own answers (bench/pages.py): the words are constant in them, and what comes
from rows is put in anew for each request. So what is answered is the same, byte for byte.

    python -m bench.floors FOLDER PORT DATABASE_URL
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask, render_template, request
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server
from sqlalchemy import Engine, create_engine, event, insert, update
from sqlalchemy.orm import Session

from bench import pages
from workspace import clock
from workspace.comments.models import Comment
from workspace.comments.verbs import COMMENTED
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Partnership
from workspace.posts.models import Post
from workspace.serving.front import THREADS


def create(folder: Path, url: str) -> Flask:
    """The floors, with the pages that the workspace has answered in `folder`."""
    app = Flask(__name__, template_folder=str(folder), static_folder=None)
    place = pages.Place(**json.loads((folder / "place.json").read_text()))
    engine = engine_of(url)
    with Session(engine) as session:
        memory = {name: pages.read(session, name, place) for name in pages.PAGES}

    @app.get("/bare/<name>")
    def bare(name: str) -> str:
        return render_template(f"{name}.html", rows=memory[name])

    @app.get("/rows/<name>")
    def rows(name: str) -> str:
        with Session(engine) as session:
            return render_template(f"{name}.html", rows=pages.read(session, name, place))

    @app.post("/write")
    def write() -> tuple[str, int]:
        with Session(engine) as session:
            _write(session, request.form)
        return "", 303

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


def _write(session: Session, form: Mapping[str, str]) -> None:
    now = clock.now()
    partnership, post, seat = (int(form[name]) for name in ("partnership", "post", "seat"))
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("COMMIT")
        session.connection().exec_driver_sql("BEGIN IMMEDIATE")
    number = session.scalar(
        update(Partnership)
        .where(Partnership.id == partnership)
        .values(last_number=Partnership.last_number + 1, last_activity_at=now)
        .returning(Partnership.last_number)
        .execution_options(synchronize_session=False)
    )
    where = {"partnership_id": partnership, "number": number}
    session.execute(
        insert(Entry),
        where | {"verb": COMMENTED, "actor_id": seat, "post_number": post, "details": {}, "at": now},
    )
    body, key = form["body"], form["one_time_key"]
    text = {"body_html": f"<p>{body}</p>", "body_text": body, "one_time_key": key, "created_at": now}
    session.execute(insert(Comment), where | text | {"author_id": seat, "post_number": post})
    quietly = {"synchronize_session": False}
    session.execute(
        update(Post)
        .where(Post.partnership_id == partnership, Post.number == post)
        .values(comment_count=Post.comment_count + 1, activity_number=number, activity_at=now),
        execution_options=quietly,
    )
    session.execute(
        update(Membership).where(Membership.id == seat).values(own_unseen=Membership.own_unseen + 1),
        execution_options=quietly,
    )
    session.commit()


def serve(folder: Path, port: int, url: str) -> None:
    """Serve as the workspace does: one process, as many threads."""
    app = create(folder, url)
    server = Server(
        "floors:app",
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        log_level=LogLevels.error,
    )
    server.serve(target_loader=lambda: app, wrap_loader=False)


if __name__ == "__main__":
    serve(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
