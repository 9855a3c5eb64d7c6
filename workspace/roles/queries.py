"""Queries of roles in a partnership. Every query starts from a membership."""

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from flask import abort
from sqlalchemy import ColumnElement, and_, bindparam, case, exists, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.db.name_search import name_matches
from workspace.db.statements import cached_statement, fetch_rows, inline_literal, now_param, shared_alias
from workspace.db.types import AnyRow, AnySelect, UtcDateTime
from workspace.i18n import danish
from workspace.notifications.notices import Topic, read_to
from workspace.organisations.models import Organisation, Side
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, MembershipState, Participation, Partnership
from workspace.partnerships.queries import ORGANISATION_AND_SIDE, with_person
from workspace.partnerships.query_params import MEMBERSHIP, USER, params_of
from workspace.permissions import Level
from workspace.roles.assignments import OPEN, AssignmentKind, AssignmentState, RoleAssignment, is_held, is_to_come
from workspace.roles.models import Role
from workspace.roles.verbs import DECLINED_ROLE, TOOK_ROLE
from workspace.web import pagination

PAGE = 50
NAMED_WHERE_VACANT = 3
HISTORY_PAGE = 20
HANDOVERS_SHOWN = 5
MOST_CANDIDATES = 200
MOST_CHOICES = 200
MOST_HELD = 10

# Where a page of the matrix begins.
PLACE = ("after_holder", "after_position", "after_id")

# Aliases cost more to make than the statement they stand in, so these are shared.
HELD, HOLDER_MEMBERSHIP, HOLDER = shared_alias(RoleAssignment), shared_alias(Membership), shared_alias(User)


def role(membership: Membership, role_id: int) -> Role:
    """The role; 404 for an id that is none of this partnership's roles."""
    found = db.session.scalar(select(Role).where(Role.partnership_id == membership.partnership_id, Role.id == role_id))
    return found if found and not found.deleted_at else abort(404)


def assignment(membership: Membership, role_id: int, assignment_id: int) -> RoleAssignment:
    """The assignment; 404 for one that is not of this role."""
    found = db.session.scalar(
        select(RoleAssignment).where(
            RoleAssignment.partnership_id == membership.partnership_id,
            RoleAssignment.role_id == role_id,
            RoleAssignment.id == assignment_id,
        )
    )
    return found or abort(404)


def matrix(membership: Membership, words: str, after: str, *, retired: bool = False) -> tuple[list[AnyRow], str]:
    """A page of the roles that `words` find, those without an accountable holder first, and where the next begins."""
    last = _numbers(after, 3)
    query = _matrix(retired, tuple(danish.search_key(words).split()), bool(last))
    place = dict(zip(PLACE, last, strict=True)) if last else {}
    page, last_row = pagination.split_page(fetch_rows(query, **params_of(membership), **place), PAGE)
    return page, f"{last_row.has_holder}.{last_row.position}.{last_row.id}" if last_row else ""


@lru_cache
def _matrix(retired: bool, words: tuple[str, ...], goes_on: bool) -> AnySelect:
    has_holder = case((has_accountable(), 1), else_=0)
    key = (has_holder, Role.position, Role.id)
    query = (
        select(Role.id, Role.name, Role.responsibility, Role.position, Role.retired_at, has_holder.label("has_holder"))
        .where(
            Role.partnership_id == MEMBERSHIP.partnership_id,
            Role.retired_at.is_not(None) if retired else Role.retired_at.is_(None),
            Role.deleted_at.is_(None),
            *(Role.found_by.contains(word, autoescape=True) for word in words),
        )
        .order_by(*key)
        .limit(PAGE + 1)
    )
    return query.where(tuple_(*key) > tuple_(*map(bindparam, PLACE))) if goes_on else query


def in_order(membership: Membership, after: str) -> tuple[list[AnyRow], str]:
    """A page of the roles in use, in their order, and where the next one begins."""
    query = (
        select(Role.id, Role.name, Role.position)
        .where(Role.partnership_id == membership.partnership_id, Role.retired_at.is_(None))
        .order_by(Role.position, Role.id)
        .limit(PAGE + 1)
    )
    if last := _numbers(after, 2):
        query = query.where(tuple_(Role.position, Role.id) > tuple_(*last))
    page, last_row = pagination.split_page(db.session.execute(query).all(), PAGE)
    return page, f"{last_row.position}.{last_row.id}" if last_row else ""


