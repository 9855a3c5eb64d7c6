"""What administrators see of partnerships: who is in them, never what is written. One who must, joins to help.

Joining makes the administrator a moderator; the partnership's log says so, with the reason, and its moderators are
told by mail.
"""

from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select, tuple_

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.types import AnyRow
from workspace.mail.models import enqueue_all, mail_row
from workspace.members.blueprint import blueprint
from workspace.members.forms import HelpForm
from workspace.members.moderation import closing
from workspace.members.moderation.service import other_moderators
from workspace.organisations.models import Organisation
from workspace.organisations.queries import person
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.memberships import admit, find
from workspace.partnerships.models import Membership, MembershipState, Partnership
from workspace.partnerships.queries import participating_organisations
from workspace.permissions import Conflict, Level, administrators_only
from workspace.web import pagination
from workspace.web.htmx import flash_live, form_error, page_or_partial, redirect_client

PAGE = 50
MAX_MEMBERSHIPS = 200


@blueprint.get("/admin/partnerships")
@administrators_only
def partnerships(user: User) -> ResponseReturnValue:
    """Every partnership by its name, with how many members and moderators it has."""
    found = _partnerships(pagination.parse_int(request.args.get("after", "")))
    page, last = pagination.split_page(found, PAGE)
    return page_or_partial(
        "members/partnerships.html",
        "members/_partnerships.html",
        focus=f"#partnership-{page[0].id} a" if page else "",
        page=page,
        following=last.id if last else None,
    )


@blueprint.get("/admin/partnerships/<number:partnership_id>/joining")
@administrators_only
def ask_to_help(user: User, partnership_id: int) -> ResponseReturnValue:
    """Ask for the reason, and explain the consequences."""
    return render_template("members/ask_to_help.html", form=HelpForm(), **_help(user, partnership_id))


@blueprint.post("/admin/partnerships/<number:partnership_id>/joining")
@administrators_only
def help_out(user: User, partnership_id: int) -> ResponseReturnValue:
    """Join a partnership to help."""
    form, context = HelpForm(), _help(user, partnership_id)
    if not form.validate():
        return form_error("members/_help.html", page="members/ask_to_help.html", form=form, **context)
    membership = join_to_help(user, context["partnership"], form.reason.data)
    flash_live(
        _("You are a moderator of ‘%(name)s’ now. Leave it when you have helped.", name=membership.partnership.name)
    )
    return redirect_client(membership.partnership.address)


@blueprint.get("/admin/partnerships/<number:partnership_id>/organisations")
@administrators_only
def show_participations(user: User, partnership_id: int) -> ResponseReturnValue:
    """The organisations of a partnership, and which of them are only invited."""
    partnership: Partnership = db.get_or_404(Partnership, partnership_id)
    organisations = participating_organisations(partnership)
    return render_template("members/participations.html", partnership=partnership, organisations=organisations)


@blueprint.post("/admin/partnerships/<number:partnership_id>/organisations")
@administrators_only
def accept_participations(user: User, partnership_id: int) -> ResponseReturnValue:
    """Say yes for invited organisations, where nobody of theirs can."""
    partnership: Partnership = db.get_or_404(Partnership, partnership_id)
    chosen = [number for text in request.form.getlist("organisation") if (number := pagination.parse_int(text))]
    names = partnerships_service.accept_participations(partnership, chosen, user)
    if names:
        flash_live(ngettext("%(num)s organisation takes part now.", "%(num)s organisations take part now.", len(names)))
    return redirect_client(f"/admin/partnerships/{partnership_id}/organisations")


@blueprint.get("/people/<number:user_id>/memberships")
@administrators_only
def of_person(user: User, user_id: int) -> ResponseReturnValue:
    """A person's memberships: partnership, level, and since when."""
    shown = person(user_id)
    unmoderated = closing.without_moderator(shown)
    context = {"person": shown, "memberships": _memberships(shown), "unmoderated": unmoderated}
    return render_template("members/of_person.html", **context)


def join_to_help(user: User, partnership: Partnership, reason: str) -> Membership:
    """Make an administrator a moderator. For an existing member only the level changes."""
    with partnership.locked():
        if partnership.is_archived:
            raise Conflict(_("The partnership is archived, so nothing in it can be changed."))
        if user.organisation_id is None:
            raise Conflict(
                _("You don't belong to an organisation yet. Find yourself among the people, and choose one.")
            )
        membership = find(partnership, user)
        if membership and membership.is_active:
            raise Conflict(_("You are in the partnership already."))
        is_put_out = membership is not None and (membership.is_barred or membership.state is MembershipState.SUSPENDED)
        if membership and is_put_out and other_moderators(membership):
            raise Conflict(_("The moderators have ended your access. Only a moderator can let you in again."))
        membership = admit(
            partnership,
            user,
            level=Level.MODERATOR,
            organisation_id=user.organisation_id,
            way="administrator",
            helps=reason,
        )
        enqueue_all(
            [
                mail_row(
                    "helped",
                    key=f"helped:{membership.id}:{partnership.last_number}:{to.id}",
                    to=to.user_id,
                    membership=to.id,
                    by=membership.id,
                    reason=reason,
                )
                for to in other_moderators(membership)
            ]
        )
        return membership


def _partnerships(after: int | None) -> list[AnyRow]:
    """A page of all partnerships in Danish order, and one more if there are others after them."""
    here = select(func.count()).where(Membership.partnership_id == Partnership.id, Membership.is_active)
    query = (
        select(
            Partnership.id,
            Partnership.name,
            Partnership.archived_at,
            here.correlate(Partnership).scalar_subquery().label("members"),
            here.join(Membership.user)
            .where(Membership.level == Level.MODERATOR, User.deactivated_at.is_(None))
            .correlate(Partnership)
            .scalar_subquery()
            .label("moderators"),
        )
        .order_by(Partnership.name_key, Partnership.id)
        .limit(PAGE + 1)
    )
    if after:
        key = select(Partnership.name_key).where(Partnership.id == after).scalar_subquery()
        query = query.where(tuple_(Partnership.name_key, Partnership.id) > tuple_(key, after))
    return list(db.session.execute(query))


def _memberships(shown: User) -> list[AnyRow]:
    """A person's current and past memberships, without mere requests; the latest change first."""
    query = (
        select(
            Membership.level,
            Membership.is_active.label("is_in"),
            Membership.has_ended.label("has_ended"),
            Membership.joined_at,
            Membership.state_since,
            Partnership.name,
            Organisation.name.label("organisation_name"),
        )
        .join(Membership.partnership)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(Membership.user_id == shown.id, Membership.joined_at.is_not(None))
        .order_by(Membership.state_since.desc(), Membership.id.desc())
        .limit(MAX_MEMBERSHIPS)
    )
    return list(db.session.execute(query))


def _help(user: User, partnership_id: int) -> dict[str, Any]:
    """The partnership, and whether the administrator is in it already."""
    partnership: Partnership = db.get_or_404(Partnership, partnership_id)
    membership = find(partnership, user)
    return {"partnership": partnership, "is_in": membership is not None and membership.is_active}
