"""Invitations by e-mail address. An invitation is an approval: accepting it makes one a member."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from flask import abort
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import insert, select, update

from workspace import clock
from workspace.accounts.models import User, administrators, user_with
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.db.transactions import begin_write
from workspace.mail import outbox
from workspace.mail.models import enqueue, enqueue_all, mail_row
from workspace.members.invitations import limits, listed_people
from workspace.members.invitations.listed_people import INVITING, Row
from workspace.members.models import REMINDED_AFTER, VALID, Invitation, InvitationAnswer, InviteLink
from workspace.organisations.models import Organisation
from workspace.partnerships.activity_log import record_by
from workspace.partnerships.memberships import admit, find
from workspace.partnerships.models import Membership, MembershipState, Participation, Partnership
from workspace.partnerships.service import participations
from workspace.partnerships.verbs import ADDED_ORGANISATION
from workspace.permissions import Action, Conflict, Level, NotAllowed, UserError
from workspace.roles import offers
from workspace.roles import queries as role_queries
from workspace.roles.assignments import AssignmentKind
from workspace.web.signing import signing_keys

MOST_CLOSED = 50


class NoLongerOpen(Conflict):
    """The invitation has been used, withdrawn, or is too old."""

    status = 410


class SignInFirst(UserError):
    """The address that was invited has an account: the mail alone does not say that its person answers."""

    status = 401

    def __init__(self) -> None:
        super().__init__(_("Sign in to answer the invitation."))


def invite(
    by: Membership,
    rows: Sequence[Row],
    *,
    level: Level,
    organisation_id: int | None,
    language: str,
    greeting: str,
    batch: str | None = None,
) -> list[Invitation]:
    """Invite every row that can be invited; their status is checked again under the lock.

    `level` and `organisation_id` are for rows that have none of their own. The same `batch` makes its invitations once.
    Raises Conflict for an organisation that does not take part, TooManyInvitations for more than may be invited today.
    """
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        if batch and (sent := of_batch(by, batch)):
            return sent
        known = listed_people.statuses(by.partnership, {row.key for row in rows}, by=by)
        wanted = [row for row in rows if row.status in INVITING and known.get(row.key, (row.status,))[0] in INVITING]
        if not wanted:
            return []
        for represented in {row.organisation_id or organisation_id for row in wanted}:
            require_partner(by.partnership, represented)
        limits.use_room(by, [row.key for row in wanted])
        _withdraw_expired(by)
        now = clock.now()
        common = {
            "partnership_id": by.partnership_id,
            "language": language,
            "greeting": greeting,
            "invited_by_id": by.id,
            "batch": batch,
            "sent_at": now,
            "created_at": now,
            "expires_at": now + VALID,
        }
        ended = _ended_memberships(by.partnership, [row.key for row in wanted])
        roles = {role_id for role_id, _name in role_queries.choices(by)}
        made = _add(
            [
                {
                    "email": row.email,
                    "email_key": row.key,
                    "name": row.name,
                    "reopens_id": ended.get(row.key),
                    "level": row.level or level,
                    "organisation_id": row.organisation_id or organisation_id,
                    "role_id": row.role_id if row.role_id in roles else None,
                    **common,
                }
                for row in wanted
            ]
        )
        enqueue_all([mail for invitation in made for mail in _mails(invitation)])
        _tell_of_closed_accounts(made)
        for invitation in made:
            record_audit(
                AuditAction.INVITED,
                actor=by.user,
                partnership=by.partnership,
                email=invitation.email,
                after=invitation.level.value,
            )
        return made


def of_batch(by: Membership, batch: str) -> list[Invitation]:
    """The invitations that were sent by one press."""
    query = select(Invitation).where(Invitation.partnership_id == by.partnership_id, Invitation.batch == batch)
    return list(db.session.scalars(query.order_by(Invitation.id)))


def with_ids(by: Membership, ids: Collection[int]) -> list[Invitation]:
    """The invitations to the partnership that have these ids."""
    query = select(Invitation).where(Invitation.partnership_id == by.partnership_id, Invitation.id.in_(ids))
    return list(db.session.scalars(query.order_by(Invitation.id)))


def withdraw_batch(by: Membership, batch: str) -> int:
    """Withdraw those of a batch that are still open; how many there were."""
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        return _withdraw([one for one in of_batch(by, batch) if one.answer is InvitationAnswer.OPEN], by)


def resend(by: Membership, invitation_id: int) -> Invitation:
    """Send it again, valid for another two weeks. The link stays the same.

    Raises TooManyInvitations if the address has had as many mails this week as it may have without an answer.
    """
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        return _send_again(_open_of(by, invitation_id), by)


def withdraw(by: Membership, invitation_id: int) -> Invitation:
    """Withdraw an invitation: its link no longer works."""
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        invitation = _of(by, invitation_id)
        if invitation.answer is InvitationAnswer.ACCEPTED:
            raise NoLongerOpen(_("The invitation has been accepted in the meantime."))
        if invitation.answer is InvitationAnswer.OPEN:
            _withdraw([invitation], by)
        return invitation


def resend_several(by: Membership, ids: Collection[int]) -> tuple[list[Invitation], list[Invitation]]:
    """Send again those that are open: which were sent, and whose addresses have had their share of mails this week."""
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        found = [invitation for invitation in _open_among(by, ids) if invitation.has_way_in]
        tired = limits.exhausted([invitation.email_key for invitation in found]) if found else {}
        sent = [invitation for invitation in found if invitation.email_key not in tired]
        _renew(sent, by)
        return sent, [invitation for invitation in found if invitation.email_key in tired]


def withdraw_several(by: Membership, ids: Collection[int]) -> list[Invitation]:
    """Withdraw those that are open, and return them."""
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        found = _open_among(by, ids)
        _withdraw(found, by)
        return found


def correct(by: Membership, invitation_id: int, organisation_id: int) -> Invitation:
    """Let the invitation be for another organisation, and send it again. Raises TooManyInvitations as `resend` does."""
    with by.partnership.locked():
        by.require(Action.ADD_MEMBERS)
        invitation = _open_of(by, invitation_id)
        invitation.organisation_id = require_partner(by.partnership, organisation_id)
        invitation.objection, invitation.objected_at = "", None
        return _send_again(invitation, by)


def object_to(invitation: Invitation, user: User | None, words: str) -> None:
    """The invited person says that they don't represent that organisation. Whoever can mend it is told, once a mail.

    Raises NoLongerOpen, and as `decline` does.
    """
    with invitation.partnership.locked():
        db.session.refresh(invitation)
        _require_invited(invitation, user)
        _require_open(invitation)
        invitation.objection, invitation.objected_at = words, clock.now()
        for moderator in _who_can_mend(invitation):
            key = f"objection:{invitation.id}:{invitation.round}:{moderator.id}"
            enqueue("objection", key=key, to=moderator.user_id, invitation=invitation.id, membership=moderator.id)


def decline(invitation: Invitation, user: User | None) -> None:
    """The invited person says no; without an account, whoever has the mail. Does nothing if it is no longer open.

    Raises Conflict for somebody else, and SignInFirst where nobody is signed in and the address has an account.
    """
    with invitation.partnership.locked():
        db.session.refresh(invitation)
        _require_invited(invitation, user)
        if invitation.is_open:
            invitation.answer = InvitationAnswer.DECLINED
            invitation.declined_by_id, invitation.declined_at = user.id if user else None, clock.now()
            about = {"email": invitation.email}
            record_audit(AuditAction.DECLINED_INVITATION, actor=user, partnership=invitation.partnership, **about)


def stand_again(invitation: Invitation) -> None:
    """Let an invitation wait for an answer again, and send what was due meanwhile. The partnership is locked."""
    invitation.answer = InvitationAnswer.OPEN
    invitation.withdrawn_at = invitation.withdrawn_by_id = None
    invitation.declined_at = invitation.declined_by_id = None
    key = f"{invitation.id}:{invitation.round}"
    objections = [f"objection:{key}:{moderator.id}" for moderator in _who_can_mend(invitation)]
    for mail in (f"invitation:{key}", f"reminder:{key}", *objections):
        outbox.send_after_all(mail)


def can_send_another(invitation: Invitation) -> Membership | None:
    """Whom the invited person can ask for a new one: whoever invited, whom they know of, if they still can."""
    inviter = invitation.invited_by
    return inviter if inviter.user.is_active and inviter.may(Action.ADD_MEMBERS) else None


def represented(invitation: Invitation) -> Organisation:
    """The organisation that the invited person will represent: their own if it takes part, as in `enter`."""
    user = user_with(invitation.email)
    if user and user.organisation and user.organisation_id in participations(invitation.partnership):
        return user.organisation
    return invitation.organisation


def accept(invitation: Invitation, user: User) -> Membership:
    """Make the person whose address was invited a member.

    Raises NoLongerOpen, Conflict for somebody else, and NotAllowed for a member whose access is on hold.
    """
    with invitation.partnership.locked():
        db.session.refresh(invitation)
        _require_invited(invitation, user)
        _require_open(invitation)
        partnership = invitation.partnership
        if partnership.is_archived:
            raise Conflict(_("The partnership is archived, so nothing in it can be changed."))
        link = db.session.get(InviteLink, invitation.link_id) if invitation.link_id else None
        if link:
            use(link)
        is_decision = invitation.is_decision_about(find(partnership, user))
        invitation.answer = InvitationAnswer.ACCEPTED
        membership = enter(
            partnership,
            user,
            level=invitation.level,
            organisation_id=invitation.organisation_id,
            link_id=invitation.link_id,
            decided_at=invitation.created_at if is_decision else None,
        )
        invitation.accepted_by_id = membership.id
        _offer_role(invitation, membership)
        return membership


def enter(
    partnership: Partnership,
    user: User,
    *,
    level: Level,
    organisation_id: int | None,
    link_id: int | None,
    decided_at: datetime | None = None,
) -> Membership:
    """Make the person a member for their own organisation if it takes part, else for `organisation_id`.

    `decided_at` is when a moderator decided that this very person comes in, at this level. Otherwise they get no more
    than moderators decided about them before. Raises NotAllowed for somebody whose access is on hold or was ended by
    moderators, and Conflict if the organisation does not take part.
    """
    membership = find(partnership, user)
    if (
        membership
        and not membership.is_active
        and not membership.has_ended
        and membership.state is MembershipState.SUSPENDED
    ):
        raise NotAllowed(_("Your access is on hold. A moderator can open it again."))
    if membership and decided_at is None:
        level = membership.level_within_decision(level)
    if user.organisation_id in participations(partnership):
        organisation_id = user.organisation_id
    return admit(
        partnership,
        user,
        level=level,
        organisation_id=require_partner(partnership, organisation_id),
        way="link" if link_id else "invitation",
        link_id=link_id,
        decided_at=decided_at,
    )


def require_partner(partnership: Partnership, organisation_id: int | None) -> int:
    """The organisation, which takes part. Raises Conflict when it does not, or no longer does."""
    if organisation_id is None or organisation_id not in participations(partnership):
        raise Conflict(_("The organisation does not take part here. Choose another, or ask the moderators."))
    return organisation_id


def use(link: InviteLink) -> None:
    """Count a use of the link. The partnership is locked. Raises NoLongerOpen when it has no more."""
    db.session.refresh(link)
    if not link.is_open:
        raise NoLongerOpen(_("The link is closed, used up or too old. Ask the moderators for a new one."))
    link.uses += 1


def let_take_part(organisation_id: int, by: Membership) -> None:
    """Let the organisation take part, on its usual side, if it does not yet. The partnership is locked."""
    if organisation_id in participations(by.partnership):
        return
    organisation = db.session.get_one(Organisation, organisation_id)
    side = organisation.usual_side
    db.session.add(Participation(partnership_id=by.partnership_id, organisation_id=organisation_id, side=side))
    record_by(by, ADDED_ORGANISATION, name=organisation.name)


def token(what: Invitation | InviteLink) -> str:
    """The token in the address of an invitation or a link. It can't be guessed, and is not in the database."""
    return str(_signer(type(what)).dumps(what.id))


