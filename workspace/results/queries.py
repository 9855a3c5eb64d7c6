"""Queries of results. Every query starts from a membership."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import abort
from sqlalchemy import and_, bindparam, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnyRow, AnySelect
from workspace.organisations.models import Organisation, Side
from workspace.partnerships.activity_log import Entry
from workspace.partnerships.models import Membership, Participation
from workspace.partnerships.queries import SIDE, participation_of
from workspace.partnerships.query_params import MEMBERSHIP, params_of
from workspace.permissions import Level
from workspace.results import pooling
from workspace.results.kinds import ReferenceKind
from workspace.results.measurements import Measurement
from workspace.results.models import Agreement, Indicator, Reference, Source
from workspace.results.verbs import EDITED_INDICATOR
from workspace.roles.models import Role
from workspace.roles.queries import accountable_name, is_held_by

MOST_BREAKS = 20


def indicator(membership: Membership, number: int) -> Indicator:
    """The indicator, to be changed or measured; 404 for a number that is none of this partnership's."""
    return db.session.get(Indicator, (membership.partnership_id, number)) or abort(404)


def measurement(membership: Membership, measurement_id: int) -> Measurement:
    """A measurement; 404 for one of another partnership."""
    found = db.session.get(Measurement, measurement_id)
    if found is None or found.partnership_id != membership.partnership_id:
        abort(404)
    return found


def indicators_in_use(membership: Membership) -> list[AnyRow]:
    """Those that are not retired, in their order."""
    return [row for row in indicators(membership) if row.retired_at is None]


def indicators(membership: Membership) -> list[AnyRow]:
    """All indicators: the main one first, those in use in their order, the retired ones last.

    `answers_for_it` says that the member has the role that answers for it, `accountable_name` who is accountable.
    """
    return fetch_rows(_indicators(), **params_of(membership))


@cached_statement
def _indicators() -> AnySelect:
    columns = [column for name, column in Indicator.__table__.columns.items() if name != "one_time_key"]
    return (
        select(
            *columns,
            Role.name.label("role_name"),
            accountable_name().label("accountable_name"),
            is_held_by(MEMBERSHIP, Indicator.role_id).label("answers_for_it"),
        )
        .select_from(Indicator)
        .outerjoin(Role, Role.id == Indicator.role_id)
        .where(Indicator.partnership_id == MEMBERSHIP.partnership_id)
        .order_by(Indicator.retired_at.is_not(None), Indicator.is_main.desc(), Indicator.position, Indicator.number)
    )


@dataclass
class References:
    """The baselines and the targets of an indicator, the newest first; those of single organisations apart."""

    baselines: list[AnyRow] = field(default_factory=list)
    targets: list[AnyRow] = field(default_factory=list)
    of_organisations: dict[int, AnyRow] = field(default_factory=dict)

    @property
    def baseline(self) -> AnyRow | None:
        """The present one."""
        return self.baselines[0] if self.baselines else None

    @property
    def target(self) -> AnyRow | None:
        """The present one."""
        return self.targets[0] if self.targets else None

    @property
    def first_target(self) -> AnyRow | None:
        """The original one, if the present one is another."""
        return self.targets[-1] if len(self.targets) > 1 and self.targets[-1].value != self.targets[0].value else None


def references(membership: Membership, numbers: Collection[int]) -> dict[int, References]:
    """The baselines and targets of these indicators, with who set them and when."""
    found: dict[int, References] = defaultdict(References)
    for row in fetch_rows(_references(), **params_of(membership), numbers=list(numbers)):
        its = found[row.indicator_number]
        if row.organisation_id is not None:
            its.of_organisations.setdefault(row.organisation_id, row)
        else:
            (its.targets if row.kind is ReferenceKind.TARGET else its.baselines).append(row)
    return found


@cached_statement
def _references() -> AnySelect:
    return (
        select(
            Reference.indicator_number,
            Reference.kind,
            Reference.organisation_id,
            Reference.value,
            Reference.numerator,
            Reference.denominator,
            Reference.day,
            Reference.note,
            Reference.at,
            User.name.label("person_name"),
        )
        .join(Membership, Membership.id == Reference.membership_id)
        .join(Membership.user)
        .where(
            Reference.partnership_id == MEMBERSHIP.partnership_id,
            Reference.indicator_number.in_(bindparam("numbers", expanding=True)),
        )
        .order_by(Reference.id.desc())
    )


def newest_target() -> Any:
    """The id of an Indicator's newest target, as a subquery of a statement about Indicator; NULL if it has none."""
    newest = aliased(Reference)
    return (
        select(func.max(newest.id))
        .where(
            newest.partnership_id == Indicator.partnership_id,
            newest.indicator_number == Indicator.number,
            newest.kind == ReferenceKind.TARGET,
        )
        .correlate(Indicator)
        .scalar_subquery()
    )


