"""The preview of a pasted list: for each of its people organisation, access and role, guessed and then chosen.

What the list says comes first, then the account that has the address, then the domains of an organisation's people,
and what the moderator chose for all others. Whose domain an address has is told where it is another organisation.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from workspace.accounts.models import User, domain_of, email_key
from workspace.db import db
from workspace.db.types import AnyRow
from workspace.members.invitations import list_reader, listed_people
from workspace.members.invitations.list_reader import Vocabulary, normal
from workspace.members.invitations.listed_people import INVITING, Row, RowStatus
from workspace.organisations.models import Organisation
from workspace.partnerships import queries as partnership_queries
from workspace.partnerships.labels import LEVELS
from workspace.partnerships.models import Membership
from workspace.permissions import Level
from workspace.roles import queries as role_queries
from workspace.web import csv_files, pagination

# How many rows can be chosen in, how many options they may have together, and how many others are named: a page is no
# larger for a longer list.
MOST_CHOSEN, MOST_OPTIONS, MOST_NAMED = 30, 600, 40
CHOICES = ("email", "organisation", "level", "role", "asked", "pick")  # The fields of a row.
# Domains that anybody can have an address in: they say nothing about an organisation.
PUBLIC_DOMAINS = frozenset(
    [
        "gmail.com",
        "googlemail.com",
        "hotmail.com",
        "hotmail.dk",
        "outlook.com",
        "outlook.dk",
        "live.com",
        "live.dk",
        "msn.com",
        "yahoo.com",
        "yahoo.dk",
        "icloud.com",
        "me.com",
        "mac.com",
        "mail.dk",
        "mail.com",
        "post.tele.dk",
        "tdcadsl.dk",
        "tdcspace.dk",
        "stofanet.dk",
        "jubii.dk",
        "ofir.dk",
        "webspeed.dk",
        "youmail.dk",
        "privat.dk",
        "protonmail.com",
        "proton.me",
        "gmx.net",
        "gmx.com",
        "aol.com",
        "fibermail.dk",
        "c.dk",
    ]
)
# The words of lists, as they are and as they were.
ACCESS = {
    Level.OBSERVER: ("observer", "observatør", "reader", "læser", "read only"),
    Level.CONTRIBUTOR: ("contributor", "deltager", "member", "medlem", "participant"),
    Level.MODERATOR: ("moderator",),
}
LEVEL_OF = {word: level for level, words in ACCESS.items() for word in words}
# What an organisation's name is often written without.
ENDINGS = (" kommune", " a s", " aps", " i s", " p s")


class Evidence(StrEnum):
    """What says whom somebody represents."""

    LIST = "list"
    ACCOUNT = "account"
    DOMAIN = "domain"
    CHOICE = "choice"


@dataclass(frozen=True)
class Suggestion:
    """Somebody on the list, as they will be invited, and why so.

    `number` is the place in the list. `domain_of` names the organisation that has the address's domain, if it is not
    the one that they are to represent; `is_picked` says whether the moderator has left them ticked, where that was
    asked, and `has_own_level` whether another level was chosen for them than the list and the form say.
    """

    number: int
    row: Row
    source: Evidence | None
    domain_of: str = ""
    is_picked: bool = True
    has_own_level: bool = False

    @property
    def is_ready(self) -> bool:
        """Whether it can be sent."""
        return self.is_invitable and self.is_picked and self.row.organisation_id is not None

    @property
    def is_invitable(self) -> bool:
        """Whether it could be sent, if an organisation is chosen."""
        return self.row.status in INVITING

    @property
    def lacks_organisation(self) -> bool:
        """Whether the organisation is all that is missing."""
        return self.is_invitable and self.row.organisation_id is None

    @property
    def is_left(self) -> bool:
        """Whether it stays in the box once the others have been sent: it can be mended, or may be wanted later."""
        return not self.is_ready and self.row.status not in (
            RowStatus.MEMBER,
            RowStatus.INVITED,
            RowStatus.REQUESTED,
        )

    @property
    def needs_attention(self) -> bool:
        """Whether a moderator should look at it before sending."""
        return not self.is_ready or bool(self.domain_of or self.unknown)

    @property
    def missing(self) -> str:
        """The organisation that the list names, if it is not here: administrators can be asked for it."""
        return self.row.organisation if self.is_invitable and self.source is not Evidence.LIST else ""

    @property
    def unknown(self) -> list[str]:
        """The words of the list that say nothing here."""
        row = self.row
        words = (
            row.organisation if self.source is not Evidence.LIST else "",
            row.access if normal(row.access) not in LEVEL_OF else "",
            row.role if row.role and row.role_id is None else "",
        )
        return [word for word in words if word]


@dataclass
class Preview:
    """The whole list, and what its rows can be chosen from. `rest` are its lines that have no address.

    `asked_for` is the address of the row that the moderator wants to choose in.
    """

    suggestions: list[Suggestion]
    rest: list[str]
    organisations: Sequence[AnyRow]
    roles: Sequence[tuple[int, str]]
    asked_for: str = ""

    @cached_property
    def ready(self) -> list[Row]:
        """The rows that can be sent."""
        return [one.row for one in self.suggestions if one.is_ready]

    @cached_property
    def names(self) -> dict[int, str]:
        """The names of the organisations, by their ids."""
        return {row.id: row.name for row in self.organisations}

    @property
    def chosen_in(self) -> list[Suggestion]:
        """The rows that can be chosen in: the one that was asked for, then those that need attention."""
        options = len(self.organisations) + len(self.roles) + len(Level)
        return self._in_order[: max(5, min(MOST_CHOSEN, MOST_OPTIONS // options))]

    @property
    def needing_attention(self) -> int:
        """How many rows a moderator should look at before sending."""
        return sum(one.needs_attention for one in self.suggestions)

    @property
    def named(self) -> list[Suggestion]:
        """The first of the others."""
        begin = len(self.chosen_in)
        return self._in_order[begin : begin + MOST_NAMED]

    @cached_property
    def _in_order(self) -> list[Suggestion]:
        return sorted(self.suggestions, key=lambda one: (one.row.key != self.asked_for, not one.needs_attention))

    @property
    def counts(self) -> Counter[RowStatus]:
        """How many rows of each status there are."""
        return Counter(one.row.status for one in self.suggestions)

    @property
    def by_organisation(self) -> list[tuple[str, int]]:
        """How many are invited for each organisation, in Danish order."""
        counted = Counter(row.organisation_id for row in self.ready)
        return [(row.name, counted[row.id]) for row in self.organisations if counted[row.id]]

    @property
    def text(self) -> str:
        """The list with what was mended and chosen, to be read again."""
        return self._written(self.suggestions)

    @property
    def left(self) -> str:
        """What remains in the box once the others have been sent."""
        return self._written([one for one in self.suggestions if one.is_left])

    def _written(self, suggestions: Sequence[Suggestion]) -> str:
        roles = dict(self.roles)
        table = [_cells(one, self.names, roles) for one in suggestions]
        if not any(any(cells[:1] + cells[2:]) for cells in table):
            return "\n".join([cells[1] for cells in table] + self.rest)
        titles = (_("Name"), _("E-mail"), _("Organisation"), _("Access"), _("Role"))
        written = csv_files.written(titles, table).removeprefix(csv_files.BYTE_ORDER_MARK).replace("\r\n", "\n")
        return written + "\n".join(self.rest)


def preview(
    by: Membership,
    text: str,
    *,
    organisation_id: int | None,
    level: Level,
    typed: Mapping[str, str] | None = None,
) -> Preview:
    """What will happen with each of the people on the list. `typed` is what was chosen in the preview's own rows."""
    organisations = partnership_queries.participating_organisations(by.partnership)
    roles = role_queries.choices(by)
    words = _Words(organisations, roles)
    reading = list_reader.read(text[: listed_people.LONGEST], words.vocabulary)
    rows, chosen = _mended(listed_people.rows_of(reading.people), typed or {})
    rows = listed_people.with_statuses(by.partnership, rows, by=by)
    accounts = _organisations_of_accounts(rows, {row.id for row in organisations})
    owners = _owners_of_domains(rows)
    suggestions = []
    for number, (row, form) in enumerate(zip(rows, chosen, strict=True)):
        owner = owners.get(domain_of(row.key))
        guesses = (
            (words.organisation(row.organisation), Evidence.LIST),
            (accounts.get(row.key), Evidence.ACCOUNT),
            (owner[0] if owner and owner[0] in words.organisations else None, Evidence.DOMAIN),
            (organisation_id, Evidence.CHOICE),
        )
        found, source = next(((guess, why) for guess, why in guesses if guess is not None), (None, None))
        if (picked := pagination.parse_int(form.get("organisation", ""))) in words.organisations and picked != found:
            found, source = picked, Evidence.CHOICE
        listed_level = LEVEL_OF.get(normal(row.access), level)
        own_level = Level(form["level"]) if form.get("level") in list(Level) else listed_level
        role_id = words.role(row.role) if "role" not in form else pagination.parse_int(form["role"])
        row = replace(
            row,
            organisation_id=found,
            level=own_level,
            role_id=role_id if role_id in words.roles and own_level is not Level.OBSERVER else None,
        )
        other = owner[1] if owner and owner[0] != found and row.status in INVITING else ""
        is_picked = "asked" not in form or "pick" in form
        suggestions.append(Suggestion(number, row, source, other, is_picked, own_level is not listed_level))
    return Preview(suggestions, reading.rest, organisations, roles, email_key((typed or {}).get("edit", "")))


