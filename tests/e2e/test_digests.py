"""Hearing of a challenge by digest: from the post to the mail, from the mail to the post, and out of it again."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.digests.test_golden import GOLDEN
from tests.e2e.conftest import LANGUAGES, Visit
from tests.e2e.inspection import inspecting
from tests.e2e.place import Person, Place
from tests.e2e.site import Site
from tests.e2e.visitor import Visitor, Watch
from workspace.accounts.mail_preferences import DigestFrequency
from workspace.accounts.models import User
from workspace.db import db
from workspace.mail import delivery

TITLE = "Vi mangler borgere til afprøvningen"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose mails land in its mailbox."""
    served = Site(tmp_path_factory.mktemp("demo"), demo=True)
    yield served
    served.close()


@pytest.fixture
def visit_demo(demo: Site, browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Visit]:
    """A browser of its own for somebody of the demo."""
    watches: list[Watch] = []
    options = browser_context_args | {"locale": "da-DK", "base_url": demo.url}

    def browse(person: Person) -> Visitor:
        context = browser.new_context(**options)
        context.add_cookies([{"name": "samspil", "value": demo.cookie(person.id), "url": demo.url}])
        watches.append(Watch(context, demo))
        return Visitor(context.new_page(), demo, "da", watches[-1])

    yield browse
    for watch in watches:
        watch.check()
        watch.context.close()


@pytest.mark.slow
def test_a_challenge_is_heard_of_followed_and_unsubscribed_from(demo: Site, visit_demo: Visit) -> None:
    place = Place(demo)
    place.read_everything()
    author, reader = visit_demo(place.moderator), visit_demo(place.partner)
    author.open(place.address)
    author.share("challenge", TITLE, "Der er plads til tolv mere.")
    expect(author.page.locator("#posts").get_by_role("heading", name=TITLE)).to_be_visible()

    reader.open("/settings/digest")
    preview = reader.page.locator(".mail")
    expect(preview).to_contain_text(f"Opsamling: {TITLE}")
    expect(preview.get_by_role("link", name=TITLE)).to_be_visible()
    reader.button("Send it to me now").click()
    reader.is_told("Your digest is on its way to %(email)s.", email=place.partner.email)
    with demo.inside():
        delivery.deliver()

    reader.open(f"/mailbox?to={place.partner.email}")
    reader.page.get_by_role("link", name=f"Opsamling: {TITLE}").click()
    mail, message = reader.page.url, reader.page.frame_locator("iframe")
    message.get_by_role("link", name=TITLE).click()
    expect(reader.page.get_by_role("heading", name=TITLE, level=1)).to_be_visible()
    assert place.address in reader.page.url

    reader.open(mail)
    message.get_by_role("link", name=reader.say("Unsubscribe")).click()
    reader.button("Send no digest").click()
    expect(reader.page.locator("main")).to_contain_text(reader.say("From now on you get no digest."))
    with demo.inside():
        assert db.session.get_one(User, place.partner.id).digest_frequency is DigestFrequency.OFF


@pytest.mark.parametrize("name", ["reader.da", "moderator.en", "full.da"])
@pytest.mark.slow
def test_a_digest_is_good_to_read_for_everybody(name: str, visit: Visit) -> None:
    visitor = visit()
    visitor.page.set_content((GOLDEN / f"{name}.html").read_text("utf-8"))
    with inspecting(visitor) as inspection:
        inspection.look(name)
    visitor.page.set_viewport_size({"width": 390, "height": 800})
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= 390, "long addresses don't widen it"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.slow
def test_the_pages_about_mail_are_good_to_read_for_everybody(visit: Visit, place: Place) -> None:
    place.share(place.moderator, TITLE)
    visitor = visit(place.partner)
    with inspecting(visitor) as inspection:
        for address in ("/settings/digest", "/settings/mail"):
            visitor.open(address)
            inspection.look(address)


@pytest.mark.slow
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
