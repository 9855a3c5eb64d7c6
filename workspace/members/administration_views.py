"""The page from which moderators run their partnership: what waits for them, its settings, its log, and its end."""

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.members import pending
from workspace.members.blueprint import blueprint
from workspace.members.forms import VisibilityForm
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.context import partnership_context
from workspace.partnerships.forms import MailContentForm
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.web.htmx import flash_live, redirect_client


@blueprint.get("/partnerships/<slug:slug>/administration")
@members_with(Action.ARCHIVE)
def administration(membership: Membership) -> ResponseReturnValue:
    """What waits, the settings, the log of access, and archiving. In an archive: the log, and opening it again."""
    partnership = membership.partnership
    return render_template(
        "members/administration.html",
        counts=pending.counts(membership),
        visibility=VisibilityForm(data={"visibility": partnership.visibility}),
        mail_content=MailContentForm(data={"titles_only": partnership.titles_only}),
        **partnership_context(membership),
    )


@blueprint.post("/partnerships/<slug:slug>/mail-content")
@members_with(Action.EDIT_PARTNERSHIP)
def set_mail_content(membership: Membership) -> ResponseReturnValue:
    """Let mails carry titles only, or text as well."""
    form = MailContentForm()
    partnerships_service.set_mail_content(membership, titles_only=form.titles_only.data)
    flash_live(
        _("E-mails about the partnership carry titles only now.")
        if form.titles_only.data
        else _("E-mails about the partnership carry text now.")
    )
    return redirect_client(f"{membership.partnership.address}administration")
