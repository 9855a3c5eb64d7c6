"""Samspil: a shared workspace for municipalities and companies that work out an answer together."""

import json
from collections.abc import Iterable
from contextlib import nullcontext
from importlib import import_module
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, ClassVar

from flask import Flask, Response, g
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from werkzeug.middleware.proxy_fix import ProxyFix

from workspace import access, database, errors, files, gate, headers, htmx, languages, names, pages, pieces, templating
from workspace.assets import Assets
from workspace.config import ROOT, Settings
from workspace.demo import loopback, mailbox, sign_ins
from workspace.extensions import babel, compress, csrf, db, limiter, login
from workspace.mail import bell as bell  # It listens to every commit from here on.
from workspace.mail import letters, postman
from workspace.posts.writing import is_undoable
from workspace.prose import showing
from workspace.routing import Number, Slug, Token

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FEATURES = (
    "accounts",
    "organisations",
    "partnerships",
    "roles",
    "posts",
    "comments",
    "texts",
    "members",
    "trail",
    "mail",
    "overview",
    "live",
    "digests",
)
LARGEST_REQUEST = 1024 * 1024
# At work in a process: more of them at once only get into each other's way. Streams and static files are not counted.
REQUESTS_AT_ONCE = 16


class Workspace(Flask):
    """Flask with one commit point a request, where a failing commit still reaches the error handlers."""

    settings: Settings
    jinja_environment = templating.Templates
    # All templates are kept, in a plain dictionary: the usual cache has a lock, at which threads queue.
    jinja_options: ClassVar[dict[str, Any]] = {"cache_size": -1}  # type: ignore[misc]
    turns = BoundedSemaphore(REQUESTS_AT_ONCE)
    # All who watch a partnership fetch its news in the same moment; nobody waits for a page because of that.
    turn_for_news = Lock()

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer when it is this request's turn. The body of a stream is sent after that, and holds nobody up."""
        fetched_by_itself = environ["PATH_INFO"].endswith("/news")
        with self.turn_for_news if fetched_by_itself else nullcontext(), self.turns:
            return super().wsgi_app(environ, start_response)

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view, and commit what it did; an answer that refuses undoes it."""
        response: Response = self.make_response(super().dispatch_request())
        (db.session.commit if response.status_code < 400 else db.session.rollback)()
        g.committed = response.status_code < 400
        return response


def create_app(settings: Settings | None = None) -> Workspace:
    """The application, ready to serve. Raises SettingsError for settings that won't do."""
    settings = settings or Settings.from_environment()
    files.tighten(settings.instance, settings.database_url)
    app = Workspace(
        __name__,
        instance_path=str(settings.instance),
        static_folder=None,
        template_folder=str(ROOT / "templates"),
    )
    app.settings = settings
    app.config.update(_configuration(settings))
    app.url_map.converters.update(slug=Slug, number=Number, token=Token)
    app.url_map.strict_slashes = False
    _extend(app, settings)
    database.prepare(app)
    postman.install(app, settings)
    gate.install(app)
    errors.install(app)
    headers.install(app, secure=settings.secure_cookies)
    for feature in FEATURES:
        app.register_blueprint(import_module(f"workspace.{feature}.views").blueprint)
    app.register_blueprint(pages.blueprint)
    if settings.demo:
        app.register_blueprint(mailbox.blueprint)
    _dress(app, settings)
    access.require_declarations(app)
    return app


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": database.options(settings),
        "MAX_CONTENT_LENGTH": LARGEST_REQUEST,
        "MAX_FORM_MEMORY_SIZE": LARGEST_REQUEST,
        "SESSION_COOKIE_NAME": "samspil",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "REMEMBER_COOKIE_NAME": "samspil_remember",
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": settings.secure_cookies,
        "WTF_CSRF_CHECK_DEFAULT": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "RATELIMIT_STORAGE_URI": settings.rate_limit_url,
        "BABEL_DEFAULT_LOCALE": languages.DEFAULT_LANGUAGE,
        "BABEL_DEFAULT_TIMEZONE": "UTC",
        "BABEL_TRANSLATION_DIRECTORIES": str(ROOT / "translations"),
        # Pages only: files were compressed when they were built, and streams pass as they come. The length of a page
        # betrays no secret: the token of a form is signed anew each second, and a foreign page gets no cookie along.
        "COMPRESS_MIMETYPES": ["text/html"],
        "COMPRESS_ALGORITHM": ["br", "gzip"],
        "COMPRESS_STREAMS": False,
        "TRUSTED_HOSTS": ["localhost", "127.0.0.1", "[::1]"] if settings.demo else None,
    }


def _extend(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    csrf.init_app(app)
    login.init_app(app)
    limiter.init_app(app)
    compress.init_app(app)
    babel.init_app(app, locale_selector=languages.language)


def _dress(app: Flask, settings: Settings) -> None:
    """What templates know, and the static files in front of the app."""
    assets = Assets(ROOT / "static", settings.instance)
    app.jinja_env.globals.update(
        static=assets.url,
        style_nonce=headers.style_nonce,
        settings=settings,
        languages=languages.LANGUAGES,
        htmx_config=json.dumps(htmx.CONFIGURATION, separators=(",", ":")),
        Action=access.Action,
        get_locale=get_locale,
        link=letters.link,
        demo_password=sign_ins.PASSWORD,
        demo_sign_ins=sign_ins.SIGN_INS,
        piece=pieces.piece,
        csrf_token=pieces.token,
    )
    app.jinja_env.filters.update(
        initials=names.initials,
        time_of_day=languages.time_of_day,
        day=languages.day,
        date_in_full=languages.date_in_full,
        when=languages.when,
        machine=languages.machine,
        full=languages.full,
        short_date=languages.short_date,
        short_day=languages.short_day,
        duration=languages.duration,
        shown=showing.shown,
        is_undoable=is_undoable,
        wrapped=letters.wrapped,
        tuple=tuple,
    )
    templating.install(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.wsgi_app = assets.wrap(app.wsgi_app)  # type: ignore[assignment, method-assign]
    if settings.demo:
        app.wsgi_app = loopback.only(app.wsgi_app)  # type: ignore[assignment, method-assign]
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
