"""What the pages of results ask of the database and send, with 12 indicators × 60 organisations × 40 quarters."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from time import perf_counter
from typing import Any

import brotli
import pytest
from sqlalchemy import insert, select, update

from tests.client import Client
from tests.factories import Side, make_organisation
from tests.results.town import BEGUN, LATEST, NOW, Town, at
from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships.models import Participation
from workspace.results import periods, recording, summaries
from workspace.results.measurements import Measurement, MeasurementState, Reading
from workspace.results.models import Indicator, Source
from workspace.results.periods import Rhythm

SignIn = Callable[[User], Client]
Statements = Callable[[], AbstractContextManager[list[str]]]

INDICATORS, ORGANISATIONS, PERIODS = 12, 60, 40
MOST, LARGEST = 8, 35_000


def fill(town: Town, *, indicators: int, organisations: int, quarters: int) -> list[Indicator]:
    """Rows as by so many organisations that measured everything in so many quarters."""
    partners = [make_organisation(f"Børnehuset nummer {number}") for number in range(organisations)]
    db.session.add_all(
        Participation(
            partnership_id=town.partnership.id,
            organisation_id=one.id,
            side=Side.MUNICIPALITIES,
            accepted_at=clock.now(),
        )
        for one in partners
    )
    db.session.commit()
    ids = [one.id for one in partners]
    with at(BEGUN):
        made = [town.indicator(f"Indikator {number} med et navn", organisations=ids) for number in range(indicators)]
        for one in made:
            town.refer(one, 40, 70)
    rows: list[dict[str, Any]] = [
        {
            "partnership_id": town.partnership.id,
            "indicator_number": indicator.number,
            "organisation_id": organisation_id,
            "from_day": period.first,
            "to_day": period.last,
            "state": MeasurementState.MEASURED,
            "numerator": Decimal(40 + (organisation_id * 7 + place) % 50),
            "denominator": Decimal(100),
            "value": Decimal(40 + (organisation_id * 7 + place) % 50),
            "note": "",
            "evidence": "",
            "why": "",
            "membership_id": town.moderator.id,
            "entry_number": 1,
            "at": NOW,
        }
        for indicator in made
        for place, period in enumerate(periods.ended(Rhythm.QUARTER, NOW.date(), quarters))
        for organisation_id in ids
    ]
    db.session.execute(insert(Measurement), rows)
    db.session.execute(update(Indicator).values(has_numbers=True))
    db.session.commit()
    return made


@pytest.mark.slow
def test_results_cost_the_same_however_much_has_been_measured(
    town: Town, sign_in: SignIn, statements: Statements
) -> None:
    made = fill(town, indicators=INDICATORS, organisations=ORGANISATIONS, quarters=PERIODS)
    browser = sign_in(town.reader.user)
    home = f"{town.partnership.address}results"
    for address, most in ((home, MOST), (f"{home}/{made[0].number}", MOST + 4)):
        with statements() as asked:
            answer = browser.get(address)
        assert answer.status_code == 200
        assert len(asked) <= most, f"{address} takes {len(asked)} statements: {[one[:90] for one in asked]}"
        size = len(brotli.compress(answer.data, quality=4))
        assert size <= LARGEST, f"{address} sends {size} bytes"
    moderator = sign_in(town.moderator.user)
    assert moderator.get(f"{home}/{made[0].number}/missing").status_code == 200
    assert moderator.get(f"{home}/numbers/{town.moderator.organisation_id}").status_code == 200


def test_57_pasted_numbers_are_one_entry_in_a_moment(town: Town, statements: Statements) -> None:
    [indicator] = fill(town, indicators=1, organisations=57, quarters=1)
    db.session.execute(update(Measurement).values(replaced_by_number=1))
    db.session.commit()
    owing = select(Source.organisation_id).where(Source.indicator_number == indicator.number)
    period = periods.containing(Rhythm.QUARTER, LATEST)
    readings = [
        Reading(
            indicator=indicator,
            organisation_id=organisation_id,
            period=period,
            numerator=Decimal(5),
            denominator=Decimal(9),
        )
        for organisation_id in db.session.scalars(owing)
    ]
    before, began = town.partnership.last_number, perf_counter()
    with statements() as asked:
        recording.record(town.moderator, readings)
        db.session.commit()
    assert perf_counter() - began < 5  # It takes a tenth of a second on an idle machine.
    assert town.partnership.last_number == before + 1
    assert (
        len([one for one in asked if "FROM partnership" in one and "last_number" in one and "UPDATE" not in one]) <= 2
    )
    assert len(asked) < 30, [one[:70] for one in asked][-60:]


@pytest.mark.slow
def test_the_chart_is_a_small_part_of_the_page(town: Town, sign_in: SignIn) -> None:
    fill(town, indicators=INDICATORS, organisations=ORGANISATIONS, quarters=PERIODS)
    browser, home = sign_in(town.reader.user), f"{town.partnership.address}results"
    browser.get(home)
    began = perf_counter()
    for _ in range(3):
        browser.get(home)
    page = (perf_counter() - began) / 3
    main = summaries.summaries(town.reader)[0]
    began = perf_counter()
    for _ in range(10):
        summaries.chart_of(main, [])
    drawn = (perf_counter() - began) / 10
    assert drawn < page / 5, f"{drawn:.4f} of {page:.4f} s"
