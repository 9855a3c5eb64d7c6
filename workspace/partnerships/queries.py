"""Queries of partnerships. Every query starts from a membership or a person."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, tuple_
from sqlalchemy.orm import joinedload, load_only

from workspace.accounts.models import User, email_key
from workspace.db import db
from workspace.db.name_search import name_matches
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnyRow, AnySelect
from workspace.i18n.formatting import listed
from workspace.organisations.models import Organisation, Side
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.labels import so_many
from workspace.partnerships.models import (
    Ending,
    Membership,
    MembershipState,
    Participation,
    Partnership,
    PartnershipGoal,
)
from workspace.partnerships.query_params import MEMBERSHIP, params_of
from workspace.partnerships.reading import EVENTS, ReadingPosition
from workspace.partnerships.verbs import history_verbs
from workspace.web.pagination import Cursor

PAGE = 50
HISTORY_PAGE = 20
EVENTS_SHOWN = 5
MOST_FOUND = 20

# What the telling of an entry shows of its people.
HISTORY_COLUMNS = tuple(
    joinedload(membership).options(
        load_only(Membership.id),
        joinedload(Membership.user).load_only(User.name),
        joinedload(Membership.organisation).load_only(Organisation.name),
    )
    for membership in (Entry.actor, Entry.subject)
)


# A membership's side; that of an organisation which no longer takes part is the others'.
SIDE: Any = func.coalesce(Participation.side, Side.OTHERS)
ORGANISATION_AND_SIDE = (Organisation.name.label("organisation_name"), SIDE.label("side"))


@dataclass(frozen=True)
class OrganisationsOnSide:
    """The organisations of one side: how many, and the names of the first few."""

    side: Side
    count: int
    names: tuple[str, ...]

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.names)

    @property
    def told(self) -> tuple[str, ...]:
        """What a list of organisations says of this side: the names or, if some are left out, how many."""
        return (so_many(self.side, self.count),) if self.more else self.names


def organisations_in_words(sides: Iterable[OrganisationsOnSide]) -> str:
    """ "Gladsaxe Kommune, Rudersdal Kommune og Icura", a large side by its number."""
    return listed(name for side in sides for name in side.told)


def my_memberships(user: User) -> AnySelect:
    """My active memberships, with their partnerships' columns that lists show; `unread` counts what is new."""
    unread = Partnership.text_count - Membership.known_texts
    return (
        select(
            Membership.id.label("membership_id"),
            Membership.level,
            Partnership.id,
            Partnership.slug,
            Partnership.name,
            Partnership.stage,
            Partnership.archived_at,
            Partnership.last_number,
            Partnership.unsolved_count,
            Partnership.last_activity_at,
            unread.label("unread"),
        )
        .join(Membership.partnership)
        .where(Membership.user_id == user.id, Membership.is_active)
        .order_by(Partnership.last_activity_at.desc(), Partnership.id.desc())
    )


def my_partnerships(user: User, before: Cursor | None, *, archived: bool = False) -> list[AnyRow]:
    """A page of my partnerships, or of those archived, the latest active first, and one more if there are older."""
    is_archived = Partnership.archived_at.is_not(None)
    query = my_memberships(user).where(is_archived if archived else ~is_archived).limit(PAGE + 1)
    if before:
        query = query.where(tuple_(Partnership.last_activity_at, Partnership.id) < tuple_(*before))
    return list(db.session.execute(query))


def has_closed_memberships(user: User) -> bool:
    """Whether I have a membership that opens nothing, or not yet, and there is something to be told about it."""
    query = select(Membership.id).where(
        Membership.user_id == user.id,
        ~Membership.is_active,
        or_(
            Membership.state != MembershipState.ENDED,
            Membership.ending.in_((Ending.DECLINED, Ending.REMOVED, Ending.EXPIRED)),
        ),
    )
    return db.session.scalar(query.limit(1)) is not None


