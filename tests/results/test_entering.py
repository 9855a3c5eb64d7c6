"""What the form of numbers answers: which line is meant, what was saved, and what has been entered meanwhile."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.pages import Page
from tests.results.town import BEGUN, LATEST, NAMES, Town, at
from workspace.accounts.models import User
from workspace.db import db
from workspace.results.measurements import Measurement
from workspace.results.models import Indicator

SignIn = Callable[[User], Client]
OWN = NAMES[0]
EARLIER = date(2025, 12, 31)


@pytest.fixture
def indicator(town: Town) -> Indicator:
    with at(BEGUN):
        return town.indicator()


def entry(town: Town) -> str:
    return f"{town.partnership.address}results/numbers/{town.organisations[OWN]}"


def typed(indicator: Indicator, last: date, **fields: str) -> dict[str, str]:
    return {f"{name}-{indicator.number}-{last:%Y%m%d}": text for name, text in fields.items()}


def test_the_list_of_what_is_wrong_says_which_period_is_meant(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    browser = sign_in(town.members[OWN].user)
    sent = typed(indicator, LATEST, a="8") | typed(indicator, EARLIER, a="9")
    answer = browser.submit(entry(town), sent, page=entry(town))
    links = ["".join(link.itertext()) for link in Page(answer.text).all("a")]
    for period in ("quarter 1 of 2026", "quarter 4 of 2025"):
        assert f"Borgere, der bruger løsningen, {period}: Both numbers are needed." in links


def test_what_could_not_be_measured_is_no_number_that_is_saved(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    browser = sign_in(town.members[OWN].user)
    hole, number = {"na": "on", "why": "Nyt system"}, {"a": "8", "b": "9"}
    for said, *fields in (
        ("It is saved.", typed(indicator, LATEST, **hole)),
        ("It is saved.", *(typed(indicator, date(2025, month, 30), **hole) for month in (6, 9))),
        ("The number is saved.", typed(indicator, EARLIER, **number)),
    ):
        sent = {name: text for field in fields for name, text in field.items()}
        saved = browser.submit(entry(town), sent, page=entry(town))
        assert said in browser.page(saved.location).text, sent
    assert len(db.session.scalars(select(Measurement)).all()) == 4
