"""A member's page in a partnership."""

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from workspace.access import Action, members_may
from workspace.members import queries
from workspace.partnerships.models import Membership
from workspace.roles import leaving
from workspace.roles import queries as role_queries

blueprint = Blueprint("members", __name__, url_prefix="/partnerships/<slug:slug>/members")


@blueprint.get("/<number:membership_id>")
@members_may(Action.READ)
def show(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Who a member is, how to reach them, which roles they hold and have held, and what they have taken on."""
    roles = role_queries.of_member(membership, membership_id)
    return render_template(
        "members/show.html",
        member=queries.member(membership, membership_id),
        present=[row for row in roles if row.is_present],
        before=[row for row in roles if not row.is_present],
        taken=queries.taken(membership, membership_id),
        without=leaving.without(membership, membership_id) if membership.may(Action.ASSIGN_ROLES) else None,
        membership=membership,
        partnership=membership.partnership,
    )
