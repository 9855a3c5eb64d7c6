"""A member's page in a partnership. Every query starts from the reader's membership."""

from typing import Any

from flask import abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.types import AnyRow
from workspace.members import queries
from workspace.members.blueprint import blueprint
from workspace.members.moderation import duties
from workspace.members.moderation import service as moderation_service
from workspace.organisations.models import Organisation
from workspace.partnerships.context import partnership_context
from workspace.partnerships.models import Membership
from workspace.partnerships.queries import SIDE, with_person
from workspace.partnerships.service import participations
from workspace.permissions import Action, members_with
from workspace.posts.challenge_workflow import UNSOLVED
from workspace.posts.models import Post
from workspace.roles import queries as role_queries

MOST_TAKEN = 50


@blueprint.get("/partnerships/<slug:slug>/members/<number:membership_id>")
@members_with(Action.READ)
def show(membership: Membership, membership_id: int) -> ResponseReturnValue:
    """Who a member is, how to reach them, which roles they hold and have held, and what they have taken on."""
    roles, manages = role_queries.of_member(membership, membership_id), membership.may(Action.MANAGE_MEMBERS)
    shown = member(membership, membership_id)
    return render_template(
        "members/show.html",
        member=shown,
        **(_managed(membership, shown) if manages else {}),
        present=[row for row in roles if row.is_present],
        before=[row for row in roles if not row.is_present],
        taken=taken(membership, membership_id),
        **partnership_context(membership),
    )


def _managed(membership: Membership, shown: AnyRow) -> dict[str, Any]:
    """What a moderator can change about a member, and what would be missing without them."""
    return {
        "row": queries.row(membership, shown.id),
        "sides": moderation_service.moderating_sides(membership.partnership),
        "takes_part": shown.organisation_id in participations(membership.partnership),
        "duties": duties.of(membership, [shown.id]),
        "offered_moderation": shown.moderation_offered_by_id is not None,
    }


def member(membership: Membership, member_id: int) -> AnyRow:
    """A current or former membership in the partnership, and its person; 404 for none."""
    decider, person = aliased(Membership), aliased(User)
    profile = select(
        Membership.id,
        Membership.level,
        Membership.is_active.label("is_in"),
        Membership.has_ended.label("has_ended"),
        Membership.joined_at,
        Membership.accepted_at,
        Membership.state_since,
        Membership.moderation_offered_by_id,
        person.name.label("decided_by"),
        User.name,
        User.title,
        User.email,
        User.phone,
        Membership.organisation_id,
        Organisation.name.label("organisation_name"),
        Organisation.website,
        SIDE.label("side"),
    )
    query = (
        with_person(profile)
        .outerjoin(decider, decider.id == Membership.decided_by_id)
        .outerjoin(person, person.id == decider.user_id)
        .where(
            Membership.partnership_id == membership.partnership_id,
            Membership.id == member_id,
            Membership.joined_at.is_not(None),
        )
    )
    return db.session.execute(query).first() or abort(404)


def taken(membership: Membership, member_id: int) -> list[AnyRow]:
    """The challenges that a member has taken: unsolved ones first, then the latest."""
    query = (
        select(Post.number, Post.title, Post.status, Post.status_at)
        .where(
            Post.partnership_id == membership.partnership_id,
            Post.taker_id == member_id,
            Post.withdrawn_at.is_(None),
        )
        .order_by(Post.status.not_in(UNSOLVED), Post.activity_number.desc())
        .limit(MOST_TAKEN)
    )
    return list(db.session.execute(query))
