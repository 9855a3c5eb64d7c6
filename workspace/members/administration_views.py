"""The page from which moderators run their partnership: what waits for them, its settings, its log, and its end."""

from datetime import timedelta

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from workspace import clock
from workspace.db import db
from workspace.files import quota
from workspace.members import pending
from workspace.members.blueprint import blueprint
from workspace.members.forms import VisibilityForm
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.context import partnership_context
from workspace.partnerships.forms import MailContentForm
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.posts.models import Post
from workspace.roles.models import Role
from workspace.web.htmx import Undo, flash_live, redirect_client

NEW = timedelta(days=14)


@blueprint.get("/partnerships/<slug:slug>/administration")
@members_with(Action.ARCHIVE)
def administration(membership: Membership) -> ResponseReturnValue:
    """What waits, the settings, the log of access, and archiving. In an archive: the log, and opening it again."""
    partnership = membership.partnership
    return render_template(
        "members/administration.html",
        counts=pending.counts(membership),
        is_new=partnership.created_at > clock.now() - NEW,
        visibility=VisibilityForm(data={"visibility": partnership.visibility}),
        room=quota.quota_of(membership),
        mail_content=MailContentForm(data={"titles_only": partnership.titles_only}),
        **partnership_context(membership),
    )


@blueprint.get("/partnerships/<slug:slug>/beginning")
@members_with(Action.EDIT_PARTNERSHIP)
def beginning(membership: Membership) -> ResponseReturnValue:
    """The first steps of a new partnership, and which of them are done."""
    counts = pending.counts(membership)
    here = membership.partnership_id
    done = {
        "invite": select(Membership.id)
        .where(Membership.partnership_id == here, Membership.id != membership.id)
        .exists(),
        "roles": select(Role.id).where(Role.partnership_id == here).exists(),
        "post": select(Post.number).where(Post.partnership_id == here).exists(),
    }
    found = db.session.execute(select(*(condition.label(name) for name, condition in done.items()))).one()
    return render_template("members/beginning.html", counts=counts, done=found, **partnership_context(membership))


@blueprint.post("/partnerships/<slug:slug>/mail-content")
@members_with(Action.EDIT_PARTNERSHIP)
def set_mail_content(membership: Membership) -> ResponseReturnValue:
    """Let mails carry titles only, or text as well."""
    form = MailContentForm()
    before, chosen = membership.partnership.titles_only, form.titles_only.data
    partnerships_service.set_mail_content(membership, titles_only=chosen)
    told = (
        _("E-mails about the partnership carry titles only now.")
        if chosen
        else _("E-mails about the partnership carry text now.")
    )
    undo = Undo(f"{membership.partnership.address}mail-content", {"titles_only": "y"} if before else {})
    flash_live(told, undo=undo if before != chosen else None)
    return redirect_client(f"{membership.partnership.address}administration")
