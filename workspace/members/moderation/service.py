"""Moderation of memberships, and what members do with their own; everything under the partnership's lock.

A partnership always keeps an active moderator. The check is made under the lock, so it also holds if the last two are
demoted at the same moment. Only closing an account can leave one without (closing.py, appointment.py).
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from flask import abort
from flask_babel import gettext as _
from sqlalchemy import String, cast, func, or_, select

from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.types import AnyRow
from workspace.mail.models import enqueue, enqueue_all, mail_row, moment_key
from workspace.members.moderation import duties, ways_in
from workspace.members.moderation.snapshots import LIFTED, READMITTED, snapshot
from workspace.members.moderation.ways_in import NOTHING, Retained
from workspace.members.verbs import LEFT, REMOVED
from workspace.partnerships.activity_log import record, record_by
from workspace.partnerships.memberships import admit
from workspace.partnerships.models import Ending, Membership, MembershipState, Participation, Partnership
from workspace.partnerships.queries import participation_of
from workspace.partnerships.service import participations
from workspace.permissions import LEVELS, Action, Conflict, Level

MOST_AT_ONCE = 100


class LastModerator(Conflict):
    """Without this person the partnership would have no active moderator."""

    def __init__(self) -> None:
        super().__init__(_("A partnership always has a moderator. Make somebody else a moderator first."))


class Question(Conflict):
    """This is allowed, but must be confirmed."""


class LastOfSide(Question):
    """Without this person a side would have no moderator. `more` is what else is asked."""

    def __init__(self, more: str = "") -> None:
        message = _("Then only one side has moderators. Are you sure?")
        super().__init__(f"{message} {more}".strip())


def change_levels(by: Membership, levels: Mapping[int, Level], *, confirmed: bool = False) -> dict[int, Level]:
    """Change the levels of memberships (by id); returns the earlier levels of those that changed.

    Raises LastModerator; and Question, unless it is `confirmed`, for a side's last moderator and for those who hold
    roles or have taken challenges, which an observer can't carry out.
    """
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        changed = [member for member in find_members(by.partnership, levels) if member.level is not levels[member.id]]
        if any(member.ends_at for member in changed if levels[member.id] is Level.MODERATOR):
            raise Conflict(_("A moderator's access has no end. Take away the end date first."))
        raised = {member.id for member in changed if levels[member.id] is Level.MODERATOR}
        question = "" if confirmed else _about_duties(by, {member.id for member in changed} - _writers(levels))
        try:
            require_moderators(by.partnership, without=moderators(changed), plus=raised, confirmed=confirmed)
        except LastOfSide:
            raise LastOfSide(question) from None
        if question:
            raise Question(question)
        before = {member.id: member.level for member in changed}
        for member in changed:
            member.level = levels[member.id]
            if member.level is Level.MODERATOR:
                member.moderation_offered_by_id = None
            if not member.is_barred:
                member.decide(member.level)
            record_audit(
                AuditAction.CHANGED_LEVEL,
                actor=by.user,
                subject=member.user,
                partnership=by.partnership,
                before=before[member.id].value,
                after=member.level.value,
            )
        lowered = [member for member in changed if LEVELS.index(member.level) < LEVELS.index(before[member.id])]
        ways_in.close_above_level(by, lowered)
        _tell_levels([member for member in changed if member.is_active and member.id != by.id])
        return before


def suspend(
    by: Membership,
    ids: Collection[int],
    *,
    until: datetime | None,
    reason: str,
    confirmed: bool = False,
    retained: Retained = NOTHING,
) -> list[Membership]:
    """Suspend members until a moment, or until somebody lifts it; returns those who were suspended.

    The ways in that they made or may know are closed, except for what is `retained`.
    """
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        found = [member for member in find_members(by.partnership, ids) if member.is_active]
        require_others(by, found)
        require_moderators(by.partnership, without=moderators(found), confirmed=confirmed)
        for member in found:
            member.transition_to(MembershipState.SUSPENDED, by=by, reason=reason)
            member.suspended_until = until
            _tell(AuditAction.SUSPENDED, member, by, reason=reason, until=until.isoformat() if until else "")
        ways_in.close(by, found, retained=retained)
        return found


def lift(by: Membership, member_id: int) -> Membership:
    """Lift a suspension."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        member = find_member(by.partnership, member_id)
        if member.state is MembershipState.SUSPENDED:
            before = snapshot(member, LIFTED)
            member.transition_to(MembershipState.ACTIVE, by=by)
            member.before_decision = before
            # Whoever comes back from a suspension gets no mail about what was written meanwhile.
            member.digested_number = by.partnership.last_number
            _tell(AuditAction.LIFTED, member, by)
        return member


