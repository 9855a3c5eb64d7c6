"""Two who change the same of an indicator, or one who presses twice: nothing is replaced in silence, or done twice."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from tests.client import Client
from tests.factories import Level, Side, add_member, make_role
from tests.pages import Page
from tests.results.town import BEGUN, LATEST, NAMES, Town, at, measure, reading
from workspace.accounts.models import User
from workspace.db import db
from workspace.results.kinds import Pooling
from workspace.results.measurements import Measurement
from workspace.results.models import Indicator, Reference, SeveralReporters, Source
from workspace.roles import endings as roles_ending

SignIn = Callable[[User], Client]
OWN, OTHER = NAMES[0], NAMES[1]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def indicator(town: Town) -> Indicator:
    with at(BEGUN):
        return town.indicator()


@pytest.fixture
def browser(town: Town, sign_in: SignIn) -> Client:
    """Of the moderator."""
    return sign_in(town.moderator.user)


@pytest.fixture
def other_browser(town: Town, sign_in: SignIn) -> Client:
    """Of another moderator."""
    return sign_in(add_member(town.moderator, None, Level.MODERATOR, side=Side.COMPANY).user)


def results(town: Town, rest: str = "") -> str:
    return f"{town.partnership.address}results{rest}"


def owing(indicator: Indicator) -> dict[int, int | None]:
    query = select(Source.organisation_id, Source.reporter_id)
    rows = db.session.execute(query.where(Source.indicator_number == indicator.number, Source.ended_at.is_(None)))
    return {row.organisation_id: row.reporter_id for row in rows}


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_of_two_who_say_who_enters_the_numbers_the_later_one_sees_what_the_other_has_saved(
    town: Town, indicator: Indicator, browser: Client, other_browser: Client, headers: dict[str, str]
) -> None:
    page = results(town, f"/{indicator.number}/sources")
    mine, theirs = (one.page(page).form(page) for one in (browser, other_browser))
    (own, member), (other, _member) = ((town.organisations[name], town.members[name]) for name in (OWN, OTHER))
    sent: dict[str, Any] = theirs | {"organisations": [str(own)], f"reporter-{own}": str(member.id)}
    for _ in range(2):  # A double press says it once.
        assert other_browser.post(page, data=sent).status_code == 303
    assert owing(indicator) == {own: member.id}
    before, wanted = town.partnership.last_number, {"organisations": [str(other)], f"reporter-{own}": ""}
    stale = browser.post(page, data=mine | wanted, headers=headers)
    shown = Page(stale.text)
    assert (stale.status_code, owing(indicator), town.partnership.last_number) == (409, {own: member.id}, before)
    assert f"Now these enter numbers: {OWN}: Person i {OWN}" in " ".join(shown.text.split())
    ticked = [box.get("value") for box in shown.all("input") if box.get("checked") is not None]
    assert ticked == [str(other)], "What was chosen need not be chosen again"
    assert browser.post(page, data=shown.form(page) | wanted).status_code == 303
    assert owing(indicator) == {other: None}


def test_the_same_who_enter_numbers_once_more_change_nothing(town: Town, indicator: Indicator, browser: Client) -> None:
    page = results(town, f"/{indicator.number}/sources")
    before, version = town.partnership.last_number, indicator.version
    everybody = [str(organisation_id) for organisation_id in town.organisations.values()]
    assert browser.submit(page, {"organisations": everybody}, page=page).status_code == 303
    db.session.expire_all()
    assert (town.partnership.last_number, indicator.version) == (before, version)


@pytest.mark.parametrize("what", ["target", "baseline"])
def test_a_reference_that_is_sent_twice_is_set_once(
    town: Town, indicator: Indicator, browser: Client, what: str
) -> None:
    page = results(town, f"/{indicator.number}/{what}")
    sent = browser.page(page).form(page) | {"value": "70", "day": "2026-12-31"}
    before, terms = town.partnership.last_number, indicator.terms
    for headers in ({}, {}, HTMX):
        assert browser.post(page, data=sent, headers=headers).status_code in (204, 303)
    assert [row.value for row in references(indicator)] == [70]
    assert (town.partnership.last_number, indicator.terms) == (before + 1, terms + 1)


@pytest.mark.parametrize(("what", "headers"), [("target", HTMX), ("baseline", {})])
def test_of_two_who_set_a_reference_the_later_one_sees_what_the_other_has_set(
    town: Town, indicator: Indicator, browser: Client, other_browser: Client, what: str, headers: dict[str, str]
) -> None:
    page, own = results(town, f"/{indicator.number}/{what}"), str(town.organisations[OWN])
    of_own = {"organisation": own} if what == "baseline" else {}
    mine, theirs = (one.page(page).form(page) for one in (browser, other_browser))
    first = {"value": "60", "day": "2027-12-31", "note": "Det kan vi nå"} | of_own
    assert other_browser.post(page, data=theirs | first).status_code == 303
    wanted = {"value": "70", "day": "2028-12-31", "note": ""} | of_own
    stale = browser.post(page, data=mine | wanted, headers=headers)
    shown = Page(stale.text)
    assert (stale.status_code, [row.value for row in references(indicator)]) == (409, [60])
    for words in ("Somebody else has changed the indicator", "60%, 31 December 2027", "Det kan vi nå"):
        assert words in shown.text
    kept = shown.form(page)
    assert {name: kept[name] for name in wanted} == wanted
    assert browser.post(page, data=kept | {"note": "Vi når mere"}).status_code == 303
    assert [row.value for row in references(indicator)] == [60, 70]


def references(indicator: Indicator) -> list[Reference]:
    db.session.expire_all()
    own = Reference.partnership_id == indicator.partnership_id, Reference.indicator_number == indicator.number
    return list(db.session.scalars(select(Reference).where(*own).order_by(Reference.id)))


def test_a_new_name_leaves_the_indicator_its_retired_role(town: Town, indicator: Indicator, browser: Client) -> None:
    role, other = make_role(town.moderator, "Måling af resultater"), make_role(town.moderator, "Økonomi")
    indicator.edit(town.moderator, version=1, role_id=role.id)
    for one in (role, other):
        roles_ending.retire(one, town.moderator)
    db.session.commit()
    page = results(town, f"/{indicator.number}/edit")
    shown = browser.page(page)
    assert shown.form(page)["role_id"] == str(role.id)
    assert "Økonomi" not in shown.text, "A retired role that was not chosen is not offered"
    assert browser.submit(page, {"name": "Et nyt navn"}, page=page).status_code == 303
    db.session.refresh(indicator)
    assert (indicator.name, indicator.role_id) == ("Et nyt navn", role.id)
    assert browser.submit(page, {"role_id": "0"}, page=page).status_code == 303
    assert "Måling" not in browser.page(page).text


@pytest.mark.parametrize("headers", [HTMX, {}])
def test_there_is_one_number_for_all_only_while_one_organisation_enters_it(
    town: Town, indicator: Indicator, browser: Client, headers: dict[str, str]
) -> None:
    edit, sources = (results(town, f"/{indicator.number}/{rest}") for rest in ("edit", "sources"))
    once = {"pooling": Pooling.ONCE_FOR_ALL.value, "name": "Ét tal"}
    refused = browser.submit(edit, once, page=edit, headers=headers)
    shown = Page(refused.text)
    assert (refused.status_code, "one organisation that enters it" in shown.text) == (422, True)
    kept = shown.form(edit)
    assert {name: kept[name] for name in once} == once
    one, other = (str(town.organisations[name]) for name in (OWN, OTHER))
    assert browser.submit(sources, {"organisations": [one]}, page=sources).status_code == 303
    assert browser.submit(edit, once, page=edit).status_code == 303
    several = browser.submit(sources, {"organisations": [one, other]}, page=sources, headers=headers)
    assert (several.status_code, "choose one organisation" in Page(several.text).text) == (422, True)
    assert owing(indicator) == {int(one): None}


def test_an_indicator_with_one_number_for_all_is_not_added_with_several_reporters(town: Town) -> None:
    with pytest.raises(SeveralReporters):
        town.indicator(pooling=Pooling.ONCE_FOR_ALL)
    assert db.session.scalars(select(Indicator)).all() == []


def test_a_pasted_line_says_that_it_corrects_why_there_is_no_number(
    town: Town, indicator: Indicator, browser: Client
) -> None:
    measure(town.moderator, reading(indicator, town.organisations[OWN], LATEST, note="Systemet var nede"))
    page, before = results(town, f"/{indicator.number}/paste"), town.partnership.last_number
    table = f"Organisation\tTal\tBemærkning\n{OWN}\tikke målt\t"
    sent = {"pasted": f"{table}Systemet var nede", "period": LATEST.isoformat(), "confirmed": "1"}
    assert "It is there already" in Page(browser.submit(page, sent, page=page).text).text
    sent["pasted"] = f"{table}Nyt system"
    refused = browser.submit(page, sent, page=page)
    assert (refused.status_code, "Corrects not measured" in Page(refused.text).text) == (422, True)
    assert town.partnership.last_number == before
    assert browser.submit(page, sent | {"why": "Vi ved mere nu"}, page=page).status_code == 303
    standing = db.session.scalars(select(Measurement).where(Measurement.replaced_by_number.is_(None)))
    assert [(row.note, row.why) for row in standing] == [("Nyt system", "Vi ved mere nu")]
