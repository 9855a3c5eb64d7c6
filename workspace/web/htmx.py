"""Responses for HTMX and for plain forms: a partial or a redirect, with announcements and focus."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from flask import Response, flash, make_response, redirect, render_template, request

# A form's errors are swapped in where the form is; other errors are announced in the page's live region.
CONFIGURATION = {
    "historyCacheSize": 0,
    "historyRestoreAsHxRequest": False,
    "refreshOnHistoryMiss": True,
    "timeout": 60_000,  # Milliseconds. On a phone whose line is gone a request would otherwise wait without a word.
    "allowEval": False,
    "allowScriptTags": False,
    "selfRequestsOnly": True,
    "includeIndicatorStyles": False,
    "defaultSettleDelay": 0,  # New content works, and has its focus, before anybody can press or type there.
    "scrollBehavior": "auto",
    "scrollIntoViewOnBoost": False,
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "409|422", "swap": True},
        {"code": "...", "swap": True, "error": True, "target": "#announcements", "swapOverride": "innerHTML"},
    ],
}

PARTIAL = "HX-Request"
RESTORE = "HX-History-Restore-Request"

# The flash category of a draft's name, and how long the name may be: the browser chooses it.
DRAFT = "draft"
LONGEST_DRAFT_NAME = 36


def is_partial() -> bool:
    """Whether HTMX asks for part of a page. Going back in history asks for the whole page."""
    return request.headers.get(PARTIAL) == "true" and request.headers.get(RESTORE) != "true"


def has_own_page() -> bool:
    """Whether the form that HTMX sent has a page to itself, where the answer would stand alone."""
    return is_partial() and urlsplit(request.headers.get("HX-Current-URL", "")).path == request.path


class Undo(NamedTuple):
    """The form that takes back what was just done: the address that it is sent to, and its fields."""

    address: str
    fields: Mapping[str, str | Sequence[str]] = MappingProxyType({})


def flash_live(message: str, kind: str = "ok", *, undo: Undo | None = None) -> None:
    """Announce `message` at the edge of the page, with this response or the page that it redirects to.

    It says who and what. `kind` is its colour and its icon: "ok" for what was done, "error" for what was not, "info" or
    "warn". With `undo` a button beside it takes back what was done.
    """
    if undo is None:
        flash(message, kind)
        return
    fields = [
        (name, value)
        for name, values in undo.fields.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    flash({"text": message, "address": undo.address, "fields": fields}, kind)  # type: ignore[arg-type]


def took_draft() -> None:
    """Tell the browser, with this response or the next page, that the text was accepted: its draft can go."""
    draft = request.form.get("draft", "")
    if draft.isascii() and draft.isalnum() and len(draft) <= LONGEST_DRAFT_NAME:
        flash(draft, DRAFT)


def page_or_partial(page: str, partial: str, /, *, focus: str = "", **context: Any) -> Response:
    """The whole page; or for HTMX only its `partial`, and the focus on `focus` (a CSS selector)."""
    if not is_partial():
        return make_response(render_template(page, **context))
    return with_focus(make_response(render_template(partial, **context)), focus)


def partial_or_redirect(partial: str, *, to: str, focus: str = "", **context: Any) -> Response:
    """For HTMX the `partial`, with announcements and the focus on `focus` (a CSS selector); otherwise a redirect."""
    if not is_partial():
        return redirect_303(to)
    response = make_response(render_template(partial, **context) + render_template("components/_flash_oob.html"))
    return with_focus(response, focus)


def redirect_client(to: str) -> Response:
    """Send the browser to the page `to`, for HTMX as well."""
    if not is_partial():
        return redirect_303(to)
    response = make_response("", 204)
    response.headers["HX-Redirect"] = to
    return response


def form_error(partial: str, *, page: str, status: int = 422, **context: Any) -> Response:
    """The form again with its errors and everything typed, the focus on the error summary."""
    response = page_or_partial(page, partial, focus="[data-focus]", **context)
    response.status_code = status
    return response


def with_focus(response: Response, selector: str) -> Response:
    """Move the focus to what `selector` finds once the response is swapped in."""
    if selector:
        response.headers["HX-Trigger-After-Settle"] = f'{{"focus-on": "{selector}"}}'
    return response


def redirect_303(to: str) -> Response:
    """A 303 redirect: the answer to this POST is the page `to`."""
    return make_response(redirect(to, 303))