def organisations_by_side(partnership_ids: Iterable[int], named: int) -> dict[int, list[OrganisationsOnSide]]:
    """The sides of each partnership, at most `named` organisations of each by name, in Danish order.

    Only organisations that take part: nobody can write others into their own ranks by inviting them.
    """
    found: dict[tuple[int, Side, int], list[str]] = defaultdict(list)
    for row in fetch_rows(_parties(), ids=list(partnership_ids), named=named):
        found[row.partnership_id, row.side, row.how_many].append(row.name)
    result: dict[int, list[OrganisationsOnSide]] = defaultdict(list)
    for (partnership_id, side, count), organisations in found.items():
        result[partnership_id].append(OrganisationsOnSide(side, count, tuple(organisations)))
    for sides in result.values():
        sides.sort(key=lambda party: list(Side).index(party.side))
    return result


@cached_statement
def _parties() -> AnySelect:
    a_side = (Participation.partnership_id, Participation.side)
    ranked = (
        select(
            Participation.partnership_id,
            Participation.side,
            Organisation.name,
            func.row_number().over(partition_by=a_side, order_by=Organisation.name_key).label("place"),
            func.count().over(partition_by=a_side).label("how_many"),
        )
        .join(Participation.organisation)
        .where(
            Participation.partnership_id.in_(bindparam("ids", expanding=True)), Participation.accepted_at.is_not(None)
        )
        .subquery()
    )
    return select(ranked).where(ranked.c.place <= bindparam("named")).order_by(ranked.c.place)


def participating_organisations(partnership: Partnership) -> list[AnyRow]:
    """All organisations that take part or are invited, in Danish order."""
    return list(
        db.session.execute(
            select(
                Organisation.id, Organisation.name, Organisation.website, Participation.side, Participation.accepted_at
            )
            .join(Participation.organisation)
            .where(Participation.partnership_id == partnership.id)
            .order_by(Organisation.name_key)
        )
    )


def participations_with_members(membership: Membership) -> list[AnyRow]:
    """The same with the number of present members (`members`) who represent each."""
    here = and_(
        Membership.partnership_id == Participation.partnership_id,
        Membership.organisation_id == Participation.organisation_id,
        Membership.is_active,
    )
    members = select(func.count()).select_from(Membership).where(here).correlate(Participation).scalar_subquery()
    query = (
        select(
            Organisation.id,
            Organisation.name,
            Participation.side,
            Participation.accepted_at,
            members.label("members"),
        )
        .join(Participation.organisation)
        .where(Participation.partnership_id == membership.partnership_id)
        .order_by(Organisation.name_key)
    )
    return list(db.session.execute(query))


def goals(membership: Membership) -> tuple[int, ...]:
    """The numbers of the goals that the partnership works for, ascending."""
    here = PartnershipGoal.partnership_id == membership.partnership_id
    query = select(PartnershipGoal.number).where(here).order_by(PartnershipGoal.number)
    return tuple(row.number for row in fetch_rows(query))


def members(membership: Membership, organisation_id: int | None, after: int | None) -> list[AnyRow]:
    """A page of the active members, or those of one organisation, in Danish order, and one more if there are others."""
    query = _members(of_one=organisation_id is not None, goes_on=bool(after))
    return fetch_rows(query, **params_of(membership), organisation_id=organisation_id, after=after)


@cached_statement
def _members(*, of_one: bool, goes_on: bool) -> AnySelect:
    members = select(Membership.id, Membership.level, User.name, User.name_key, User.title, *ORGANISATION_AND_SIDE)
    query = (
        with_person(members)
        .where(Membership.partnership_id == MEMBERSHIP.partnership_id, Membership.is_active)
        .order_by(User.name_key, Membership.id)
        .limit(PAGE + 1)
    )
    if of_one:
        query = query.where(Membership.organisation_id == bindparam("organisation_id"))
    if goes_on:
        key_after = select(User.name_key).join(Membership).where(Membership.id == bindparam("after")).scalar_subquery()
        query = query.where(tuple_(User.name_key, Membership.id) > tuple_(key_after, bindparam("after")))
    return query