def remove(
    by: Membership, ids: Collection[int], *, reason: str, confirmed: bool = False, retained: Retained = NOTHING
) -> list[Membership]:
    """End memberships. What they wrote stays under their names; their roles become vacant.

    The ways in that they made or may know are closed, except for what is `retained`.
    """
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        found = [
            member
            for member in find_members(by.partnership, ids)
            if member.state in (MembershipState.ACTIVE, MembershipState.SUSPENDED)
        ]
        require_others(by, found)
        require_moderators(by.partnership, without=moderators(found), confirmed=confirmed)
        for member in found:
            end(member, Ending.REMOVED, by=by, reason=reason)
        ways_in.close(by, found, retained=retained)
        return found


def end(member: Membership, how: Ending, *, by: Membership, reason: str = "") -> None:
    """End the membership, and log it. The partnership is locked."""
    member.transition_to(MembershipState.ENDED, by=by, reason=reason)
    member.ending = how
    member.decide(None)
    record_by(by, REMOVED, subject=member)
    _tell(AuditAction.REMOVED, member, by, reason=reason)


def leave(member: Membership, *, confirmed: bool = False) -> None:
    """End one's own membership."""
    with member.partnership.locked():
        member.require(Action.LEAVE)
        require_moderators(member.partnership, without=moderators([member]), confirmed=confirmed)
        member.transition_to(MembershipState.ENDED)
        member.ending = Ending.LEFT
        ways_in.withdraw_offers([member])
        record(member.partnership, LEFT, actor=member, subject=member)
        record_audit(AuditAction.LEFT, actor=member.user, subject=member.user, partnership=member.partnership)


def readmit(by: Membership, member_id: int, level: Level) -> Membership:
    """Give a former member access again, at `level`. Whether others see how to reach them is theirs to say again.

    Raises Conflict where their account is closed, or the organisation that they represented no longer takes part.
    """
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        member = find_member(by.partnership, member_id)
        if not member.has_ended or member.joined_at is None:
            raise Conflict(_("%(name)s is a member already.", name=member.user.name))
        require_open_account(member)
        if member.organisation_id not in participations(by.partnership):
            raise Conflict(
                _(
                    "%(organisation)s no longer takes part."
                    " Add the organisation first, or invite %(name)s for another.",
                    organisation=member.organisation.name,
                    name=member.user.name,
                )
            )
        before = snapshot(member, READMITTED)
        admit(by.partnership, member.user, level=level, organisation_id=member.organisation_id, by=by, accepted=False)
        member.before_decision = before
        enqueue(
            "added",
            key=f"added:{member.id}:{by.partnership.last_number}",
            to=member.user_id,
            membership=member.id,
        )
        return member


def end_on(by: Membership, member_id: int, moment: datetime | None) -> Membership:
    """Set or clear the moment at which a membership ends. The person is told a week before."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        member = find_member(by.partnership, member_id)
        if moment and member.level is Level.MODERATOR:
            raise Conflict(_("A moderator's access has no end. Change the access first."))
        if member.ends_at != moment and not member.has_ended:
            before, member.ends_at, member.before_decision = member.ends_at, moment, {}
            record_audit(
                AuditAction.SET_END,
                actor=by.user,
                subject=member.user,
                partnership=by.partnership,
                before=before.isoformat() if before else "",
                after=moment.isoformat() if moment else "",
            )
        return member


def hand_over(by: Membership, to_id: int, *, confirmed: bool = False) -> Membership:
    """Make somebody else moderator in one's place."""
    with by.partnership.locked():
        by.require(Action.MANAGE_MEMBERS)
        to = find_member(by.partnership, to_id)
        if to.id == by.id or not to.is_active:
            raise Conflict(_("Choose another active member to hand over to."))
        change_levels(by, {to.id: Level.MODERATOR, by.id: Level.CONTRIBUTOR}, confirmed=confirmed)
        return to


