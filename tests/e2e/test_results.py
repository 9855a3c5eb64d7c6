"""The quarter of four municipalities, from entering it to the chart: by keyboard, on a phone, without JavaScript."""

from datetime import timedelta

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
from workspace.results.models import Source

NAME, SAVED = "Besøg i kvartalet", "Tallet er gemt."


def measure_together(place: Place, people: list[Person]) -> int:
    """An indicator that the organisations of these people measure each quarter; its number."""
    with place.site.inside():
        partnership = db.session.get_one(Partnership, place.id)
        seats = [factories.seat(partnership, db.session.get_one(User, person.id)) for person in people]
        moderator = factories.seat(partnership, db.session.get_one(User, place.moderator.id))
        made = factories.measured_indicator(None, moderator, *seats)
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
    expect(last.page.locator("#announcements")).to_contain_text(SAVED)
    first.open(page)
    expect(first.page.locator(".readout__now dd")).to_contain_text("23")
    expect(first.page.locator("svg.chart > title")).to_have_text(NAME)
