"""Starting a partnership, with the roles that it begins with: here because roles stand above partnerships."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace import htmx
from workspace.access import NotAllowed, signed_in
from workspace.accounts.models import User
from workspace.htmx import announce, seen_elsewhere
from workspace.organisations.models import Side
from workspace.partnerships.models import Partnership
from workspace.partnerships.seating import seat_of
from workspace.partnerships.sides import Choice
from workspace.partnerships.starting import AlreadyStarted, start
from workspace.partnerships.views import may_start, sides
from workspace.roles import sets
from workspace.roles.forms import StartWithRolesForm
from workspace.roles.queries import first_seat
from workspace.roles.views import blueprint


@blueprint.get("/partnerships/new")
@signed_in
def new_partnership(user: User) -> ResponseReturnValue:
    """The form for a new partnership."""
    _require_start(user)
    return _page(StartWithRolesForm(), _first_choice(user))


@blueprint.post("/partnerships")
@signed_in
def start_partnership(user: User) -> ResponseReturnValue:
    """Start a partnership; or, while its organisations are being chosen, show the form as it is."""
    _require_start(user)
    form, choice = StartWithRolesForm(), Choice.typed(request.form, fixed=_first_choice(user).sides)
    if choice.searches:
        choice.search()
        return sides(choice, "/partnerships") if htmx.is_partial() else _page(form, choice)
    if not form.validate():
        return _page(form, choice), 422
    try:
        partnership = start(
            by=user,
            name=form.name.data,
            purpose=form.purpose.data,
            goals=form.goals.data,
            sides=choice.existing(),
            one_time_key=form.one_time_key.data,
        )
    except AlreadyStarted as already:
        form.take_new_key()
        seat = seat_of(already.partnership, user)
        if seat is None or not seat.is_active:  # Left since: what it says is no longer theirs to read.
            form.refuse(form.name, already.message)
            return _page(form, choice), 409
        return _page(form, choice, earlier=already.partnership), 409
    if form.role_set.data:
        sets.begin_with(first_seat(partnership, user), form.role_set.data)
    announce(_("The partnership is started. Share the first progress or challenge."))
    return seen_elsewhere(partnership.address)


def _require_start(user: User) -> None:
    if not may_start(user):
        raise NotAllowed(
            _("You can't start a partnership yet. Ask an administrator to put you in an organisation.")
            if user.organisation_id is None
            else _("Here administrators start the partnerships. Ask one of them.")
        )


def _first_choice(user: User) -> Choice:
    side = user.organisation.usual_side if user.organisation else Side.OTHERS
    own = {user.organisation_id: side} if user.organisation_id else {}
    return Choice(own, frozenset(own))


def _page(form: StartWithRolesForm, choice: Choice, earlier: Partnership | None = None) -> str:
    template = "partnerships/new.html"
    return render_template(template, form=form, choice=choice, earlier=earlier, action="/partnerships")
