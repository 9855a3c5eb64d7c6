"""The numbers as tables for spreadsheets, which the reader of pasted tables takes back."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from flask import Response
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import aliased

from workspace.accounts.models import User
from workspace.db import db
from workspace.db.statements import fetch_rows
from workspace.organisations.models import Organisation
from workspace.partnerships.labels import SIDES
from workspace.partnerships.models import Membership
from workspace.permissions import Action, members_with
from workspace.results import definition_tables, periods
from workspace.results.blueprint import blueprint
from workspace.results.definition_tables import AGREED, DEFINITION, USUALLY, WHAT, WORDS
from workspace.results.kinds import IndicatorKind
from workspace.results.measurements import Measurement, MeasurementState
from workspace.results.models import Agreement, Indicator, Reference
from workspace.results.periods import ReportingPeriod
from workspace.results.views import PLACE
from workspace.web import csv_files
from workspace.web.csv_files import Cell


@blueprint.get(f"{PLACE}/measurements")
@members_with(Action.READ)
def download_measurements(membership: Membership) -> Response:
    """Every measurement, the replaced ones too."""
    columns = [
        _("Indicator"),
        _("Indicator number"),
        _("Organisation"),
        _("From"),
        _("To"),
        _("Period"),
        _("Numerator"),
        _("Denominator"),
        _("Value"),
        _("Unit"),
        _("Status"),
        _("Note"),
        _("Evidence"),
        _("Entered by"),
        _("Entered at"),
        _("Entry"),
        _("Replaced by"),
        _("Why"),
    ]
    name = _("%(partnership)s numbers.csv", partnership=membership.partnership.name)
    return csv_files.download(name, columns, _measurements(membership))


@blueprint.get(f"{PLACE}/definitions")
@members_with(Action.READ)
def download_definitions(membership: Membership) -> Response:
    """Every indicator with its definition, and every baseline, target and agreement."""
    columns = [str(title) for title in definition_tables.COLUMNS.values()]
    name = _("%(partnership)s indicators.csv", partnership=membership.partnership.name)
    return csv_files.download(name, columns, _definitions(membership))


def _measurements(membership: Membership) -> Iterator[Sequence[Cell]]:
    by, person = aliased(Membership), aliased(User)
    query = (
        select(
            Indicator.name,
            Indicator.kind,
            Indicator.unit,
            Indicator.rhythm,
            Measurement.indicator_number,
            Organisation.name.label("organisation_name"),
            *(
                Measurement.__table__.columns[key]
                for key in ("from_day", "to_day", "numerator", "denominator", "value")
            ),
            *(Measurement.__table__.columns[key] for key in ("state", "note", "evidence", "at", "entry_number")),
            Measurement.replaced_by_number,
            Measurement.why,
            person.name.label("person_name"),
        )
        .select_from(Measurement)
        .join(
            Indicator,
            (Indicator.partnership_id == Measurement.partnership_id)
            & (Indicator.number == Measurement.indicator_number),
        )
        .join(Organisation, Organisation.id == Measurement.organisation_id)
        .join(by, by.id == Measurement.membership_id)
        .join(person, person.id == by.user_id)
        .where(Measurement.partnership_id == membership.partnership_id)
        .order_by(Measurement.indicator_number, Organisation.name_key, Measurement.to_day, Measurement.id)
    )
    for row in fetch_rows(query):
        is_measured = row.state is MeasurementState.MEASURED
        yield (
            row.name,
            row.indicator_number,
            row.organisation_name,
            row.from_day,
            row.to_day,
            periods.label(row.rhythm, ReportingPeriod(row.from_day, row.to_day)),
            _exact(row.numerator),
            _exact(row.denominator),
            _exact(row.value),
            "%" if row.kind is IndicatorKind.SHARE else row.unit,
            _("measured") if is_measured else _("not measured"),
            row.note,
            row.evidence,
            row.person_name,
            row.at,
            row.entry_number,
            row.replaced_by_number,
            row.why,
        )


def _definitions(membership: Membership) -> Iterator[Sequence[Cell]]:
    here = membership.partnership_id
    query = select(Indicator).where(Indicator.partnership_id == here).order_by(Indicator.number)
    indicators = {one.number: one for one in db.session.scalars(query)}
    for one in indicators.values():
        yield definition_tables.row(
            name=one.name,
            number=one.number,
            what=str(WHAT[DEFINITION]),
            text=one.definition,
            unit=_unit(one),
            decimals=one.decimals,
            goal=one.goal,
            goal_target=one.goal_target,
            **{name: str(WORDS[name][getattr(one, name)]) for name in USUALLY},
        )
    references = (
        select(*Reference.__table__.columns, User.name.label("person_name"), Organisation.name.label("organisation"))
        .join(Membership, Membership.id == Reference.membership_id)
        .join(Membership.user)
        .outerjoin(Organisation, Organisation.id == Reference.organisation_id)
        .where(Reference.partnership_id == here)
        .order_by(Reference.indicator_number, Reference.id)
    )
    for row in fetch_rows(references):
        its = indicators[row.indicator_number]
        yield definition_tables.row(
            name=its.name,
            number=its.number,
            what=str(WHAT[row.kind]),
            organisation=row.organisation,
            numerator=_exact(row.numerator),
            denominator=_exact(row.denominator),
            value=_exact(row.value),
            unit=_unit(its),
            day=row.day,
            text=row.note,
            person=row.person_name,
            at=row.at,
        )
    agreements = (
        select(Agreement.indicator_number, Agreement.side, Agreement.at, User.name.label("person_name"))
        .join(Membership, Membership.id == Agreement.membership_id)
        .join(Membership.user)
        .where(Agreement.partnership_id == here)
        .order_by(Agreement.indicator_number, Agreement.at)
    )
    for row in fetch_rows(agreements):
        yield definition_tables.row(
            name=indicators[row.indicator_number].name,
            number=row.indicator_number,
            what=str(WHAT[AGREED]),
            text=str(SIDES[row.side]),
            person=row.person_name,
            at=row.at,
        )


def _unit(indicator: Indicator) -> str:
    return "%" if indicator.kind is IndicatorKind.SHARE else indicator.unit


def _exact(value: Decimal | None) -> Decimal | None:
    """Without zeros at the end."""
    return None if value is None else Decimal(f"{value.normalize():f}")