def find_members(partnership: Partnership, ids: Collection[int]) -> list[Membership]:
    """The partnership's memberships with these ids. Raises Conflict for more than a hundred."""
    if len(ids) > MOST_AT_ONCE:
        raise Conflict(_("Choose at most %(most)s members at a time.", most=MOST_AT_ONCE))
    wanted = sorted(ids)
    query = select(Membership).where(Membership.partnership_id == partnership.id, Membership.id.in_(wanted))
    return list(db.session.scalars(query.where(Membership.is_present).order_by(Membership.id)))


def find_member(partnership: Partnership, member_id: int) -> Membership:
    """The partnership's membership with that id; 404 for one of another partnership."""
    found = find_members(partnership, [member_id])
    if not found:
        abort(404)
    return found[0]


def other_moderators(member: Membership) -> list[AnyRow]:
    """The other active moderators who can sign in: the ids of their memberships and accounts."""
    query = (
        select(Membership.id, Membership.user_id)
        .join(Membership.user)
        .where(
            Membership.partnership_id == member.partnership_id,
            Membership.level == Level.MODERATOR,
            Membership.is_active,
            Membership.id != member.id,
            User.deactivated_at.is_(None),
        )
    )
    return list(db.session.execute(query))


def moderating_sides(
    partnership: Partnership, *, without: Collection[int] = (), plus: Collection[int] = ()
) -> dict[str, int]:
    """The number of active moderators who can sign in, by side; sides without any are left out.

    Under "" stand those whose organisation doesn't take part, such as an administrator who helps: they are on no side.

    The memberships `without` don't count; those in `plus` do.
    """
    side = func.coalesce(cast(Participation.side, String), "")
    query = (
        select(side, func.count())
        .select_from(Membership)
        .join(Membership.user)
        .outerjoin(
            Participation,
            participation_of(Membership),
        )
        .where(
            Membership.partnership_id == partnership.id,
            or_(Membership.level == Level.MODERATOR, Membership.id.in_(list(plus))),
            Membership.id.not_in(list(without)),
            Membership.is_active,
            User.deactivated_at.is_(None),
        )
        .group_by(side)
    )
    return {str(side): count for side, count in db.session.execute(query)}


def require_moderators(
    partnership: Partnership, *, without: Collection[int], plus: Collection[int] = (), confirmed: bool
) -> None:
    """Raise LastModerator if none is left without these members, and LastOfSide for a side unless it is `confirmed`."""
    if not without:
        return
    remaining = moderating_sides(partnership, without=without, plus=plus)
    if not remaining:
        raise LastModerator
    if not confirmed and moderating_sides(partnership).keys() - remaining.keys() - {""}:
        raise LastOfSide


def require_others(by: Membership, found: Collection[Membership]) -> None:
    """Raise Conflict if the actor is among those whom it is done to."""
    if any(member.id == by.id for member in found):
        raise Conflict(_("You can't do this to yourself. Leave the partnership, or hand over first."))


def require_open_account(member: Membership) -> None:
    """Raise Conflict if nobody can sign in as the person."""
    if not member.user.is_active:
        raise Conflict(_("The account is closed. Only an administrator can open it again."))


def moderators(found: Collection[Membership]) -> set[int]:
    """The ids of the moderators among these memberships."""
    return {member.id for member in found if member.level is Level.MODERATOR}


def _writers(levels: Mapping[int, Level]) -> set[int]:
    return {member_id for member_id, level in levels.items() if level is not Level.OBSERVER}


def _about_duties(by: Membership, observers: Collection[int]) -> str:
    """What to ask before these members become observers; "" where they have taken nothing on."""
    named = duties.named(by, observers)
    if not named:
        return ""
    return _(
        "An observer can't take care of: %(duties)s. Give it to somebody else first. If you confirm, nobody takes care "
        "of it.",
        duties=named,
    )


def _tell_levels(changed: Collection[Membership]) -> None:
    """Mail those whose level has changed."""
    enqueue_all(
        [
            mail_row(
                "level_changed",
                key=moment_key("level_changed", member.id),
                to=member.user_id,
                membership=member.id,
                level=member.level.value,
            )
            for member in changed
        ]
    )


def _tell(act: AuditAction, member: Membership, by: Membership, **details: str) -> None:
    """Record it in the audit log, and mail the person."""
    record_audit(act, actor=by.user, subject=member.user, partnership=member.partnership, **details)
    enqueue(act.value, key=moment_key(act.value, member.id), to=member.user_id, membership=member.id)