def counts(membership: Membership) -> AnyRow:
    """How many roles are in use (`total`), lack an accountable holder (`vacant`), and have been retired (`retired`)."""
    return fetch_rows(_counts(), **params_of(membership))[0]


@cached_statement
def _counts() -> AnySelect:
    in_use = Role.retired_at.is_(None)
    return select(
        func.count(case((in_use, 1))).label("total"),
        func.count(case((and_(in_use, ~has_accountable()), 1))).label("vacant"),
        func.count(case((and_(~in_use, Role.deleted_at.is_(None)), 1))).label("retired"),
    ).where(Role.partnership_id == MEMBERSHIP.partnership_id)


def vacant(membership: Membership) -> list[AnyRow]:
    """The first roles in use that lack an accountable holder, each with `how_many` there are of them."""
    return fetch_rows(_vacant(), **params_of(membership))


@cached_statement
def _vacant() -> AnySelect:
    return (
        select(Role.id, Role.name, vacant_since(), func.count().over().label("how_many"))
        .where(Role.partnership_id == MEMBERSHIP.partnership_id, Role.retired_at.is_(None), ~has_accountable())
        .order_by(Role.position, Role.id)
        .limit(NAMED_WHERE_VACANT)
    )


def people(membership: Membership, role_ids: Sequence[int]) -> dict[int, list[AnyRow]]:
    """Who holds, will hold, is offered or asks for each of these roles, by the role's id: the accountable first.

    Whoever holds it while their access is on hold, or as an observer, is among them, and `is_paused`: nobody takes
    care of it meanwhile.
    """
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for row in fetch_rows(_people(), **params_of(membership), role_ids=list(role_ids)):
        found[row.role_id].append(row)
    return found


def counts_as_holder(row: AnyRow) -> bool:
    """Whether somebody among `people` holds the role now, and can take care of it."""
    return row.state == "held" and not row.to_come and not row.is_paused


@cached_statement
def _people() -> AnySelect:
    now, is_open = now_param(), RoleAssignment.state.in_(inline_literal(OPEN))
    query = of_people(
        RoleAssignment.id,
        RoleAssignment.role_id,
        RoleAssignment.kind,
        RoleAssignment.state,
        RoleAssignment.since,
        RoleAssignment.until,
        RoleAssignment.offered_by_id,
        Membership.id.label("membership_id"),
        is_to_come(now).label("to_come"),
        (~Membership.can_hold_roles).label("is_paused"),
        (Membership.level == Level.OBSERVER).label("is_observer"),
    ).where(
        RoleAssignment.partnership_id == MEMBERSHIP.partnership_id,
        RoleAssignment.role_id.in_(bindparam("role_ids", expanding=True)),
        or_(
            and_(Membership.is_active, or_(is_held(now), is_to_come(now), is_open)),
            and_(is_held(now), Membership.state == MembershipState.SUSPENDED, ~Membership.has_ended),
        ),
    )
    return query.order_by(RoleAssignment.kind, User.name_key, RoleAssignment.id)


def waiting(membership: Membership, role_id: int) -> list[RoleAssignment]:
    """What about a role waits for an answer of people who are here, with what they wrote, the oldest first."""
    return list(
        db.session.scalars(
            select(RoleAssignment)
            .join(RoleAssignment.membership)
            .where(
                RoleAssignment.partnership_id == membership.partnership_id,
                RoleAssignment.role_id == role_id,
                RoleAssignment.state.in_(inline_literal(OPEN)),
                Membership.is_active,
            )
            .order_by(RoleAssignment.id)
        )
    )