def with_person(query: AnySelect) -> AnySelect:
    """`query`, which has memberships, with their people, organisations and sides (`SIDE`) joined to it."""
    return (
        query.join(Membership.user)
        .join(Organisation, Membership.organisation_id == Organisation.id)
        .outerjoin(Participation, participation_of(Membership))
    )


def participation_of(table: Any) -> ColumnElement[bool]:
    """Joins the participation of the organisation in a row of `table`: it says which side that is on."""
    return and_(
        Participation.partnership_id == table.partnership_id,
        Participation.organisation_id == table.organisation_id,
    )


def history(membership: Membership, before: int | None) -> list[Entry]:
    """A page of what happened to the partnership itself, the latest first, and one more if there are older entries."""
    query = (
        select(Entry)
        .where(
            Entry.partnership_id == membership.partnership_id,
            Entry.post_number.is_(None),
            Entry.verb.in_(history_verbs()),
        )
        .options(*HISTORY_COLUMNS)
        .order_by(Entry.number.desc())
        .limit(HISTORY_PAGE + 1)
    )
    if before:
        query = query.where(Entry.number < before)
    return list(db.session.scalars(query))


def unseen_events(membership: Membership) -> list[Entry]:
    """What happened to the partnership itself since the member last looked, by others: the latest few."""
    return list(db.session.scalars(_unseen_events(), params_of(membership)))


@cached_statement
def _unseen_events() -> AnySelect:
    read_to = select(ReadingPosition.card_number).where(
        ReadingPosition.membership_id == MEMBERSHIP.id, ReadingPosition.post_number == EVENTS
    )
    return (
        select(Entry)
        .where(
            Entry.partnership_id == MEMBERSHIP.partnership_id,
            Entry.number > MEMBERSHIP.seen_number,
            Entry.number > func.coalesce(read_to.scalar_subquery(), 0),
            Entry.post_number.is_(None),
            Entry.verb.in_(history_verbs()),
            Entry.actor_id.is_distinct_from(MEMBERSHIP.id),
        )
        .options(*HISTORY_COLUMNS)
        .order_by(Entry.number.desc())
        .limit(EVENTS_SHOWN)
    )


def found_people(membership: Membership, words: str) -> list[AnyRow]:
    """People of the organisations that take part, whose names have words beginning with `words`; with memberships.

    Of one that is only invited, whoever has exactly this e-mail address: to invite it opens no register of its people.
    """
    named = and_(
        Participation.accepted_at.is_not(None),
        User.organisation_confirmed,
        *name_matches(User.name_search_key, words),
    )
    query = (
        select(
            User.id,
            User.name,
            User.title,
            Organisation.name.label("organisation_name"),
            Participation.side,
            Membership.level,
        )
        .join(Organisation, User.organisation_id == Organisation.id)
        .join(
            Participation,
            and_(
                Participation.organisation_id == Organisation.id,
                Participation.partnership_id == membership.partnership_id,
            ),
        )
        .outerjoin(
            Membership,
            and_(
                Membership.partnership_id == membership.partnership_id,
                Membership.user_id == User.id,
                Membership.is_active,
            ),
        )
        .where(User.deactivated_at.is_(None), or_(named, User.email_key == email_key(words)))
        .order_by(User.name_key, User.id)
        .limit(MOST_FOUND)
    )
    return list(db.session.execute(query))


def found_organisations(words: str, *, but: Iterable[int]) -> list[Organisation]:
    """Organisations whose name has words that begin like `words`, in Danish order."""
    query = (
        select(Organisation)
        .where(*name_matches(Organisation.name_search_key, words), Organisation.id.not_in(list(but)))
        .order_by(Organisation.name_key)
        .limit(MOST_FOUND)
    )
    return list(db.session.scalars(query))


def organisations(ids: Iterable[int]) -> list[Organisation]:
    """The organisations with `ids`, in Danish order."""
    query = select(Organisation).where(Organisation.id.in_(list(ids))).order_by(Organisation.name_key)
    return list(db.session.scalars(query))