class _Words:
    """What organisations, levels and roles are called in lists."""

    def __init__(self, organisations: Sequence[AnyRow], roles: Sequence[tuple[int, str]]) -> None:
        self.organisations = {row.id for row in organisations}
        self.roles = {role_id for role_id, _name in roles}
        self._names: dict[str, int] = {}
        for row in organisations:
            name = normal(row.name)
            for written in (name, *(name.removesuffix(ending) for ending in ENDINGS)):
                self._names.setdefault(written, row.id)
        self._roles = {normal(name): role_id for role_id, name in reversed(list(roles))}
        self.vocabulary = Vocabulary(self._names, LEVEL_OF, self._roles)

    def organisation(self, words: str) -> int | None:
        """The organisation of that name, or of the one name that begins so."""
        known = normal(words)
        if not known:
            return None
        begun = {found for name, found in self._names.items() if len(known) > 2 and name.startswith(f"{known} ")}
        return self._names.get(known) or (begun.pop() if len(begun) == 1 else None)

    def role(self, words: str) -> int | None:
        """The role of that name."""
        return self._roles.get(normal(words))


def _mended(rows: list[Row], typed: Mapping[str, str]) -> tuple[list[Row], list[dict[str, str]]]:
    """The rows with the addresses that were mended in them, each once, and what was chosen in each."""
    found: dict[str, tuple[Row, dict[str, str]]] = {}
    numbers = {typed[f"person-{number}"]: number for number in range(listed_people.MOST) if f"person-{number}" in typed}
    for row in rows:
        number = numbers.get(row.email or row.written)
        form = {name: typed[f"{name}-{number}"] for name in CHOICES if f"{name}-{number}" in typed}
        if (email := form.get("email", "")[: list_reader.LONGEST_WRITTEN]) and email != row.written:
            mended = listed_people.rows_of(list_reader.read(email).people[:1])
            row = replace(row, written=email, email=mended[0].email if mended else "", status=RowStatus.NO_ADDRESS)
            row = replace(row, status=RowStatus.NEW) if row.email else row
        found.setdefault(row.key or row.written, (row, form))
    return [row for row, _form in found.values()], [form for _row, form in found.values()]


