"""The numbers that posts carry, those that were entered with a story; and the newest one, beside the feed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import aliased

from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnyRow, AnySelect
from workspace.organisations.models import Organisation
from workspace.partnerships.models import Membership
from workspace.partnerships.query_params import MEMBERSHIP, params_of
from workspace.partnerships.rail import RailBlock, rail_block
from workspace.results import periods, summaries, values
from workspace.results.kinds import Pooling
from workspace.results.measurements import Measurement
from workspace.results.models import Indicator, Reference
from workspace.results.periods import ReportingPeriod
from workspace.results.queries import newest_target
from workspace.web.fragment_cache import cached_fragment

MOST_OF_A_POST = 3

# The number of the indicator, the value, its name, and in words whose it is, of which period, and the target.
Figure = tuple[int, str, str, str]


def figures_of(membership: Membership, posts: Sequence[AnyRow]) -> Mapping[int, tuple[Figure, ...]]:
    """What each of these posts carries, by its number: corrected, if it has been. Asks nothing where there are no
    indicators.
    """
    if not membership.partnership.indicator_count or not posts:
        return {}
    found: dict[int, list[Figure]] = defaultdict(list)
    for row in fetch_rows(_figures(), **params_of(membership), numbers=[post.number for post in posts]):
        if len(found[row.entry_number]) < MOST_OF_A_POST:
            about = [] if row.pooling is Pooling.ONCE_FOR_ALL else [row.organisation_name]
            about.append(periods.label(row.rhythm, ReportingPeriod(row.from_day, row.to_day)))
            if row.target is not None:
                about.append(_("target %(value)s", value=values.shown(row, row.target)))
            found[row.entry_number].append((row.number, values.shown(row, row.value), row.name, ", ".join(about)))
    return {number: tuple(carried) for number, carried in found.items()}


@rail_block(10)
def newest_figure(membership: Membership) -> RailBlock | None:
    """How far the main indicator is. Asks nothing where there are no indicators; else always four statements."""
    if not membership.partnership.indicator_count:
        return None
    main = summaries.main_summary(membership)
    if main is None or main.now is None:
        return None
    target = main.references.target
    html = cached_fragment(
        "results/_newest_figure.html",
        partnership=membership.partnership.link,
        number=main.indicator.number,
        name=main.indicator.name,
        value=main.at_present,
        period=main.period(main.now),
        since_last=main.since_last,
        target=main.shown(target.value) if target else "",
        progress=main.progress,
    )
    return RailBlock(html, main.at_present, "solved" if main.progress.is_reached else "up")


@cached_statement
def _figures() -> AnySelect:
    reference, entered = aliased(Reference), aliased(Measurement)
    return (
        select(
            entered.entry_number,
            Measurement.value,
            Measurement.from_day,
            Measurement.to_day,
            Organisation.name.label("organisation_name"),
            Indicator.number,
            Indicator.name,
            Indicator.kind,
            Indicator.unit,
            Indicator.decimals,
            Indicator.rhythm,
            Indicator.pooling,
            reference.value.label("target"),
        )
        .select_from(entered)
        .join(
            Measurement,
            and_(
                Measurement.partnership_id == entered.partnership_id,
                Measurement.indicator_number == entered.indicator_number,
                Measurement.organisation_id == entered.organisation_id,
                Measurement.to_day == entered.to_day,
                Measurement.replaced_by_number.is_(None),
            ),
        )
        .join(Organisation, Organisation.id == Measurement.organisation_id)
        .join(
            Indicator,
            and_(
                Indicator.partnership_id == Measurement.partnership_id,
                Indicator.number == Measurement.indicator_number,
            ),
        )
        .outerjoin(reference, reference.id == newest_target())
        .where(
            entered.partnership_id == MEMBERSHIP.partnership_id,
            entered.entry_number.in_(bindparam("numbers", expanding=True)),
            Measurement.value.is_not(None),
        )
        .order_by(entered.entry_number, entered.id)
    )
