"""The challenges of a partnership, and the moves of each."""

from collections.abc import Callable
from typing import Any

from flask import Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.db import db
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, members_with
from workspace.posts import challenge_list, co_affected, queries
from workspace.posts.blueprint import blueprint
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.context import post_context
from workspace.posts.forms import DaysForm, ParkingForm, RefusalForm, ReopeningForm, SolutionForm, TakingForm
from workspace.posts.models import Post
from workspace.posts.statistics import figures
from workspace.roles.queries import choices
from workspace.web import htmx, pagination
from workspace.web.forms import WorkspaceForm
from workspace.web.htmx import flash_live, page_or_partial


@blueprint.get("/<slug:slug>/challenges")
@members_with(Action.READ)
def challenges(membership: Membership) -> ResponseReturnValue:
    """All challenges, by state, and the figures of the period."""
    filters = challenge_list.Filters.of(request.args)
    found = challenge_list.challenges(membership, filters)
    page, last = pagination.split_page(found, challenge_list.PAGE)
    context: dict[str, Any] = {
        "filters": filters,
        "page": page,
        "older": last.activity_number if last else None,
        **partnership_context(membership),
    }
    if htmx.is_partial() and filters.before:
        first = f"#challenge-{page[0].number} a" if page else ""
        return htmx.with_focus(make_response(render_template("posts/_challenge_list_page.html", **context)), first)
    return page_or_partial(
        "posts/challenges.html",
        "posts/_challenges.html",
        counts=challenge_list.counts(membership, filters),
        takers=challenge_list.takers(membership),
        roles=choices(membership),
        figures=figures(membership, filters.days),
        periods=challenge_list.PERIODS,
        **context,
    )


@blueprint.get("/<slug:slug>/posts/<number:number>/taking")
@members_with(Action.MOVE_CHALLENGES)
def ask_who_takes(membership: Membership, number: int) -> ResponseReturnValue:
    """The form for who takes it."""
    form = _taking_form(membership, queries.challenge(membership, number))
    return _form_of(membership, number, form, "taking", Post.require_unsolved)


@blueprint.post("/<slug:slug>/posts/<number:number>/taking")
@members_with(Action.MOVE_CHALLENGES)
def take(membership: Membership, number: int) -> ResponseReturnValue:
    """Take the challenge, or ask another member to."""
    form = _taking_form(membership, queries.challenge(membership, number))

    def move(post: Post) -> str:
        whom = db.session.get(Membership, form.taker.data) if form.taker.data else None
        instead_of = form.instead_of.data or None
        if whom is None:
            post.take(membership, instead_of=instead_of)
            return _("You have taken the challenge.")
        note = form.note.data or ""
        post.ask(membership, whom, instead_of=instead_of, note=note, answer_by=form.answer_by.data)
        return _("%(name)s is asked to take the challenge.", name=whom.user.name)

    return _move(membership, number, form, "taking", move)


@blueprint.post("/<slug:slug>/posts/<number:number>/taking/acceptance")
@members_with(Action.MOVE_CHALLENGES)
def accept_taking(membership: Membership, number: int) -> ResponseReturnValue:
    """Take the challenge, as one was asked to."""

    def move(post: Post) -> str:
        post.accept(membership)
        return _("You have taken the challenge.")

    return _move(membership, number, WorkspaceForm(), "", move)


@blueprint.get("/<slug:slug>/posts/<number:number>/taking/refusal")
@members_with(Action.MOVE_CHALLENGES)
def ask_why_not(membership: Membership, number: int) -> ResponseReturnValue:
    """The form for saying no."""
    return _form_of(membership, number, RefusalForm(), "refusal", Post.require_asked)


@blueprint.post("/<slug:slug>/posts/<number:number>/taking/refusal")
@members_with(Action.MOVE_CHALLENGES)
def decline_taking(membership: Membership, number: int) -> ResponseReturnValue:
    """Say no to taking it."""
    form = RefusalForm()

    def move(post: Post) -> str:
        post.decline(membership, form.reason.data)
        return _("You have declined. The others can see why.")

    return _move(membership, number, form, "refusal", move)


