"""My partnerships, the page about one, and what its moderators change."""

from collections.abc import Sequence
from typing import Any

from flask import Response, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.db.types import AnyRow
from workspace.partnerships import labels, queries
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.blueprint import blueprint
from workspace.partnerships.context import partnership_context
from workspace.partnerships.forms import EditForm, StageForm
from workspace.partnerships.models import Membership
from workspace.partnerships.organisation_picker import Selection
from workspace.permissions import Action, members_with, signed_in
from workspace.web import htmx, pagination
from workspace.web.htmx import Undo, flash_live, page_or_partial, redirect_303

blueprint.add_app_template_global(labels.side_heading, "side_heading")
blueprint.add_app_template_filter(queries.organisations_in_words)
for name in ("STAGES", "LEVELS", "SIDES", "GOALS"):
    blueprint.add_app_template_global(getattr(labels, name), name)

NAMED_IN_HEADER = 6
NAMED_IN_LIST = 2


@blueprint.get("/partnerships")
@signed_in
def index(user: User) -> ResponseReturnValue:
    """My partnerships, with what is new in each; below them those that are archived."""
    before, archives = pagination.decode(request.args.get("before", ""), 1), "archived" in request.args
    page, older = ([], None) if archives else _mine(user, before, archived=False)
    archived, older_archived = _mine(user, before if archives else None, archived=True)
    shown = [*page, *archived]
    return page_or_partial(
        "partnerships/index.html",
        "partnerships/_partnership_list_page.html",
        focus=f"#partnership-{shown[0].id} a" if shown else "",
        page=archived if archives and htmx.is_partial() else page,
        older=older_archived if archives and htmx.is_partial() else older,
        archived=archived,
        older_archived=older_archived,
        parties=queries.organisations_by_side([row.id for row in shown], NAMED_IN_LIST),
        may_start=may_start(user),
        closed=queries.has_closed_memberships(user),
    )


def _mine(user: User, before: pagination.Cursor | None, *, archived: bool) -> tuple[list[AnyRow], str | None]:
    """A page of my partnerships, and the query of the next."""
    page, last = pagination.split_page(queries.my_partnerships(user, before, archived=archived), queries.PAGE)
    cursor = pagination.encode(last.last_activity_at, last.id) if last else None
    return page, cursor and f"{'archived&' if archived else ''}before={cursor}"


@blueprint.get("/partnerships/<slug:slug>/about")
@members_with(Action.READ)
def about(membership: Membership) -> ResponseReturnValue:
    """Purpose, stage, goals, organisations and history."""
    found = queries.history(membership, pagination.parse_int(request.args.get("before", "")))
    entries, last = pagination.split_page(found, queries.HISTORY_PAGE)
    return page_or_partial(
        "partnerships/about.html",
        "partnerships/_history.html",
        focus=_first("event", entries, "number"),
        **partnership_context(membership),
        organisations=queries.participating_organisations(membership.partnership),
        entries=entries,
        older=last is not None,
        stage_form=StageForm(stage=membership.partnership.stage),
    )


@blueprint.get("/partnerships/<slug:slug>/edit")
@members_with(Action.EDIT_PARTNERSHIP)
def edit(membership: Membership) -> ResponseReturnValue:
    """The form for the partnership's description."""
    return _edit_page(membership, EditForm(obj=membership.partnership))


@blueprint.post("/partnerships/<slug:slug>/edit")
@members_with(Action.EDIT_PARTNERSHIP)
def update(membership: Membership) -> ResponseReturnValue:
    """Save the description."""
    form = EditForm()
    if not form.validate():
        return _edit_page(membership, form), 422
    try:
        partnerships_service.update(
            membership,
            name=form.name.data,
            purpose=form.purpose.data,
            goals=form.goals.data,
            version=form.version.data,
        )
    except partnerships_service.StalePartnership:
        present = membership.partnership
        form.set_base_version(present.version)
        return _edit_page(membership, form, present=present), 409
    flash_live(_("The partnership is changed."))
    return redirect_303(f"{membership.partnership.address}about")


@blueprint.post("/partnerships/<slug:slug>/stage")
@members_with(Action.EDIT_PARTNERSHIP)
def change_stage(membership: Membership) -> ResponseReturnValue:
    """Move the partnership to another stage."""
    form = StageForm()
    if form.validate():
        before = membership.partnership.stage
        partnerships_service.change_stage(membership, form.stage.data)
        told = _("The stage is now %(stage)s.", stage=labels.STAGES[membership.partnership.stage])
        undo = Undo(f"{membership.partnership.address}stage", {"stage": before.value})
        flash_live(told, undo=undo if before is not membership.partnership.stage else None)
    return redirect_303(f"{membership.partnership.address}about")


@blueprint.post("/partnerships/<slug:slug>/archiving")
@members_with(Action.ARCHIVE)
def archive(membership: Membership) -> ResponseReturnValue:
    """Archive the partnership: it can only be read."""
    partnerships_service.archive(membership)
    name = membership.partnership.name
    told = _("‘%(name)s’ is archived. It can be read, and a moderator can open it again.", name=name)
    flash_live(told, undo=Undo(f"{membership.partnership.address}reopening"))
    return redirect_303(f"{membership.partnership.address}administration")


@blueprint.post("/partnerships/<slug:slug>/reopening")
@members_with(Action.ARCHIVE)
def unarchive(membership: Membership) -> ResponseReturnValue:
    """Open an archived partnership again."""
    partnerships_service.unarchive(membership)
    undo = Undo(f"{membership.partnership.address}archiving")
    flash_live(_("‘%(name)s’ is open again.", name=membership.partnership.name), undo=undo)
    return redirect_303(f"{membership.partnership.address}administration")


def _first(noun: str, rows: Sequence[Any], key: str) -> str:
    """The selector of the first of the rows that were added to a list."""
    return f"#{noun}-{getattr(rows[0], key)}" if rows else ""


def may_start(user: User) -> bool:
    """Whether this person may start a partnership: anybody in an organisation, unless a setting restricts it."""
    only_administrators = current_app.settings.administrators_start_partnerships  # type: ignore[attr-defined]
    return user.organisation_id is not None and (user.is_administrator or not only_administrators)


def sides(choice: Selection, action: str) -> Response:
    """The organisation picker of a form, as it is now."""
    response = make_response(render_template("partnerships/_sides.html", choice=choice, action=action))
    typing = request.headers.get("HX-Trigger") == "q"  # The focus stays where somebody types.
    return htmx.with_focus(response, "" if typing else f"#side-{choice.added}" if choice.added else "#q")


def _edit_page(membership: Membership, form: EditForm, **context: Any) -> str:
    return render_template("partnerships/edit.html", form=form, **partnership_context(membership), **context)