def history(membership: Membership, role_id: int, before: int | None) -> list[AnyRow]:
    """A page of what became of a role's assignments, the latest first, and one more if there are older ones."""
    query = of_people(*ASSIGNMENT_COLUMNS, (RoleAssignment.since > clock.now()).label("is_ahead"), *_former()).where(
        RoleAssignment.partnership_id == membership.partnership_id,
        RoleAssignment.role_id == role_id,
        RoleAssignment.state.not_in(inline_literal(OPEN)),
    )
    if before:
        query = query.where(RoleAssignment.id < before)
    return list(db.session.execute(query.order_by(RoleAssignment.id.desc()).limit(HISTORY_PAGE + 1)))


def handovers(membership: Membership) -> list[AnyRow]:
    """The latest few times that a role went from one to another."""
    return fetch_rows(_handovers(), **params_of(membership))


@cached_statement
def _handovers() -> AnySelect:
    return (
        of_people(RoleAssignment.role_id, RoleAssignment.since, Role.name.label("role_name"), *_former())
        .join(Role, Role.id == RoleAssignment.role_id)
        .where(
            RoleAssignment.partnership_id == MEMBERSHIP.partnership_id,
            RoleAssignment.state == inline_literal(AssignmentState.HELD),
            RoleAssignment.former_id.is_not(None),
            RoleAssignment.since <= now_param(),
        )
        .order_by(RoleAssignment.since.desc(), RoleAssignment.id.desc())
        .limit(HANDOVERS_SHOWN)
    )


def of_member(membership: Membership, member_id: int) -> list[AnyRow]:
    """The roles that a member holds or will hold (`is_present`), or has held; the latest first."""
    now = clock.now()
    is_present = and_(or_(RoleAssignment.until.is_(None), RoleAssignment.until > now), Role.retired_at.is_(None))
    query = (
        select(
            *ASSIGNMENT_COLUMNS,
            (RoleAssignment.since > now).label("is_ahead"),
            Role.name.label("role_name"),
            Role.retired_at,
            is_present.label("is_present"),
        )
        .join(Role, Role.id == RoleAssignment.role_id)
        .where(
            RoleAssignment.partnership_id == membership.partnership_id,
            RoleAssignment.membership_id == member_id,
            RoleAssignment.state == inline_literal(AssignmentState.HELD),
            or_(RoleAssignment.until.is_(None), RoleAssignment.until > RoleAssignment.since),
        )
        .order_by(RoleAssignment.since.desc(), RoleAssignment.id.desc())
        .limit(PAGE)
    )
    return list(db.session.execute(query))


def held_by(user: User) -> list[AnyRow]:
    """The roles that the person holds in any partnership, those that they are accountable for first."""
    return fetch_rows(_held_by(), **params_of(user))


@cached_statement
def _held_by() -> AnySelect:
    return (
        select(
            Role.id,
            Role.name,
            RoleAssignment.kind,
            Partnership.slug,
            Partnership.name.label("partnership_name"),
        )
        .select_from(Membership)
        .join(RoleAssignment, RoleAssignment.membership_id == Membership.id)
        .join(Role, Role.id == RoleAssignment.role_id)
        .join(Partnership, Partnership.id == Membership.partnership_id)
        .where(
            Membership.user_id == USER.id,
            Membership.can_hold_roles,
            Partnership.archived_at.is_(None),
            Role.retired_at.is_(None),
            is_held(now_param()),
        )
        .order_by(RoleAssignment.kind, Partnership.name_key, Role.position, Role.id)
        .limit(MOST_HELD)
    )


def names_of(membership: Membership, member_ids: Sequence[int]) -> dict[int, list[str]]:
    """What the roles are called that each of these members holds, by the member's id."""
    query = (
        select(RoleAssignment.membership_id, Role.name)
        .join(Role, Role.id == RoleAssignment.role_id)
        .where(
            RoleAssignment.partnership_id == membership.partnership_id,
            RoleAssignment.membership_id.in_(member_ids),
            Role.retired_at.is_(None),
            is_held(clock.now()),
        )
        .order_by(RoleAssignment.kind, Role.position, Role.id)
    )
    found: dict[int, list[str]] = defaultdict(list)
    for member_id, name in db.session.execute(query):
        found[member_id].append(name)
    return found


