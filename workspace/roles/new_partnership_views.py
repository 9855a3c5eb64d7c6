"""Starting a partnership, with its first roles: here because roles are on a floor above partnerships."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import RateLimitItemPerDay

from workspace.accounts.models import User
from workspace.organisations.models import Side
from workspace.partnerships.creation import AlreadyStarted, create
from workspace.partnerships.memberships import find
from workspace.partnerships.models import Partnership
from workspace.partnerships.organisation_picker import Selection
from workspace.partnerships.views import may_start, sides
from workspace.permissions import NotAllowed, signed_in
from workspace.roles import role_templates
from workspace.roles.blueprint import blueprint
from workspace.roles.forms import StartWithRolesForm
from workspace.roles.queries import founding_membership
from workspace.web import htmx
from workspace.web.htmx import flash_live, redirect_303
from workspace.web.throttling import TooManyAttempts, throttle

PER_PERSON = RateLimitItemPerDay(10)


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
    form, choice = StartWithRolesForm(), Selection.from_form(request.form, locked=_first_choice(user).sides)
    if choice.searches:
        choice.search()
        return sides(choice, "/partnerships") if htmx.is_partial() else _page(form, choice)
    if not form.validate():
        return _page(form, choice), 422
    try:
        throttle(PER_PERSON, "start", str(user.id))
        partnership = create(
            by=user,
            name=form.name.data,
            purpose=form.purpose.data,
            goals=form.goals.data,
            sides=choice.existing(),
            one_time_key=form.one_time_key.data,
        )
    except TooManyAttempts as refused:
        form.refuse(form.name, _("You have started as many partnerships as you can in 24 hours. Try again tomorrow."))
        return refused.answer(_page(form, choice))
    except AlreadyStarted as already:
        form.take_new_key()
        membership = find(already.partnership, user)
        if membership is None or not membership.is_active:  # They have left it since, and may no longer read it.
            form.refuse(form.name, already.message)
            return _page(form, choice), 409
        return _page(form, choice, earlier=already.partnership), 409
    if form.role_set.data:
        role_templates.begin_with(founding_membership(partnership, user), form.role_set.data)
    flash_live(_("The partnership is started. Share the first progress or challenge."))
    return redirect_303(partnership.address)


def _require_start(user: User) -> None:
    if not may_start(user):
        raise NotAllowed(
            _("You can't start a partnership yet. Ask an administrator to put you in an organisation.")
            if user.organisation_id is None
            else _("Here administrators start the partnerships. Ask one of them.")
        )


def _first_choice(user: User) -> Selection:
    side = user.organisation.usual_side if user.organisation else Side.OTHERS
    own = {user.organisation_id: side} if user.organisation_id else {}
    return Selection(own, frozenset(own))


def _page(form: StartWithRolesForm, choice: Selection, earlier: Partnership | None = None) -> str:
    template = "partnerships/new.html"
    return render_template(template, form=form, choice=choice, earlier=earlier, action="/partnerships")
