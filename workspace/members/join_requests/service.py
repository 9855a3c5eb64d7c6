"""Invite links and requests to join."""

from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import null, select

from workspace import clock
from workspace.accounts.models import User, email_key
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.mail.models import enqueue
from workspace.members.invitations import limits
from workspace.members.invitations import service as invitations_service
from workspace.members.models import VALID, Invitation, InvitationAnswer, InviteLink
from workspace.members.moderation.service import find_member
from workspace.partnerships.memberships import admit, find
from workspace.partnerships.models import Ending, Membership, MembershipState, Partnership, Visibility
from workspace.permissions import Action, Conflict, Level


def open_link(by: Membership, *, level: Level, hours: int, most_uses: int) -> InviteLink:
    """Create a link to show at a meeting, for one level, for so many hours and so many people."""
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        if level is Level.MODERATOR:
            raise Conflict(_("A link lets in readers or members. Moderators are made one by one."))
        link = InviteLink(
            partnership_id=by.partnership_id,
            level=level,
            made_by_id=by.id,
            most_uses=most_uses,
            expires_at=clock.now() + timedelta(hours=hours),
        )
        db.session.add(link)
        db.session.flush()
        record_audit(
            AuditAction.OPENED_LINK, actor=by.user, partnership=by.partnership, after=level.value, uses=most_uses
        )
        return link


def close_link(by: Membership, link: InviteLink) -> None:
    """Close the link: nobody can join by it any more."""
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        if link.closed_at is None:
            link.closed_at = clock.now()
            record_audit(AuditAction.CLOSED_LINK, actor=by.user, partnership=by.partnership, link=link.id)


def join(link: InviteLink, user: User, organisation_id: int | None = None) -> Membership:
    """Let a signed-in person join by the link. For a member it does nothing, and counts no use.

    Whoever belongs to none of the partner organisations chooses which one to represent.
    """
    with link.partnership.locked():
        partnership = link.partnership
        if partnership.is_archived:
            raise Conflict(_("The partnership is archived, so nothing in it can be changed."))
        seat = find(partnership, user)
        if seat and seat.is_active:
            return seat
        invitations_service.use(link)
        return invitations_service.enter(
            partnership, user, level=link.level, organisation_id=organisation_id, link_id=link.id
        )


def confirm_by_mail(link: InviteLink, email: str, organisation_id: int) -> None:
    """Send somebody without an account an invitation, so that the address is confirmed before they are in.

    Raises TooManyInvitations. An address that has had its share of mails gets none, and nobody is told.
    """
    with link.partnership.locked():
        db.session.refresh(link)
        invitations_service.require_partner(link.partnership, organisation_id)
        key = email_key(email)
        if not link.is_open or db.session.scalar(
            select(Invitation.id).where(
                Invitation.partnership_id == link.partnership_id,
                Invitation.email_key == key,
                Invitation.answer == inline_literal(InvitationAnswer.OPEN),
            )
        ):
            return
        if limits.exhausted([key]):
            return
        limits.require_room_by_link(link, key)
        invitation = Invitation(
            partnership_id=link.partnership_id,
            email=email,
            level=link.level,
            organisation_id=organisation_id,
            invited_by_id=link.made_by_id,
            link_id=link.id,
            expires_at=clock.now() + VALID,
        )
        db.session.add(invitation)
        db.session.flush()
        enqueue("invitation", key=f"invitation:{invitation.id}:1", to=email, invitation=invitation.id)
        record_audit(AuditAction.INVITED, partnership=link.partnership, email=email, link=link.id)


