"""Undoing what somebody did by one press: within an hour, by the same person, if nothing has happened since.

What was done stays in the audit log, and what the partnership's own log told of it, there; undoing adds to both.
"""

from collections.abc import Collection
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select

from workspace import clock
from workspace.accounts.models import User, user_with
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.mail.models import enqueue, moment_key
from workspace.members.invitations import service as invitations_service
from workspace.members.models import Invitation, InvitationAnswer, InviteLink
from workspace.members.moderation import duties, ways_in
from workspace.members.moderation.service import find_member
from workspace.members.moderation.snapshots import APPROVED, READMITTED, restore
from workspace.members.verbs import TOOK_BACK_ACCESS
from workspace.partnerships.activity_log import Entry, record_by
from workspace.partnerships.memberships import find
from workspace.partnerships.models import Membership, MembershipState
from workspace.partnerships.service import participations
from workspace.partnerships.undoing import require_undoable, too_late
from workspace.partnerships.verbs import ACCEPTED_ORGANISATION
from workspace.permissions import Action, Conflict, Level, NotAllowed

# The mail to somebody whose membership is back in that state.
MAILS = {
    MembershipState.REQUESTED: "reconsidered",
    MembershipState.SUSPENDED: "suspended",
    MembershipState.ENDED: "removed",
}


def undo_decision(by: Membership, member_id: int) -> Membership:
    """Put a membership back to what it was before the decision that `by` has just made; the person is told.

    Raises NotAllowed for a decision of another moderator, and Conflict where an hour has gone, something else was
    decided since, or somebody who was let in has written or taken something on. `by` remains as a moderator.
    """
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        member = find_member(by.partnership, member_id)
        if not member.before_decision:
            raise too_late()
        require_undoable(member.state_since, is_own=member.decided_by_id == by.id)
        was_let_in = member.before_decision["decision"] in (APPROVED, READMITTED)
        if was_let_in:
            _require_idle(by, member)
        was_moderating = member.is_active and member.level is Level.MODERATOR
        decision = restore(member)
        if was_let_in:
            record_by(by, TOOK_BACK_ACCESS, subject=member)
        if was_moderating:  # Only moderators know of open links, and can invite.
            ways_in.close(by, [member])
        record_audit(AuditAction.UNDID, actor=by.user, subject=member.user, partnership=by.partnership, before=decision)
        kind = MAILS[member.state]
        enqueue(kind, key=moment_key(kind, member.id), to=member.user_id, membership=member.id)
        return member


def reopen_link(by: Membership, link: InviteLink) -> None:
    """Open a link again that `by` has just closed.

    Raises as `undo_decision` does, and Conflict where anybody has lost access since: they may know the link.
    """
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        db.session.refresh(link)
        if link.closed_at is None:
            return
        require_undoable(link.closed_at, is_own=link.closed_by_id == by.id)
        _require_nobody_put_out(by, link.made_by_id, link.closed_at)
        link.closed_at = link.closed_by_id = None
        record_audit(AuditAction.UNDID, actor=by.user, partnership=by.partnership, before="closed_link", link=link.id)


def reopen_invitations(by: Membership, invitations: Collection[Invitation]) -> list[Invitation]:
    """Let those of the invitations stand again that `by` has just withdrawn, and return them; their links work again.

    Where none of them can be, it raises as `reopen_link` does.
    """
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        reopened: list[Invitation] = []
        refusal: Conflict | NotAllowed = too_late()
        for invitation in invitations:
            try:
                _reopen(by, invitation)
                reopened.append(invitation)
            except (Conflict, NotAllowed) as refused:
                refusal = refused
        if not reopened:
            raise refusal
        return reopened


