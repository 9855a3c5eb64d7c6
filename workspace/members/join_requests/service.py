"""Invite links and requests to join."""

from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import null, select, update

from workspace import clock
from workspace.accounts.models import User, email_key
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.mail.models import enqueue, moment_key
from workspace.members.invitations import limits
from workspace.members.invitations import service as invitations_service
from workspace.members.models import VALID, Invitation, InvitationAnswer, InviteLink
from workspace.members.moderation.service import find_member, other_moderators, require_open_account
from workspace.members.moderation.snapshots import APPROVED, DECLINED, snapshot
from workspace.notifications.dispatch import NotificationKind, send_immediate
from workspace.partnerships.memberships import admit, find, represent
from workspace.partnerships.models import Ending, Membership, MembershipState, Partnership, Visibility
from workspace.permissions import Action, Conflict, Level, NotAllowed

MOST_TURNS = 20


def open_link(by: Membership, *, level: Level, hours: int, most_uses: int) -> InviteLink:
    """Create a link to show at a meeting, for one level, for so many hours and so many people."""
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        if level is Level.MODERATOR:
            raise Conflict(_("A link lets in observers or participants. Moderators are appointed one by one."))
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
            link.closed_at, link.closed_by_id = clock.now(), by.id
            record_audit(AuditAction.CLOSED_LINK, actor=by.user, partnership=by.partnership, link=link.id)


def join(link: InviteLink, user: User, organisation_id: int | None = None) -> Membership:
    """Let a signed-in person join by the link. For a member it does nothing, and counts no use.

    Whoever belongs to none of the partner organisations chooses which one to represent.
    """
    with link.partnership.locked():
        partnership = link.partnership
        if partnership.is_archived:
            raise Conflict(_("The partnership is archived, so nothing in it can be changed."))
        membership = find(partnership, user)
        if membership and membership.is_active:
            return membership
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
        earlier = db.session.scalar(
            select(Invitation).where(
                Invitation.partnership_id == link.partnership_id,
                Invitation.email_key == key,
                Invitation.answer == inline_literal(InvitationAnswer.OPEN),
            )
        )
        if not link.is_open or (earlier and earlier.is_open) or limits.exhausted([key]):
            return
        limits.require_room_by_link(link, key)
        if earlier:  # It has expired, and an address has one open invitation.
            earlier.answer = InvitationAnswer.WITHDRAWN
            db.session.flush()
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
    """Ask the moderators of a listed partnership to join. Does nothing for members and those who have asked.

    Raises NotAllowed for somebody whose access is on hold.
    """
    with partnership.locked():
        if partnership.visibility is not Visibility.LISTED or partnership.is_archived:
            raise Conflict(_("The partnership is no longer listed."))
        if user.organisation_id is None:
            raise Conflict(_("You don't belong to an organisation yet. An administrator can put that right."))
        membership = find(partnership, user)
        if membership and not membership.has_ended:
            if membership.state is MembershipState.SUSPENDED and not membership.is_active:
                raise NotAllowed(_("Your access is on hold. A moderator can open it again."))
            return membership
        if membership is None:
            membership = Membership(partnership=partnership, user=user, organisation_id=user.organisation_id)
            membership.start_reading()
            membership.joined_at = null()  # None would mean the column's default, the current time.
            db.session.add(membership)
        else:
            if membership.ends_at and membership.is_barred:  # It may not have been recorded yet, and must not be lost.
                membership.decide(None, at=membership.ends_at)
            membership = _for_own_organisation(membership, user.organisation_id)
        membership.level, membership.ends_at = Level.OBSERVER, None
        membership.transition_to(MembershipState.REQUESTED)
        membership.request_text, membership.request_exchange = words, {}
        db.session.flush()
        record_audit(AuditAction.ASKED_TO_JOIN, actor=user, subject=user, partnership=partnership)
        _tell_moderators(membership)
        return membership


def approve(by: Membership, membership_id: int, level: Level) -> Membership:
    """Approve the request; the person's organisation takes part from now on, if it did not.

    Raises Conflict where their account is closed.
    """
    with by.partnership.locked():
        membership = _request(by, membership_id)
        require_open_account(membership)
        before = snapshot(membership, APPROVED)
        invitations_service.let_take_part(membership.organisation_id, by)
        admit(
            by.partnership,
            membership.user,
            level=level,
            organisation_id=membership.organisation_id,
            by=by,
            way="request",
        )
        membership.before_decision = before
        _tell(membership, "approved")
        return membership


def decline(by: Membership, membership_id: int, reason: str) -> Membership:
    """Decline, with a reason that the person sees."""
    with by.partnership.locked():
        membership = _request(by, membership_id)
        before = snapshot(membership, DECLINED)
        membership.transition_to(MembershipState.ENDED, by=by, reason=reason)
        membership.ending = Ending.DECLINED
        membership.decide(None)
        record_audit(
            AuditAction.DECLINED, actor=by.user, subject=membership.user, partnership=by.partnership, reason=reason
        )
        membership.before_decision = before
        _tell(membership, "declined")
        return membership


def ask_back(by: Membership, membership_id: int, question: str) -> Membership:
    """Ask the person something before deciding."""
    with by.partnership.locked():
        membership = _request(by, membership_id)
        require_open_account(membership)
        membership.moderator_question = question
        record_audit(AuditAction.ASKED_BACK, actor=by.user, subject=membership.user, partnership=by.partnership)
        _tell(membership, "asked_back")
        return membership


def answer(membership: Membership, words: str) -> None:
    """Answer the moderators' question, which is kept beside the answer."""
    with membership.partnership.locked():
        if membership.state is not MembershipState.REQUESTED:
            raise Conflict(_("Your request has been answered in the meantime."))
        if not membership.moderator_question:
            raise Conflict(_("The moderators have no question now."))
        turns = [*membership.request_exchange.get("turns", []), [membership.moderator_question, words]]
        membership.request_exchange = {"turns": turns[-MOST_TURNS:]}
        membership.moderator_question = ""
        _tell_moderators(membership)


def take_back(membership: Membership) -> None:
    """Withdraw one's own request."""
    with membership.partnership.locked():
        if membership.state is MembershipState.REQUESTED:
            membership.transition_to(MembershipState.ENDED)
            membership.ending = Ending.TAKEN_BACK


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


def _request(by: Membership, membership_id: int) -> Membership:
    by.require(Action.ADD_MEMBERS)
    membership = find_member(by.partnership, membership_id)
    if membership.state is not MembershipState.REQUESTED:
        raise Conflict(_("The request has been answered or withdrawn in the meantime."))
    return membership


def _for_own_organisation(membership: Membership, organisation_id: int) -> Membership:
    """The membership for the organisation, which an invitation that opens the one before opens as well."""
    before, here = membership.id, Invitation.partnership_id == membership.partnership_id
    membership = represent(membership, organisation_id)
    if membership.id != before:
        reopening = update(Invitation).where(here, Invitation.reopens_id == before)
        db.session.execute(reopening.values(reopens_id=membership.id))
    return membership


def _tell_moderators(membership: Membership) -> None:
    """Mail the moderators who want to hear of requests at once."""
    told = {NotificationKind.REQUEST: [moderator.id for moderator in other_moderators(membership)]}
    key = moment_key(membership.id)
    send_immediate(told, membership.partnership_id, key=key, asking=membership.id)


def _tell(membership: Membership, what: str) -> None:
    enqueue(what, key=moment_key(what, membership.id), to=membership.user_id, membership=membership.id)
