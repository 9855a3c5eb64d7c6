"""What waits for its reader about results: numbers that are due or late, agreements, and targets whose day has passed.

One statement for all of it: what is due follows from the calendar, from who owes a number, and from what there is.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import (
    Date,
    Integer,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlalchemy.sql.elements import Null

from workspace.accounts.models import User
from workspace.db.statements import cached_statement, fetch_rows, now_param
from workspace.db.types import AnyRow, AnySelect
from workspace.i18n.formatting import short_day, today
from workspace.notifications.action_items import MOST_ITEMS, PLACE, ActionItem, ActionKind, action_source
from workspace.organisations.models import Organisation
from workspace.partnerships.models import Membership, Participation, Partnership
from workspace.partnerships.queries import participation_of
from workspace.permissions import Level
from workspace.results import periods
from workspace.results.measurements import Measurement
from workspace.results.models import Agreement, Indicator, Reference, Source
from workspace.results.periods import Rhythm
from workspace.results.queries import newest_target
from workspace.roles.assignments import RoleAssignment, is_held

LATE_AFTER = timedelta(days=21)
NEVER = date(1900, 1, 1)

DUE = ActionKind(
    name="number_due",
    rank=45,
    symbol="clock",
    button=_l("Enter the number"),
    together=lambda count: ngettext("%(num)s number is due", "%(num)s numbers are due", count),
    together_button=_l("Enter numbers"),
    page="results/numbers",
)
TO_AGREE_ON = ActionKind(
    name="indicator_to_agree_on",
    rank=55,
    symbol="check",
    button=_l("Read it"),
    together=lambda count: ngettext(
        "%(num)s indicator lacks your side's agreement", "%(num)s indicators lack your side's agreement", count
    ),
    together_button=_l("See the results"),
    page="results",
)
LATE = ActionKind(
    name="number_late",
    rank=92,
    symbol="clock",
    button=_l("See who is missing"),
    together=lambda count: ngettext("%(num)s number is missing", "%(num)s numbers are missing", count),
    together_button=_l("See the results"),
    page="results",
)
TARGET_PASSED = ActionKind(name="target_passed", rank=94, symbol="warning", button=_l("See how far it is"))


@action_source
def results_of(user: User) -> Iterator[ActionItem]:
    """Numbers that the person's organisation owes or that they wait for, and indicators to agree on or to look at."""
    now = today()
    given: dict[str, Any] = {"user_id": user.id, "today": now}
    for rhythm in Rhythm:
        due = NEVER if rhythm is Rhythm.IRREGULAR else periods.latest_ended(rhythm, now).last
        given[f"due_{rhythm.value}"] = due
        given[f"late_{rhythm.value}"] = due if due + LATE_AFTER < now else NEVER
    for row in fetch_rows(_waiting(), **given):
        yield {DUE.name: _due, LATE.name: _late, TO_AGREE_ON.name: _to_agree_on}.get(row.what, _passed)(row)


def _due(row: AnyRow) -> ActionItem:
    period = periods.label(row.rhythm, periods.containing(row.rhythm, row.day))
    return DUE.item(
        f"{row.partnership_id}:{row.number}:{row.organisation_id}:{row.day:%Y%m%d}",
        title=_("Enter the number: %(name)s", name=row.name),
        address=f"/partnerships/{row.slug}/results/numbers/{row.organisation_id}",
        where=row,
        about=period,
    )


def _late(row: AnyRow) -> ActionItem:
    period = periods.label(row.rhythm, periods.containing(row.rhythm, row.day))
    return LATE.item(
        f"{row.partnership_id}:{row.number}:{row.organisation_id}:{row.day:%Y%m%d}",
        title=_("Number missing from %(organisation)s: %(name)s", organisation=row.organisation_name, name=row.name),
        address=f"/partnerships/{row.slug}/results/{row.number}/missing",
        where=row,
        about=period,
    )


def _to_agree_on(row: AnyRow) -> ActionItem:
    return TO_AGREE_ON.item(
        f"{row.partnership_id}:{row.number}",
        title=_("Does your side agree on the indicator ‘%(name)s’?", name=row.name),
        address=f"/partnerships/{row.slug}/results/{row.number}#agreed",
        where=row,
        version=str(row.organisation_id),
    )


def _passed(row: AnyRow) -> ActionItem:
    return TARGET_PASSED.item(
        f"{row.partnership_id}:{row.number}",
        title=_("The day of the target has passed: %(name)s", name=row.name),
        address=f"/partnerships/{row.slug}/results/{row.number}",
        where=row,
        about=short_day(row.day),
        version=str(row.organisation_id),
    )