def _organisations_of_accounts(rows: Iterable[Row], among: set[int]) -> dict[str, int]:
    """The organisation that each address's account belongs to, if it is here; one statement for every 500."""
    keys = [row.key for row in rows if row.status in INVITING]
    found: dict[str, int] = {}
    for start in range(0, len(keys), listed_people.AT_ONCE):
        chunk = keys[start : start + listed_people.AT_ONCE]
        query = select(User.email_key, User.organisation_id).where(
            User.email_key.in_(chunk), User.organisation_id.in_(among)
        )
        found |= {key: organisation_id for key, organisation_id in db.session.execute(query) if organisation_id}
    return found


def _owners_of_domains(rows: Iterable[Row]) -> dict[str, tuple[int, str]]:
    """The organisation whose people, and nobody else's, have addresses in each domain: its id and name."""
    domains = sorted({domain_of(row.key) for row in rows if row.email} - PUBLIC_DOMAINS)
    found: dict[str, tuple[int, str]] = {}
    for start in range(0, len(domains), listed_people.AT_ONCE):
        only: Any = func.min(User.organisation_id)
        owner = (
            select(User.email_domain, only.label("organisation_id"))
            .where(
                User.email_domain.in_(domains[start : start + listed_people.AT_ONCE]),
                User.organisation_id.is_not(None),
                User.organisation_confirmed,
                User.deactivated_at.is_(None),
            )
            .group_by(User.email_domain)
            .having(only == func.max(User.organisation_id))
            .subquery()
        )
        query = select(owner.c.email_domain, Organisation.id, Organisation.name).join(
            Organisation, Organisation.id == owner.c.organisation_id
        )
        found |= {domain: (organisation_id, name) for domain, organisation_id, name in db.session.execute(query)}
    return found


def _cells(one: Suggestion, names: Mapping[int, str], roles: Mapping[int, str]) -> tuple[str, str, str, str, str]:
    """Somebody's row of the written list: what the list said, unless something else was chosen."""
    row = one.row
    is_chosen = one.source is Evidence.CHOICE
    organisation = names.get(row.organisation_id or 0, "") if is_chosen else row.organisation
    level = str(LEVELS[row.level]) if one.has_own_level and row.level else row.access
    role = roles.get(row.role_id or 0, "") or row.role
    return row.name, row.email or row.written, organisation, level, role
