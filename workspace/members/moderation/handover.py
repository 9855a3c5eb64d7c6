"""Handing moderation over: an offer, as of a role, which takes effect once it is accepted."""

from flask_babel import gettext as _
from sqlalchemy import select, update

from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.mail.models import enqueue, moment_key
from workspace.members.moderation.service import find_member, hand_over, require_open_account
from workspace.partnerships.models import Membership
from workspace.permissions import Action, Conflict, Level


def offer(by: Membership, to_id: int) -> Membership:
    """Offer somebody to become moderator in one's place; one's earlier offer to another ends."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        to = find_member(by.partnership, to_id)
        _require_able(by, to)
        if to.moderation_offered_by_id == by.id:
            return to
        if offered_by(to) is not None:
            raise Conflict(_("Another moderator has made %(name)s this offer already.", name=to.user.name))
        mine = Membership.moderation_offered_by_id == by.id
        db.session.execute(
            update(Membership)
            .where(Membership.partnership_id == by.partnership_id, mine)
            .values(moderation_offered_by_id=None)
        )
        to.moderation_offered_by_id = by.id
        record_audit(AuditAction.OFFERED_MODERATION, actor=by.user, subject=to.user, partnership=by.partnership)
        kind = "moderation_offered"
        enqueue(kind, key=moment_key(kind, to.id), to=to.user_id, membership=to.id)
        return to


def withdraw(by: Membership, to_id: int) -> Membership:
    """Take the offer back. Raises Conflict if it has been answered."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        to = find_member(by.partnership, to_id)
        _require_offered(to)
        to.moderation_offered_by_id = None
        return to


def accept(member: Membership) -> Membership:
    """Become moderator in place of whoever offers it, and return them. Raises Conflict if they no longer do."""
    with member.partnership.locked():
        former = _require_offered(member)
        hand_over(former, member.id, confirmed=True)
        member.moderation_offered_by_id = None
        return former


def decline(member: Membership) -> Membership:
    """Say no, and return whoever offers it; they are told."""
    with member.partnership.locked():
        former = _require_offered(member)
        member.moderation_offered_by_id = None
        kind = "moderation_declined"
        enqueue(kind, key=moment_key(kind, former.id), to=former.user_id, membership=former.id, by=member.id)
        return former


def offered_by(member: Membership) -> Membership | None:
    """Who offers the member moderation now: none in an archive, nor once that one is no longer a moderator here."""
    is_open = member.moderation_offered_by_id and member.is_active and member.level is not Level.MODERATOR
    return _offerer(member) if is_open and not member.partnership.is_archived else None


def _offerer(member: Membership) -> Membership | None:
    query = select(Membership).where(
        Membership.partnership_id == member.partnership_id,
        Membership.id == member.moderation_offered_by_id,
        Membership.level == Level.MODERATOR,
        Membership.is_active,
    )
    return db.session.scalar(query)


def _require_offered(member: Membership) -> Membership:
    former = offered_by(member)
    if former is None:
        raise Conflict(_("Nobody offers to hand the moderator role over any more."))
    return former


def _require_able(by: Membership, to: Membership) -> None:
    if to.id == by.id or not to.is_active:
        raise Conflict(_("Choose another active member to hand over to."))
    require_open_account(to)
    if to.level is Level.MODERATOR:
        raise Conflict(_("%(name)s is a moderator already. You can change your own access.", name=to.user.name))
    if to.ends_at:
        raise Conflict(_("A moderator's access has no end. Take away the end date first."))
