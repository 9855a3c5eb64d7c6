"""Starting a partnership, with its first roles: here because roles are on a floor above partnerships."""

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from limits import RateLimitItemPerDay
from markupsafe import Markup
from sqlalchemy import ColumnElement, and_, select

from workspace.accounts.models import User
from workspace.db import db
from workspace.organisations.models import Side
from workspace.partnerships.creation import AlreadyStarted, create
from workspace.partnerships.memberships import find
from workspace.partnerships.models import Membership, Partnership
from workspace.partnerships.organisation_picker import Selection
from workspace.partnerships.queries import participating_organisations
from workspace.partnerships.views import may_start, sides
from workspace.permissions import Level, NotAllowed, signed_in
from workspace.roles import role_templates
from workspace.roles.blueprint import blueprint
from workspace.roles.forms import StartWithRolesForm
from workspace.roles.labels import ROLES, RoleSet
from workspace.roles.queries import founding_membership
from workspace.web import htmx
from workspace.web.htmx import flash_live, redirect_303
from workspace.web.throttling import TooManyAttempts, throttle

PER_PERSON = RateLimitItemPerDay(10)
MOST_COPIED = 50
COPIED = "copied"


@blueprint.get("/partnerships/new")
@signed_in
def new_partnership(user: User) -> ResponseReturnValue:
    """The form for a new partnership."""
    _require_start(user)
    copied = _copied(user)
    if copied is None:
        return _page(StartWithRolesForm(), _first_choice(user))
    partnership = copied.partnership
    form = StartWithRolesForm(data={"purpose": partnership.purpose, "goals": partnership.goals, "role_set": COPIED})
    choice = _first_choice(user)
    choice.sides = {row.id: row.side for row in participating_organisations(copied.partnership)} | choice.sides
    return _page(form, choice, copied=copied)


@blueprint.post("/partnerships")
@signed_in
def start_partnership(user: User) -> ResponseReturnValue:
    """Start a partnership; or, while its organisations are being chosen, show the form as it is."""
    _require_start(user)
    form, choice = StartWithRolesForm(), Selection.from_form(request.form, locked=_first_choice(user).sides)
    copied = _copied(user)
    if choice.searches:
        choice.search()
        return sides(choice, "/partnerships") if htmx.is_partial() else _page(form, choice, copied=copied)
    if not form.validate():
        return _page(form, choice, copied=copied), 422
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
    if copied and form.role_set.data == COPIED:
        role_templates.begin_as(founding_membership(partnership, user), copied)
    elif form.role_set.data in list(RoleSet):
        role_templates.begin_with(founding_membership(partnership, user), form.role_set.data)
    started = _("The partnership is started. Share the first progress or challenge.")
    flash_live(Markup('{} <a href="{}beginning">{}</a>').format(started, partnership.address, _("All first steps")))
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


def _copied(user: User) -> Membership | None:
    """My membership of the partnership that is to be copied, if I moderate it."""
    slug = request.values.get("copy", "")[:80]
    mine = select(Membership).join(Membership.partnership)
    return db.session.scalar(mine.where(Partnership.slug == slug, _is_moderated_by(user))) if slug else None


def _is_moderated_by(user: User) -> ColumnElement[bool]:
    return and_(Membership.user_id == user.id, Membership.level == Level.MODERATOR, Membership.is_active)


def _page(
    form: StartWithRolesForm,
    choice: Selection,
    earlier: Partnership | None = None,
    copied: Membership | None = None,
) -> str:
    """The form; above it a choice of the partnerships that I moderate, to copy one."""
    hints = {role_set.value: ", ".join(str(name) for name, _responsibility in ROLES[role_set]) for role_set in RoleSet}
    if copied:
        named = _("The roles of ‘%(name)s’", name=copied.partnership.name)
        form.role_set.choices = {COPIED: named} | dict(form.role_set.choices)
    mine = select(Partnership.id, Partnership.slug, Partnership.name).join(Membership)
    mine = mine.where(_is_moderated_by(g.user)).order_by(Partnership.name_key).limit(MOST_COPIED)
    return render_template(
        "partnerships/new.html",
        form=form,
        choice=choice,
        earlier=earlier,
        copied=copied,
        earlier_ones=db.session.execute(mine).all(),
        role_hints=hints,
        action="/partnerships",
    )
