"""What will happen with each of the people on a pasted list."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import islice

from sqlalchemy import case, select

from workspace import clock
from workspace.accounts.models import User, email_key
from workspace.db import db
from workspace.db.statements import inline_literal
from workspace.mail.addresses import normalised
from workspace.members.invitations import limits, list_reader
from workspace.members.models import Invitation, InvitationAnswer
from workspace.partnerships.models import Ending, Membership, MembershipState, Partnership
from workspace.web.forms import LONGEST_EMAIL

# The longest list that is read, in characters and in addresses: longer ones would take too long.
LONGEST = 100_000
MOST = 1_000
AT_ONCE = 500


class RowStatus(StrEnum):
    """What will happen with an address."""

    NEW = "new"
    RETURNS = "returns"
    REMOVED = "removed"
    MEMBER = "member"
    SUSPENDED = "suspended"
    REQUESTED = "requested"
    INVITED = "invited"
    EXHAUSTED = "exhausted"
    TWICE = "twice"
    NO_ADDRESS = "no_address"


INVITING = (RowStatus.NEW, RowStatus.RETURNS, RowStatus.REMOVED)


@dataclass(frozen=True)
class Row:
    """Somebody on the list: the address as written and as it is, and what will happen with it.

    `since` is when the membership ended of somebody who had one, or when an exhausted address may have the next mail.
    """

    written: str
    email: str
    name: str
    status: RowStatus
    since: datetime | None = None

    @cached_property
    def key(self) -> str:
        """The form that all spellings share."""
        return email_key(self.email)


def read(partnership: Partnership, text: str) -> list[Row]:
    """What will happen with each of the people on the list, in order, up to the limit."""
    rows: dict[str, Row] = {}
    for person in list_reader.read(text[:LONGEST]).people[:MOST]:
        address = _address(person.address)
        row = Row(person.address, address, person.name, RowStatus.NEW if address else RowStatus.NO_ADDRESS)
        rows.setdefault(row.key or person.address, row)
    fates = known(partnership, {row.key for row in rows.values() if row.email})
    return [
        replace(row, status=fates[row.key][0], since=fates[row.key][1]) if row.key in fates else row
        for row in rows.values()
    ]


def known(partnership: Partnership, keys: Iterable[str]) -> dict[str, tuple[RowStatus, datetime | None]]:
    """The status of addresses that are known, and since when; four statements for every 500."""
    fates: dict[str, tuple[RowStatus, datetime | None]] = {}
    wanted = iter(sorted(keys))
    while chunk := list(islice(wanted, AT_ONCE)):
        invited = select(Invitation.email_key).where(
            Invitation.partnership_id == partnership.id,
            Invitation.answer == inline_literal(InvitationAnswer.OPEN),
            Invitation.expires_at > clock.now(),
            Invitation.email_key.in_(chunk),
        )
        fates |= {key: (RowStatus.EXHAUSTED, moment) for key, moment in limits.exhausted(chunk).items()}
        fates |= dict.fromkeys(db.session.scalars(invited), (RowStatus.INVITED, None))
        memberships = (
            select(
                User.email_key,
                Membership.state,
                Membership.ending,
                Membership.is_active,
                Membership.has_ended,
                case((Membership.joined_at.is_not(None), Membership.state_since)),
            )
            .join(Membership.user)
            .where(Membership.partnership_id == partnership.id, Membership.is_present, User.email_key.in_(chunk))
        )
        for key, state, ending, is_in, has_ended, since in db.session.execute(memberships):
            fate = _fate(state, ending, is_in=bool(is_in), has_ended=bool(has_ended), was_in=since is not None)
            if fate not in INVITING or key not in fates:
                fates[key] = (fate, since if fate in INVITING else None)
    return fates


def _fate(state: MembershipState, ending: Ending | None, *, is_in: bool, has_ended: bool, was_in: bool) -> RowStatus:
    if is_in:
        return RowStatus.MEMBER
    if has_ended:
        return RowStatus.REMOVED if ending is Ending.REMOVED else RowStatus.RETURNS if was_in else RowStatus.NEW
    return RowStatus.REQUESTED if state is MembershipState.REQUESTED else RowStatus.SUSPENDED


def _address(text: str) -> str:
    """The normalised address; "" for an invalid one."""
    return normalised(text) if "@" in text and len(text) <= LONGEST_EMAIL else ""
