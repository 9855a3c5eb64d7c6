"""The table of members for moderators, where levels change in place, and a plain list for others."""

from collections.abc import Mapping
from typing import Any

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from workspace.members import queries
from workspace.members.blueprint import blueprint
from workspace.members.forms import levels_typed
from workspace.members.moderation import service as moderation_service
from workspace.members.moderation.service import Question, change_levels
from workspace.members.queries import MemberFilter
from workspace.partnerships import queries as partnership_queries
from workspace.partnerships.context import partnership_context
from workspace.partnerships.labels import LEVELS
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, Level, members_with
from workspace.roles import queries as role_queries
from workspace.web import htmx, pagination
from workspace.web.htmx import flash_live, page_or_partial


@blueprint.get("/partnerships/<slug:slug>/members")
@members_with(Action.READ)
def index(membership: Membership) -> ResponseReturnValue:
    """The members. Moderators get the table, with requests and invitations."""
    after = pagination.parse_int(request.args.get("after", ""))
    choice = MemberFilter.typed(request.args)
    if not membership.may(Action.MANAGE_MEMBERS):
        return _plain(membership, choice.organisation_id, after)
    rows, last = pagination.split_page(queries.table(membership, choice, after), queries.PAGE)
    context: dict[str, Any] = {
        **partnership_context(membership),
        "choice": choice,
        "rows": rows,
        "roles": role_queries.names_of(membership, [row.id for row in rows]),
        "following": last.id if last else None,
        "total": queries.counted(membership, choice),
        "undo": _undo(),
        "sides": moderation_service.moderating_sides(membership.partnership),
        "organisations": partnership_queries.participating_organisations(membership.partnership),
    }
    if htmx.is_partial():
        if after:
            focus = f"#member-{rows[0].id} a" if rows else ""
            return htmx.with_focus(make_response(render_template("members/_rows.html", **context)), focus)
        return make_response(render_template("members/_table.html", **context))
    return render_template("members/index.html", requests=queries.requests(membership), **context)


@blueprint.post("/partnerships/<slug:slug>/members/levels")
@members_with(Action.MANAGE_MEMBERS)
def set_levels(membership: Membership) -> ResponseReturnValue:
    """Change the level of one member in place, or of several; it can be undone."""
    levels = levels_typed(request.form)
    if not levels:
        raise Conflict(_("Choose members in the table first, and then their access."))
    try:
        before = change_levels(membership, levels, confirmed="confirmed" in request.form)
    except Question as question:
        return _ask(membership, levels, question.message)
    if before:
        flash_live(_told(membership, before))
    if not membership.may(Action.MANAGE_MEMBERS):
        return htmx.redirect_client(f"{membership.partnership.address}members")
    if htmx.is_partial() and len(levels) == 1:
        return _in_place(membership, next(iter(levels)), before)
    undo = ".".join(f"{member_id}-{level}" for member_id, level in before.items())
    return htmx.redirect_client(f"{membership.partnership.address}members" + (f"?undo={undo}" if undo else ""))


def _plain(membership: Membership, organisation_id: int | None, after: int | None) -> ResponseReturnValue:
    organisations = partnership_queries.participating_organisations(membership.partnership) if organisation_id else []
    organisation = next((one for one in organisations if one.id == organisation_id), None)
    rows = partnership_queries.members(membership, organisation.id if organisation else None, after)
    members, last = pagination.split_page(rows, partnership_queries.PAGE)
    return page_or_partial(
        "members/list.html",
        "members/_members.html",
        **partnership_context(membership),
        organisation=organisation,
        members=members,
        more_members=last is not None,
    )


def _in_place(membership: Membership, member_id: int, before: dict[int, Level]) -> Response:
    """The control that was used, with an undo button beside it."""
    return htmx.partial_or_redirect(
        "members/_level.html",
        to="",
        focus=f"#level-{member_id} select",
        row=queries.row(membership, member_id),
        undo=before,
        **partnership_context(membership),
        sides=moderation_service.moderating_sides(membership.partnership),
    )


def _ask(membership: Membership, levels: dict[int, Level], question: str) -> ResponseReturnValue:
    """Ask before what only a confirmation allows. Nothing has been changed."""
    context = {"levels": levels, "question": question, **partnership_context(membership)}
    if htmx.is_partial() and len(levels) == 1:
        member_id = next(iter(levels))
        return htmx.form_error("members/_confirm_form.html", page="", status=409, member_id=member_id, **context)
    return make_response(render_template("members/confirm.html", **context), 409)


def _told(membership: Membership, before: Mapping[int, Level]) -> str:
    """Who has which access now; for several, how many."""
    if len(before) > 1:
        return ngettext("The access is changed.", "The access of %(num)s members is changed.", len(before))
    member = moderation_service.find_member(membership.partnership, next(iter(before)))
    return _("%(name)s is %(level)s now.", name=member.user.name, level=str(LEVELS[member.level]).lower())


def _undo() -> dict[int, Level]:
    """The earlier levels in the address: "7-observer.9-contributor"."""
    found = {}
    for pair in request.args.get("undo", "")[:4000].split("."):
        number, _hyphen, level = pair.partition("-")
        if (member_id := pagination.parse_int(number)) and level in list(Level):
            found[member_id] = Level(level)
    return found
