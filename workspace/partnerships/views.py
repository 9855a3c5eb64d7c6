"""My partnerships, what one is, and what its moderators change."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import cursors, htmx
from workspace.access import Action, members_may, signed_in
from workspace.accounts.models import User
from workspace.htmx import announce, page_or_partial, seen_elsewhere
from workspace.organisations.models import Side
from workspace.partnerships import changes, queries, words
from workspace.partnerships.forms import EditForm, StageForm
from workspace.partnerships.models import Membership
from workspace.partnerships.sides import Choice

blueprint = Blueprint("partnerships", __name__)

blueprint.add_app_template_global(words.side_heading, "side_heading")
for name in ("STAGES", "LEVELS", "SIDES", "GOALS"):
    blueprint.add_app_template_global(getattr(words, name), name)

NAMED_IN_HEADER = 6
NAMED_IN_LIST = 2


@blueprint.get("/partnerships")
@signed_in
def index(user: User) -> ResponseReturnValue:
    """My partnerships, with what is new in each."""
    before = cursors.read(request.args.get("before", ""), 1)
    found = queries.my_partnerships(user, before)
    page = found[: queries.PAGE]
    return page_or_partial(
        "partnerships/index.html",
        "partnerships/_page.html",
        focus=f"#partnership-{page[0].id} a" if page else "",
        page=page,
        parties=queries.parties([row.id for row in page], NAMED_IN_LIST),
        older=cursors.write(page[-1].last_activity_at, page[-1].id) if len(found) > len(page) else None,
        may_start=may_start(user),
    )


@blueprint.get("/partnerships/<slug:slug>/about")
@members_may(Action.READ)
def about(membership: Membership) -> ResponseReturnValue:
    """Purpose, stage, goals, organisations, members and history."""
    earlier = "before" in request.args
    entries = queries.history(membership, cursors.number(request.args.get("before", "")))
    found = queries.members(membership, cursors.number(request.args.get("after", "")))
    return page_or_partial(
        "partnerships/about.html",
        "partnerships/_history.html" if earlier else "partnerships/_members.html",
        focus=_first("event", entries, "number") if earlier else _first("member", found, "id"),
        membership=membership,
        partnership=membership.partnership,
        organisations=queries.participations(membership),
        members=found[: queries.PAGE],
        more_members=len(found) > queries.PAGE,
        entries=entries[: queries.HISTORY_PAGE],
        older=len(entries) > queries.HISTORY_PAGE,
        stage_form=StageForm(stage=membership.partnership.stage),
    )


@blueprint.get("/partnerships/<slug:slug>/edit")
@members_may(Action.EDIT_PARTNERSHIP)
def edit(membership: Membership) -> ResponseReturnValue:
    """The form for what the partnership is."""
    return _edit_page(membership, EditForm(obj=membership.partnership), Choice(*_fixed(membership)))


@blueprint.post("/partnerships/<slug:slug>/edit")
@members_may(Action.EDIT_PARTNERSHIP)
def update(membership: Membership) -> ResponseReturnValue:
    """Change what the partnership is; or, while organisations are being chosen, show the form as it is."""
    form = EditForm()
    choice = Choice.typed(request.form, fixed=_fixed(membership)[0])
    if choice.searches:
        choice.search()
        if htmx.is_partial():
            return sides(choice, f"{membership.partnership.address}edit")
        return _edit_page(membership, form, choice)
    if not form.validate():
        return _edit_page(membership, form, choice), 422
    try:
        changes.describe(
            membership,
            name=form.name.data,
            purpose=form.purpose.data,
            goals=form.goals.data,
            version=form.version.data,
        )
    except changes.Stale:
        present = membership.partnership
        form.begin_at(present.version)
        return _edit_page(membership, form, choice, present=present), 409
    changes.set_sides(membership, choice.existing())
    announce(_("The partnership is changed."))
    return seen_elsewhere(f"{membership.partnership.address}about")


@blueprint.post("/partnerships/<slug:slug>/stage")
@members_may(Action.EDIT_PARTNERSHIP)
def change_stage(membership: Membership) -> ResponseReturnValue:
    """Move the partnership to another stage."""
    form = StageForm()
    if form.validate():
        changes.move_to(membership, form.stage.data)
        announce(_("The stage is now %(stage)s.", stage=words.STAGES[membership.partnership.stage]))
    return seen_elsewhere(f"{membership.partnership.address}about")


@blueprint.post("/partnerships/<slug:slug>/archiving")
@members_may(Action.ARCHIVE)
def archive(membership: Membership) -> ResponseReturnValue:
    """Let the partnership only be read."""
    changes.archive(membership)
    announce(_("The partnership is archived. It can be read, and a moderator can open it again."))
    return seen_elsewhere(f"{membership.partnership.address}about")


@blueprint.post("/partnerships/<slug:slug>/reopening")
@members_may(Action.ARCHIVE)
def unarchive(membership: Membership) -> ResponseReturnValue:
    """Open an archived partnership again."""
    changes.unarchive(membership)
    announce(_("The partnership is open again."))
    return seen_elsewhere(f"{membership.partnership.address}about")


def _first(noun: str, rows: Sequence[Any], key: str) -> str:
    """The selector of the first of the rows that were added to a list."""
    return f"#{noun}-{getattr(rows[0], key)}" if rows else ""


def may_start(user: User) -> bool:
    """Whether this person may start a partnership: anybody in an organisation, unless a setting keeps it to some."""
    only_administrators = current_app.settings.administrators_start_partnerships  # type: ignore[attr-defined]
    return user.organisation_id is not None and (user.is_administrator or not only_administrators)


def _fixed(membership: Membership) -> tuple[dict[int, Side], frozenset[int]]:
    sides = {row.id: row.side for row in queries.participations(membership)}
    return sides, frozenset(sides)


def sides(choice: Choice, action: str) -> Response:
    """The part of a form that organisations are chosen in, as it is now."""
    response = make_response(render_template("partnerships/_sides.html", choice=choice, action=action))
    typing = request.headers.get("HX-Trigger") == "q"  # The focus stays where somebody types.
    return htmx.focused(response, "" if typing else f"#side-{choice.added}" if choice.added else "#q")


def _edit_page(membership: Membership, form: EditForm, choice: Choice, **context: Any) -> str:
    return render_template(
        "partnerships/edit.html",
        form=form,
        choice=choice,
        action=f"{membership.partnership.address}edit",
        membership=membership,
        partnership=membership.partnership,
        **context,
    )


from workspace.partnerships import people, reading  # noqa: E402, F401 (their routes are on the same blueprint)
