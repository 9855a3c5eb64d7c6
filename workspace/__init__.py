"""Samspil: a shared workspace for municipalities and companies that work out an answer together."""

import json
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing, nullcontext
from importlib import import_module
from io import BytesIO
from pkgutil import walk_packages
from threading import Lock
from typing import IO, TYPE_CHECKING, Any

import flask
from flask import Flask, Response, g
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_login.utils import decode_cookie
from werkzeug.datastructures import FileStorage, ImmutableMultiDict, MultiDict
from werkzeug.exceptions import BadRequest, HTTPException, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import cached_property

from workspace import (
    errors,
    permissions,
    request_guard,
    views,
)
from workspace.config import ROOT, Settings
from workspace.config.files import tighten
from workspace.db import db, engine
from workspace.demo import demo_accounts, loopback
from workspace.extensions import babel, compress, csrf, login
from workspace.i18n import danish, formatting
from workspace.mail import delivery, message_types
from workspace.posts.authored_text import is_undoable
from workspace.rich_text import display
from workspace.web import (
    access_log,
    fragment_cache,
    headers,
    htmx,
    jinja_env,
    request_bodies,
    request_slots,
    throttling,
)
from workspace.web.assets import Assets
from workspace.web.signing import SessionInterface
from workspace.web.url_converters import NumberConverter, Slug, Token

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

FEATURES = (
    "accounts",
    "organisations",
    "partnerships",
    "roles",
    "posts",
    "comments",
    "files",
    "results",
    "members",
    "audit",
    "mail",
    "overview",
    "search",
    "live",
    "digests",
    "health",
)
MOST_FIELDS = 5_000


class Parser(FormDataParser):
    """Reads forms of so many fields only as ours can have: a million empty ones take as long as twenty pages."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        """What was sent, its NULs replaced. Raises RequestEntityTooLarge for too many fields, and too much text."""
        if mimetype == "application/x-www-form-urlencoded":
            if (content_length or 0) > request_bodies.LARGEST:  # A view of files takes more, but not as text.
                raise RequestEntityTooLarge
            body = stream.read()
            if body.count(b"&") >= MOST_FIELDS:
                raise RequestEntityTooLarge
            stream = BytesIO(body)
        rest, form, files = super().parse(stream, mimetype, content_length, options)
        return rest, without_nul(form), files


class Request(flask.Request):
    """A request whose form is read by our parser, and whose form and query hold only what a database takes."""

    form_data_parser_class = Parser

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The query, its NULs replaced."""
        return ImmutableMultiDict(without_nul(super().args))


def without_nul(typed: MultiDict[str, str]) -> MultiDict[str, str]:
    """Each NUL replaced as forms replace what can't be kept, and say so: PostgreSQL takes none, whatever reads it."""
    if not any("\0" in value for value in typed.values()):
        return typed
    return MultiDict((name, value.replace("\0", "\ufffd")) for name, value in typed.items(multi=True))