def address(invitation_id: int) -> str:
    """The path of the invitation's page."""
    return f"/invitations/{_signer(Invitation).dumps(invitation_id)}"


def invitation_of(token: str) -> Invitation | None:
    """The invitation whose token that is."""
    return db.session.get(Invitation, found) if (found := _number(Invitation, token)) else None


def link_of(token: str) -> InviteLink | None:
    """The invite link whose token that is."""
    return db.session.get(InviteLink, found) if (found := _number(InviteLink, token)) else None


def make_account(invitation: Invitation, *, name: str, password_hash: str) -> User:
    """Create an account for the invited person, whose address the mail has confirmed.

    It belongs to the organisation that the inviter named; it can speak for it only if the inviter could.
    """
    begin_write()
    inviter = invitation.invited_by.user
    is_colleague = inviter.organisation_id == invitation.organisation_id and inviter.organisation_confirmed
    user = User(
        email=invitation.email,
        name=name,
        organisation_id=invitation.organisation_id,
        organisation_confirmed=is_colleague and invitation.link_id is None,
        language=invitation.language,
        password_hash=password_hash,
    )
    db.session.add(user)
    db.session.flush()
    return user


def _number(kind: type, token: str) -> int | None:
    try:
        found = _signer(kind).loads(token)
    except BadSignature:
        return None
    return found if isinstance(found, int) else None


