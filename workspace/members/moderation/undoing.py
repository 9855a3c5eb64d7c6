"""Undoing what a moderator did by one press: within an hour, by the same moderator, if nothing has happened since.

What was done stays in the audit log, and what the partnership's own log told of it, there; undoing adds to both.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import and_, or_, select

from workspace import clock
from workspace.accounts.models import user_with
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.mail import outbox
from workspace.mail.models import enqueue
from workspace.members.models import Invitation, InvitationAnswer, InviteLink
from workspace.members.moderation import duties, ways_in
from workspace.members.moderation.service import find_member
from workspace.members.moderation.snapshots import APPROVED, READMITTED, restore
from workspace.members.verbs import TOOK_BACK_ACCESS
from workspace.partnerships.activity_log import Entry, record_by
from workspace.partnerships.memberships import find
from workspace.partnerships.models import Membership, MembershipState
from workspace.partnerships.verbs import ACCEPTED_ORGANISATION
from workspace.permissions import Action, Conflict, Level, NotAllowed

AN_HOUR = timedelta(hours=1)
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
            raise _too_late()
        _require_own(by, member.decided_by_id, member.state_since)
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
        kind, moment = MAILS[member.state], int(clock.now().timestamp() * 1000)
        enqueue(kind, key=f"{kind}:{member.id}:{moment}", to=member.user_id, membership=member.id)
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
        _require_own(by, link.closed_by_id, link.closed_at)
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
        refusal: Conflict | NotAllowed = _too_late()
        for invitation in invitations:
            try:
                _reopen(by, invitation)
                reopened.append(invitation)
            except (Conflict, NotAllowed) as refused:
                refusal = refused
        if not reopened:
            raise refusal
        return reopened


def _reopen(by: Membership, invitation: Invitation) -> None:
    db.session.refresh(invitation)
    is_withdrawn = invitation.answer is InvitationAnswer.WITHDRAWN
    if not is_withdrawn or invitation.withdrawn_at is None or _is_superseded(invitation):
        raise _too_late()
    _require_own(by, invitation.withdrawn_by_id, invitation.withdrawn_at)
    _require_nobody_put_out(by, invitation.invited_by_id, invitation.withdrawn_at)
    invitation.answer = InvitationAnswer.OPEN
    invitation.withdrawn_at = invitation.withdrawn_by_id = None
    outbox.send_after_all(f"invitation:{invitation.id}:{invitation.round}")
    about = {"email": invitation.email, "before": "withdrew_invitation"}
    record_audit(AuditAction.UNDID, actor=by.user, partnership=by.partnership, **about)


def _require_own(by: Membership, decided_by_id: int | None, since: datetime) -> None:
    """Raise NotAllowed unless `by` did it, and Conflict an hour after."""
    if decided_by_id != by.id:
        raise NotAllowed(_("Only the moderator who did it can undo it."))
    if clock.now() - since > AN_HOUR:
        raise _too_late()


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
    """Raise Conflict if whoever made a way in could no longer, or a member's access has been taken or changed since."""
    maker = db.session.get(Membership, made_by_id)
    changed = select(Membership.id).where(
        Membership.partnership_id == by.partnership_id,
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
    if not can or db.session.scalar(changed.limit(1)) is not None:
        raise Conflict(_("A member's access has changed since, so it stays closed. Make a new one instead."))


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


def _too_late() -> Conflict:
    return Conflict(_("It is too late to undo this: something else has been done since, or an hour has gone."))