def candidates(membership: Membership, words: str) -> tuple[list[AnyRow], bool]:
    """Members who may hold roles, in Danish order, whose names have words that begin so; and whether there are more."""
    members = select(Membership.id, User.name, *ORGANISATION_AND_SIDE)
    query = (
        with_person(members)
        .where(
            Membership.partnership_id == membership.partnership_id,
            Membership.is_active,
            Membership.level != Level.OBSERVER,
            User.deactivated_at.is_(None),
            *name_matches(User.name_search_key, words),
        )
        .order_by(User.name_key, Membership.id)
        .limit(MOST_CANDIDATES + 1)
    )
    page, last_row = pagination.split_page(db.session.execute(query).all(), MOST_CANDIDATES)
    return page, last_row is not None


def member(membership: Membership, member_id: int) -> Membership | None:
    """A membership in the same partnership, whatever its state."""
    return db.session.scalar(
        select(Membership).where(Membership.partnership_id == membership.partnership_id, Membership.id == member_id)
    )


def founding_membership(partnership: Partnership, user: User) -> Membership:
    """The membership of whoever has just started a partnership."""
    membership = select(Membership).where(Membership.partnership_id == partnership.id, Membership.user_id == user.id)
    return db.session.scalars(membership).one()


def holds(membership: Membership, role_id: int | None) -> bool:
    """Whether the member has the role now, as accountable or as helper."""
    return role_id is not None and bool(db.session.scalar(select(is_held_by(membership, role_id))))


def has_notices(membership: Membership, role_id: int) -> bool:
    """Whether there is a notice about the role that is newer than when the member last opened it."""
    about_me = exists().where(
        Entry.partnership_id == membership.partnership_id,
        is_notice_to(membership),
        Entry.number > membership.notices_after,
        Entry.number > read_to(membership, Topic.ROLE, role_id),
        Entry.details["role"].as_integer() == role_id,
    )
    return bool(db.session.scalar(select(about_me)))


def is_notice_to(member: Any) -> ColumnElement[bool]:
    """The condition that an entry about a role is one to `member` (or its class).

    Others did something about their part in it, or answered their offering it or handing it over.
    """
    offered = exists().where(
        RoleAssignment.id == Entry.details["holding"].as_integer(),
        RoleAssignment.partnership_id == Entry.partnership_id,
        or_(RoleAssignment.offered_by_id == member.id, RoleAssignment.former_id == member.id),
    )
    answers = and_(Entry.verb.in_((TOOK_ROLE, DECLINED_ROLE)), offered)
    return and_(
        Entry.post_number.is_(None),
        Entry.actor_id.is_distinct_from(member.id),
        or_(Entry.subject_id == member.id, answers),
    )


def is_held_by(membership: Membership, role_id: Any) -> ColumnElement[bool]:
    """The condition that the member has the role now; `role_id` is a number or a column."""
    return exists().where(
        RoleAssignment.partnership_id == membership.partnership_id,
        RoleAssignment.role_id == role_id,
        RoleAssignment.membership_id == membership.id,
        is_held(now_param()),
    )


def choices(membership: Membership, chosen: int | None = None) -> list[tuple[int, str]]:
    """The roles in use, by id and name, in their order: for a select.

    The one that was `chosen` before comes last if it is retired since: it may stay.
    """
    here = select(Role.id, Role.name).where(Role.partnership_id == membership.partnership_id)
    in_use = here.where(Role.retired_at.is_(None)).order_by(Role.position, Role.id).limit(MOST_CHOICES)
    found = [(row.id, row.name) for row in fetch_rows(in_use)]
    if chosen and chosen not in dict(found):
        found += [(row.id, row.name) for row in fetch_rows(here.where(Role.id == chosen, Role.deleted_at.is_(None)))]
    return found


def sides(membership: Membership) -> list[Side]:
    """The sides that take part, in the order in which they are always shown."""
    here = Participation.partnership_id == membership.partnership_id
    found = set(db.session.scalars(select(Participation.side).where(here).distinct()))
    return [side for side in Side if side in found]