def _signer(kind: type) -> URLSafeSerializer:
    return URLSafeSerializer(signing_keys(), salt=kind.__name__.lower())


def _open_among(by: Membership, ids: Collection[int]) -> list[Invitation]:
    found = select(Invitation).where(
        Invitation.partnership_id == by.partnership_id,
        Invitation.id.in_(ids),
        Invitation.answer == inline_literal(InvitationAnswer.OPEN),
    )
    return list(db.session.scalars(found.order_by(Invitation.id)))


def no_longer_open() -> NoLongerOpen:
    """What the invited person is told of an invitation that is over, whatever ended it."""
    return NoLongerOpen(_("The invitation has been used or withdrawn, or is too old. Ask for a new one."))


def _require_invited(invitation: Invitation, user: User | None) -> None:
    """Raise Conflict for somebody else, and SignInFirst for nobody where the address has an account that is open."""
    if user and user.email_key != invitation.email_key:
        raise Conflict(_("The invitation is for another address than yours."))
    account = None if user else user_with(invitation.email)
    if account and account.is_active:
        raise SignInFirst


def _require_open(invitation: Invitation) -> None:
    """Raise NoLongerOpen unless it can be accepted."""
    if not invitation.is_open:
        raise no_longer_open()


def _open_of(by: Membership, invitation_id: int) -> Invitation:
    invitation = _of(by, invitation_id)
    if invitation.answer is not InvitationAnswer.OPEN:
        raise NoLongerOpen(_("The invitation has been accepted or withdrawn in the meantime."))
    if not invitation.has_way_in:
        raise NoLongerOpen(_("The link that the person used is no longer open. Invite the address instead."))
    return invitation


