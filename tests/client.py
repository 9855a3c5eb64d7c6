"""A browser without a screen: it looks at every page that it gets, and fills in forms as people do."""

from contextvars import copy_context
from typing import Any

from flask import has_app_context
from flask.globals import _cv_app
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from tests.pages import Page
from workspace import Workspace
from workspace.accounts import sessions
from workspace.accounts.models import User
from workspace.db import db

HTMX = {"HX-Request": "true"}


class Client(FlaskClient):
    """Each request has an app context of its own, after a commit of what the test did before.

    So a test's own objects are read again after a request, and a request never waits for the test.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        """Forms are sent from our own pages, as browsers say."""
        super().__init__(*args, **options)
        self.environ_base["HTTP_SEC_FETCH_SITE"] = "same-origin"

    def open(self, *args: Any, htmx: bool = False, **options: Any) -> TestResponse:  # type: ignore[override]
        """Send a request; `htmx` says that a script of the page does."""
        if has_app_context():
            db.session.commit()
        if htmx:
            options["headers"] = HTMX | dict(options.get("headers") or {})
        response = copy_context().run(self._open, *args, **options)
        is_redirect = 300 <= response.status_code < 400
        is_packed = "Content-Encoding" in response.headers
        if response.mimetype == "text/html" and response.data.strip() and not is_redirect and not is_packed:
            page = Page(response.text)
            page.check()
            page.check_links(self.application.url_map, response.request.url)
        return response

    def _open(self, *args: Any, **options: Any) -> TestResponse:
        _cv_app.set(None)
        return super().open(*args, **options)

    def run_wsgi_app(self, environ: Any, buffered: bool = False) -> Any:
        """Send it, and close what was sent: Werkzeug leaves a large body, which is a file, to the garbage collector."""
        try:
            return super().run_wsgi_app(environ, buffered)
        finally:
            environ["wsgi.input"].close()

    def page(self, address: str, **options: Any) -> Page:
        """What stands at `address`, which must be there."""
        response = self.get(address, **options)
        assert response.status_code == 200, f"{address} answered {response.status}"
        return Page(response.text)

    def submit(
        self, address: str, fields: dict[str, Any] | None = None, *, page: str = "", **options: Any
    ) -> TestResponse:
        """Post a form to `address`, with its token.

        With `page`, the form on that page is filled in: what stands in it is sent, changed by `fields`.
        """
        form = self.page(page).form(address) if page else {"csrf_token": self.token()}
        return self.post(address, data=form | (fields or {}), **options)

    def token(self) -> str:
        """The token that the forms of this browser carry at present."""
        return copy_context().run(self._token)

    def _token(self) -> str:
        _cv_app.set(None)
        with self.session_transaction() as cookie, self.application.test_request_context() as context:
            context._session = cookie
            return str(generate_csrf())


def signed_in(app: Workspace, user: User) -> Client:
    """A browser in which `user` is signed in."""
    token = sessions.start(user, remembered=False, browser="Tests", address="127.0.0.1").token
    db.session.commit()
    browser = app.test_client()
    assert isinstance(browser, Client)
    with browser.session_transaction() as cookie:
        cookie["_user_id"], cookie["_fresh"] = token, True
    return browser
