"""What somebody leaves behind when moderators suspend, remove or lower them: ways in, which close, and their offers.

Whoever is put out could come back by a link that they know, or by an invitation that they sent to another address of
theirs, each with a new account that nobody can tell from a stranger's. So all open links are closed and all open
invitations of theirs withdrawn, except for what the moderator chooses to keep.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from workspace import clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.types import AnySelect
from workspace.members.models import Invitation, InvitationAnswer, InviteLink
from workspace.partnerships.memberships import on_admission
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import LEVELS


@dataclass(frozen=True)
class Retained:
    """What a moderator keeps: the invitations, which become their own, and the links that others made."""

    invitations: bool = False
    links: bool = False


NOTHING = Retained()
_IS_OPEN = Invitation.answer == InvitationAnswer.OPEN
_IS_OPEN_LINK = InviteLink.closed_at.is_(None)


@dataclass(frozen=True)
class WaysIn:
    """What is open in a partnership, seen from some of its members."""

    invitations: Sequence[Invitation]
    own_links: Sequence[InviteLink]
    other_links: Sequence[InviteLink]

    def __bool__(self) -> bool:
        return bool(self.invitations or self.own_links or self.other_links)


def ways_of(partnership: Partnership, members: Collection[Membership]) -> WaysIn:
    """The open invitations that they sent and the open links, their own and those of others."""
    theirs = _memberships(partnership, members)
    links = [link for link in db.session.scalars(_links(partnership)) if link.is_open]
    sent = db.session.scalars(
        _invitations(partnership).where(Invitation.invited_by_id.in_(theirs), Invitation.link_id.is_(None))
    )
    return WaysIn(
        invitations=[invitation for invitation in sent if invitation.is_open],
        own_links=[link for link in links if link.made_by_id in theirs],
        other_links=[link for link in links if link.made_by_id not in theirs],
    )


def close(by: Membership, members: Collection[Membership], *, retained: Retained = NOTHING) -> None:
    """Close the ways of those who have just been put out. The partnership is locked."""
    if not members:
        return
    withdraw_offers(members)
    ways = ways_of(by.partnership, members)
    _close_links(by, [*ways.own_links, *(() if retained.links else ways.other_links)])
    if retained.invitations:
        for invitation in ways.invitations:
            invitation.invited_by_id = by.id
    else:
        _withdraw(by, ways.invitations)


def close_above_level(by: Membership, members: Collection[Membership]) -> None:
    """Close what those whose level has just been lowered made for more than they have now themselves."""
    if not members:
        return
    withdraw_offers(members)
    ways = ways_of(by.partnership, members)
    level_of = {member.user_id: LEVELS.index(member.level) for member in members}
    most = {member_id: level_of[user_id] for member_id, user_id in _memberships(by.partnership, members).items()}
    _close_links(by, [link for link in ways.own_links if LEVELS.index(link.level) > most[link.made_by_id]])
    _withdraw(by, [each for each in ways.invitations if LEVELS.index(each.level) > most[each.invited_by_id]])


def close_all_of(user: User, *, by: User) -> None:
    """Close what somebody made in any partnership, because their account is closed."""
    made = select(Membership.id).where(Membership.user_id == user.id)
    withdraw_offers(db.session.scalars(select(Membership).where(Membership.user_id == user.id)).all())
    for link in db.session.scalars(select(InviteLink).where(_IS_OPEN_LINK, InviteLink.made_by_id.in_(made))):
        _close_link(link, by)
    for invitation in db.session.scalars(select(Invitation).where(_IS_OPEN, Invitation.invited_by_id.in_(made))):
        _withdraw_invitation(invitation, by)


def withdraw_offers(members: Collection[Membership]) -> None:
    """Withdraw their offers to hand moderation over, which would stand again if they were moderators again."""
    db.session.execute(
        update(Membership)
        .where(
            Membership.partnership_id.in_({member.partnership_id for member in members}),
            Membership.moderation_offered_by_id.in_([member.id for member in members]),
        )
        .values(moderation_offered_by_id=None)
    )


def _withdraw_own(member: Membership) -> None:
    """Withdraw the other invitations to the address of somebody who has just come in."""
    mine = Invitation.email_key == member.user.email_key
    for invitation in db.session.scalars(_invitations(member.partnership).where(mine)):
        invitation.answer = InvitationAnswer.WITHDRAWN


def _close_links(by: Membership, links: Collection[InviteLink]) -> None:
    for link in links:
        _close_link(link, by.user)


def _close_link(link: InviteLink, by: User) -> None:
    link.closed_at = clock.now()
    record_audit(AuditAction.CLOSED_LINK, actor=by, partnership=link.partnership, link=link.id)


def _withdraw(by: Membership, invitations: Collection[Invitation]) -> None:
    for invitation in invitations:
        _withdraw_invitation(invitation, by.user)


def _withdraw_invitation(invitation: Invitation, by: User) -> None:
    invitation.answer = InvitationAnswer.WITHDRAWN
    record_audit(AuditAction.WITHDREW_INVITATION, actor=by, partnership=invitation.partnership, email=invitation.email)


def _memberships(partnership: Partnership, members: Collection[Membership]) -> dict[int, int]:
    """All memberships that these people have had here, also for other organisations: the person of each."""
    query = select(Membership.id, Membership.user_id).where(
        Membership.partnership_id == partnership.id, Membership.user_id.in_([member.user_id for member in members])
    )
    return {member_id: user_id for member_id, user_id in db.session.execute(query)}


def _invitations(partnership: Partnership) -> AnySelect:
    return select(Invitation).where(Invitation.partnership_id == partnership.id, _IS_OPEN)


def _links(partnership: Partnership) -> AnySelect:
    return select(InviteLink).where(InviteLink.partnership_id == partnership.id, _IS_OPEN_LINK)


on_admission.append(_withdraw_own)
