"""What will happen with each of the people whom `list_reader` found on a pasted list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from itertools import islice

from sqlalchemy import case, select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User, email_key
from workspace.db import db
from workspace.db.types import AnySelect
from workspace.mail.addresses import normalised
from workspace.members.invitations import limits
from workspace.members.invitations.list_reader import ListedPerson
from workspace.members.models import Invitation
from workspace.partnerships.models import Ending, Membership, MembershipState, Partnership
from workspace.permissions import Level
from workspace.web.forms import LONGEST_EMAIL

# The longest list that is read, in characters and in addresses: longer ones would take too long.
LONGEST = 150_000
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
    CLOSED = "closed"
    NO_ADDRESS = "no_address"


INVITING = (RowStatus.NEW, RowStatus.RETURNS, RowStatus.REMOVED)


@dataclass(frozen=True)
class Row:
    """Somebody on the list: the address as written and as it is, and what will happen with it.

    `since` is when the membership ended of somebody who had one, or when an exhausted address may have the next mail.
    `organisation`, `access` and `role` are what the list says of them, in its own words.
    """

    written: str
    email: str
    name: str
    status: RowStatus
    since: datetime | None = None
    organisation: str = ""
    access: str = ""
    role: str = ""
    organisation_id: int | None = None
    level: Level | None = None
    role_id: int | None = None

    @cached_property
    def key(self) -> str:
        """The form that all spellings share."""
        return email_key(self.email)


def rows_of(people: Iterable[ListedPerson]) -> list[Row]:
    """The people of a list up to the limit, those with an address once in all its spellings."""
    rows: dict[str, Row] = {}
    for person in islice(people, MOST):
        address = _address(person.address)
        status = RowStatus.NEW if address else RowStatus.NO_ADDRESS
        row = Row(person.address, address, person.name, status)
        row = replace(row, organisation=person.organisation, access=person.access, role=person.role)
        rows.setdefault(row.key or person.address, row)
    return list(rows.values())


def with_statuses(partnership: Partnership, rows: Sequence[Row], *, by: Membership | None = None) -> list[Row]:
    """The same rows with what will happen to each."""
    found = statuses(partnership, {row.key for row in rows if row.email}, by=by)
    return [
        replace(row, status=found[row.key][0], since=found[row.key][1]) if row.key in found else row for row in rows
    ]


def statuses(
    partnership: Partnership, keys: Iterable[str], *, by: Membership | None = None
) -> dict[str, tuple[RowStatus, datetime | None]]:
    """The status of addresses that are known, and since when; five statements for every 500.

    That an account is closed is known to whom it shares a partnership with: to `by`, if it does.
    """
    found: dict[str, tuple[RowStatus, datetime | None]] = {}
    wanted = iter(sorted(keys))
    while chunk := list(islice(wanted, AT_ONCE)):
        invited = select(Invitation.email_key).where(
            Invitation.partnership_id == partnership.id,
            Invitation.is_open,
            Invitation.email_key.in_(chunk),
        )
        found |= {key: (RowStatus.EXHAUSTED, moment) for key, moment in limits.exhausted(chunk).items()}
        found |= dict.fromkeys(db.session.scalars(invited), (RowStatus.INVITED, None))
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
            status = _status(state, ending, is_in=bool(is_in), has_ended=bool(has_ended), was_in=since is not None)
            if status not in INVITING or key not in found:
                found[key] = (status, since if status in INVITING else None)
        if by is not None:
            found |= dict.fromkeys(db.session.scalars(_closed_accounts(by, chunk)), (RowStatus.CLOSED, None))
    return found


def _closed_accounts(by: Membership, keys: list[str]) -> AnySelect:
    """The closed accounts among these addresses that share, or shared, a partnership with `by`."""
    mine, theirs = aliased(Membership), aliased(Membership)
    shared = (
        select(theirs.id)
        .join(mine, mine.partnership_id == theirs.partnership_id)
        .where(theirs.user_id == User.id, theirs.joined_at.is_not(None), mine.user_id == by.user_id, mine.is_active)
    )
    return select(User.email_key).where(User.email_key.in_(keys), User.deactivated_at.is_not(None), shared.exists())


def _status(state: MembershipState, ending: Ending | None, *, is_in: bool, has_ended: bool, was_in: bool) -> RowStatus:
    if is_in:
        return RowStatus.MEMBER
    if has_ended:
        return RowStatus.REMOVED if ending is Ending.REMOVED else RowStatus.RETURNS if was_in else RowStatus.NEW
    return RowStatus.REQUESTED if state is MembershipState.REQUESTED else RowStatus.SUSPENDED


def _address(text: str) -> str:
    """The normalised address; "" for an invalid one."""
    return normalised(text) if "@" in text and len(text) <= LONGEST_EMAIL else ""
