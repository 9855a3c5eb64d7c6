"""Parsing pasted e-mail addresses, in whatever format people have them, and predicting what happens with each."""

import re
from collections.abc import Iterable, Iterator
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
from workspace.members.invitations import limits
from workspace.members.models import Invitation, InvitationAnswer
from workspace.partnerships.models import Ending, Membership, MembershipState, Partnership
from workspace.web import csv_files, pasted_tables
from workspace.web.forms import LONGEST_EMAIL

LONGEST_NAME = 100
# The longest list that is parsed, in characters and in addresses: longer ones would take too long.
LONGEST = 100_000
MOST = 1_000
AT_ONCE = 500
# Parts between commas, semicolons and line breaks; quoted names may contain any of them.
ENTRY = re.compile(r'(?:"[^"\n]*"|[^,;\n"]|")+')
NAMED = re.compile(r"^(?P<name>.*)<(?P<email>[^<>]*)>\s*$", re.DOTALL)
HEADING = re.compile(r"\b(e-?mail|mail|e-?mailadresse|mailadresse|e-?post)\b", re.IGNORECASE)
NAME_HEADING = re.compile(r"\b(name|navn)\b", re.IGNORECASE)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


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


def count(text: str) -> int:
    """How many addresses there may be in `text`."""
    return sum(1 for _piece in _entries(text))


@dataclass(frozen=True)
class Row:
    """One pasted address: as written, as parsed, and what will happen with it.

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
    """What will happen with each address in `text`, in order, up to the limit."""
    rows: list[Row] = []
    seen: set[str] = set()
    for written, email, name in islice(_entries(text[:LONGEST]), MOST):
        row = Row(written[:200], address := _address(email), name, RowStatus.NEW if address else RowStatus.NO_ADDRESS)
        if address and row.key in seen:
            row = replace(row, status=RowStatus.TWICE)
        elif address:
            seen.add(row.key)
        rows.append(row)
    fates = known(partnership, seen)
    return [
        replace(row, status=fates[row.key][0], since=fates[row.key][1])
        if row.status is RowStatus.NEW and row.key in fates
        else row
        for row in rows
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


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    """Each as it was written, the address in it, and the name."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\ufeff\n ").split("\n")
    if "@" not in lines[0] and HEADING.search(lines[0]) and len(lines) > 1:
        yield from _columns(lines)
        return
    for line in lines:
        for match in ENTRY.finditer(line):
            piece = match[0].strip()
            if not piece:
                continue
            named = NAMED.match(piece)
            email = named["email"] if named else csv_files.restored(piece)
            yield piece, email.strip(), _name(named["name"]) if named else ""


def _columns(lines: list[str]) -> Iterator[tuple[str, str, str]]:
    """A CSV with a header that names the column of addresses, and perhaps one of names."""
    header, *rows = pasted_tables.split("\n".join(lines))
    email_at = next((place for place, title in enumerate(header) if HEADING.search(title)), 0)
    name_at = next((place for place, title in enumerate(header) if NAME_HEADING.search(title)), None)
    for row in rows:
        if any(cell.strip() for cell in row):
            email = row[email_at].strip() if email_at < len(row) else ""
            name = row[name_at] if name_at is not None and name_at < len(row) else ""
            yield csv_files.SEPARATOR.join(row), email, _name(name)


def _address(text: str) -> str:
    """The normalised address; "" for an invalid one."""
    address = text.removeprefix("mailto:")
    if "@" not in address or len(address) > LONGEST_EMAIL:
        return ""
    return normalised(address)


def _name(text: str) -> str:
    """A name on one line: characters that could start another mail header become spaces."""
    return " ".join(CONTROL.sub(" ", text).replace('"', " ").split())[:LONGEST_NAME]