def breaks(membership: Membership, number: int) -> list[AnyRow]:
    """When what is counted has been changed: `at`, and the definition `before`, the oldest first."""
    before = Entry.details["before"].as_string()
    query = (
        select(Entry.at, before.label("before"))
        .where(
            Entry.partnership_id == membership.partnership_id,
            Entry.thing_number == number,
            Entry.verb == EDITED_INDICATOR,
            before.is_not(None),
        )
        .order_by(Entry.number.desc())
        .limit(MOST_BREAKS)
    )
    return list(reversed(fetch_rows(query)))


def agreements(membership: Membership, indicator: Any) -> list[AnyRow]:
    """Each side that takes part, with who has agreed for it on the present terms, and when, if anybody has."""
    own = aliased(Participation)
    agreed = and_(
        Agreement.partnership_id == own.partnership_id,
        Agreement.indicator_number == bindparam("number"),
        Agreement.terms == bindparam("terms"),
        Agreement.side == own.side,
    )
    query = (
        select(
            own.side,
            func.max(Agreement.at).label("at"),
            func.max(User.name).label("person_name"),
            func.count(own.organisation_id.distinct()).label("organisations"),
            func.min(Organisation.name).label("organisation_name"),
        )
        .select_from(own)
        .join(Organisation, Organisation.id == own.organisation_id)
        .outerjoin(Agreement, agreed)
        .outerjoin(Membership, Membership.id == Agreement.membership_id)
        .outerjoin(User, User.id == Membership.user_id)
        .where(own.partnership_id == membership.partnership_id)
        .group_by(own.side)
    )
    found = fetch_rows(query, number=indicator.number, terms=indicator.terms)
    return sorted(found, key=lambda row: list(Side).index(row.side))


def sources(membership: Membership, number: int) -> list[AnyRow]:
    """The organisations that owe an indicator's numbers, or have owed them, in Danish order.

    `is_owing` says that it does now; `reporter_name` is who enters its numbers.
    """
    reporter = aliased(Membership)
    query = (
        select(
            Source.organisation_id,
            Source.since,
            Source.reporter_id,
            and_(Source.ended_at.is_(None), Participation.organisation_id.is_not(None)).label("is_owing"),
            Organisation.name.label("organisation_name"),
            SIDE.label("side"),
            User.name.label("reporter_name"),
        )
        .join(Organisation, Organisation.id == Source.organisation_id)
        .outerjoin(
            Participation,
            participation_of(Source),
        )
        .outerjoin(reporter, and_(reporter.id == Source.reporter_id, reporter.is_active))
        .outerjoin(User, User.id == reporter.user_id)
        .where(Source.partnership_id == membership.partnership_id, Source.indicator_number == number)
        .order_by(Organisation.name_key)
    )
    return fetch_rows(query)


def missing(membership: Membership, number: int, lasts: Collection[date]) -> dict[date, list[str]]:
    """The organisations that owe an indicator's number for the periods that end on these days, in Danish order."""
    query = (
        pooling.present_sources(Organisation.name, Source.since, Measurement.to_day)
        .join(Organisation, Organisation.id == Source.organisation_id)
        .outerjoin(
            Measurement,
            and_(
                Measurement.partnership_id == Source.partnership_id,
                Measurement.indicator_number == Source.indicator_number,
                Measurement.organisation_id == Source.organisation_id,
                Measurement.replaced_by_number.is_(None),
                Measurement.to_day.in_(lasts),
            ),
        )
        .where(Source.partnership_id == membership.partnership_id, Source.indicator_number == number)
        .order_by(Organisation.name_key)
    )
    owing: dict[str, date] = {}
    answered: set[tuple[str, date]] = set()
    for row in fetch_rows(query):
        owing[row.name] = row.since
        answered.add((row.name, row.to_day))
    return {
        last: [name for name, since in owing.items() if since <= last and (name, last) not in answered]
        for last in lasts
    }


def measurements(
    membership: Membership, number: int, *, since: date, until: date | None = None, every: bool = False
) -> list[AnyRow]:
    """An indicator's present measurements from the period that ends at `since`, by organisation and period.

    With `every` also those that were replaced, the newest first within a period.
    """
    query = select(
        Measurement.id,
        Measurement.organisation_id,
        Measurement.from_day,
        Measurement.to_day,
        Measurement.state,
        Measurement.numerator,
        Measurement.denominator,
        Measurement.value,
        *(
            (
                Measurement.note,
                Measurement.evidence,
                Measurement.why,
                Measurement.at,
                Measurement.entry_number,
                Measurement.replaced_by_number,
                User.name.label("person_name"),
                Membership.organisation_id.label("by_organisation_id"),
            )
            if every
            else ()
        ),
    ).where(
        Measurement.partnership_id == membership.partnership_id,
        Measurement.indicator_number == number,
        Measurement.to_day >= since,
        Measurement.to_day <= until if until else true(),
    )
    if every:
        query = query.join(Membership, Membership.id == Measurement.membership_id).join(Membership.user)
        return fetch_rows(query.order_by(Measurement.organisation_id, Measurement.to_day.desc(), Measurement.id.desc()))
    return fetch_rows(
        query.where(Measurement.replaced_by_number.is_(None)).order_by(Measurement.organisation_id, Measurement.to_day)
    )