def _send_again(invitation: Invitation, by: Membership) -> Invitation:
    limits.require_rested(invitation.email, invitation.email_key)
    _renew([invitation], by)
    return invitation


def _renew(invitations: Sequence[Invitation], by: Membership) -> None:
    for invitation in invitations:
        invitation.round += 1
        invitation.sent_at = clock.now()
        invitation.expires_at = clock.now() + VALID
        record_audit(AuditAction.RESENT, actor=by.user, partnership=by.partnership, email=invitation.email)
    enqueue_all([mail for invitation in invitations for mail in _mails(invitation)])


def _withdraw(invitations: Sequence[Invitation], by: Membership) -> int:
    for invitation in invitations:
        invitation.answer = InvitationAnswer.WITHDRAWN
        invitation.withdrawn_by_id, invitation.withdrawn_at = by.id, clock.now()
        record_audit(AuditAction.WITHDREW_INVITATION, actor=by.user, partnership=by.partnership, email=invitation.email)
    return len(invitations)


def _offer_role(invitation: Invitation, membership: Membership) -> None:
    """Offer the role that the invitation names, if whoever invited could offer it now, and nobody else is asked."""
    role = invitation.role
    if role is None or role.partnership_id != membership.partnership_id:
        return
    with suppress(NotAllowed, Conflict):
        offers.offer(role, invitation.invited_by, to=membership, kind=AssignmentKind.ACCOUNTABLE)


