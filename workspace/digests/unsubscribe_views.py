"""The page that a mail's way out leads to. A GET changes nothing: mail scanners open every link."""

from flask import make_response, render_template, request
from flask.typing import ResponseReturnValue

from workspace.accounts.mail_preferences import DigestFrequency, MailTiming
from workspace.db.transactions import begin_write
from workspace.digests import preferences
from workspace.digests.blueprint import blueprint
from workspace.digests.forms import NOTICES
from workspace.notifications import unsubscribe
from workspace.notifications.dispatch import NotificationKind, preferred_timing
from workspace.notifications.unsubscribe import UnsubscribeTarget
from workspace.permissions import csrf_exempt_signed_url, public


@blueprint.get("/unsubscribe/<token:token>")
@public
def ask(token: str) -> ResponseReturnValue:
    """What one can be rid of, signed in or not."""
    way = unsubscribe.read(token)
    return _page(token, way) if way else _too_old()


@blueprint.post("/unsubscribe/<token:token>")
@csrf_exempt_signed_url
def leave(token: str) -> ResponseReturnValue:
    """Send less from now on: what a mail program's button or ours asks for. No redirect, as RFC 8058 wants it."""
    way = unsubscribe.read(token)
    if way is None:
        return _too_old()
    if signed := request.form.get("undo"):
        return _undo(token, way, signed)
    begin_write()
    before = preferences.chosen(way.user)
    wanted = request.form.get("less", "")
    if wanted == "everything":
        preferences.lower_digest(way.user, DigestFrequency.OFF)
        preferences.lower_notices(way.user, list(NotificationKind), MailTiming.NEVER)
    elif way.notice:
        preferences.lower_notices(way.user, [way.notice], MailTiming.NEVER if wanted == "never" else MailTiming.DIGEST)
    else:
        preferences.lower_digest(way.user, DigestFrequency.WEEKLY if wanted == "weekly" else DigestFrequency.OFF)
    after = preferences.chosen(way.user)
    return _page(token, way, done=True, undo=unsubscribe.undo_token(way.user, before, after) if before != after else "")


def _undo(token: str, way: UnsubscribeTarget, signed: str) -> ResponseReturnValue:
    choices = unsubscribe.read_undo(signed, way.user)
    return _page(token, way, undone=bool(choices and preferences.restore(way.user, *choices)))


def _page(
    token: str, way: UnsubscribeTarget, *, done: bool = False, undo: str = "", undone: bool | None = None
) -> ResponseReturnValue:
    return render_template(
        "digests/unsubscribe.html",
        address=f"/unsubscribe/{token}",
        way=way,
        done=done,
        undo=undo,
        undone=undone,
        told=NOTICES[way.notice] if way.notice else "",
        soon=preferred_timing(way.user, way.notice) if way.notice else None,
        has_all=way.user.digest_frequency is not DigestFrequency.OFF
        or any(preferred_timing(way.user, notice) is not MailTiming.NEVER for notice in NotificationKind),
    )


def _too_old() -> ResponseReturnValue:
    return make_response(render_template("digests/too_old.html"), 404)
