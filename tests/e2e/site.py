"""The site that browsers visit: a server on this machine with a database of its own, and what tests do behind it."""

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from babel.support import Translations
from flask_babel import force_locale
from sqlalchemy import event
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.databases import make_tables
from workspace import create_app
from workspace.accounts import sessions
from workspace.accounts.models import User
from workspace.config import ROOT, Settings
from workspace.db import db
from workspace.live.streams import Streams
from workspace.live.watcher import Watcher
from workspace.web.assets import PREFIX

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Quiet(WSGIRequestHandler):
    """Keeps connections open, as browsers like it, and writes no log."""

    protocol_version = "HTTP/1.1"

    def log(self, *args: object, **named: object) -> None:
        """Say nothing."""


@runtime_checkable
class Closes(Protocol):
    """An answer that holds a file, by itself or within what logs the request."""

    def close(self) -> None:
        """Let go of it."""


def whole_files(app: "WSGIApplication") -> "WSGIApplication":
    """Read a static file at once: this server does not close the file of a browser that hangs up in the middle."""

    def serve(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        answer = app(environ, start_response)
        if not environ["PATH_INFO"].startswith(PREFIX):
            return answer
        content = list(answer)
        if isinstance(answer, Closes):
            answer.close()
        return content

    return serve


class Site:
    """The app on a free port of this machine; further arguments are settings."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.app = create_app(
            Settings(
                instance=folder,
                database_url=f"sqlite:///{folder / 'samspil.sqlite'}",
                secret_key="0123456789abcdefghijklmnopqrstuvwxyz",
                busy_timeout=10,
                secure_cookies=False,
                help_email="hjaelp@samspil.example",
                accessibility_url="/privacy",
                base_url=self.url,
                **settings,
            )
        )
        with self.app.app_context():
            event.listen(db.engine, "connect", _need_no_disk)
            make_tables()
        self.start()

    def start(self) -> None:
        """Serve, on the same port as before."""
        self.app.extensions["live"] = self.watcher = Watcher(self.app, Streams())
        self.server = make_server("127.0.0.1", self.port, whole_files(self.app), threaded=True, request_handler=Quiet)
        self.server.daemon_threads = True
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Serve no more; streams end, as when the process is told to."""
        self.watcher.stop()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def close(self) -> None:
        """Stop for good."""
        self.stop()
        with self.app.app_context():
            db.engine.dispose()

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Where the factories and the product's own verbs work, beside the requests of the browsers."""
        with self.app.app_context(), force_locale("da"):
            yield
            db.session.commit()

    def cookie(self, user_id: int) -> str:
        """The cookie of a new browser in which a person is signed in."""
        with self.inside():
            user = db.session.get_one(User, user_id)
            session = sessions.start(user, remembered=False, browser="Tests", address="127.0.0.1")
            token = session.token
        browser = self.app.test_client()
        with browser.session_transaction() as cookie:
            cookie["_user_id"], cookie["_fresh"] = token, True
        kept = browser.get_cookie("samspil")
        assert kept is not None
        return kept.value

    def end_sessions(self, user_id: int) -> None:
        """Sign a person out everywhere."""
        with self.inside():
            sessions.end_all(db.session.get_one(User, user_id))


class Words:
    """The product's words in one language, by their English ones."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.translations = Translations.load(ROOT / "translations", [language])

    def __call__(self, english: str, **values: object) -> str:
        """`english` in this language; a sentence that the product no longer says fails the test."""
        told = self.translations.gettext(english)
        known = self.language == "en" or english in self.translations._catalog
        assert known, f"There is no {english!r} in the translations ({self.language})"
        return told % values if values else told

    def of_button(self, english: str) -> str:
        """The words of a button, where the same word means something else elsewhere."""
        return str(self.translations.pgettext("button", english))

    def several(self, one: str, many: str, number: int) -> str:
        """The plural form that fits `number`."""
        return self.translations.ngettext(one, many, number) % {"num": number}


def _need_no_disk(connection: object, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]
