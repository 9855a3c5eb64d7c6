"""A digest that was refused for good: its reader is shown it at the next visit, and it is not sent again.

Whoever visits is told from their own row, so that no page asks the outbox: the worker writes it there.
"""

from flask import Response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select, update

from workspace.access import signed_in
from workspace.accounts.models import User
from workspace.database import begin_writing, db
from workspace.digests import planning, writing
from workspace.digests.building import build
from workspace.digests.views import blueprint
from workspace.htmx import announce, seen_elsewhere
from workspace.mail.models import Mail, State

UNDELIVERED = (State.REFUSED, State.FAILED)


def tell() -> int:
    """Write down whose digests could not be delivered; how many people's."""
    mine = Mail.kind == "digest", Mail.state.in_(UNDELIVERED)
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
        return seen_elsewhere("/settings/digest")
    edition = planning.edition_of(mail)
    return render_template("digests/undelivered.html", mail=mail, **writing.told(build(edition)))


@blueprint.post("/settings/digest/undelivered")
@signed_in
def dismiss_undelivered(user: User) -> Response:
    """Take the notice of it away."""
    begin_writing()
    user.dismissed_digest_id = user.undelivered_digest_id
    announce(_("The notice is gone. Ask an administrator to correct your mail address, if it is wrong."))
    return seen_elsewhere("/")
