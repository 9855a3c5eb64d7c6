"""One's own requests and suspensions: the status of a request, why one is suspended, and until when."""

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.types import AnyRow
from workspace.members.blueprint import blueprint
from workspace.partnerships.models import Ending, Membership, MembershipState, Partnership
from workspace.permissions import signed_in

MOST_LISTED = 50


@blueprint.get("/memberships")
@signed_in
def own(user: User) -> ResponseReturnValue:
    """One's requests and suspensions, and nothing else about the partnerships."""
    return render_template("members/own.html", memberships=closed_memberships(user))


def closed_memberships(user: User) -> list[AnyRow]:
    """The memberships without access, the latest change first, except those that one ended or withdrew oneself."""
    query = (
        select(
            Membership.id,
            Membership.state,
            Membership.has_ended.label("has_ended"),
            Membership.ending,
            Membership.state_since,
            Membership.suspended_until,
            Membership.reason,
            Membership.request_text,
            Membership.moderator_question,
            Membership.request_exchange,
            Partnership.name,
        )
        .join(Membership.partnership)
        .where(
            Membership.user_id == user.id,
            ~Membership.is_active,
            Membership.is_present,
            or_(
                Membership.state != MembershipState.ENDED,
                Membership.ending.in_((Ending.DECLINED, Ending.REMOVED, Ending.EXPIRED)),
            ),
        )
        .order_by(Membership.state_since.desc(), Membership.id.desc())
        .limit(MOST_LISTED)
    )
    return list(db.session.execute(query))
