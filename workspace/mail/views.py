"""How mail stands, for administrators: what waits, what was not sent and why. What it says is not theirs to read."""

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace import cursors, failures
from workspace.access import administrators_only
from workspace.htmx import announce, page_or_partial, partial_or_redirect
from workspace.mail import outbox, queries
from workspace.mail.letters import KINDS
from workspace.mail.queries import SHELVES, STATE_WORDS, Shelf

if TYPE_CHECKING:
    from workspace.accounts.models import User

blueprint = Blueprint("mail", __name__, url_prefix="/admin/mail")


@blueprint.get("")
@administrators_only
def index(user: "User") -> ResponseReturnValue:
    """A shelf of the outbox, and how all of it stands."""
    return page_or_partial("mail/index.html", "mail/_mails.html", **_shelf(request.args.get("shelf", "")))


@blueprint.post("/<number:mail_id>/retry")
@administrators_only
def retry(user: "User", mail_id: int) -> ResponseReturnValue:
    """Send one mail again."""
    shelf = request.form.get("shelf", "")
    if outbox.retry(mail_id):
        announce(_("The mail is sent again within a minute."))
    else:
        announce(_("The mail has been sent in the meantime, or is being sent."))
    return partial_or_redirect("mail/_mails.html", to=_address(shelf), focus="#mails", **_shelf(shelf))


@blueprint.post("/retry")
@administrators_only
def retry_all(user: "User") -> ResponseReturnValue:
    """Send all again that was given up or put off."""
    shelf = request.form.get("shelf", "")
    number = outbox.retry_all()
    announce(ngettext("%(num)s mail is sent again.", "%(num)s mails are sent again.", number))
    return partial_or_redirect("mail/_mails.html", to=_address(shelf), focus="#mails", **_shelf(shelf))


def _shelf(name: str) -> dict[str, Any]:
    shelf = Shelf(name) if name in list(Shelf) else Shelf.FAILED
    mails, older = queries.on(shelf, cursors.number(request.args.get("before", "")))
    return {
        "mails": mails,
        "older": older,
        "shelf": shelf,
        "shelves": SHELVES,
        "states": STATE_WORDS,
        "kinds": KINDS,
        "standing": queries.standing(),
        "failures": failures.standing(),
        "work": queries.WORK,
        "pieces": queries.PIECES,
    }


def _address(shelf: str) -> str:
    return f"/admin/mail?shelf={shelf}" if shelf in list(Shelf) else "/admin/mail"
