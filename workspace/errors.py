"""Error pages: what happened, what to do next, and nothing typed is lost."""

import errno
import json
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from flask import Flask, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError, generate_csrf
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError, TimeoutError
from werkzeug.exceptions import HTTPException

from workspace.audit import flood
from workspace.audit.models import AuditAction, record_audit
from workspace.db.failures import is_of_database
from workspace.db.transactions import is_busy, is_conflict, rollback_request
from workspace.extensions import login
from workspace.logs import EACH, kind_of, told
from workspace.permissions import UserError
from workspace.web import access_log, form_recovery, htmx

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Answer every error of `app` in the reader's language, as a page or as an announcement."""
    app.register_error_handler(CSRFError, _undone(_form_is_not_ours))
    app.register_error_handler(UserError, _undone(_refused))
    app.register_error_handler(IntegrityError, _undone(_conflict))
    app.register_error_handler(DBAPIError, _undone(_database_failed))
    app.register_error_handler(TimeoutError, _undone(_database_failed))
    app.register_error_handler(OSError, _undone(_disk_failed))
    app.register_error_handler(HTTPException, _undone(_http_error))
    app.register_error_handler(Exception, _undone(_failed))


def _undone(handler: Callable[[Any], ResponseReturnValue]) -> Callable[[Any], ResponseReturnValue]:
    """`handler`, called after a rollback: before that not even the reader's language can be read."""

    def answer(error: Any) -> ResponseReturnValue:
        rollback_request(has_failed=not isinstance(error, HTTPException | UserError))
        return handler(error)

    return answer


def _form_is_not_ours(error: CSRFError) -> ResponseReturnValue:
    """The page is of another session. If its script sent this, it gets the present token and whose that is."""
    response = make_response(
        _answer(400, _("The page had been open for too long"), _("What you typed is here. Send it again."))
    )
    if htmx.is_partial() and g.get("user"):
        new_token = {"token": generate_csrf(), "person": g.user.id}
        response.headers["HX-Trigger"] = json.dumps({"new-token": new_token})
    return response


def _refused(error: UserError) -> ResponseReturnValue:
    if error.status == 403:
        _keep_on_record(AuditAction.REFUSED)
    if error.status >= 500:
        access_log.note_reason(type(error).__name__)
    titles = {
        403: _("You can't do this"),
        409: _("Something has changed"),
        429: _("Too many attempts"),
        503: _("Samspil is busy right now"),
    }
    title = titles.get(error.status, _("It could not be done"))
    response = make_response(_answer(error.status, title, error.message))
    response.headers.update(error.headers)
    return response


def _database_failed(error: SQLAlchemyError) -> ResponseReturnValue:
    """It is locked for too long, or is away, full, or has no connection left: all this passes."""
    access_log.note_reason(kind_of(error))
    if is_busy(error):
        title, advice = _("Samspil is busy right now"), _("Nothing was saved. Try again in a moment.")
    elif is_of_database(error):
        log.error("The database can't be used: %s", kind_of(error))
        title, advice = _("Samspil can't reach its data right now"), _("Try again in a moment.")
        if request.method == "POST":  # A COMMIT may have been done although its answer was lost.
            advice = _("It may not have been saved. Send it again in a moment: it is made only once.")
        g.user, g._login_user = None, login.anonymous_user()  # What is known of the reader would be read again.
    else:
        return _failed(error)
    response = make_response(_answer(503, title, advice))
    response.headers["Retry-After"] = "5"
    return response


def _disk_failed(error: OSError) -> ResponseReturnValue:
    """The disk takes no more, such as a file that is on its way."""
    if error.errno not in DISK_FULL:
        return _failed(error)
    log.error("The disk takes no more: %s", told(error))
    response = make_response(_answer(503, _("Samspil can't save anything right now"), _("Try again in a moment.")))
    response.headers["Retry-After"] = "30"
    return response


def _conflict(error: IntegrityError) -> ResponseReturnValue:
    """Two did the same at the same moment, each after having looked whether it could be done."""
    if not is_conflict(error):
        return _failed(error)
    return _answer(
        409,
        _("Something has changed"),
        _("Somebody else did something at the same moment, so nothing was saved. Look at the page again."),
    )


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is not None and error.code < 400:
        return error.get_response()
    if error.code == 404:
        return _missing()
    title, advice = _words(error.code or 500)
    response = make_response(_answer(error.code or 500, title, advice))
    if error.code == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or []))
    return response


def _failed(error: Exception) -> ResponseReturnValue:
    access_log.note_reason(kind_of(error))
    log.error("Failed: %s %s: %s", request.method, request.url_rule or "no route", told(error), extra=EACH)
    return _answer(
        500,
        _("Something went wrong here"),
        _("The error has been written down. Try again, and write to us if it happens again."),
    )


def _words(code: int) -> tuple[str, str]:
    """The title and the advice of an HTTP error."""
    known = {
        400: (_("The request could not be understood"), _("Go back, reload the page, and try again.")),
        403: (_("You can't do this"), _("Ask a moderator of the partnership for access.")),
        405: (_("This can't be done here"), _("Go back and try again from the page.")),
        413: (
            _("That is too much at once"),
            _("Go back: what you typed is still there. Shorten it, and send it again."),
        ),
        429: (_("Too many attempts"), _("Wait a little, and try again.")),
    }
    return known.get(code, (_("It could not be done"), _("Go back and try again.")))


def _missing() -> ResponseReturnValue:
    """The same bytes for a missing page and for one that is not the reader's: no token, name, count or address.

    Both are recorded, so that they also take the same time.
    """
    if "slug" in (request.view_args or {}):
        _keep_on_record(AuditAction.NOT_FOUND)
    template = "errors/_missing.html" if htmx.is_partial() else "errors/missing.html"
    return render_template(template), 404


def _keep_on_record(act: AuditAction) -> None:
    """Record that somebody was refused. The partnership by its id alone: its name is not theirs to read."""
    number, is_recorded = flood.count(g.user.id if g.get("user") else 0)
    if not is_recorded:
        return
    place = SimpleNamespace(id=g.get("partnership_id"), name="") if g.get("partnership_id") else None
    record_audit(
        act,
        actor=g.get("user"),
        partnership=place,
        method=request.method,
        path=request.path[:200],
        this_hour=number if number > flood.EACH else None,
    )


def _answer(status: int, title: str, advice: str) -> ResponseReturnValue:
    number = access_log.request_id() if status == 500 else ""
    if htmx.is_partial():
        # Announced, whatever the target was: the form stays as it is, with what was typed.
        headers = {"HX-Retarget": "#announcements", "HX-Reswap": "innerHTML"}
        return render_template("errors/_notice.html", title=title, advice=advice, number=number), status, headers
    page = render_template(
        "errors/page.html",
        title=title,
        advice=advice,
        number=number,
        submitted=form_recovery.from_request(),
        user=g.get("user"),
    )
    return page, status