@blueprint.post("/<slug:slug>/posts/<number:number>/taking/withdrawal")
@members_with(Action.MOVE_CHALLENGES)
def withdraw_asking(membership: Membership, number: int) -> ResponseReturnValue:
    """Ask nobody any more to take the challenge."""

    def move(post: Post) -> str:
        whom = post.withdraw_asking(membership)
        return _("%(name)s is no longer asked to take the challenge.", name=whom.user.name)

    return _move(membership, number, WorkspaceForm(), "", move)


@blueprint.post("/<slug:slug>/posts/<number:number>/taking/reminder")
@members_with(Action.MOVE_CHALLENGES)
def remind_of_taking(membership: Membership, number: int) -> ResponseReturnValue:
    """Remind whoever is asked to take the challenge."""

    def move(post: Post) -> str:
        return _("%(name)s is reminded.", name=post.remind(membership).user.name)

    return _move(membership, number, WorkspaceForm(), "", move)


@blueprint.get("/<slug:slug>/posts/<number:number>/days")
@members_with(Action.MOVE_CHALLENGES)
def ask_for_days(membership: Membership, number: int) -> ResponseReturnValue:
    """The form for another day: of a wished answer, or of opening again."""
    form = _days_form(queries.challenge(membership, number))
    return _form_of(membership, number, form, "days", Post.require_solvable)


@blueprint.post("/<slug:slug>/posts/<number:number>/days")
@members_with(Action.MOVE_CHALLENGES)
def set_days(membership: Membership, number: int) -> ResponseReturnValue:
    """Change the day of a wished answer, or of opening again."""
    form = _days_form(queries.challenge(membership, number))

    def move(post: Post) -> str:
        post.set_day(membership, form.day.data, of=form.of.data or "")
        return _("The day is changed.")

    return _move(membership, number, form, "days", move)


@blueprint.get("/<slug:slug>/posts/<number:number>/solution")
@members_with(Action.MOVE_CHALLENGES)
def ask_what_solved(membership: Membership, number: int) -> ResponseReturnValue:
    """The form for what solved it."""
    return _form_of(membership, number, _solution_form(membership), "solution", Post.require_solvable)


@blueprint.post("/<slug:slug>/posts/<number:number>/solution")
@members_with(Action.MOVE_CHALLENGES)
def solve(membership: Membership, number: int) -> ResponseReturnValue:
    """Mark a challenge as solved, with what solved it."""
    form = _solution_form(membership)

    def move(post: Post) -> str:
        post.solve(membership, form.note.data, form.posts.data)
        return _("The challenge is solved.")

    return _move(membership, number, form, "solution", move)


@blueprint.get("/<slug:slug>/posts/<number:number>/parking")
@members_with(Action.MOVE_CHALLENGES)
def ask_why_park(membership: Membership, number: int) -> ResponseReturnValue:
    """The form for why it is put aside."""
    return _form_of(membership, number, ParkingForm(), "parking", Post.require_unsolved)


@blueprint.post("/<slug:slug>/posts/<number:number>/parking")
@members_with(Action.MOVE_CHALLENGES)
def park(membership: Membership, number: int) -> ResponseReturnValue:
    """Put a challenge aside."""
    form = ParkingForm()

    def move(post: Post) -> str:
        post.park(membership, form.reason.data, form.until.data)
        return _("The challenge is parked.")

    return _move(membership, number, form, "parking", move)


@blueprint.get("/<slug:slug>/posts/<number:number>/reopening")
@members_with(Action.MOVE_CHALLENGES)
def ask_why_reopen(membership: Membership, number: int) -> ResponseReturnValue:
    """The form for why it is opened again."""
    return _form_of(membership, number, ReopeningForm(), "reopening", Post.require_reopenable)


