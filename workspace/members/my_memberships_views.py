"""One's own requests and suspensions: the status of a request, why one is suspended, and until when."""

from collections import defaultdict
from collections.abc import Sequence

from flask import render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import case, func, or_, select

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.types import AnyRow
from workspace.members.blueprint import blueprint
from workspace.partnerships.models import Ending, Membership, MembershipState, Partnership
from workspace.permissions import Level, signed_in

MOST_LISTED = 50
MOST_TO_ASK = 3


@blueprint.get("/memberships")
@signed_in
def own(user: User) -> ResponseReturnValue:
    """One's requests and suspensions, and nothing else about the partnerships."""
    memberships = closed_memberships(user)
    return render_template("members/own.html", memberships=memberships, moderators=whom_to_ask(memberships))


def closed_memberships(user: User) -> list[AnyRow]:
    """The memberships without access, the latest change first, except those that one ended or withdrew oneself."""
    query = (
        select(
            Membership.id,
            Membership.partnership_id,
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


def whom_to_ask(memberships: Sequence[AnyRow]) -> dict[int, list[AnyRow]]:
    """A few moderators of the partnerships in which a membership is on hold, by the partnership's id.

    Each has `name`, and `email` if they let others see how to reach them. One statement, or none.
    """
    places = [row.partnership_id for row in memberships if row.state == MembershipState.SUSPENDED]
    found: dict[int, list[AnyRow]] = defaultdict(list)
    if not places:
        return found
    ranked = (
        select(
            Membership.partnership_id,
            User.name,
            case((Membership.accepted_at.is_not(None), User.email), else_="").label("email"),
            func.row_number()
            .over(partition_by=Membership.partnership_id, order_by=(Membership.accepted_at.is_(None), User.name_key))
            .label("place"),
        )
        .join(Membership.user)
        .where(
            Membership.partnership_id.in_(places),
            Membership.level == Level.MODERATOR,
            Membership.is_active,
            User.deactivated_at.is_(None),
        )
        .subquery()
    )
    query = select(ranked).where(ranked.c.place <= MOST_TO_ASK).order_by(ranked.c.partnership_id, ranked.c.place)
    for row in db.session.execute(query):
        found[row.partnership_id].append(row)
    return found