def ask_to_join(user: User, partnership: Partnership, words: str) -> Membership:
    """Ask the moderators of a listed partnership to join. Does nothing for members and those who have asked."""
    with partnership.locked():
        if partnership.visibility is not Visibility.LISTED or partnership.is_archived:
            raise Conflict(_("The partnership is no longer listed."))
        if user.organisation_id is None:
            raise Conflict(_("You don't belong to an organisation yet. An administrator can put that right."))
        seat = find(partnership, user)
        if seat and not seat.has_ended:
            return seat
        if seat is None:
            seat = Membership(partnership=partnership, user=user, seen_number=partnership.last_number)
            seat.joined_at = null()  # None would mean the column's default, the current time.
            db.session.add(seat)
        elif seat.ends_at and seat.is_barred:  # The end may not have been recorded yet, and must not be forgotten.
            seat.decide(None, at=seat.ends_at)
        seat.organisation_id, seat.level, seat.ends_at = user.organisation_id, Level.OBSERVER, None
        seat.transition_to(MembershipState.REQUESTED)
        seat.request_text = words
        db.session.flush()
        record_audit(AuditAction.ASKED_TO_JOIN, actor=user, subject=user, partnership=partnership)
        return seat


def approve(by: Membership, seat_id: int, level: Level) -> Membership:
    """Approve the request; the person's organisation takes part from now on, if it did not."""
    with by.partnership.locked():
        seat = _request(by, seat_id)
        invitations_service.create_member_account(seat.organisation_id, seat.user, by)
        admit(by.partnership, seat.user, level=level, organisation_id=seat.organisation_id, by=by, way="request")
        _tell(seat, "approved")
        return seat


def decline(by: Membership, seat_id: int, reason: str) -> Membership:
    """Decline, with a reason that the person sees."""
    with by.partnership.locked():
        seat = _request(by, seat_id)
        seat.transition_to(MembershipState.ENDED, by=by, reason=reason)
        seat.ending = Ending.DECLINED
        seat.decide(None)
        record_audit(AuditAction.DECLINED, actor=by.user, subject=seat.user, partnership=by.partnership, reason=reason)
        _tell(seat, "declined")
        return seat


def ask_back(by: Membership, seat_id: int, question: str) -> Membership:
    """Ask the person something before deciding."""
    with by.partnership.locked():
        seat = _request(by, seat_id)
        seat.moderator_question = question
        record_audit(AuditAction.ASKED_BACK, actor=by.user, subject=seat.user, partnership=by.partnership)
        _tell(seat, "asked_back")
        return seat


def answer(seat: Membership, words: str) -> None:
    """Answer the moderators' question: the answer is added below the request's text."""
    with seat.partnership.locked():
        if seat.state is not MembershipState.REQUESTED:
            raise Conflict(_("Your request has been answered in the meantime."))
        seat.request_text = f"{seat.request_text}\n\n{seat.moderator_question}\n{words}".strip()
        seat.moderator_question = ""


def take_back(seat: Membership) -> None:
    """Withdraw one's own request."""
    with seat.partnership.locked():
        if seat.state is MembershipState.REQUESTED:
            seat.transition_to(MembershipState.ENDED)
            seat.ending = Ending.TAKEN_BACK


def set_visibility(by: Membership, visibility: Visibility) -> None:
    """List the partnership for people who are not members, or hide it."""
    with by.partnership.locked():
        by.require(Action.EDIT_PARTNERSHIP)
        before, by.partnership.visibility = by.partnership.visibility, visibility
        if before is not visibility:
            record_audit(
                AuditAction.CHANGED_VISIBILITY,
                actor=by.user,
                partnership=by.partnership,
                before=before.value,
                after=visibility.value,
            )


def _request(by: Membership, seat_id: int) -> Membership:
    by.require(Action.ADD_MEMBERS)
    seat = find_member(by.partnership, seat_id)
    if seat.state is not MembershipState.REQUESTED:
        raise Conflict(_("The request has been answered or taken back in the meantime."))
    return seat


def _tell(seat: Membership, what: str) -> None:
    moment = int(clock.now().timestamp() * 1000)
    enqueue(what, key=f"{what}:{seat.id}:{moment}", to=seat.user_id, membership=seat.id)
