"""Closing an account. It always closes: one that was taken over must, whatever it moderates."""

from sqlalchemy import select

from workspace import clock
from workspace.accounts import sessions, verification_codes
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.transactions import begin_write
from workspace.db.types import AnySelect
from workspace.members.moderation import ways_in
from workspace.members.moderation.service import moderating_sides
from workspace.partnerships.models import Membership, Partnership
from workspace.permissions import Level


def close(closed: User, *, by: User) -> None:
    """Close the account: its sessions, streams, codes, links and invitations are dead when this is answered.

    Each partnership that the person is in is locked first, in the same order everywhere: what they are doing there is
    done before, or refused (Membership.require).
    """
    begin_write()
    for membership in db.session.scalars(_memberships(closed)).all():
        with membership.partnership.locked():
            pass
    db.session.refresh(closed, with_for_update=True)
    if not closed.is_active:
        return
    closed.deactivated_at = clock.now()
    sessions.end_all(closed, at_once=True)
    verification_codes.end_all(closed)
    ways_in.close_all_of(closed, by=by)
    record_audit(AuditAction.DEACTIVATED, actor=by, subject=closed)


def without_moderator(person: User) -> list[Partnership]:
    """The partnerships that this person moderates, and that nobody does who can sign in."""
    query = _memberships(person).where(Membership.level == Level.MODERATOR)
    partnerships = [membership.partnership for membership in db.session.scalars(query)] if not person.is_active else []
    return [partnership for partnership in partnerships if not moderating_sides(partnership)]


def _memberships(person: User) -> AnySelect:
    active = select(Membership).where(Membership.user_id == person.id, Membership.is_active)
    return active.order_by(Membership.partnership_id)
