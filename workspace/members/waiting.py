"""What is read of invitations, links and listed partnerships."""

from sqlalchemy import and_, select

from workspace.accounts.models import User
from workspace.database import AnyRow, db
from workspace.members.models import Answer, Invitation, Link
from workspace.partnerships.models import Membership, Partnership, Visibility

MOST_SHOWN = 100


def invitations(membership: Membership) -> list[AnyRow]:
    """The latest that wait for an answer, or waited in vain; at most a hundred."""
    query = (
        select(Invitation.id, Invitation.email, Invitation.level, Invitation.sent_at, Invitation.expires_at, User.name)
        .join(Membership, Membership.id == Invitation.invited_by_id)
        .join(Membership.user)
        .where(Invitation.partnership_id == membership.partnership_id, Invitation.answer == Answer.OPEN)
        .order_by(Invitation.id.desc())
        .limit(MOST_SHOWN)
    )
    return list(db.session.execute(query))


def links(membership: Membership) -> list[Link]:
    """The latest links, open or closed."""
    query = select(Link).where(Link.partnership_id == membership.partnership_id).order_by(Link.id.desc()).limit(10)
    return list(db.session.scalars(query))


def came_by(link: Link) -> list[AnyRow]:
    """Who came in by the link."""
    query = (
        select(User.name, Membership.since)
        .join(Membership.user)
        .where(Membership.partnership_id == link.partnership_id, Membership.link_id == link.id)
        .order_by(Membership.since)
        .limit(500)
    )
    return list(db.session.execute(query))


def listed(user: User, after: int | None) -> list[AnyRow]:
    """Listed partnerships that I have no seat in, the newest first: what everybody may know of them."""
    query = (
        select(Partnership.id, Partnership.name, Partnership.purpose)
        .outerjoin(
            Membership,
            and_(
                Membership.partnership_id == Partnership.id,
                Membership.user_id == user.id,
                Membership.is_present,
                ~Membership.has_ended,
            ),
        )
        .where(Partnership.visibility == Visibility.LISTED, Partnership.archived_at.is_(None), Membership.id.is_(None))
        .order_by(Partnership.id.desc())
        .limit(21)
    )
    if after:
        query = query.where(Partnership.id < after)
    return list(db.session.execute(query))
