"""Adding a person of a partner organisation, and their yes to it."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships import queries
from workspace.partnerships import service as partnerships_service
from workspace.partnerships.blueprint import blueprint
from workspace.partnerships.context import partnership_context
from workspace.partnerships.forms import AddMemberForm, words_typed
from workspace.partnerships.memberships import find
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, members_with
from workspace.web.htmx import Undo, flash_live, page_or_partial, redirect_303


@blueprint.get("/partnerships/<slug:slug>/people")
@members_with(Action.ADD_MEMBERS)
def find_people(membership: Membership) -> ResponseReturnValue:
    """People of the organisations that take part, by what their names begin with; of invited ones by address."""
    words = words_typed(request.args)
    return page_or_partial(
        "partnerships/find_people.html",
        "partnerships/_people.html",
        **partnership_context(membership),
        words=words,
        found=queries.found_people(membership, words) if words.strip() else [],
        form=AddMemberForm(),
    )


@blueprint.post("/partnerships/<slug:slug>/members")
@members_with(Action.ADD_MEMBERS)
def add_person(membership: Membership) -> ResponseReturnValue:
    """Add a person as a member."""
    form = AddMemberForm()
    user = db.session.get(User, form.user_id.data) if form.validate() else None
    if user is None:
        raise Conflict(_("Nobody by that name belongs to an organisation that takes part here."))
    before = find(membership.partnership, user)
    was_in = before is not None and before.is_active
    member = partnerships_service.add_person(membership, user, form.level.data)
    members = f"{membership.partnership.address}members"
    undo = Undo(f"{members}/removal", {"member": str(member.id), "reason": _("Undone")})
    flash_live(_("%(name)s is in the partnership now.", name=user.name), undo=None if was_in else undo)
    return redirect_303(members)


@blueprint.post("/partnerships/<slug:slug>/acceptance")
@members_with(Action.READ)
def accept_membership(membership: Membership) -> ResponseReturnValue:
    """Say yes to being in, after a moderator has added one."""
    partnerships_service.accept_membership(membership)
    flash_live(_("You have said yes. The others can see how to reach you now."))
    return redirect_303(membership.partnership.address)
