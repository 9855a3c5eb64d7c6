"""The pages of results, through the front door."""

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from flask import current_app
from sqlalchemy import func, select

from tests.client import Client
from tests.factories import make_role, measured_indicator, share, start_partnership
from tests.factories import measure as factories_measure
from tests.pages import Page
from tests.results.town import BEGUN, FIRST, LATEST, NAMES, Town, at, measure, reading
from workspace.accounts.models import User
from workspace.db import db
from workspace.organisations.models import Side
from workspace.results.kinds import Direction, IndicatorKind, Pooling, ReferenceKind
from workspace.results.measurements import Measurement
from workspace.results.models import DESCRIBED, Agreement, Indicator, Reference, Source
from workspace.results.periods import Rhythm

SignIn = Callable[[User], Client]
OWN, OTHER = NAMES[0], NAMES[1]
EARLIER = date(2025, 12, 31)
HTMX = {"HX-Request": "true"}


@pytest.fixture
def indicator(town: Town) -> Indicator:
    with at(BEGUN):
        made = town.indicator()
    town.refer(made, 50, 70, first_target=75)
    return made


def results(town: Town, rest: str = "") -> str:
    return f"{town.partnership.address}results{rest}"


def entry(town: Town, name: str = OWN) -> str:
    return results(town, f"/numbers/{town.organisations[name]}")


def key(indicator: Indicator, last: date) -> str:
    return f"{indicator.number}-{last:%Y%m%d}"


def present(indicator: Indicator) -> list[Measurement]:
    standing = Measurement.replaced_by_number.is_(None)
    return list(db.session.scalars(select(Measurement).where(standing).order_by(Measurement.id)))


def test_a_moderator_starts_from_about_and_both_sides_agree(town: Town, sign_in: SignIn) -> None:
    moderator, member = sign_in(town.moderator.user), sign_in(town.members[OWN].user)
    about = moderator.page(f"{town.partnership.address}about")
    assert any(link.get("href") == results(town, "/new") for link in about.all("a"))
    assert "Results" not in member.page(town.partnership.address).text
    assert "No indicators yet" in member.page(results(town)).text
    typed = {"name": "Borgere, der bruger løsningen", "definition": "Dem, der træner hjemme."}
    answer = moderator.submit(results(town), typed, page=results(town, "/new"))
    assert answer.status_code == 303
    made = db.session.scalars(select(Indicator)).one()
    page = answer.location
    assert "Not agreed on yet" in member.page(page).text
    for browser in (moderator, member):
        assert browser.submit(f"{page}/agreement", page=page).status_code == 303
    assert "Agreed on by both sides" in member.page(page).text
    assert "Results" in member.page(town.partnership.address).text
    for field, value in (("target", "70 %"), ("baseline", "50,5")):
        sent = {"value": value, "day": "2026-12-31", "note": ""}
        assert moderator.submit(f"{page}/{field}", sent, page=f"{page}/{field}").status_code == 303
    assert "Not agreed on yet" in member.page(page).text
    again = moderator.submit(f"{page}/target", {"value": "60", "day": "2026-12-31"}, page=f"{page}/target")
    assert again.status_code == 422
    assert "Write why it is changed" in again.text
    for day in ("", "31. december", "2126-12-31"):
        undated = moderator.submit(f"{page}/target", {"value": "60", "day": day, "note": "Vi når mere"})
        assert undated.status_code == 422, day
        assert "Choose a date" in undated.text or "valid date" in undated.text
    assert made.kind is IndicatorKind.SHARE