def has_accountable() -> ColumnElement[bool]:
    """The condition that a role has an accountable holder now, who can take care of it."""
    return exists().where(
        RoleAssignment.partnership_id == Role.partnership_id,
        RoleAssignment.role_id == Role.id,
        RoleAssignment.kind == inline_literal(AssignmentKind.ACCOUNTABLE),
        is_held(now_param()),
        HOLDER_MEMBERSHIP.id == RoleAssignment.membership_id,
        HOLDER_MEMBERSHIP.can_hold_roles,
    )


def vacant_since() -> Any:
    """Since when the role `Role` has been without an accountable holder, if it is, as a column.

    A holder who has left, is suspended or was made an observer holds the role on paper.
    """
    lost_level_at = case((HOLDER_MEMBERSHIP.level == Level.OBSERVER, HOLDER_MEMBERSHIP.decided_at))
    held_until = (
        select(func.max(func.coalesce(RoleAssignment.until, lost_level_at, HOLDER_MEMBERSHIP.state_since)))
        .join(HOLDER_MEMBERSHIP, HOLDER_MEMBERSHIP.id == RoleAssignment.membership_id)
        .where(
            RoleAssignment.partnership_id == Role.partnership_id,
            RoleAssignment.role_id == Role.id,
            RoleAssignment.kind == inline_literal(AssignmentKind.ACCOUNTABLE),
            RoleAssignment.state == inline_literal(AssignmentState.HELD),
        )
        .correlate(Role)
        .scalar_subquery()
    )
    return func.coalesce(held_until, Role.created_at, type_=UtcDateTime).label("vacant_since")


def accountable_name() -> Any:
    """The name of the accountable holder of the role `Role`, as a column; none for a vacant role."""
    held, membership, person = HELD, HOLDER_MEMBERSHIP, HOLDER
    now = now_param()
    return (
        select(person.name)
        .join(membership, membership.user_id == person.id)
        .join(held, held.membership_id == membership.id)
        .where(
            held.partnership_id == Role.partnership_id,
            held.role_id == Role.id,
            held.kind == inline_literal(AssignmentKind.ACCOUNTABLE),
            held.state == inline_literal(AssignmentState.HELD),
            held.since <= now,
            or_(held.until.is_(None), held.until > now),
            membership.can_hold_roles,
        )
        .limit(1)
        .correlate(Role)
        .scalar_subquery()
    )


def of_people(*columns: Any) -> AnySelect:
    """Assignments with what is shown of their people."""
    return with_person(
        select(
            *columns,
            User.name.label("person_name"),
            *ORGANISATION_AND_SIDE,
        )
        .select_from(RoleAssignment)
        .join(Membership, Membership.id == RoleAssignment.membership_id)
    )


ASSIGNMENT_COLUMNS = (
    RoleAssignment.id,
    RoleAssignment.role_id,
    RoleAssignment.membership_id,
    RoleAssignment.kind,
    RoleAssignment.state,
    RoleAssignment.since,
    RoleAssignment.until,
    RoleAssignment.answered_at,
    RoleAssignment.notes,
    RoleAssignment.reason,
    RoleAssignment.offered_by_id,
)


def _former() -> tuple[Any, ...]:
    """From whom it was taken over, as columns."""
    membership, person, organisation = aliased(Membership), aliased(User), aliased(Organisation)
    of_former = (
        select(person.name)
        .join(membership, membership.user_id == person.id)
        .where(membership.id == RoleAssignment.former_id)
        .scalar_subquery()
    )
    theirs = (
        select(organisation.name)
        .join(membership, membership.organisation_id == organisation.id)
        .where(membership.id == RoleAssignment.former_id)
        .scalar_subquery()
    )
    return of_former.label("former_name"), theirs.label("former_organisation")


def _numbers(text: str, how_many: int) -> list[int]:
    """The numbers of a place in a list, "1.7.17"; a broken one is none, so the list begins at its beginning."""
    found = [pagination.parse_int(part) for part in text.split(".")]
    return [number for number in found if number is not None] if len(found) == how_many and None not in found else []
