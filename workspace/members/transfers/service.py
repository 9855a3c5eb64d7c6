"""Transfers: a member comes to represent another organisation, or an organisation's participation ends.

Whoever moves gets a new membership that continues from the old one. Texts and roles of before stay with the old
membership: each was taken on for that organisation, so the roles are vacant and somebody takes them on anew.
"""

from flask import abort
from flask_babel import gettext as _
from sqlalchemy import select, update

from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.mail.models import enqueue
from workspace.members.models import Invitation, InvitationAnswer
from workspace.members.moderation import ways_in
from workspace.members.moderation.service import (
    LastOfSide,
    end,
    find_member,
    moderating_sides,
    moderators,
    require_moderators,
    require_others,
)
from workspace.members.verbs import CHANGED_ORGANISATION, LET_GO_ORGANISATION
from workspace.organisations.models import Organisation, Side
from workspace.partnerships import memberships
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.models import Ending, Membership, MembershipState, Partnership
from workspace.partnerships.service import participations
from workspace.permissions import Action, Conflict
from workspace.posts.challenge_workflow import ChallengeStatus
from workspace.posts.models import Post


def move(by: Membership, member_id: int, organisation_id: int, *, confirmed: bool = False) -> Membership:
    """Let a member represent another of the partner organisations; the new membership. The present one changes nothing.

    Raises LastOfSide unless `confirmed`.
    """
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        member = find_member(by.partnership, member_id)
        if member.has_ended or member.state is MembershipState.REQUESTED:
            raise Conflict(_("The person is no longer a member."))
        if member.organisation_id == organisation_id:
            return member
        _require_sides(by.partnership, [member], organisation_id, confirmed=confirmed)
        return _membership_for(by, member, organisation_id)


def end_participation(
    by: Membership, organisation_id: int, *, stay_for: int | None, reason: str, confirmed: bool = False
) -> list[Membership]:
    """End an organisation's part. Its members go with it, or stay for the partner organisation `stay_for`.

    Who was invited for it is invited no more. Returns the memberships that it had.
    Raises LastModerator, and LastOfSide unless `confirmed`.
    """
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        present = participations(by.partnership)
        organisation = db.session.get(Organisation, organisation_id)
        if organisation_id not in present or organisation is None:
            abort(404)
        members = members_of(by.partnership, organisation_id)
        record_by(by, LET_GO_ORGANISATION, name=organisation.name, members=len(members))
        record_audit(
            AuditAction.LET_GO_ORGANISATION,
            actor=by.user,
            partnership=by.partnership,
            before=organisation.name,
            members=len(members),
            reason=reason,
        )
        if stay_for is None:
            require_others(by, members)
            require_moderators(by.partnership, without=moderators(members), confirmed=confirmed)
            for member in members:
                end(member, Ending.REMOVED, by=by, reason=reason)
            ways_in.close(by, members)
        else:
            if stay_for == organisation_id or stay_for not in present:
                raise Conflict(_("The organisation does not take part here. Choose another, or ask the moderators."))
            _require_sides(by.partnership, members, stay_for, confirmed=confirmed)
            for member in sorted(
                members, key=lambda each: each.id == by.id
            ):  # One's own membership last: it is the actor's.
                _membership_for(by, member, stay_for)
        _withdraw_invitations(by.partnership, organisation_id)
        db.session.delete(present[organisation_id])
        return members


def members_of(partnership: Partnership, organisation_id: int) -> list[Membership]:
    """Those who are in, or on hold, for the organisation."""
    query = select(Membership).where(
        Membership.partnership_id == partnership.id,
        Membership.organisation_id == organisation_id,
        Membership.state.in_((MembershipState.ACTIVE, MembershipState.SUSPENDED)),
        ~Membership.has_ended,
    )
    return list(db.session.scalars(query.order_by(Membership.id)))


def _membership_for(by: Membership, member: Membership, organisation_id: int) -> Membership:
    """A new membership for the same person. The old one keeps everything but what is still to be done."""
    before = member.organisation.name
    moved = memberships.move(member, organisation_id, by=by)
    ways_in.withdraw_offers([member])
    _hand_on(member, moved)
    record_by(by if by.id != member.id else moved, CHANGED_ORGANISATION, subject=moved, before=before)
    record_audit(
        AuditAction.CHANGED_ORGANISATION,
        actor=by.user,
        subject=moved.user,
        partnership=by.partnership,
        before=before,
        after=moved.organisation.name,
    )
    enqueue("moved", key=f"moved:{moved.id}", to=moved.user_id, membership=moved.id)
    return moved


def _hand_on(old: Membership, new: Membership) -> None:
    """What somebody has taken, or was asked to take, and is not solved yet, waits for the same person."""
    for column in (Post.taker_id, Post.asked_id):
        here = Post.partnership_id == old.partnership_id
        db.session.execute(
            update(Post).where(here, column == old.id, Post.status != ChallengeStatus.SOLVED).values({column: new.id})
        )


def _withdraw_invitations(partnership: Partnership, organisation_id: int) -> None:
    """Withdraw the invitations for the organisation that is let go."""
    db.session.execute(
        update(Invitation)
        .where(
            Invitation.partnership_id == partnership.id,
            Invitation.organisation_id == organisation_id,
            Invitation.answer == InvitationAnswer.OPEN,
        )
        .values(answer=InvitationAnswer.WITHDRAWN)
    )


def _require_sides(partnership: Partnership, members: list[Membership], to: int, *, confirmed: bool) -> None:
    """Raise LastOfSide when a side loses its last moderator by the move, unless it is confirmed."""
    moved = moderators(members)
    if not moved or confirmed:
        return
    side = participations(partnership)[to].side
    left = moderating_sides(partnership, without=moved).keys() | {str(Side(side))}
    if moderating_sides(partnership).keys() - left - {""}:
        raise LastOfSide
