"""The page that a mail's way out leads to. A GET changes nothing: mail scanners open every link."""

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue

from workspace.access import by_its_address, public
from workspace.accounts.choices import Rhythm, Soon
from workspace.digests import choosing
from workspace.digests.forms import NOTICES
from workspace.digests.views import blueprint
from workspace.partnerships import unsubscribing
from workspace.partnerships.notices import Notice, chosen
from workspace.partnerships.unsubscribing import Way


@blueprint.get("/unsubscribe/<token:token>")
@public
def ask(token: str) -> ResponseReturnValue:
    """What one can be rid of, signed in or not."""
    way = unsubscribing.read(token)
    return _page(token, way) if way else _too_old()


@blueprint.post("/unsubscribe/<token:token>")
@by_its_address
def leave(token: str) -> ResponseReturnValue:
    """Send less from now on: what a mail program's button or ours asks for. No redirect, as RFC 8058 wants it."""
    way = unsubscribing.read(token)
    if way is None:
        return _too_old()
    wanted = request.form.get("less", "")
    if wanted == "everything":
        choosing.lower_digest(way.user, Rhythm.OFF)
        choosing.lower_notices(way.user, list(Notice), Soon.NEVER)
    elif way.notice:
        choosing.lower_notices(way.user, [way.notice], Soon.NEVER if wanted == "never" else Soon.DIGEST)
    else:
        choosing.lower_digest(way.user, Rhythm.WEEKLY if wanted == "weekly" else Rhythm.OFF)
    return _page(token, way, done=True)


def _page(token: str, way: Way, *, done: bool = False) -> ResponseReturnValue:
    return render_template(
        "digests/unsubscribe.html",
        address=f"/unsubscribe/{token}",
        way=way,
        done=done,
        told=NOTICES[way.notice] if way.notice else "",
        soon=chosen(way.user, way.notice) if way.notice else None,
        has_all=way.user.digest_rhythm is not Rhythm.OFF
        or any(chosen(way.user, notice) is not Soon.NEVER for notice in Notice),
    )


def _too_old() -> ResponseReturnValue:
    return make_response(render_template("digests/too_old.html"), 404)
