"""Adding a person of a partner organisation, by name."""

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from workspace.access import Action, Conflict, members_may
from workspace.accounts.models import User
from workspace.database import db
from workspace.htmx import announce, page_or_partial, seen_elsewhere
from workspace.partnerships import changes, queries
from workspace.partnerships.forms import SeatForm, words_typed
from workspace.partnerships.models import Membership
from workspace.partnerships.views import blueprint


@blueprint.get("/partnerships/<slug:slug>/people")
@members_may(Action.ADD_MEMBERS)
def find_people(membership: Membership) -> ResponseReturnValue:
    """People of the organisations that take part, by what their names begin with."""
    words = words_typed(request.args)
    return page_or_partial(
        "partnerships/people.html",
        "partnerships/_people.html",
        membership=membership,
        partnership=membership.partnership,
        words=words,
        found=queries.found_people(membership, words) if words.strip() else [],
        form=SeatForm(),
    )


@blueprint.post("/partnerships/<slug:slug>/members")
@members_may(Action.ADD_MEMBERS)
def add_person(membership: Membership) -> ResponseReturnValue:
    """Give a person a seat."""
    form = SeatForm()
    user = db.session.get(User, form.user_id.data) if form.validate() else None
    if user is None:
        raise Conflict(_("Nobody by that name belongs to an organisation that takes part here."))
    changes.add_person(membership, user, form.level.data)
    announce(_("%(name)s is in the partnership now.", name=user.name))
    return seen_elsewhere(f"{membership.partnership.address}about")