def undo_refusal(invitation: Invitation, user: User | None) -> None:
    """Let an invitation stand again that the invited person has just declined; `user` as in `decline`.

    Raises NotAllowed for anybody else, Conflict after an hour, and NoLongerOpen where it would be over by now without
    having been declined: a stranger is not told why.
    """
    with invitation.partnership.locked():
        db.session.refresh(invitation)
        if invitation.answer is not InvitationAnswer.DECLINED or invitation.declined_at is None:
            raise too_late()
        require_undoable(invitation.declined_at, is_own=invitation.was_declined_by(user))
        if not _would_be_open(invitation, invitation.declined_at):
            raise invitations_service.no_longer_open()
        invitations_service.stand_again(invitation)
        about = {"email": invitation.email, "before": "declined_invitation"}
        record_audit(AuditAction.UNDID, actor=user, partnership=invitation.partnership, **about)


def _would_be_open(invitation: Invitation, declined_at: datetime) -> bool:
    """Whether nothing would have closed it since, had it not been declined."""
    invited = user_with(invitation.email)
    return (
        invitation.expires_at > clock.now()
        and invitation.has_way_in
        and not invitation.partnership.is_archived
        and (invited is None or invited.is_active)
        and not _is_superseded(invitation)
        and invitation.organisation_id in participations(invitation.partnership)
        and _is_safe(invitation.partnership_id, invitation.invited_by_id, declined_at)
    )


def _reopen(by: Membership, invitation: Invitation) -> None:
    db.session.refresh(invitation)
    is_withdrawn = invitation.answer is InvitationAnswer.WITHDRAWN
    if not is_withdrawn or invitation.withdrawn_at is None or _is_superseded(invitation):
        raise too_late()
    require_undoable(invitation.withdrawn_at, is_own=invitation.withdrawn_by_id == by.id)
    invitations_service.require_partner(by.partnership, invitation.organisation_id)
    _require_nobody_put_out(by, invitation.invited_by_id, invitation.withdrawn_at)
    invitations_service.stand_again(invitation)
    about = {"email": invitation.email, "before": "withdrew_invitation"}
    record_audit(AuditAction.UNDID, actor=by.user, partnership=by.partnership, **about)


def _require_idle(by: Membership, member: Membership) -> None:
    """Raise Conflict if somebody who was let in has done something since, or taken something on."""
    done = select(Entry.number).where(
        Entry.partnership_id == member.partnership_id,
        Entry.actor_id == member.id,
        Entry.at >= member.state_since,
        Entry.verb != ACCEPTED_ORGANISATION,
    )
    if duties.named(by, [member.id]) or db.session.scalar(done.limit(1)) is not None:
        raise Conflict(
            _("%(name)s has taken part since. Remove them instead, or put the access on hold.", name=member.user.name)
        )


def _require_nobody_put_out(by: Membership, made_by_id: int, since: datetime) -> None:
    """Raise Conflict unless the way in is as safe as it was."""
    if not _is_safe(by.partnership_id, made_by_id, since):
        raise Conflict(_("A member's access has changed since, so it stays closed. Make a new one instead."))


def _is_safe(partnership_id: int, made_by_id: int, since: datetime) -> bool:
    """Whether whoever made a way in still could, and nobody's access has been taken or changed since."""
    maker = db.session.get(Membership, made_by_id)
    changed = select(Membership.id).where(
        Membership.partnership_id == partnership_id,
        Membership.joined_at < since,
        or_(
            Membership.decided_at >= since,
            and_(
                Membership.state.in_((MembershipState.SUSPENDED, MembershipState.ENDED)),
                Membership.state_since >= since,
            ),
        ),
    )
    can = maker is not None and maker.user.is_active and maker.may(Action.ADD_MEMBERS)
    return can and db.session.scalar(changed.limit(1)) is None


def _is_superseded(invitation: Invitation) -> bool:
    """Whether the address has another open invitation, or its person is in, or on hold."""
    other = select(Invitation.id).where(
        Invitation.partnership_id == invitation.partnership_id,
        Invitation.email_key == invitation.email_key,
        Invitation.answer == inline_literal(InvitationAnswer.OPEN),
    )
    user = user_with(invitation.email)
    member = find(invitation.partnership, user) if user else None
    return db.session.scalar(other.limit(1)) is not None or (member is not None and not member.has_ended)
