"""A digest that was refused for good: its reader is shown it at the next visit, and it is not sent again.

Whoever visits is told from their own row, so that no page asks the outbox: the worker writes it there.
"""

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select, update

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.db.transactions import begin_write
from workspace.digests import planning, render
from workspace.digests.blueprint import blueprint
from workspace.digests.compose import build
from workspace.mail.models import Mail, MailState
from workspace.permissions import signed_in
from workspace.web.htmx import flash_live, redirect_303

UNDELIVERED = (MailState.REFUSED, MailState.FAILED)


def flag_users() -> int:
    """Write down whose digests could not be delivered; how many people's."""
    mine = Mail.kind == "digest", Mail.state.in_(inline_literal(UNDELIVERED))
    last = select(func.max(Mail.id)).where(*mine, Mail.user_id == User.id).scalar_subquery()
    told = db.session.execute(
        update(User)
        .where(User.id.in_(select(Mail.user_id).where(*mine)), User.undelivered_digest_id < last)
        .values(undelivered_digest_id=last)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return told.rowcount  # type: ignore[attr-defined]


@blueprint.get("/settings/digest/undelivered")
@signed_in
def show_undelivered(user: User) -> ResponseReturnValue:
    """The last digest that could not be delivered, with what in it is still new."""
    mail = db.session.get(Mail, user.undelivered_digest_id)
    if mail is None:
        return redirect_303("/settings/digest")
    request = planning.request_of(mail)
    return render_template("digests/undelivered.html", mail=mail, **render.told(build(request)))


@blueprint.post("/settings/digest/undelivered")
@signed_in
def dismiss_undelivered(user: User) -> Response:
    """Take the notice of it away."""
    begin_write()
    user.dismissed_digest_id = user.undelivered_digest_id
    flash_live(_("The notice is gone. Ask an administrator to correct your e-mail address, if it is wrong."))
    return redirect_303("/")
