"""What the organisations' numbers make together equals a plain calculation, whatever happens to them."""

import random
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from tests.client import Client
from tests.results.town import BEGUN, FIRST, LATEST, NAMES, Town, at, measure, quarter, reading
from workspace.accounts.models import User
from workspace.db import db
from workspace.members.transfers import service as transfers_service
from workspace.partnerships.activity_log import Entry
from workspace.results import periods, pooling, values
from workspace.results.kinds import Direction, IndicatorKind, Pooling
from workspace.results.models import Indicator
from workspace.results.periods import Rhythm

LASTS = [date(2025, 3, 31), date(2025, 6, 30), date(2025, 9, 30), date(2025, 12, 31), LATEST]


def total(indicator: Indicator, last: date) -> pooling.Total:
    found = pooling.totals(indicator.partnership_id, [indicator.number])[indicator.number]
    return next(one for one in found if one.period.last == last)


def plain(indicator: Indicator, answers: dict[int, Any], owing: set[int]) -> tuple[Fraction | None, bool]:
    """The pooled value of one period, and whether it is complete, calculated as on paper."""
    counted = [answer for answer in answers.values() if answer is not None]
    complete = owing <= set(answers) and bool(counted)
    if not counted or (indicator.pooling is Pooling.SEPARATELY and len(counted) > 1):
        return None, complete
    if indicator.kind is IndicatorKind.SHARE:
        return 100 * Fraction(sum(part for part, _ in counted)) / sum(whole for _, whole in counted), complete
    if indicator.kind is IndicatorKind.MEAN:
        weighed = sum(Fraction(value) * count for value, count in counted)
        return weighed / sum(count for _, count in counted), complete
    return Fraction(sum(value for value, _ in counted)), complete


@pytest.mark.parametrize("seed", range(2))
def test_pooled_values_equal_a_plain_calculation(seed: int, town: Town) -> None:
    chance = random.Random(seed)
    with at(BEGUN):
        indicators = [town.indicator(kind.value, kind=kind, unit="x", decimals=2) for kind in IndicatorKind]
        indicators.append(town.indicator("hver for sig", pooling=Pooling.SEPARATELY))
    owing = set(town.organisations.values())
    answers: dict[tuple[int, date], dict[int, Any]] = {(one.number, last): {} for one in indicators for last in LASTS}
    for step in range(90):
        indicator, last = chance.choice(indicators), chance.choice(LASTS)
        organisation_id = chance.choice(sorted(owing))
        if step in (40, 70):
            transfers_service.end_participation(town.moderator, organisation_id, stay_for=None, reason="Væk")
            owing.discard(organisation_id)
            continue
        whole = chance.randint(1, 400)
        pair = (chance.randint(0, whole), whole)
        if indicator.kind is not IndicatorKind.SHARE:
            pair = (chance.randint(0, 100_000), whole)  # in hundredths
        texts = [str(pair[0]), str(whole)] if indicator.kind is IndicatorKind.SHARE else [f"{pair[0] / 100:.2f}"]
        texts = [*texts, str(whole)] if indicator.kind is IndicatorKind.MEAN else texts
        is_hole = chance.random() < 0.2
        brought = reading(indicator, organisation_id, last, *([] if is_hole else texts), note="Fordi" * is_hole)
        measure(town.moderator, brought, why="Talt om")
        value = Decimal(pair[0]) if indicator.kind is IndicatorKind.SHARE else Decimal(pair[0]) / 100
        answers[indicator.number, last][organisation_id] = None if is_hole else (value, whole)
    compared = 0
    for indicator in indicators:
        for found in pooling.totals(indicator.partnership_id, [indicator.number]).get(indicator.number, []):
            wanted, complete = plain(indicator, answers[indicator.number, found.period.last], owing)
            value = found.value(indicator)
            assert (value is None) == (wanted is None)
            assert value is None or wanted is None or abs(Fraction(value) - wanted) < Fraction(1, 10**15)
            assert found.is_complete is complete, f"{indicator.name} {found}"
            compared += 1
    assert compared > 15


