"""How much may be invited: new addresses a day, by a person and to a partnership, and mails a week to an address.

It is counted in the invitations and the outbox, so all processes count alike and a restart forgets nothing. Nothing
is counted by network: a town hall is one. Those who come by a link type their own addresses; these are counted apart,
so that nobody who has a link can use up what the moderators may send.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, func, or_, select

from workspace import clock
from workspace.accounts.models import User
from workspace.audit.models import AuditAction, record_audit
from workspace.db import db
from workspace.db.transactions import begin_write
from workspace.i18n.formatting import datetime_in_sentence
from workspace.mail.models import Mail, MailState
from workspace.members.models import REMINDED_AFTER, Invitation, InvitationAnswer, InviteLink
from workspace.partnerships.models import Membership, Partnership
from workspace.web.throttling import TooManyAttempts

A_DAY, A_WEEK = timedelta(days=1), timedelta(days=7)
# A link lets in `most_uses` people; some mistype their address, or ask from a second one.
MAILS_PER_USE = 3

OF_PERSON = _l("You can invite at most %(limit)s new addresses a day, and have invited %(used)s.")
OF_PARTNERSHIP = _l("At most %(limit)s new addresses a day can be invited to a partnership; %(used)s have been.")


class TooManyInvitations(TooManyAttempts):
    """It would be more than is allowed, until `moment`."""

    def __init__(self, message: str, moment: datetime) -> None:
        super().__init__((moment - clock.now()).total_seconds())
        self.message = message


@dataclass(frozen=True)
class Allowance:
    """How many new addresses may be invited a day, and since when each of those counts that were."""

    limit: int
    used: dict[str, datetime]
    words: Any

    def require(self, addresses: Collection[str]) -> None:
        """Raise TooManyInvitations unless there is room for these addresses, which may be among those counted."""
        count = len([address for address in addresses if address not in self.used])
        surplus = len(self.used) + min(count, self.limit) - self.limit
        if count <= self.limit and surplus <= 0:
            return
        moment = sorted(self.used.values())[surplus - 1] + A_DAY if surplus > 0 else clock.now() + A_DAY
        numbers = {"limit": format_decimal(self.limit), "used": format_decimal(len(self.used))}
        room = {"left": format_decimal(max(0, self.limit - len(self.used))), "moment": datetime_in_sentence(moment)}
        sentences = (
            str(self.words) % numbers,
            _("The list has %(count)s new ones.", count=format_decimal(count)),
            _("There is room for %(left)s now, and for more from %(moment)s.", **room),
            _("An administrator can raise the limit."),
        )
        raise TooManyInvitations(" ".join(sentences), moment)


def use_room(by: Membership, addresses: Collection[str]) -> None:
    """The same before inviting them, which the audit log tells, also when it is refused. The partnership is locked.

    The person's row is locked too, for they may invite to several partnerships at once.
    """
    db.session.scalar(select(User.id).where(User.id == by.user_id).with_for_update(key_share=True))
    today = len(of_person(by.user).used.keys() | set(addresses))
    about = {"invitations": len(addresses), "today": today}
    record_audit(AuditAction.SENT_INVITATIONS, actor=by.user, partnership=by.partnership, **about)
    require_room(by, addresses)


def require_room(by: Membership, addresses: Collection[str]) -> None:
    """Raise TooManyInvitations unless `by` may invite these addresses today."""
    of_person(by.user).require(addresses)
    of_partnership(by.partnership).require(addresses)


def of_person(user: User) -> Allowance:
    """What a person may invite, to all partnerships together."""
    memberships = select(Membership.id).where(Membership.user_id == user.id)
    used = _invited(Invitation.invited_by_id.in_(memberships), Invitation.link_id.is_(None))
    return Allowance(user.invitation_limit or _settings().invitations_per_person, used, OF_PERSON)


def of_partnership(partnership: Partnership, *, by_links: bool = False) -> Allowance:
    """What may be invited to a partnership; or how many may come `by_links`."""
    by_link = Invitation.link_id.is_not(None) if by_links else Invitation.link_id.is_(None)
    used = _invited(Invitation.partnership_id == partnership.id, by_link)
    return Allowance(partnership.invitation_limit or _settings().invitations_per_partnership, used, OF_PARTNERSHIP)


def require_room_by_link(link: InviteLink, address: str) -> None:
    """Raise TooManyInvitations unless another address may ask for the mail that lets it in by the link."""
    count = select(func.count()).where(Invitation.link_id == link.id)
    try:
        if (db.session.scalar(count) or 0) >= MAILS_PER_USE * link.most_uses:
            raise TooManyInvitations("", link.expires_at)
        of_partnership(link.partnership, by_links=True).require([address])
    except TooManyInvitations as over:
        over.message = _("Too many have used the link. Ask the moderators to invite you.")
        raise


def exhausted(addresses: Collection[str], *, but: str = "") -> dict[str, datetime]:
    """When the next mail may go to those of the addresses that have had their share this week, and not answered.

    `but` is the key of a mail that is not counted: the one that is about to be sent.
    """
    now, most = clock.now(), _settings().invitation_mails_per_address
    invitations = db.session.execute(
        select(Invitation.id, Invitation.email_key, Invitation.round).where(
            Invitation.email_key.in_(addresses),
            Invitation.answer != InvitationAnswer.ACCEPTED,
            Invitation.sent_at > now - A_WEEK - REMINDED_AFTER,
        )
    )
    to = {
        f"{kind}:{row.id}:{number}": row.email_key
        for row in invitations
        for number in range(max(1, row.round - most + 1), row.round + 1)
        for kind in ("invitation", "reminder")
    }
    sent: dict[str, list[datetime]] = {}
    for key, moment in db.session.execute(_mails_of_the_week(to.keys() - {but})):
        sent.setdefault(to[key], []).append(moment)
    return {address: sorted(moments)[-most] + A_WEEK for address, moments in sent.items() if len(moments) >= most}


def require_rested(email: str, address: str) -> None:
    """Raise TooManyInvitations if `address`, which `email` is written as, has had its share."""
    if moment := exhausted([address]).get(address):
        words = _("%(email)s has had several e-mails without answering. The next can be sent from %(moment)s.")
        raise TooManyInvitations(words % {"email": email, "moment": datetime_in_sentence(moment)}, moment)


def change(what: User | Partnership, limit: int | None, by: User) -> None:
    """Let an administrator decide how many new addresses a person or a partnership has a day; None: as usual."""
    begin_write()
    before, what.invitation_limit = what.invitation_limit, limit
    about = {"subject": what} if isinstance(what, User) else {"partnership": what}
    record_audit(AuditAction.SET_INVITATION_LIMIT, actor=by, before=before, after=limit, **about)


def _invited(*conditions: ColumnElement[bool]) -> dict[str, datetime]:
    """The addresses that were invited in the last 24 hours, and when last."""
    query = (
        select(Invitation.email_key, func.max(Invitation.created_at))
        .where(Invitation.created_at > clock.now() - A_DAY, *conditions)
        .group_by(Invitation.email_key)
    )
    return {address: moment for address, moment in db.session.execute(query)}


def _mails_of_the_week(keys: Collection[str]) -> Any:
    """The mails with one of these keys that were sent in the last seven days, or are about to be."""
    now = clock.now()
    moment = func.coalesce(Mail.finished_at, Mail.not_before)
    return select(Mail.key, moment).where(
        Mail.key.in_(keys),
        or_(
            and_(Mail.state == MailState.SENT, Mail.finished_at > now - A_WEEK),
            and_(Mail.state.in_((MailState.DUE, MailState.SENDING)), Mail.not_before <= now),
        ),
    )


def _settings() -> Any:
    return current_app.settings  # type: ignore[attr-defined]
