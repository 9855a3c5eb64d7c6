"""Numbers as large as they may be: larger ones are refused where they come in, and all sums of the others are exact."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.pages import Page
from tests.results.town import BEGUN, LATEST, NAMES, Town, at, measure, reading
from workspace.accounts.models import User
from workspace.db import db
from workspace.i18n import numbers
from workspace.permissions import Conflict
from workspace.results import models
from workspace.results.kinds import IndicatorKind, Pooling
from workspace.results.measurements import Measurement
from workspace.results.models import Indicator, Source

SignIn = Callable[[User], Client]
OWN = NAMES[0]
TOO_LARGE = [("999999999999", "999999999999"), ("922337,2036", "1000000000"), ("1000000", "1000000")]
LARGEST = [("999999999999,9999", "1"), ("1", "999999999999"), ("999,9999", "1000000000"), ("0", "999999999999")]
REFUSED = "The average times the count must be below 1,000,000,000,000."


@pytest.fixture
def hours(town: Town) -> Indicator:
    with at(BEGUN):
        return town.indicator("Timer", kind=IndicatorKind.MEAN, unit="timer", decimals=1)


def results(town: Town, rest: str = "") -> str:
    return f"{town.partnership.address}results{rest}"


def key(indicator: Indicator) -> str:
    return f"{indicator.number}-{LATEST:%Y%m%d}"


def fields(indicator: Indicator, average: str, count: str) -> dict[str, str]:
    return {f"a-{key(indicator)}": average, f"b-{key(indicator)}": count}


def present() -> list[Measurement]:
    return list(db.session.scalars(select(Measurement).where(Measurement.replaced_by_number.is_(None))))


def test_a_mean_that_is_too_large_is_refused_and_the_line_beside_it_is_saved(
    town: Town, hours: Indicator, sign_in: SignIn
) -> None:
    with at(BEGUN):
        visits = town.indicator("Besøg", kind=IndicatorKind.COUNT)
    browser, page = sign_in(town.members[OWN].user), results(town, f"/numbers/{town.organisations[OWN]}")
    form = browser.page(page).form(page)
    for average, count in TOO_LARGE:
        typed = fields(hours, average, count)
        answer = browser.post(page, data=form | typed | {f"a-{key(visits)}": "7"})
        shown = Page(answer.text)
        assert (answer.status_code, REFUSED in shown.text) == (422, True), average
        assert typed.items() <= shown.form(page).items()
    assert [(row.indicator_number, row.numerator) for row in present()] == [(visits.number, 7)]


def test_a_mean_does_not_become_too_large_by_a_correction_or_by_pasting(
    town: Town, hours: Indicator, sign_in: SignIn
) -> None:
    measure(town.moderator, reading(hours, town.organisations[OWN], LATEST, "65", "2000"))
    browser = sign_in(town.moderator.user)
    [row] = present()
    page, paste = results(town, f"/measurements/{row.id}/correction"), results(town, f"/{hours.number}/paste")
    for average, count in TOO_LARGE:
        typed = fields(hours, average, count) | {"why": "Talt om"}
        answer = browser.submit(page, typed, page=page)
        shown = Page(answer.text)
        assert (answer.status_code, REFUSED in shown.text) == (422, True), average
        assert typed.items() <= shown.form(page).items()
        sent = {"pasted": f"Gladsaxe\t{average}\t{count}", "period": LATEST.isoformat(), "confirmed": "1"}
        pasted = Page(browser.submit(paste, sent, page=paste).text)
        assert REFUSED in pasted.text, average
        assert pasted.form(paste)["pasted"] == sent["pasted"]
    assert [row.numerator for row in present()] == [130_000]


def test_no_caller_writes_down_a_product_that_is_too_large(town: Town, hours: Indicator) -> None:
    brought = reading(hours, town.organisations[OWN], LATEST, "1", "1")
    with pytest.raises(Conflict):
        measure(town.moderator, replace(brought, numerator=Decimal(1_000_000), denominator=Decimal(1_000_000)))


def test_the_largest_numbers_of_all_add_up(town: Town, hours: Indicator, sign_in: SignIn) -> None:
    with at(BEGUN):
        money = town.indicator("Udgift", kind=IndicatorKind.AMOUNT, unit="kr.", decimals=2)
        each = town.indicator("Hver for sig", kind=IndicatorKind.AMOUNT, pooling=Pooling.SEPARATELY)
        share = town.indicator("Andel")
    browser = sign_in(town.moderator.user)
    for organisation_id, (average, count) in zip(town.organisations.values(), LARGEST, strict=True):
        page = results(town, f"/numbers/{organisation_id}")
        sent = fields(hours, average, count) | fields(share, "999999999999", "999999999999,9999")
        sent |= {f"a-{key(one)}": "999999999999,9999" for one in (money, each)}
        assert browser.submit(page, sent, page=page).status_code == 303, average
    for rest in ("", *(f"/{one.number}?period={LATEST}" for one in (hours, money, each, share)), "/measurements"):
        assert browser.get(results(town, rest)).status_code == 200, rest
    text = browser.page(results(town, f"/{money.number}")).text
    assert "4,000,000,000,000.00 kr." in text.replace("\u00a0", " ")


def test_as_many_organisations_can_enter_a_number_as_sqlite_can_add_up(
    town: Town, hours: Indicator, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = numbers.LARGEST / numbers.SMALLEST_STEP
    assert models.MOST_SOURCES * steps < 2**63
    monkeypatch.setattr(models, "MOST_SOURCES", 4)
    browser, page = sign_in(town.moderator.user), results(town, f"/{hours.number}/sources")
    company = str(town.moderator.organisation_id)
    answer = browser.submit(page, {"organisations": [company]}, page=page)
    assert (answer.status_code, "At most 4 organisations" in Page(answer.text).text) == (409, True)
    sources = select(Source.organisation_id).where(Source.indicator_number == hours.number, Source.ended_at.is_(None))
    assert set(db.session.scalars(sources)) == set(town.organisations.values())