def test_what_is_right_is_saved_and_what_is_not_is_marked(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    browser, own = sign_in(town.members[OWN].user), town.organisations[OWN]
    measure(town.members[OWN], reading(indicator, own, EARLIER, "58", "100"))
    assert "58 of 100" in browser.page(entry(town)).text
    wrong = {f"a-{key(indicator, LATEST)}": "97", f"b-{key(indicator, LATEST)}": "7", "story": ""}
    right = {f"a-{key(indicator, date(2025, 9, 30))}": "97", f"b-{key(indicator, date(2025, 9, 30))}": "130"}
    hole = {f"na-{key(indicator, date(2025, 6, 30))}": "on", f"why-{key(indicator, date(2025, 6, 30))}": "Nyt system"}
    answer = browser.submit(entry(town), wrong | right | hole, page=entry(town))
    assert answer.status_code == 422
    page = Page(answer.text)
    assert "Have they been swapped?" in page.text
    assert "2 numbers are saved" in page.text
    assert page.form(entry(town))[f"a-{key(indicator, LATEST)}"] == "97"
    assert len(present(indicator)) == 3


def test_two_reporters_at_once_see_both_numbers(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    moderator, browser = sign_in(town.moderator.user), sign_in(town.members[OWN].user)
    mine = browser.page(entry(town)).form(entry(town))
    theirs = moderator.page(entry(town)).form(entry(town))
    first, second = f"a-{key(indicator, LATEST)}", f"b-{key(indicator, LATEST)}"
    assert moderator.post(entry(town), data=theirs | {first: "74", second: "118"}).status_code == 303
    for sent, status in (({first: "72", second: "118"}, 409), ({first: "74", second: "118"}, 303)):
        answer = browser.post(entry(town), data=mine | sent)
        assert answer.status_code == status
        if status == 409:
            text = Page(answer.text).text
            assert "Nothing is saved yet" in text
            assert "Farida Nazari has entered 63% (74 of 118)" in text
            assert "You wrote 61% (72 of 118), which is not saved." in text
            assert Page(answer.text).form(entry(town))[first] == "72"
    assert len(present(indicator)) == 1


def test_what_is_in_no_conflict_is_saved_beside_one_that_is(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    moderator, browser = sign_in(town.moderator.user), sign_in(town.members[OWN].user)
    form = browser.page(entry(town)).form(entry(town))
    theirs = {f"a-{key(indicator, LATEST)}": "74", f"b-{key(indicator, LATEST)}": "118"}
    assert moderator.submit(entry(town), theirs, page=entry(town)).status_code == 303
    mine = {f"a-{key(indicator, LATEST)}": "72", f"note-{key(indicator, LATEST)}": "Talt to gange"}
    right = {f"a-{key(indicator, EARLIER)}": "60", f"b-{key(indicator, EARLIER)}": "100"}
    answer = browser.post(entry(town), data=form | theirs | mine | right)
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "The number is saved." in page.text
    assert "The rest is not saved yet" in page.text
    assert [(row.numerator, row.to_day) for row in present(indicator)] == [(74, LATEST), (60, EARLIER)]
    kept = page.form(entry(town))
    assert (kept[f"a-{key(indicator, LATEST)}"], kept[f"note-{key(indicator, LATEST)}"]) == ("72", "Talt to gange")
    [correct] = [link.get("href", "") for link in page.all("a") if "/correction" in link.get("href", "")]
    carried = browser.page(correct).form(correct.partition("?")[0])
    assert carried[f"a-{key(indicator, LATEST)}"] == "72", "What was typed need not be typed again"
    assert carried[f"note-{key(indicator, LATEST)}"] == "Talt to gange"


def test_a_number_far_from_the_last_is_asked_about_and_not_blocked(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    with at(BEGUN):
        visits = town.indicator("Besøg", kind=IndicatorKind.COUNT, unit="besøg")
    browser, own = sign_in(town.members[OWN].user), town.organisations[OWN]
    measure(town.members[OWN], reading(visits, own, EARLIER, "23"))
    sent = {f"a-{key(visits, LATEST)}": "230"}
    answer = browser.submit(entry(town), sent, page=entry(town))
    assert answer.status_code == 422
    assert "Is it right?" in answer.text
    assert browser.submit(entry(town), sent | {f"ok-{key(visits, LATEST)}": "on"}, page=entry(town)).status_code == 303
    assert [row.value for row in present(visits)] == [23, 230]
    assert indicator.number


BAD = {
    ("ca. 60", "100"): "ca.",
    ("50-70", ""): "each field",
    ("50-70", "100"): "each field",
    ("½", "1"): "decimals",
    ("1e400", "1e401"): "digits only",
    ("NaN", "7"): "Write a number",
    ("-5", "7"): "be negative",
    ("0", "0"): "0 of 0",
    ("5", "0"): "be zero",
    ("64 %", "100"): "not the per cent",
    ("8", ""): "Both numbers",
    ("9", "8"): "swapped",
}


def test_bad_input_gets_a_sentence_and_nothing_is_lost(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    browser = sign_in(town.members[OWN].user)
    form = browser.page(entry(town)).form(entry(town))
    first, second = f"a-{key(indicator, LATEST)}", f"b-{key(indicator, LATEST)}"
    for (part, whole), words in BAD.items():
        answer = browser.post(entry(town), data=form | {first: part, second: whole})
        assert (answer.status_code, words in Page(answer.text).text) == (422, True), f"{part} of {whole}"
        kept = Page(answer.text).form(entry(town))
        assert (kept[first], kept[second]) == (part, whole)
    assert present(indicator) == []
    future = {f"a-{key(indicator, date(2026, 6, 30))}": "1", f"b-{key(indicator, date(2026, 6, 30))}": "2"}
    browser.post(entry(town), data=form | future)
    assert present(indicator) == []


def test_a_story_becomes_progress_that_carries_its_numbers(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    browser = sign_in(town.members[OWN].user)
    sent = {f"a-{key(indicator, LATEST)}": "64", f"b-{key(indicator, LATEST)}": "100", "story": "Flere holder fast."}
    form = browser.page(entry(town)).form(entry(town))
    for _ in range(2):
        assert browser.post(entry(town), data=form | sent).status_code == 303
    page = browser.page(town.partnership.address)
    assert page.text.count("Flere holder fast.") == 1
    chips = [link for link in page.all("a") if link.get("class") == "figure-chip"]
    about = "Gentofte Kommune, quarter 1 of 2026, target 70%"
    assert ["".join(chip.itertext()) for chip in chips] == [f"64%Borgere, der bruger løsningen{about}"]
    assert len(present(indicator)) == 1


def test_a_post_carries_its_numbers_as_they_have_been_corrected(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    browser, one = sign_in(town.members[OWN].user), key(indicator, LATEST)
    sent = {f"a-{one}": "72", f"b-{one}": "100", "story": "Flere holder fast."}
    assert browser.submit(entry(town), sent, page=entry(town)).status_code == 303
    for typed, shown in (({f"a-{one}": "46"}, ["46%"]), ({f"na-{one}": "on", f"why-{one}": "Nedbrud"}, [])):
        address = results(town, f"/measurements/{present(indicator)[0].id}/correction")
        fields = typed | {f"ok-{one}": "on", "why": "Talt to gange."}
        assert browser.submit(address, fields, page=address).status_code == 303
        feed = browser.page(town.partnership.address)
        assert [link[0].text for link in feed.all("a") if link.get("class") == "figure-chip"] == shown


def test_the_page_of_an_indicator_says_how_far_who_is_missing_and_what_changed(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    for last, percent in ((FIRST, "50"), (date(2025, 9, 30), "61"), (EARLIER, "64")):
        for one in town.organisations.values():
            measure(town.moderator, reading(indicator, one, last, percent, "100"))
    *others, late = town.organisations.values()
    measure(town.moderator, *(reading(indicator, one, LATEST, "70", "100") for one in others))
    reader = sign_in(town.reader.user)
    for address in (results(town), results(town, f"/{indicator.number}")):
        text = reader.page(address).text
        assert "Now64%256 of 400, quarter 4 of 2025+3 percentage points since quarter 3 of 2025" in text
        assert "Risen from 50% in quarter 1 of 2024 to 64% in quarter 4 of 2025." in text
        assert "The target was 75% at first and is 70% now." in text
        assert "70% of the way" in text
        assert "3 of 4" in text
    beside = reader.page(town.partnership.address).text
    assert "64%Borgere, der bruger løsningenquarter 4 of 2025, target 70%" in beside
    assert "Missing: Rudersdal Kommune" in reader.page(results(town, f"/{indicator.number}")).text
    assert late


def test_the_last_of_several_who_are_missing_stands_after_a_word(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    own = town.members[OWN]
    measure(own, reading(indicator, own.organisation_id, LATEST, "86", "126"))
    reader, missing = sign_in(town.reader.user), "Gladsaxe Kommune, Lyngby-Taarbæk Kommune and Rudersdal Kommune"
    assert f"Missing for quarter 1 of 2026: {missing}" in reader.page(results(town)).text
    assert f"Missing: {missing}." in reader.page(results(town, f"/{indicator.number}")).text


def test_where_each_stands_alone_the_periods_show_from_the_lowest_to_the_highest(town: Town, sign_in: SignIn) -> None:
    with at(BEGUN):
        each = town.indicator(pooling=Pooling.SEPARATELY)
    one, other, *_rest = town.organisations.values()
    for last, percents in ((FIRST, ("78", "81")), (EARLIER, ("80",)), (LATEST, ("79", "84"))):
        brought = zip((one, other), percents, strict=False)
        measure(town.moderator, *(reading(each, organisation, last, part, "100") for organisation, part in brought))
    each.set_sources(town.moderator, {one: None, other: None}, version=each.version)
    db.session.commit()
    page = sign_in(town.reader.user).page(results(town, f"/{each.number}"))
    assert "Now79–84%163 of 200, quarter 1 of 2026" in page.text
    values = ["".join(value.itertext()) for value in page.all("span") if value.get("class") == "reading__value"]
    assert values == ["79–84%", "80%", "78–81%"]
    [table] = [one for one in page.all("table") if one.find("caption") is not None]
    cells = [["".join(cell.itertext()) for cell in row if cell.tag == "td"] for row in table.iter("tr")]
    assert cells == [[], ["79–84%"], ["80%"], ["78–81%"]], "And not once more as the lowest to the highest"


def test_a_baseline_can_be_written_as_the_two_numbers_that_it_comes_from(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    browser, page = sign_in(town.moderator.user), results(town, f"/{indicator.number}/baseline")
    day = {"day": "2024-03-31", "note": "Talt efter"}
    for typed, words in (
        ({"value": "50-70"}, "Write one number in each field"),
        ({"value": ""}, "Write a number"),
        ({"value": "50", "part": "1", "whole": "2"}, "either the per cent or the two numbers"),
        ({"part": "241"}, "Both numbers are needed"),
        ({"part": "482", "whole": "241"}, "Have they been swapped?"),
        ({"part": "-1", "whole": "241"}, "be negative"),
        ({"part": "0", "whole": "0"}, "be zero"),
    ):
        refused = browser.submit(page, typed | day, page=page)
        assert (refused.status_code, words in Page(refused.text).text) == (422, True), typed
        kept = Page(refused.text).form(page)
        assert {name: kept[name] for name in typed} == typed
    assert browser.submit(page, {"part": "241", "whole": "482"} | day, page=page).status_code == 303
    measure(town.moderator, *(reading(indicator, one, LATEST, "6", "10") for one in town.organisations.values()))
    text = browser.page(results(town)).text
    assert "Baseline50%241 of 482, 31 March 2024" in text
    assert "50% of the way" in text
    definitions = browser.get(results(town, "/definitions")).get_data(as_text=True)
    assert ";Baseline;;241;482;50;%;2024-03-31;Talt efter;" in definitions
    assert "It is 50% (241 of 482) now" in browser.page(page).text
    count = town.indicator("Møder", kind=IndicatorKind.COUNT)
    assert "part" not in browser.page(results(town, f"/{count.number}/target")).form(
        results(town, f"/{count.number}/target")
    )


def test_a_changed_definition_breaks_the_chart(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    with at(BEGUN):
        for one in town.organisations.values():
            measure(town.moderator, reading(indicator, one, date(2023, 12, 31), "50", "100"))
    browser = sign_in(town.moderator.user)
    page = results(town, f"/{indicator.number}")
    for one in town.organisations.values():
        measure(town.moderator, reading(indicator, one, EARLIER, "50", "100"))
    with at(BEGUN):
        changed = browser.submit(f"{page}/edit", {"definition": "Talt på ny"}, page=f"{page}/edit")
    assert changed.status_code == 303
    shown = browser.page(page)
    assert "New way to count" in shown.text
    assert "counted in another way" in shown.text
    assert "Borgere, der har trænet hjemme" in shown.text


def test_evidence_is_a_page_of_ours_or_a_safe_address(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    browser, base = sign_in(town.members[OWN].user), current_app.settings.base_url  # type: ignore[attr-defined]
    post = share(town.members[OWN], "Sådan har vi talt")
    sent = {f"a-{key(indicator, LATEST)}": "1", f"b-{key(indicator, LATEST)}": "2"}
    evidence = f"evidence-{key(indicator, LATEST)}"
    for address in ("ftp://example.dk/x", "http://example.dk/x", "//example.dk", f"{base}.example.dk/", "https://"):
        refused = browser.submit(entry(town), sent | {evidence: address}, page=entry(town))
        assert (refused.status_code, "begins with https://" in refused.text) == (422, True), address
        field = next(each for each in Page(refused.text).all("input") if each.get("name") == evidence)
        assert field.get("aria-invalid") == "true"
    address = f"{base}{town.partnership.address}posts/{post.number}"
    assert browser.submit(entry(town), sent | {evidence: address}, page=entry(town)).status_code == 303
    shown = browser.page(results(town, f"/{indicator.number}?period={LATEST}"))
    assert any(link.get("href") == address for link in shown.all("a"))


def test_a_correction_is_shown_with_what_was_before(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    own, browser = town.organisations[OWN], sign_in(town.members[OWN].user)
    measure(town.members[OWN], reading(indicator, own, LATEST, "79", "120"))
    [row] = present(indicator)
    address = results(town, f"/measurements/{row.id}/correction")
    empty = browser.submit(address, {f"b-{key(indicator, LATEST)}": "126", "why": ""}, page=address)
    assert empty.status_code == 422
    answer = browser.submit(address, {f"b-{key(indicator, LATEST)}": "126", "why": "Talt med én gang"}, page=address)
    assert answer.status_code == 303
    text = browser.page(answer.location.partition("#")[0]).text
    assert "Before: 66% (79 of 120)" in text
    assert "63% (79 of 126)" in text
    assert "Corrected: Talt med én gang" in text
    stale = browser.submit(
        address, {f"a-{key(indicator, LATEST)}": "1", f"b-{key(indicator, LATEST)}": "2", "why": "x"}
    )
    assert stale.status_code == 409
    assert "63% (79 of 126)" in Page(stale.text).text
    present_one = results(town, f"/measurements/{present(indicator)[0].id}/correction")
    again = Page(stale.text).form(present_one)
    assert (again[f"a-{key(indicator, LATEST)}"], again["why"]) == ("1", "x")
    assert browser.post(present_one, data=again).status_code == 303
    assert [row.numerator for row in present(indicator)] == [1]


@pytest.mark.parametrize(("before", "after"), [("0", "5"), ("5", "0")])
def test_a_correction_of_nothing_is_no_correction_of_what_was_not_measured(
    town: Town, sign_in: SignIn, before: str, after: str
) -> None:
    with at(BEGUN):
        visits = town.indicator("Besøg", kind=IndicatorKind.COUNT)
    own = town.members[OWN]
    measure(own, reading(visits, own.organisation_id, LATEST, before))
    address, one = results(town, f"/measurements/{present(visits)[0].id}/correction"), key(visits, LATEST)
    browser = sign_in(own.user)
    typed = {f"a-{one}": after, f"ok-{one}": "on", "why": "Talt forkert."}
    assert browser.submit(address, typed, page=address).status_code == 303
    about = browser.page(f"{town.partnership.address}about").text
    assert f"corrected a number from {before} to {after}" in about


def test_a_correction_that_changes_nothing_to_be_seen_is_not_told_as_from_and_to(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    own = town.members[OWN]
    measure(own, reading(indicator, own.organisation_id, LATEST, "79", "126"))
    address = results(town, f"/measurements/{present(indicator)[0].id}/correction")
    browser, typed = sign_in(own.user), {f"b-{key(indicator, LATEST)}": "125", "why": "Én var flyttet."}
    assert browser.submit(address, typed, page=address).status_code == 303
    about = browser.page(f"{town.partnership.address}about").text
    assert "corrected a number: Borgere, der bruger løsningen, quarter 1 of 2026. Én var flyttet." in about


def test_numbers_of_many_are_pasted_as_one_entry(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    browser, page = sign_in(town.moderator.user), results(town, f"/{indicator.number}/paste")
    table = (
        "Gentofte\t86\t126\r\nGladsaxe Kommune\t7\nLyngby-Taarbæk\t44\t92\nLyngby Taarbæk Kommune\t1\t2\nUkendt\t1\t2\n"
    )
    table += "Rudersdal Kommune\tikke målt\n"
    sent = {"pasted": table, "period": LATEST.isoformat()}
    preview = browser.submit(page, sent, page=page)
    text = Page(preview.text).text
    assert "3 numbers can be saved, 3 lines can't be saved" in text
    for words in ("is in line 3 already", "is called so", "Both numbers are needed"):
        assert words in text
    assert present(indicator) == []
    before = town.partnership.last_number
    assert browser.submit(page, sent | {"confirmed": "1"}, page=page).status_code == 303
    assert town.partnership.last_number == before + 1
    assert len(present(indicator)) == 3
    corrected = sent | {"pasted": "Gentofte\t87\t126", "confirmed": "1"}
    refused = browser.submit(page, corrected, page=page)
    assert refused.status_code == 422
    assert "Corrects 68%" in Page(refused.text).text
    assert browser.submit(page, corrected | {"why": "Talt om"}, page=page).status_code == 303
    assert [row.numerator for row in present(indicator) if row.why] == [87]


def test_the_export_opens_in_excel_and_comes_back_by_pasting(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    own = town.organisations
    measure(town.moderator, reading(indicator, own[OWN], LATEST, "79", "120"), reading(indicator, own[OTHER], LATEST))
    measure(town.moderator, reading(indicator, own[OWN], LATEST, "79", "126"), why="=1+1")
    browser = sign_in(town.moderator.user)
    answer = browser.get(results(town, "/measurements"))
    text = answer.get_data(as_text=True)
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert [row["Value"] for row in rows] == ["65,8333", "62,6984", ""]
    assert rows[0]["Replaced by"] == rows[1]["Entry"]
    assert rows[1]["Why"] == "'=1+1"
    other = town.indicator("Den samme igen")
    its = text.replace(f";{indicator.number};", f";{other.number};")
    page = results(town, f"/{other.number}/paste")
    sent = {"pasted": its, "period": EARLIER.isoformat(), "confirmed": "1"}
    assert browser.submit(page, sent, page=page).status_code == 303
    copied = [row for row in present(other) if row.indicator_number == other.number]
    assert [(row.numerator, row.denominator, row.to_day) for row in copied] == [(79, 126, LATEST), (None, None, LATEST)]
    definitions = browser.get(results(town, "/definitions")).get_data(as_text=True)
    assert "Nogle skal ses hver gang." in definitions


def test_another_partnership_takes_over_the_indicators_that_were_downloaded(
    town: Town, indicator: Indicator, sign_in: SignIn
) -> None:
    hours = town.indicator(
        "Timer", kind=IndicatorKind.MEAN, unit="timer", decimals=1, direction=Direction.DOWN, rhythm=Rhythm.YEAR
    )
    town.refer(hours, 9, 5)
    own = town.organisations[OWN]
    one = {"value": Decimal("8.5"), "day": FIRST, "organisation_id": own, "note": "Talt"}
    hours.set_reference(town.moderator, ReferenceKind.BASELINE, version=hours.version, **one)
    indicator.agree(town.moderator, Side.COMPANY, terms=indicator.terms)
    db.session.commit()
    table = sign_in(town.moderator.user).get(results(town, "/definitions")).get_data(as_text=True)
    table = re.sub(r";(\d{4})-(\d\d)-(\d\d);", r";\3-\2-\1;", table)  # as Excel shows dates in Denmark
    there = start_partnership("Et andet sted", sides={town.members[OWN].user.organisation: Side.MUNICIPALITIES})
    browser, page = sign_in(there.user), f"{there.partnership.address}results/definitions/paste"
    preview = browser.submit(page, {"pasted": table}, page=page)
    assert "2 indikatorer" in Page(preview.text).text
    assert there.partnership.indicator_count == 0
    form = browser.page(page).form(page) | {"pasted": table, "confirmed": "1"}
    for _ in range(2):  # A double press adds them once.
        assert browser.post(page, data=form).status_code == 303
    made = list(
        db.session.scalars(
            select(Indicator).where(Indicator.partnership_id == there.partnership_id).order_by(Indicator.number)
        )
    )
    for one, was in zip(made, (indicator, hours), strict=True):
        for name in DESCRIBED:
            assert getattr(one, name) == getattr(was, name), name
        taken = [(row.kind, row.value, row.day, row.note, row.organisation_id) for row in references(one)]
        assert taken == [(row.kind, row.value, row.day, row.note, row.organisation_id) for row in references(was)]
    assert db.session.scalar(select(func.count()).select_from(Agreement)) == 1, "What was agreed on stays there"
    again = browser.submit(page, {"pasted": table}, page=page)
    assert Page(again.text).text.count("allerede") == 2
    assert sign_in(town.members[OWN].user).get(results(town, "/definitions/paste")).status_code == 403


def references(indicator: Indicator) -> list[Reference]:
    own = Reference.partnership_id == indicator.partnership_id, Reference.indicator_number == indicator.number
    return list(db.session.scalars(select(Reference).where(*own).order_by(Reference.id)))


HEAD = "Indikator;Indikatornummer;Hvad;Tekst;Værdi;Dato;Hvad er det for et tal?;Decimaler"
SICK = {
    "Noget andet;Slet ikke": "is no table of indicators",
    f"{HEAD}\nBesøg;1;Definition;;;;": "is empty",
    f"{HEAD}\n{'x' * 121};1;Definition;Alt;;;": "more than 120",
    f"{HEAD}\nBesøg;1;Definition;Alt;;;Noget": "can't be ‘Noget’",
    f"{HEAD}\nBesøg;1;Definition;Alt;;;;7": "can't be ‘7’",
    f"{HEAD}\nBesøg;1;Definition;Alt\nBesøg;1;Definition;Alt": "in line 2 already",
    f"{HEAD}\nBesøg;1;Definition;Alt\nBesøg;1;Mål;;ca. 7;2026-12-31": "Line 3:",
    f"{HEAD}\nBesøg;1;Definition;Alt\nBesøg;1;Mål;;7;i morgen": "date can't be read",
    f"{HEAD}\nBesøg;1;Definition;Alt\nBesøg;1;Mål;;170;2026-12-31": "can't be ‘170’",
}


def test_what_is_wrong_with_a_pasted_table_of_indicators_is_said(town: Town, sign_in: SignIn) -> None:
    browser, page = sign_in(town.moderator.user), results(town, "/definitions/paste")
    for table, words in SICK.items():
        answer = browser.submit(page, {"pasted": table, "confirmed": "1"}, page=page)
        assert words in Page(answer.text if answer.status_code != 303 else "").text or "already" in words, table
    assert [one.name for one in db.session.scalars(select(Indicator))] == ["Besøg"], "The first of two alike"


def test_a_moderator_puts_the_indicators_in_order(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    one, other, last = (town.indicator(name) for name in ("Besøg", "Møder", "Timer"))
    browser, page = sign_in(town.moderator.user), results(town, "/order")
    reader = sign_in(town.members[OWN].user)

    def order() -> list[str]:
        names = [link.text or "" for link in reader.page(results(town)).all("a") if link.get("href", "") in addresses]
        return names[1:]  # The main one has a heading as well.

    addresses = [results(town, f"/{made.number}") for made in (indicator, one, other, last)]
    assert order() == ["Borgere, der bruger løsningen", "Besøg", "Møder", "Timer"]
    assert any(link.get("href") == page for link in browser.page(results(town)).all("a"))
    for name, moved, places in (
        ("down", one, ["Møder", "Besøg", "Timer"]),
        ("up", last, ["Møder", "Timer", "Besøg"]),
        ("down", last, ["Møder", "Besøg", "Timer"]),
        ("down", last, ["Møder", "Besøg", "Timer"]),
        ("up", other, ["Møder", "Besøg", "Timer"]),
    ):
        assert browser.submit(page, {name: str(moved.number)}, page=page).status_code == 303
        assert order()[1:] == places
    assert browser.submit(page, {"up": str(indicator.number)}, page=page).status_code == 409
    other.make_main(town.moderator)
    db.session.commit()
    assert order() == ["Møder", "Borgere, der bruger løsningen", "Besøg", "Timer"]
    partial = browser.post(page, data=browser.page(page).form(page) | {"up": str(last.number)}, headers=HTMX)
    assert f'"#up-{last.number}"' in partial.headers["HX-Trigger-After-Settle"]
    assert "‘Timer’ is number 3 of 4." in partial.get_data(as_text=True)
    partial = browser.post(page, data=browser.page(page).form(page) | {"up": str(last.number)}, headers=HTMX)
    assert f'"#down-{last.number}"' in partial.headers["HX-Trigger-After-Settle"]
    assert reader.get(page).status_code == 403
    assert reader.submit(page, {"up": str(last.number)}).status_code == 403


def test_who_is_missing_is_shown_to_who_answers_for_it(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    page = results(town, f"/{indicator.number}/missing")
    measure(town.moderator, reading(indicator, town.organisations[OWN], LATEST, "1", "2"))
    text = sign_in(town.moderator.user).page(page).text
    assert "missing3 have measured1 could not measure0" in text
    assert sign_in(town.members[OWN].user).get(page).status_code == 403


def test_members_enter_for_their_own_organisation_only(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    browser = sign_in(town.members[OWN].user)
    assert browser.get(entry(town, OTHER)).status_code == 403
    assert browser.submit(entry(town, OTHER), {f"a-{key(indicator, LATEST)}": "1"}).status_code == 403
    assert sign_in(town.moderator.user).get(entry(town, OTHER)).status_code == 200


def test_numbers_of_another_partnership_lead_nowhere(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    stranger = start_partnership("Et andet sted")
    for _ in range(20):  # Its indicator has a number that none has here.
        foreign = measured_indicator(None, stranger)
    measurement = factories_measure(foreign, stranger)
    browser = sign_in(town.moderator.user)
    pages = (f"/{foreign.number}", f"/{foreign.number}/target", f"/measurements/{measurement.id}/correction")
    for page in (*pages, f"/numbers/{stranger.organisation_id}"):
        assert browser.get(results(town, page)).status_code == 404, page
    typed = {f"a-{key(foreign, LATEST)}": "1", f"b-{key(foreign, LATEST)}": "2"}
    assert browser.submit(entry(town), typed, page=entry(town)).status_code == 303
    assert browser.submit(results(town, "/order"), {"up": str(foreign.number)}).status_code == 409
    sources = results(town, f"/{indicator.number}/sources")
    chosen = browser.submit(sources, {"organisations": [str(stranger.organisation_id)]}, page=sources)
    assert chosen.status_code == 409
    own = str(town.organisations[OWN])
    reporter = {"organisations": [own], f"reporter-{own}": str(stranger.id)}
    assert browser.submit(sources, reporter, page=sources).status_code == 303
    reporters = select(Source.reporter_id).where(Source.indicator_number == indicator.number)
    assert set(db.session.scalars(reporters)) == {None}
    role = make_role(stranger, "Måling et andet sted")
    edited = browser.submit(results(town, f"/{indicator.number}/edit"), {"role_id": str(role.id)})
    assert edited.status_code in (409, 422)
    assert [row.indicator_number for row in present(indicator)] == [foreign.number]


def test_other_kinds_are_entered_and_shown(town: Town, sign_in: SignIn) -> None:
    browser, own = sign_in(town.members[OWN].user), town.organisations[OWN]
    with at(BEGUN):
        mean = town.indicator("Timer", kind=IndicatorKind.MEAN, unit="timer", decimals=1, organisations=[own])
        money = town.indicator(
            "Udgift", kind=IndicatorKind.AMOUNT, unit="kr.", organisations=[own], pooling=Pooling.SEPARATELY
        )
        visits = town.indicator("Møder", kind=IndicatorKind.COUNT, rhythm=Rhythm.IRREGULAR, organisations=[own])
    sent = {
        f"a-{key(mean, LATEST)}": "6,5",
        f"b-{key(mean, LATEST)}": "14",
        f"a-{key(money, LATEST)}": "48500 kr.",
        f"a-{visits.number}": "7",
        f"to-{visits.number}": "2026-04-01",
    }
    assert browser.submit(entry(town), sent, page=entry(town)).status_code == 303
    assert [(row.numerator, row.value) for row in present(mean)] == [(91, 6.5), (48500, 48500), (7, 7)]
    text = browser.page(results(town)).text
    for words in ("6.5 timer", "48,500 kr.", "7"):
        assert words in text.replace("\u00a0", " ")


def test_danish_readers_get_danish_words(town: Town, indicator: Indicator, sign_in: SignIn) -> None:
    town.reader.user.language = "da"
    db.session.commit()
    measure(town.members[OWN], reading(indicator, town.organisations[OWN], LATEST, "64", "100"))
    browser = sign_in(town.reader.user)
    assert "fra Gentofte Kommune indtastede ét tal: Borgere" in browser.page("/").text
    shown = browser.page(results(town, f"/{indicator.number}"))
    assert "Hver organisation for sig" in [heading.text for heading in shown.all("h2")]