@cached_statement
def _waiting() -> AnySelect:
    parts = [_due_numbers(), _late_numbers(), _agreements(), _targets()]
    found = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return (
        select(found)
        .order_by(found.c.what, found.c.day, found.c.partnership_id, found.c.number, found.c.name)
        .limit(MOST_ITEMS)
    )


def _columns(what: str, organisation_id: Any, organisation_name: Any, day: Any) -> tuple[Any, ...]:
    return (
        literal(what).label("what"),
        *PLACE,
        Indicator.number,
        Indicator.name,
        Indicator.rhythm,
        cast(organisation_id, Integer).label("organisation_id"),
        cast(organisation_name, String).label("organisation_name"),
        (cast(day, Date) if isinstance(day, Null) else day).label("day"),
    )


def _mine(*columns: Any) -> AnySelect:
    """Indicators in use in the person's partnerships that are open."""
    return (
        select(*columns)
        .select_from(Membership)
        .join(Partnership, Partnership.id == Membership.partnership_id)
        .join(Indicator, Indicator.partnership_id == Partnership.id)
        .where(
            Membership.user_id == bindparam("user_id"),
            Membership.is_active,
            Membership.level != Level.OBSERVER,
            Partnership.archived_at.is_(None),
            Partnership.indicator_count > 0,
            Indicator.retired_at.is_(None),
        )
    )


def _by_rhythm(word: str) -> Any:
    return case(*((Indicator.rhythm == rhythm, bindparam(f"{word}_{rhythm.value}", type_=Date)) for rhythm in Rhythm))


def _owing(query: AnySelect, source_is: Any, last: Any) -> AnySelect:
    """With the sources that owe the period that ends on the day `last`, and have not answered."""
    return (
        query.join(
            Source,
            and_(
                Source.partnership_id == Indicator.partnership_id,
                Source.indicator_number == Indicator.number,
                Source.ended_at.is_(None),
                Source.since <= last,
                source_is,
            ),
        )
        .join(
            Participation,
            participation_of(Source),
        )
        .join(Organisation, Organisation.id == Source.organisation_id)
        .where(
            ~exists().where(
                Measurement.partnership_id == Source.partnership_id,
                Measurement.indicator_number == Source.indicator_number,
                Measurement.organisation_id == Source.organisation_id,
                Measurement.to_day == last,
                Measurement.replaced_by_number.is_(None),
            )
        )
    )


def _due_numbers() -> AnySelect:
    due, reporter = _by_rhythm("due"), aliased(Membership)
    is_mine_to_enter = or_(
        Source.reporter_id.is_(None),
        Source.reporter_id == Membership.id,
        ~exists().where(reporter.id == Source.reporter_id, reporter.is_active),
    )
    query = _mine(*_columns(DUE.name, Source.organisation_id, Organisation.name, due))
    return _owing(query, Source.organisation_id == Membership.organisation_id, due).where(is_mine_to_enter)


def _late_numbers() -> AnySelect:
    due, late, colleague = _by_rhythm("due"), _by_rhythm("late"), aliased(Membership)
    has_somebody = exists().where(
        colleague.partnership_id == Source.partnership_id,
        colleague.organisation_id == Source.organisation_id,
        colleague.is_active,
        colleague.level != Level.OBSERVER,
    )
    query = _mine(*_columns(LATE.name, Source.organisation_id, Organisation.name, due))
    query = _owing(query, Source.organisation_id != Membership.organisation_id, due)
    return query.where(_answers_for_it(), or_(Source.since <= late, ~has_somebody))


def _agreements() -> AnySelect:
    own = aliased(Participation)
    query = _mine(*_columns(TO_AGREE_ON.name, Indicator.terms, null(), null()))
    return query.join(
        own, and_(own.partnership_id == Membership.partnership_id, own.organisation_id == Membership.organisation_id)
    ).where(
        ~exists().where(
            Agreement.partnership_id == Indicator.partnership_id,
            Agreement.indicator_number == Indicator.number,
            Agreement.side == own.side,
            Agreement.terms == Indicator.terms,
        )
    )


def _targets() -> AnySelect:
    query = _mine(*_columns(TARGET_PASSED.name, Reference.id, null(), Reference.day))
    return query.join(Reference, Reference.id == newest_target()).where(
        Reference.day < bindparam("today", type_=Date), _answers_for_it()
    )


def _answers_for_it() -> Any:
    """Moderators, and whoever has the role that answers for the indicator."""
    return or_(
        Membership.level == Level.MODERATOR,
        exists().where(
            RoleAssignment.partnership_id == Indicator.partnership_id,
            RoleAssignment.role_id == Indicator.role_id,
            RoleAssignment.membership_id == Membership.id,
            is_held(now_param()),
        ),
    )