def _who_can_mend(invitation: Invitation) -> list[Membership]:
    """Whoever invited, if they still can; otherwise all who can now."""
    if inviter := can_send_another(invitation):
        return [inviter]
    found = select(Membership).where(
        Membership.partnership_id == invitation.partnership_id,
        Membership.level == Level.MODERATOR,
        Membership.is_active,
    )
    return [
        membership
        for membership in db.session.scalars(found)
        if membership.user.is_active and membership.may(Action.ADD_MEMBERS)
    ]


def _tell_of_closed_accounts(made: Sequence[Invitation]) -> None:
    """Tell the administrators of the invited whose account is closed: only they may know, and can open it."""
    keys, closed = {one.email_key: one.id for one in made}, []
    for start in range(0, len(made), listed_people.AT_ONCE):
        chunk = [one.email_key for one in made[start : start + listed_people.AT_ONCE]]
        found = select(User.email_key).where(User.email_key.in_(chunk), User.deactivated_at.is_not(None))
        closed += [keys[key] for key in db.session.scalars(found)]
    for administrator in administrators() if closed else ():
        key = f"invited_closed:{closed[0]}:{administrator.id}"
        enqueue("invited_closed", key=key, to=administrator.id, invitations=closed[:MOST_CLOSED])


def _of(by: Membership, invitation_id: int) -> Invitation:
    found = db.session.scalar(
        select(Invitation).where(Invitation.id == invitation_id, Invitation.partnership_id == by.partnership_id)
    )
    return found or abort(404)


def _add(rows: list[dict[str, Any]]) -> list[Invitation]:
    """Add invitations; a few statements for every 500, whatever the database."""
    made: list[Invitation] = []
    for start in range(0, len(rows), listed_people.AT_ONCE):
        chunk = rows[start : start + listed_people.AT_ONCE]
        db.session.execute(insert(Invitation), chunk)
        added = select(Invitation).where(
            Invitation.partnership_id == chunk[0]["partnership_id"],
            Invitation.answer == inline_literal(InvitationAnswer.OPEN),
            Invitation.email_key.in_([row["email_key"] for row in chunk]),
        )
        made += db.session.scalars(added.order_by(Invitation.id))
    return made


def _ended_memberships(partnership: Partnership, keys: Sequence[str]) -> dict[str, int]:
    """The ended memberships of whoever has these addresses, by address: one statement for every 500."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), listed_people.AT_ONCE):
        chunk = keys[start : start + listed_people.AT_ONCE]
        query = (
            select(User.email_key, Membership.id)
            .join(Membership.user)
            .where(Membership.partnership_id == partnership.id, Membership.is_present, Membership.has_ended)
        )
        found |= {
            key: membership_id for key, membership_id in db.session.execute(query.where(User.email_key.in_(chunk)))
        }
    return found


def _mails(invitation: Invitation) -> list[dict[str, Any]]:
    """The mail now, and a reminder in five days, which is not sent if there is an answer by then."""
    key = f"{invitation.id}:{invitation.round}"
    about: dict[str, Any] = {"invitation": invitation.id, "round": invitation.round}
    later = clock.now() + REMINDED_AFTER
    return [
        mail_row("invitation", key=f"invitation:{key}", to=invitation.email, **about),
        mail_row("reminder", key=f"reminder:{key}", to=invitation.email, not_before=later, **about),
    ]


def _withdraw_expired(by: Membership) -> None:
    """Withdraw what nobody can accept any more, so that new invitations can be made."""
    db.session.execute(
        update(Invitation)
        .where(
            Invitation.partnership_id == by.partnership_id,
            Invitation.answer == inline_literal(InvitationAnswer.OPEN),
            ~Invitation.is_open,
        )
        .values(answer=InvitationAnswer.WITHDRAWN)
    )
