"""Digests, and the pages about them, in a browser."""

import pytest
from playwright.sync_api import expect

from tests.digests.test_golden import GOLDEN
from tests.e2e.conftest import Visit
from tests.e2e.inspection import inspecting
from tests.e2e.place import Place

TITLE = "Vi mangler borgere til afprøvningen"


@pytest.mark.parametrize("name", ["reader.da", "moderator.en", "full.da"])
def test_a_digest_is_good_to_read_for_everybody(name: str, visit: Visit) -> None:
    visitor = visit()
    visitor.page.set_content((GOLDEN / f"{name}.html").read_text("utf-8"))
    with inspecting(visitor) as inspection:
        inspection.look(name)


@pytest.mark.parametrize("language", ["da", "en"])
def test_the_pages_about_mail_are_good_to_read_for_everybody(visit: Visit, place: Place) -> None:
    place.share(place.moderator, TITLE)
    visitor = visit(place.partner)
    with inspecting(visitor) as inspection:
        for address in ("/settings/digest", "/settings/mail"):
            visitor.open(address)
            inspection.look(address)


def test_choices_are_saved_in_place(visit: Visit, place: Place) -> None:
    visitor = visit(place.partner)
    visitor.open("/settings/digest")
    expect(visitor.field("Weekday")).to_be_visible()
    visitor.page.locator("input[value=daily]").check()
    expect(visitor.field("Weekday")).to_be_hidden()
    visitor.field("Pause until").fill("2020-01-01")
    visitor.button("Save").click()
    expect(visitor.summary).to_be_focused()
    visitor.field("Pause until").fill("")
    visitor.button("Save").click()
    visitor.is_told("Your choices are saved.")
    expect(visitor.page.locator("input[value=daily]")).to_be_checked()
