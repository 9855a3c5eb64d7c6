"""The stream, and the same for browsers that can't hold one."""

from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue

from workspace import cursors, htmx
from workspace.access import Action, members_may, signed_in
from workspace.accounts.models import User
from workspace.database import db
from workspace.live import messages, news, reading
from workspace.live.streams import STREAM, Full, Streams
from workspace.live.watcher import Watcher
from workspace.partnerships.models import Membership
from workspace.posts.models import Kind

if TYPE_CHECKING:
    from workspace import Workspace

blueprint = Blueprint("live", __name__)

SECONDS_UNTIL_ROOM = "60"


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
    """Numbers only: which of my partnerships is at what number, for as long as the page is open."""
    if request.method == "HEAD":
        return Response(mimetype="text/event-stream")
    live = watcher(current_app)
    try:
        opened = live.streams.open(g.session.id, messages.resumed(request.headers.get("Last-Event-ID", "")))
    except Full:
        return make_response("", 503, {"Retry-After": SECONDS_UNTIL_ROOM})
    live.wake()
    request.environ[STREAM] = opened
    return Response(
        opened,
        mimetype="text/event-stream",
        headers={"X-Accel-Buffering": "no"},  # Proxies pass it on as it comes.
        direct_passthrough=True,
    )


@blueprint.get("/live/numbers")
@signed_in
def show_numbers(user: User) -> ResponseReturnValue:
    """The same numbers at once, for a page that has no stream."""
    return jsonify({row.id: row.last_number for row in db.session.execute(reading.numbers(user))})


@blueprint.get("/partnerships/<slug:slug>/news")
@members_may(Action.READ)
def show_news(membership: Membership) -> ResponseReturnValue:
    """What came in a partnership after the number that a page was rendered with."""
    if not htmx.is_partial():
        return htmx.seen_elsewhere(membership.partnership.address)
    wanted = request.args.get("kind", "")
    kind = Kind(wanted) if wanted in list(Kind) else None
    return render_template("live/feed.html", **news.of_feed(membership, kind, _after()))


@blueprint.get("/partnerships/<slug:slug>/posts/<number:number>/news")
@members_may(Action.READ)
def show_post_news(membership: Membership, number: int) -> ResponseReturnValue:
    """What came about a post after the number that its page was rendered with."""
    found = news.of_post(membership, number, _after())
    if not htmx.is_partial():
        return htmx.seen_elsewhere(f"{membership.partnership.address}posts/{number}")
    return render_template("live/post.html", **found)


def _after() -> int:
    return cursors.number(request.args.get("after", "")) or 0
