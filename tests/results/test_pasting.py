"""Numbers from a spreadsheet, pasted with headings of all sorts above them."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.pages import Page
from tests.results.town import BEGUN, LATEST, NAMES, Town, at
from workspace.accounts.models import User
from workspace.db import db
from workspace.results.kinds import IndicatorKind
from workspace.results.measurements import Measurement

SignIn = Callable[[User], Client]
ROWS = "\nGentofte\t86\t126\nGladsaxe\t7\t9"
PAIRS = [(86, 126), (7, 9)]
HEADINGS = {
    "that are nobody's": "Kommune\tAntal borgere\tI alt",
    "that say nothing we know": "Hvem\tHvor mange\tAf hvor mange",
    "with a year": "Kommune\t1. kvartal 2026\t",
    "over two columns": "Kommune\tTal\t",
    "of two columns that are called alike": "Kommune\tAntal borgere\tAntal",
    "of the second column only": "Kommune\tBorgere med træning\tUd af",
    "of the first column only": "Kommune\tTæller\tBorgere i alt",
}


@pytest.mark.parametrize("heading", HEADINGS.values(), ids=HEADINGS)
def test_any_headings_may_stand_above_the_numbers(town: Town, sign_in: SignIn, heading: str) -> None:
    assert pasted(town, sign_in, heading + ROWS) == PAIRS


def test_columns_of_something_else_are_no_numbers(town: Town, sign_in: SignIn) -> None:
    table = "Nr.\tKommune\tRegion\tTal\t\tBemærkning\n1\tGentofte\t84\t86\t126\tTalt to gange"
    assert pasted(town, sign_in, table) == [(86, 126)]
    assert db.session.scalars(select(Measurement.note)).all() == ["Talt to gange"]


def test_an_average_and_of_how_many_it_is_may_be_called_a_number(town: Town, sign_in: SignIn) -> None:
    table = "Kommune\tGennemsnit\tAntal\nGentofte\t6,5\t14"
    assert pasted(town, sign_in, table, kind=IndicatorKind.MEAN, unit="timer") == [(91, 14)]


def test_an_average_may_stand_after_of_how_many_it_is(town: Town, sign_in: SignIn) -> None:
    table = "Kommune\tAntal\tGennemsnit\nGentofte\t14\t6"
    assert pasted(town, sign_in, table, kind=IndicatorKind.MEAN, unit="timer") == [(84, 14)]


def test_a_first_line_that_says_something_of_an_organisation_is_no_heading(town: Town, sign_in: SignIn) -> None:
    with at(BEGUN):
        indicator = town.indicator()
    browser, page = sign_in(town.moderator.user), f"{town.partnership.address}results/{indicator.number}/paste"
    for line in (
        "Ukendt Kommune\tikke målt",
        "Ukendt Kommune\t8\t9",
        "Ukendt\t-\t-",
        "Ukendt Kommune\tingen tal",
        "Ukendt",
        NAMES[0],
    ):
        answer = browser.submit(page, {"pasted": f"{line}\n", "period": LATEST.isoformat()}, page=page)
        assert "0 numbers can be saved, 1 line can't be saved" in Page(answer.text).text, line


def test_an_empty_first_line_keeps_no_number_from_being_saved(town: Town, sign_in: SignIn) -> None:
    with at(BEGUN):
        indicator = town.indicator()
    browser, page = sign_in(town.moderator.user), f"{town.partnership.address}results/{indicator.number}/paste"
    answer = browser.submit(page, {"pasted": ";;\nGentofte;86;126", "period": LATEST.isoformat()}, page=page)
    assert "1 number can be saved, 1 line can't be saved" in Page(answer.text).text


def test_what_is_left_out_of_a_table_is_shown(town: Town, sign_in: SignIn) -> None:
    with at(BEGUN):
        indicator = town.indicator()
    browser, page = sign_in(town.moderator.user), f"{town.partnership.address}results/{indicator.number}/paste"

    def shown(table: str) -> str:
        return browser.submit(page, {"pasted": table, "period": LATEST.isoformat()}, htmx=True).text

    headings = "The first line is read as headings, so no number is saved from it: "
    assert f"{headings}Gentoft · otteogfirs · mange" in shown("Gentoft\totteogfirs\tmange\nGladsaxe\t7\t9")
    assert f"{headings}Kommune · I alt" in shown("Kommune\t\tI alt"), "also where nothing else is there"
    assert "read as headings" not in shown("Gentofte\t86\t126")
    ours = f"Indicator number;Organisation;Numerator;Denominator;Replaced by\n{indicator.number};Gentofte;1;2;"
    assert "2 lines are about other indicators, or have been replaced" in shown(
        f"{ours}\n{indicator.number};Gentofte;1;3;9\n{indicator.number + 1};Gentofte;1;3;"
    )
    assert "2 lines at the end are left out" in shown("Gentofte\t86\t126\n" * 1_002)


@pytest.mark.parametrize("day", ["2025-12-31", "31-12-2025", "31.12.2025"])
def test_the_dates_of_our_table_are_read_as_a_spreadsheet_shows_them(town: Town, sign_in: SignIn, day: str) -> None:
    table = f"Organisation\tTo\tNumerator\tDenominator\nGentofte\t{day}\t86\t126"
    assert pasted(town, sign_in, table) == [(86, 126)]
    assert db.session.scalars(select(Measurement.to_day)).all() == [date(2025, 12, 31)]


def test_lines_that_say_their_periods_are_told_apart(town: Town, sign_in: SignIn) -> None:
    with at(BEGUN):
        indicator = town.indicator()
    browser, page = sign_in(town.moderator.user), f"{town.partnership.address}results/{indicator.number}/paste"
    table = "Organisation\tTo\tNumerator\tDenominator\nGentofte\t2025-12-31\t86\t126\nGentofte\t2026-03-31\t7\t9"
    text = Page(browser.submit(page, {"pasted": table, "period": LATEST.isoformat()}, page=page).text).text
    for period in ("quarter 4 of 2025", "quarter 1 of 2026"):
        assert f"Gentofte {period}" in text


def pasted(town: Town, sign_in: SignIn, table: str, **described: object) -> list[tuple[object, object]]:
    """What has been saved after pasting."""
    with at(BEGUN):
        indicator = town.indicator(**described)
    browser, page = sign_in(town.moderator.user), f"{town.partnership.address}results/{indicator.number}/paste"
    sent = {"pasted": table, "period": LATEST.isoformat()}
    preview = Page(browser.submit(page, sent, page=page).text)
    assert "can't be saved" not in preview.text
    answer = browser.submit(page, sent | {"confirmed": "1"}, page=page)
    assert answer.status_code == 303, Page(answer.text).text
    return [
        (row.numerator, row.denominator) for row in db.session.scalars(select(Measurement).order_by(Measurement.id))
    ]
