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


def test_what_is_wrong_stays_where_somebody_else_has_entered_meanwhile(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    moderator, browser = sign_in(town.moderator.user), sign_in(town.members[OWN].user)
    form = browser.page(entry(town)).form(entry(town))
    theirs = typed(indicator, LATEST, a="74", b="118") | typed(indicator, EARLIER, na="on", why="Nyt system")
    assert moderator.submit(entry(town), theirs, page=entry(town)).status_code == 303
    mine = typed(indicator, LATEST, a="72", b="", note="Talt to gange") | typed(indicator, EARLIER, a="50–70", b="100")
    answer = browser.post(entry(town), data=form | mine)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert mine.items() <= page.form(entry(town)).items()
    for words in (
        "Borgere, der bruger løsningen, quarter 1 of 2026: Both numbers are needed.",
        "Borgere, der bruger løsningen, quarter 1 of 2026: Somebody else has entered a number in the meantime.",
        "Farida Nazari has entered 63% (74 of 118) in the meantime.",
        "Farida Nazari has entered not measured in the meantime.",
    ):
        assert words in page.text
    [_other, correct] = [link.get("href", "") for link in page.all("a") if "/correction" in link.get("href", "")]
    carried = browser.page(correct).form(correct.partition("?")[0])
    assert typed(indicator, LATEST, a="72", note="Talt to gange").items() <= carried.items()
    empty = dict.fromkeys(mine, "")
    saved = typed(indicator, date(2025, 9, 30), a="60", b="100")
    assert browser.post(entry(town), data=page.form(entry(town)) | empty | saved).status_code == 303


def test_what_was_typed_beside_a_story_that_is_refused_stays_where_somebody_else_has_entered_meanwhile(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    moderator, browser = sign_in(town.moderator.user), sign_in(town.members[OWN].user)
    form = browser.page(entry(town)).form(entry(town))
    assert moderator.submit(entry(town), typed(indicator, LATEST, a="74", b="118"), page=entry(town)).status_code == 303
    mine = typed(indicator, LATEST, a="72", b="118", note="Talt to gange") | {"story": "Om 010190-1234"}
    answer = browser.post(entry(town), data=form | mine)
    assert answer.status_code == 422
    assert mine.items() <= Page(answer.text).form(entry(town)).items()
