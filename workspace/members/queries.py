"""What is read of one member. Every query starts from the reader's membership."""

from flask import abort
from sqlalchemy import func, select

from workspace.accounts.models import User
from workspace.database import AnyRow, db
from workspace.organisations.models import Organisation, Side
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.queries import of_seat
from workspace.posts.models import Post
from workspace.posts.moving import UNSOLVED

MOST_TAKEN = 50


def member(membership: Membership, member_id: int) -> AnyRow:
    """A seat in the partnership, whatever its state, and its person; 404 for none."""
    query = (
        select(
            Membership.id,
            Membership.level,
            Membership.state,
            Membership.created_at,
            User.name,
            User.title,
            User.email,
            User.phone,
            Organisation.name.label("organisation_name"),
            Organisation.website,
            func.coalesce(Participation.side, Side.OTHERS).label("side"),
        )
        .join(Membership.user)
        .join(Organisation, Membership.organisation_id == Organisation.id)
        .outerjoin(Participation, of_seat())
        .where(Membership.partnership_id == membership.partnership_id, Membership.id == member_id)
    )
    return db.session.execute(query).first() or abort(404)


def taken(membership: Membership, member_id: int) -> list[AnyRow]:
    """The challenges that a member has taken, those to be solved first, then the latest."""
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