@blueprint.post("/<slug:slug>/posts/<number:number>/reopening")
@members_with(Action.MOVE_CHALLENGES)
def reopen(membership: Membership, number: int) -> ResponseReturnValue:
    """Open a challenge again."""
    form = ReopeningForm()

    def move(post: Post) -> str:
        post.reopen(membership, form.reason.data)
        return _("The challenge is open again.")

    return _move(membership, number, form, "reopening", move)


@blueprint.post("/<slug:slug>/posts/<number:number>/companions")
@members_with(Action.MOVE_CHALLENGES)
def share_challenge(membership: Membership, number: int) -> ResponseReturnValue:
    """Say that one's organisation has this challenge too."""

    def move(post: Post) -> str:
        co_affected.join(post, membership)
        return _("The others can see that you have this challenge too.")

    return _move(membership, number, WorkspaceForm(), "", move)


@blueprint.post("/<slug:slug>/posts/<number:number>/companions/removal")
@members_with(Action.MOVE_CHALLENGES)
def share_challenge_no_longer(membership: Membership, number: int) -> ResponseReturnValue:
    """Take it back."""

    def move(post: Post) -> str:
        co_affected.leave(post, membership)
        return _("Your organisation is no longer among those that have this challenge.")

    return _move(membership, number, WorkspaceForm(), "", move)


def _form_of(
    membership: Membership,
    number: int,
    form: WorkspaceForm,
    move: str,
    require: Callable[[Post, Membership], None],
) -> Response:
    """The form of a move; or, where the challenge can't be moved so, how it is now."""
    challenge = queries.challenge(membership, number)
    partial, refusal = "posts/_sidebar.html", None
    try:
        require(challenge, membership)
    except Conflict as conflict:
        partial, move, refusal = "posts/move.htmx.html", "", conflict
    return page_or_partial(
        "posts/move.html",
        partial,
        focus="[data-focus]",
        **_move_context(membership, number, form, move, refusal),
    )


def _move(membership: Membership, number: int, form: WorkspaceForm, move: str, verb: Callable[[Post], str]) -> Response:
    """Make the move; a form that is not right, or comes too late, stays with what was typed and what is so now."""
    challenge = queries.challenge(membership, number)
    partial, status, refusal = "posts/_sidebar.html", 422, None
    if form.validate():
        try:
            flash_live(verb(challenge))
            return _shown(membership, number)
        except Conflict as conflict:
            partial, status, refusal = "posts/move.htmx.html", conflict.status, conflict
    return htmx.form_error(
        partial,
        page="posts/move.html",
        status=status,
        **_move_context(membership, number, form, move, refusal),
    )


def _move_context(
    membership: Membership, number: int, form: WorkspaceForm, move: str, refusal: Conflict | None
) -> dict[str, Any]:
    """The context of the form of a `move` ("" for none) beside the challenge as it is now."""
    card = queries.card(membership, number)
    return {"form": form, "move": move, "refusal": refusal, **post_context(membership, card)}


def _shown(membership: Membership, number: int) -> Response:
    """The challenge as it is now, in place or on its page, and what has just happened at the end of its thread."""
    latest = next(iter(queries.moves(membership, number, most=1)), None)
    return htmx.partial_or_redirect(
        "posts/move.htmx.html",
        to=f"{membership.partnership.address}posts/{number}",
        focus="#steps h2",
        entry=latest if latest and latest.number == membership.partnership.last_number else None,
        **post_context(membership, queries.card(membership, number)),
    )


def _taking_form(membership: Membership, challenge: Post) -> TakingForm:
    form = TakingForm(data={"answer_by": challenge.answer_by})
    form.taker.choices = [(0, _("I do")), *queries.who_can_take(membership)]
    return form


def _days_form(challenge: Post) -> DaysForm:
    is_parked = challenge.status is ChallengeStatus.PARKED
    day = challenge.parked_until if is_parked else challenge.answer_by
    form = DaysForm(data={"day": day, "of": challenge.status.value if challenge.status else ""})
    form.day.label.text = _("Open it again on") if is_parked else _("Answer wanted by")
    return form


def _solution_form(membership: Membership) -> SolutionForm:
    form = SolutionForm()
    form.posts.choices = queries.progress(membership)
    return form