def test_a_period_is_complete_when_all_have_answered(town: Town) -> None:
    with at(BEGUN):
        indicator = town.indicator()
    *first, last = town.organisations.values()
    measure(town.moderator, *(reading(indicator, one, LATEST, "50", "100") for one in first))
    found = total(indicator, LATEST)
    assert (found.answered, found.expected, found.is_complete) == (3, 4, False)
    measure(town.moderator, reading(indicator, last, LATEST))
    assert total(indicator, LATEST).is_complete


def test_who_came_later_owes_nothing_from_before(town: Town) -> None:
    with at(BEGUN):
        indicator = town.indicator(organisations=list(town.organisations.values())[:1])
    indicator.set_sources(town.moderator, dict.fromkeys(town.organisations.values()), version=1)
    measure(town.moderator, reading(indicator, town.organisations[NAMES[0]], LATEST, "50", "100"))
    assert total(indicator, LATEST).is_complete


def test_an_average_of_averages_is_never_made(town: Town) -> None:
    with at(BEGUN):
        indicator = town.indicator()
    one, other = list(town.organisations.values())[:2]
    measure(town.moderator, reading(indicator, one, LATEST, "1", "1"), reading(indicator, other, LATEST, "0", "99"))
    assert total(indicator, LATEST).value(indicator) == 1


@pytest.mark.parametrize(
    ("now", "baseline", "target", "percent", "words"),
    [
        (64, 50, 70, 70, "70%"),
        (6, 9, 5, 75, "75%"),
        (48, 50, 70, 0, "Further"),
        (70, 50, 70, 100, "reached"),
        (4, 9, 5, 100, "reached"),
        (50, 50, 50, 0, ""),
    ],
)
@pytest.mark.usefixtures("app")
def test_the_way_to_the_target_is_measured_from_the_baseline(
    now: int, baseline: int, target: int, percent: int, words: str
) -> None:
    way = values.progress(Decimal(now), Decimal(baseline), Decimal(target))
    assert way.percent == percent
    assert words in way.words


@pytest.mark.parametrize("rhythm", [rhythm for rhythm in Rhythm if rhythm is not Rhythm.IRREGULAR])
def test_periods_follow_one_another_without_a_gap(rhythm: Rhythm) -> None:
    found = periods.ended(rhythm, date(2026, 3, 31), 30)
    assert found[0].last < date(2026, 3, 31)
    for period, earlier in pairwise(found):
        assert (period.first - earlier.last).days == 1
        assert periods.containing(rhythm, period.first) == periods.containing(rhythm, period.last) == period


def test_a_target_that_is_reached_is_told_once(town: Town) -> None:
    with at(BEGUN):
        indicator = town.indicator(direction=Direction.UP)
    town.refer(indicator, 50, 70)
    told = []
    for last, share in ((FIRST, "50"), (date(2025, 12, 31), "72"), (LATEST, "73")):
        for name, member in town.members.items():
            measure(member, reading(indicator, town.organisations[name], last, share, "100"))
        entry = _last_entry(town)
        told.append("The target is reached" in entry)
    assert told == [False, True, False]
    assert quarter(LATEST).first == date(2026, 1, 1)


def test_a_target_below_the_baseline_is_reached_from_above(town: Town, sign_in: Callable[[User], Client]) -> None:
    with at(BEGUN):
        indicator = town.indicator(direction=Direction.UP)
    town.refer(indicator, 70, 50)
    browser, address = sign_in(town.reader.user), town.partnership.address
    told = []
    for last, share in ((date(2025, 12, 31), "60"), (LATEST, "45")):
        for name, member in town.members.items():
            measure(member, reading(indicator, town.organisations[name], last, share, "100"))
        pages = [f"{address}about", f"{address}results/{indicator.number}"]
        told.append(["The target is reached" in browser.page(page).text for page in pages])
    assert told == [[False, False], [True, True]], "in the log as on the page"


def _last_entry(town: Town) -> str:
    found = db.session.get_one(Entry, (town.partnership.id, town.partnership.last_number))
    return found.sentence