class Workspace(Flask):
    """Flask with one commit point a request, where a failing commit still reaches the error handlers."""

    settings: Settings
    request_class = Request
    jinja_environment = jinja_env.SharedGlobalsEnvironment
    session_interface = SessionInterface()
    request_slots = request_slots.Slots(request_slots.REQUESTS_AT_ONCE)
    # All who watch a partnership fetch its news in the same moment; nobody waits for a page because of that.
    live_update_lock = Lock()

    def wsgi_app(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer when it is this request's turn: whoever sends slowly, or reads a stream, holds nobody up."""
        if environ["wsgi.url_scheme"] not in ("http", "https"):  # as a proxy in front says it
            return BadRequest()(environ, start_response)
        path = environ["PATH_INFO"]
        if path.startswith("/healthz"):  # Where all slots wait for the database, this is what says so.
            return super().wsgi_app(environ, start_response)
        update_lock = self.live_update_lock if path.endswith("/news") else nullcontext()
        with self._body(environ), update_lock, request_slots.held(self.request_slots, environ):
            return super().wsgi_app(environ, start_response)

    def largest_body(self, environ: "WSGIEnvironment") -> int:
        """How many bytes the view that this request is for takes."""
        size = request_bodies.declared_size(environ)
        if size is not None and size <= request_bodies.LARGEST:
            return request_bodies.LARGEST
        request = self.request_class(environ)
        try:
            endpoint, _values = self.create_url_adapter(request).match()  # type: ignore[union-attr]
        except HTTPException:
            return request_bodies.LARGEST
        view = self.view_functions[endpoint]
        if request_bodies.is_for_files(view) and not self._has_signed_in(request):
            return request_bodies.LARGEST  # The disk is not for strangers.
        return request_bodies.largest_for(view, self.settings.largest_file)

    def _has_signed_in(self, request: Request) -> bool:
        """Whether a cookie of ours says so. Whether that session still lives is asked when the body has been read."""
        with self.app_context():
            session = self.session_interface.open_session(self, request)
        remembered = request.cookies.get(self.config["REMEMBER_COOKIE_NAME"], "")
        keys = [self.secret_key, *self.config["SECRET_KEY_FALLBACKS"]]
        return "_user_id" in (session or {}) or any(decode_cookie(remembered, key) for key in keys)

    def _body(self, environ: "WSGIEnvironment") -> AbstractContextManager[Any]:
        """Read the body, where the server has not done it."""
        if environ.get(request_bodies.IS_READ) or request_bodies.declared_size(environ) == 0:
            return nullcontext()
        return closing(request_bodies.read(environ, self.largest_body(environ)))

    def dispatch_request(self) -> ResponseReturnValue:
        """Run the view, and commit what it did; an answer that refuses undoes it, unless a part is to be kept."""
        response: Response = self.make_response(super().dispatch_request())
        is_done = response.status_code < 400 or g.pop("is_done_in_part", False)
        (db.session.commit if is_done else db.session.rollback)()
        g.committed = is_done
        return response


def create_app(settings: Settings | None = None) -> Workspace:
    """The application, ready to serve. Raises SettingsError for settings that won't do."""
    settings = settings or Settings.from_environment()
    tighten(settings.instance, settings.database_url)
    app = Workspace(
        __name__,
        instance_path=str(settings.instance),
        static_folder=None,
        template_folder=str(ROOT / "templates"),
    )
    app.settings = settings
    app.config.update(_configuration(settings))
    app.url_map.converters.update(slug=Slug, number=NumberConverter, token=Token)
    app.url_map.strict_slashes = False
    _extend(app, settings)
    engine.configure_engine(app)
    delivery.install(app, settings)
    request_guard.install(app)
    errors.install(app)
    headers.install(app, strict_transport_security=settings.strict_transport_security)
    for feature in FEATURES:
        _register(app, feature)
    app.register_blueprint(views.blueprint)
    if settings.demo:
        _register(app, "demo")
    _dress(app, settings)
    permissions.require_declarations(app)
    return app


def _register(app: Flask, feature: str) -> None:
    """Import what belongs to a feature by the names of its modules (views, mails, items), and add its routes."""
    package = import_module(f"workspace.{feature}")
    for module in walk_packages(package.__path__, f"{package.__name__}."):
        if module.name.endswith(("views", "emails", "action_items")):
            import_module(module.name)
    app.register_blueprint(import_module(f"{package.__name__}.blueprint").blueprint)


def _configuration(settings: Settings) -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine.engine_options(settings),
        "MAX_CONTENT_LENGTH": request_bodies.LARGEST,
        "MAX_FORM_MEMORY_SIZE": request_bodies.LARGEST,
        "SESSION_COOKIE_NAME": "samspil",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": settings.secure_cookies,
        "REMEMBER_COOKIE_NAME": "samspil_remember",
        "REMEMBER_COOKIE_HTTPONLY": True,
        "REMEMBER_COOKIE_SAMESITE": "Lax",
        "REMEMBER_COOKIE_SECURE": settings.secure_cookies,
        "WTF_CSRF_CHECK_DEFAULT": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,  # Many browsers send no Referer; web/origin.py looks at what they do send.
        "BABEL_DEFAULT_LOCALE": formatting.DEFAULT_LANGUAGE,
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
    throttling.install(app, settings)
    compress.init_app(app)
    babel.init_app(app, locale_selector=formatting.language)


def _dress(app: Flask, settings: Settings) -> None:
    """What templates know, and the static files in front of the app."""
    assets = Assets(ROOT / "static", settings.instance)
    app.jinja_env.globals.update(
        static=assets.url,
        style_nonce=headers.style_nonce,
        settings=settings,
        languages=formatting.LANGUAGES,
        htmx_config=json.dumps(htmx.CONFIGURATION, separators=(",", ":")),
        Action=permissions.Action,
        get_locale=get_locale,
        link=message_types.link,
        demo_password=demo_accounts.PASSWORD,
        demo_sign_ins=demo_accounts.SIGN_INS,
        cached_fragment=fragment_cache.cached_fragment,
        csrf_token=fragment_cache.csrf_token,
    )
    app.jinja_env.filters.update(
        initials=danish.initials,
        time_of_day=formatting.time_of_day,
        relative_day=formatting.relative_day,
        date_in_full=formatting.date_in_full,
        relative_datetime=formatting.relative_datetime,
        datetime_in_sentence=formatting.datetime_in_sentence,
        iso_minute=formatting.iso_minute,
        long_datetime=formatting.long_datetime,
        short_date=formatting.short_date,
        days_ago=formatting.days_ago,
        short_day=formatting.short_day,
        last_date=formatting.last_date,
        duration=formatting.duration,
        listed=formatting.listed,
        display_html=display.display_html,
        with_links=display.with_links,
        is_undoable=is_undoable,
        wrap_lines=message_types.wrap_lines,
        tuple=tuple,
    )
    jinja_env.install(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.wsgi_app = assets.wrap(app.wsgi_app)  # type: ignore[assignment, method-assign]
    if settings.demo:
        app.wsgi_app = loopback.only(app.wsgi_app)  # type: ignore[assignment, method-assign]
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
    app.wsgi_app = access_log.AccessLog(app.wsgi_app, settings)  # type: ignore[method-assign]
