"""The outbox, for administrators: what waits, what was not sent and why. What emails say is not theirs to read."""

from typing import TYPE_CHECKING, Any

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace.db import failures
from workspace.mail import outbox, queries
from workspace.mail.blueprint import blueprint
from workspace.mail.message_types import EMAIL_TYPES
from workspace.mail.queries import FILTERS, STATE_WORDS, OutboxFilter
from workspace.permissions import administrators_only
from workspace.web import pagination
from workspace.web.htmx import flash_live, page_or_partial, partial_or_redirect

if TYPE_CHECKING:
    from workspace.accounts.models import User


@blueprint.get("")
@administrators_only
def index(user: "User") -> ResponseReturnValue:
    """The mails that a filter shows, and the state of the outbox."""
    return page_or_partial("mail/index.html", "mail/_mails.html", **_outbox(request.args.get("shelf", "")))


@blueprint.post("/<number:mail_id>/retry")
@administrators_only
def retry(user: "User", mail_id: int) -> ResponseReturnValue:
    """Send one email again."""
    shown = request.form.get("shelf", "")
    if outbox.retry(mail_id):
        flash_live(_("The e-mail is sent again within a minute."))
    else:
        flash_live(_("The e-mail has been sent in the meantime, or is being sent."), "info")
    return partial_or_redirect("mail/_mails.html", to=_address(shown), focus="#mails", **_outbox(shown))


@blueprint.post("/retry")
@administrators_only
def retry_all(user: "User") -> ResponseReturnValue:
    """Send all again that failed or is postponed."""
    shown = request.form.get("shelf", "")
    number = outbox.retry_all()
    flash_live(ngettext("%(num)s e-mail is sent again.", "%(num)s e-mails are sent again.", number))
    return partial_or_redirect("mail/_mails.html", to=_address(shown), focus="#mails", **_outbox(shown))


def _outbox(name: str) -> dict[str, Any]:
    shown = OutboxFilter(name) if name in list(OutboxFilter) else OutboxFilter.FAILED
    mails, older = queries.list_mails(shown, pagination.parse_int(request.args.get("before", "")))
    return {
        "mails": mails,
        "older": older,
        "shown": shown,
        "filters": FILTERS,
        "states": STATE_WORDS,
        "kinds": EMAIL_TYPES,
        "standing": queries.status(),
        "failures": failures.standing(),
        "work": queries.WORK,
        "pieces": queries.JOB_NAMES,
    }


def _address(shown: str) -> str:
    return f"/admin/mail?shelf={shown}" if shown in list(OutboxFilter) else "/admin/mail"
