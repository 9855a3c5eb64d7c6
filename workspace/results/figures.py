"""The numbers that posts carry, those that were entered with a story; and the newest one, beside the feed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from flask_babel import gettext as _
from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import aliased

from workspace.db.statements import cached_statement, fetch_rows
from workspace.db.types import AnyRow, AnySelect
from workspace.partnerships.models import Membership
from workspace.partnerships.query_params import MEMBERSHIP, params_of
from workspace.partnerships.rail import RailBlock, rail_block
from workspace.results import summaries, values
from workspace.results.measurements import Measurement
from workspace.results.models import Indicator, Reference
from workspace.results.queries import newest_target
from workspace.web.fragment_cache import cached_fragment

MOST_OF_A_POST = 3

# The number of the indicator, the value, its name, and the target in words.
Figure = tuple[int, str, str, str]


def figures_of(membership: Membership, posts: Sequence[AnyRow]) -> Mapping[int, tuple[Figure, ...]]:
    """What each of these posts carries, by its number. Asks nothing where there are no indicators."""
    if not membership.partnership.indicator_count or not posts:
        return {}
    found: dict[int, list[Figure]] = defaultdict(list)
    for row in fetch_rows(_figures(), **params_of(membership), numbers=[post.number for post in posts]):
        if len(found[row.entry_number]) < MOST_OF_A_POST:
            aim = _("target %(value)s", value=values.shown(row, row.target)) if row.target is not None else ""
            found[row.entry_number].append((row.number, values.shown(row, row.value), row.name, aim))
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
    reference = aliased(Reference)
    return (
        select(
            Measurement.entry_number,
            Measurement.value,
            Indicator.number,
            Indicator.name,
            Indicator.kind,
            Indicator.unit,
            Indicator.decimals,
            reference.value.label("target"),
        )
        .select_from(Measurement)
        .join(
            Indicator,
            and_(
                Indicator.partnership_id == Measurement.partnership_id,
                Indicator.number == Measurement.indicator_number,
            ),
        )
        .outerjoin(reference, reference.id == newest_target())
        .where(
            Measurement.partnership_id == MEMBERSHIP.partnership_id,
            Measurement.entry_number.in_(bindparam("numbers", expanding=True)),
            Measurement.value.is_not(None),
        )
        .order_by(Measurement.entry_number, Measurement.id)
    )
