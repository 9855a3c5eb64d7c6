"""The quarter of four municipalities, from entering it to the chart: by keyboard, on a phone, without JavaScript."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from tests import factories
from tests.e2e.conftest import Visit
from tests.e2e.inspection import PHONE
from tests.e2e.place import Person, Place
from workspace import clock
from workspace.accounts.models import User
from workspace.db import db
from workspace.partnerships.models import Partnership
from workspace.results import periods, recording
from workspace.results.kinds import ReferenceKind
from workspace.results.measurements import Reading
from workspace.results.models import Indicator, Source
from workspace.results.periods import Rhythm

NAME, SAVED = "Besøg i kvartalet", "Tallet er gemt."


def measure_together(place: Place, people: list[Person]) -> int:
    """An indicator that the organisations of these people measure each quarter; its number."""
    with place.site.inside():
        partnership = db.session.get_one(Partnership, place.id)
        memberships = [factories.membership_of(partnership, db.session.get_one(User, person.id)) for person in people]
        moderator = factories.membership_of(partnership, db.session.get_one(User, place.moderator.id))
        made = factories.measured_indicator(None, moderator, *memberships)
        made.name = NAME
        long_ago = (clock.now() - timedelta(days=100)).date()
        for source in db.session.scalars(select(Source).where(Source.indicator_number == made.number)):
            source.since = long_ago
        db.session.commit()
        return made.number


def test_four_organisations_enter_their_quarter_and_see_it_in_the_chart(visit: Visit, place: Place) -> None:
    others = [place.joined("Gentofte Kommune"), place.joined("Rudersdal Kommune")]
    number = measure_together(place, [place.partner, *others])
    page, entry = f"{place.address}results/{number}", f"{place.address}results/numbers"

    first = visit(place.contributor)
    first.open(entry)
    field = first.page.locator(".owed input.input").first
    first.tab_to(field, most=80)
    first.page.keyboard.type("ca. 7")
    first.page.keyboard.press("Enter")
    expect(first.page.get_by_role("alert")).to_be_focused()
    expect(field).to_have_value("ca. 7")
    field.fill("7")
    first.tab_to(first.button("Save the numbers"), most=80)
    first.page.keyboard.press("Enter")
    expect(first.page.locator("#announcements")).to_contain_text(SAVED)

    for person, options in (
        (place.partner, {"java_script_enabled": False}),
        (others[0], {"viewport": PHONE, "has_touch": True}),
    ):
        visitor = visit(person, **options)
        visitor.open(entry)
        visitor.page.locator(".owed input.input").first.fill("8")
        visitor.button("Save the numbers").click()
        expect(visitor.page.locator("#announcements")).to_contain_text(SAVED)
    first.open(page)
    expect(first.page.locator(".chart__part")).to_have_count(2)  # In the chart, and in what its marks mean.

    last = visit(others[1])
    last.open(entry)
    last.page.get_by_text(last.say("Not measured")).click()
    last.page.get_by_label(last.say("Why not?")).fill("Systemet var nede")
    last.button("Save the numbers").click()
    expect(last.page.locator("#announcements")).to_contain_text(last.say("It is saved."))
    first.open(page)
    expect(first.page.locator(".readout__now dd")).to_contain_text("23")
    expect(first.page.locator("svg.chart > title")).to_have_text(NAME)


@pytest.mark.parametrize(
    "options",
    [{}, {"viewport": PHONE, "has_touch": True}, {"java_script_enabled": False}],
    ids=["desk", "phone", "plain"],
)
def test_two_who_enter_the_same_number_see_both_and_lose_nothing(
    visit: Visit, place: Place, options: dict[str, Any]
) -> None:
    number = measure_together(place, [place.partner])
    entry = f"{place.address}results/numbers"
    first, moderator = visit(place.partner, **options), visit(place.moderator)
    first.open(entry)
    with place.site.inside():
        organisation_id = db.session.get_one(User, place.partner.id).organisation_id
    moderator.open(f"{entry}/{organisation_id}")
    for visitor, text in ((moderator, "74"), (first, "72")):
        visitor.page.locator(".owed input.input").first.fill(text)
        visitor.button("Save the numbers").click()
    alert = first.page.get_by_role("alert")
    expect(alert).to_contain_text(first.say("Nothing is saved yet: something must be looked at"))
    expect(first.page.locator(".owed .error").first).to_contain_text("74")
    expect(first.page.locator(".owed input.input").first).to_have_value("72")
    first.link("Correct it to yours").click()
    expect(first.page.locator(".owed input.input").first).to_have_value("72")
    first.field("Why is it corrected?").fill("Vi har talt efter")
    first.button("Correct the number").click()
    expect(first.page.locator(".reading__why")).to_contain_text("Vi har talt efter")
    assert first.page.url.partition("?")[0].endswith(f"/results/{number}")


@pytest.mark.parametrize("java_script", [True, False])
def test_indicators_are_put_in_order_by_keyboard(visit: Visit, place: Place, java_script: bool) -> None:
    for _ in range(3):
        measure_together(place, [place.partner])
    with place.site.inside():
        made = list(
            db.session.scalars(select(Indicator).where(Indicator.partnership_id == place.id).order_by(Indicator.number))
        )
        for name, indicator in zip(("Besøg", "Møder", "Timer"), made[-3:], strict=True):
            indicator.name = name
        last = made[-1].number
        db.session.commit()
    visitor = visit(place.moderator, viewport=PHONE, java_script_enabled=java_script)
    visitor.open(f"{place.address}results/order")
    names = visitor.page.locator("#order li b")
    expect(names).to_have_text(["Besøg", "Møder", "Timer"])
    visitor.page.locator(f"#up-{last}").focus()
    visitor.page.keyboard.press("Enter")
    expect(names).to_have_text(["Besøg", "Timer", "Møder"])
    if java_script:  # It is second now, so the button up is gone, and the focus stays with it.
        expect(visitor.page.locator(f"#down-{last}")).to_be_focused()
    expect(visitor.page.locator("#announcements")).to_contain_text("Timer")


@pytest.mark.parametrize("options", [{"viewport": PHONE, "has_touch": True}, {"java_script_enabled": False}])
def test_a_leader_who_may_only_read_finds_out_on_a_phone(visit: Visit, place: Place, options: dict[str, Any]) -> None:
    number = measure_together(place, [place.partner])
    with place.site.inside():
        partnership = db.session.get_one(Partnership, place.id)
        moderator = factories.membership_of(partnership, db.session.get_one(User, place.moderator.id))
        made = db.session.get_one(Indicator, (place.id, number))
        for kind, value, day in (
            (ReferenceKind.BASELINE, Decimal(0), date(2024, 3, 31)),
            (ReferenceKind.TARGET, Decimal(28), date(2030, 3, 31)),
        ):
            made.set_reference(moderator, kind, version=made.version, value=value, day=day)
        people = [place.partner, place.moderator]
        organisations = [db.session.get_one(User, person.id).organisation_id for person in people]
        newest, before, earlier = periods.ended(Rhythm.QUARTER, clock.now().date(), 3)
        for period, value in ((earlier, 4), (before, 7)):
            readings = [
                Reading(indicator=made, organisation_id=one, period=period, numerator=Decimal(value))
                for one in organisations
            ]
            recording.record(moderator, readings)
        mine = Reading(indicator=made, organisation_id=moderator.organisation_id, period=newest, numerator=Decimal(9))
        recording.record(moderator, [mine])
        missing = db.session.get_one(User, place.partner.id).organisation.name
        db.session.commit()
    reader = visit(place.observer, **options)
    reader.open(f"{place.address}results")
    main = reader.page.locator("#results > .panel").first
    expect(main.locator(".readout__now")).to_contain_text("14")
    expect(main.locator(".readout__now")).to_contain_text("+6")
    expect(main).to_contain_text(re.compile(r"50\s?% (of the way|af vejen)"))
    expect(main).to_contain_text(missing)
    expect(reader.page.get_by_role("link", name=reader.say("Enter numbers"))).to_have_count(0)
    assert reader.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
