"""The stream, and polling for browsers that can't have one."""

from typing import TYPE_CHECKING

from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from workspace.accounts import sessions
from workspace.accounts.models import User
from workspace.db import db
from workspace.live import access_snapshot, sse, updates
from workspace.live.blueprint import blueprint
from workspace.live.ended_sessions import end_streams
from workspace.live.streams import STREAM, Full, Streams
from workspace.live.watcher import Watcher
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with, signed_in
from workspace.posts.models import PostKind
from workspace.web import htmx, pagination

if TYPE_CHECKING:
    from workspace import Workspace


SECONDS_UNTIL_ROOM = "60"

sessions.on_end.append(end_streams)


@blueprint.record_once
def _prepare(state: BlueprintSetupState) -> None:
    app: Workspace = state.app  # type: ignore[assignment]
    app.extensions["live"] = Watcher(app, Streams())


def watcher(app: Flask) -> Watcher:
    """The watcher of `app` in this process."""
    found: Watcher = app.extensions["live"]
    return found


@blueprint.get("/live")
@signed_in
def stream(user: User) -> ResponseReturnValue:
    """Stream the last numbers of my partnerships as long as the page is open; never texts."""
    if request.method == "HEAD":
        return Response(mimetype="text/event-stream")
    live = watcher(current_app)
    try:
        opened = live.streams.open(g.session.id, sse.resumed(request.headers.get("Last-Event-ID", "")))
    except Full:
        return make_response("", 503, {"Retry-After": SECONDS_UNTIL_ROOM})
    live.wake()
    request.environ[STREAM] = opened
    return Response(
        opened,
        mimetype="text/event-stream",
        headers={"X-Accel-Buffering": "no"},  # Proxies must not buffer it.
        direct_passthrough=True,
    )


@blueprint.get("/live/numbers")
@signed_in
def show_numbers(user: User) -> ResponseReturnValue:
    """The same numbers once, for a page without a stream."""
    return jsonify({row.id: row.last_number for row in db.session.execute(access_snapshot.numbers(user))})


@blueprint.get("/partnerships/<slug:slug>/news")
@members_with(Action.READ)
def show_news(membership: Membership) -> ResponseReturnValue:
    """What is new in a partnership since the number that the page was rendered with."""
    if not htmx.is_partial():
        return htmx.redirect_303(membership.partnership.address)
    wanted = request.args.get("kind", "")
    kind = PostKind(wanted) if wanted in list(PostKind) else None
    return render_template("live/news.html", **updates.of_feed(membership, kind, _after()))


@blueprint.get("/partnerships/<slug:slug>/posts/<number:number>/news")
@members_with(Action.READ)
def show_post_news(membership: Membership, number: int) -> ResponseReturnValue:
    """What is new about a post since the number that its page was rendered with."""
    found = updates.of_post(membership, number, _after())
    if not htmx.is_partial():
        return htmx.redirect_303(f"{membership.partnership.address}posts/{number}")
    return render_template("live/post_news.html", **found)


def _after() -> int:
    return pagination.parse_int(request.args.get("after", "")) or 0