def corrected_periods(membership: Membership, number: int, since: date) -> set[date]:
    """The last days of periods in which something has been corrected."""
    query = (
        select(Measurement.to_day)
        .where(
            Measurement.partnership_id == membership.partnership_id,
            Measurement.indicator_number == number,
            Measurement.to_day >= since,
            Measurement.replaced_by_number.is_not(None),
        )
        .distinct()
    )
    return {row.to_day for row in fetch_rows(query)}


def organisations_to_write_for(membership: Membership) -> list[AnyRow]:
    """The organisations that the member may enter numbers for, in Danish order, with how many indicators each owes.

    Their own; and where they moderate, or have the role that answers for an indicator, all that owe it.
    """
    leads = true() if membership.level is Level.MODERATOR else is_held_by(MEMBERSHIP, Indicator.role_id)
    query = (
        select(Organisation.id, Organisation.name, Participation.side, func.count().label("indicators"))
        .select_from(Source)
        .join(
            Indicator,
            and_(Indicator.partnership_id == Source.partnership_id, Indicator.number == Source.indicator_number),
        )
        .join(Organisation, Organisation.id == Source.organisation_id)
        .join(
            Participation,
            participation_of(Source),
        )
        .where(
            Source.partnership_id == MEMBERSHIP.partnership_id,
            Source.ended_at.is_(None),
            Indicator.retired_at.is_(None),
            or_(Source.organisation_id == membership.organisation_id, leads),
        )
        .group_by(Organisation.id, Organisation.name, Organisation.name_key, Participation.side)
        .order_by(Organisation.name_key)
    )
    return fetch_rows(query, **params_of(membership))


def owed_by(membership: Membership, organisation_id: int) -> list[Indicator]:
    """The indicators in use whose numbers the organisation owes and the member may enter, in their order."""
    query = (
        select(Indicator)
        .join(
            Source,
            and_(Source.partnership_id == Indicator.partnership_id, Source.indicator_number == Indicator.number),
        )
        .where(
            Indicator.partnership_id == membership.partnership_id,
            Indicator.retired_at.is_(None),
            Source.organisation_id == organisation_id,
            Source.ended_at.is_(None),
            exists().where(
                Participation.partnership_id == Source.partnership_id,
                Participation.organisation_id == organisation_id,
            ),
        )
        .order_by(Indicator.is_main.desc(), Indicator.position, Indicator.number)
    )
    if membership.level is not Level.MODERATOR and membership.organisation_id != organisation_id:
        query = query.where(is_held_by(membership, Indicator.role_id))
    return list(db.session.scalars(query))


def since_when(membership: Membership, organisation_id: int) -> dict[int, date]:
    """From which day the organisation owes each indicator's numbers."""
    query = select(Source.indicator_number, Source.since).where(
        Source.partnership_id == membership.partnership_id, Source.organisation_id == organisation_id
    )
    return {row.indicator_number: row.since for row in fetch_rows(query)}


def of_organisation(membership: Membership, organisation_id: int, since: date) -> list[AnyRow]:
    """The organisation's present measurements since a day, of all indicators, the newest last."""
    query = (
        select(
            Measurement.indicator_number,
            Measurement.from_day,
            Measurement.to_day,
            Measurement.state,
            Measurement.numerator,
            Measurement.denominator,
            Measurement.value,
        )
        .where(
            Measurement.partnership_id == membership.partnership_id,
            Measurement.organisation_id == organisation_id,
            Measurement.to_day >= since,
            Measurement.replaced_by_number.is_(None),
        )
        .order_by(Measurement.to_day)
    )
    return fetch_rows(query)


def contributors(membership: Membership, organisation_ids: Sequence[int]) -> dict[int, list[AnyRow]]:
    """Who may enter numbers for each of these organisations, by its id."""
    query = (
        select(Membership.id, Membership.organisation_id, User.name)
        .join(Membership.user)
        .where(
            Membership.partnership_id == membership.partnership_id,
            Membership.is_active,
            Membership.level != Level.OBSERVER,
            Membership.organisation_id.in_(organisation_ids),
        )
        .order_by(User.name_key)
    )
    found: dict[int, list[AnyRow]] = defaultdict(list)
    for row in fetch_rows(query):
        found[row.organisation_id].append(row)
    return found
