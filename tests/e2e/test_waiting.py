"""What waits for me in a browser: settled on the overview; by keyboard, in a narrow window, without JavaScript."""

from datetime import timedelta

import pytest
from playwright.sync_api import Locator, expect

from tests import factories
from tests.e2e.conftest import LANGUAGES, Visit
from tests.e2e.inspection import NARROW, OVERHANG, inspecting
from tests.e2e.place import Place
from tests.e2e.visitor import Visitor
from workspace import clock
from workspace.db import db
from workspace.i18n import formatting
from workspace.members.join_requests import service as join_requests_service
from workspace.members.moderation import service as moderation_service
from workspace.roles import offers as offers_module
from workspace.roles.assignments import RoleAssignment

both_languages = pytest.mark.parametrize("language", LANGUAGES)
LONG_WORD = "Databeskyttelsesforordningsfortegnelseskoordinering"
ASKED, OFFERED = f"Strøm til {LONG_WORD}", f"Drift og {LONG_WORD}"


def let_wait(place: Place) -> int:
    """Ask the contributor to take a challenge, and offer them a role; the number of the offer."""
    with place.site.inside():
        moderator, contributor = place._membership(place.moderator), place._membership(place.contributor)
        factories.challenge(moderator, ASKED).ask(moderator, contributor)
        role = factories.make_role(moderator, OFFERED)
        return offers_module.offer(role, moderator, to=contributor, kind=factories.Holder.ACCOUNTABLE).id


def press(visitor: Visitor, button: str) -> Locator:
    """The button of an item, which also says to what it belongs."""
    return visitor.page.locator("#waits").get_by_role("button", name=visitor.say(button))


def shows(visitor: Visitor, number: int, *titles: str) -> None:
    """Expect these items, and their number in the top bar and in the page's title."""
    expect(visitor.page.locator("#waits .task:not(.task--quiet) .task__title")).to_have_text(list(titles))
    words = visitor.say.several("thing waiting for you", "things waiting for you", number)
    expect(visitor.page.locator("#waiting-count")).to_have_text(f"{number} {words}")
    expect(visitor.page).to_have_title(f"({number}) {visitor.say('Overview')} – Samspil")


@both_languages
def test_an_ask_and_an_offer_are_settled_on_the_overview_by_keyboard(visit: Visit, place: Place) -> None:
    let_wait(place)
    visitor = visit(place.contributor, viewport=NARROW)
    asked = visitor.say("You are asked to take: %(title)s", title=ASKED)
    taken = visitor.say("You have taken: %(title)s", title=ASKED)
    kind = visitor.say("accountable")
    offers = "%(name)s offers you the role ‘%(role)s’ as %(kind)s"
    offer = visitor.say(offers, name=place.moderator.name, role=OFFERED, kind=kind)
    visitor.open("/partnerships")
    words = visitor.say.several("thing waiting for you", "things waiting for you", 2)
    expect(visitor.page.locator("#waiting-count")).to_have_text(f"2 {words}")

    visitor.open("/")
    visitor.leave_a_mark()
    shows(visitor, 2, asked, offer)
    assert visitor.page.evaluate(OVERHANG) == []
    visitor.tab_to(press(visitor, "Accept"))
    visitor.page.keyboard.press("Enter")
    shows(visitor, 1, asked)
    expect(visitor.page.locator("#waiting")).to_be_focused()
    visitor.is_told("You have the role ‘%(name)s’ now.", name=OFFERED)
    visitor.tab_to(press(visitor, "I take it"), most=3)
    visitor.page.keyboard.press("Enter")
    visitor.is_told("You have taken the challenge.")
    shows(visitor, 1, taken)
    expect(visitor.page.locator("#waiting")).to_be_focused()
    assert visitor.page.evaluate(OVERHANG) == []
    visitor.is_on_the_same_page()


@pytest.mark.slow
def test_several_roles_are_one_item_which_is_put_off_and_brought_back_by_keyboard(
    visit: Visit, place: Place, viewport: dict[str, int]
) -> None:
    with place.site.inside():
        moderator = place._membership(place.moderator)
        moderator.partnership.created_at -= timedelta(days=30)
        asked = factories.make_role(moderator, OFFERED)
        for number in range(3):
            factories.make_role(moderator, f"{LONG_WORD} {number}")
        partner = place._membership(place.partner)
        offers_module.offer(asked, moderator, to=partner, kind=factories.Holder.ACCOUNTABLE)
    visitor = visit(place.moderator, viewport=viewport)
    visitor.open("/")
    visitor.leave_a_mark()
    together = visitor.say.several("%(num)s role has nobody accountable", "%(num)s roles have nobody accountable", 3)
    shows(visitor, 1, together)
    later = visitor.page.locator("#waits .task:not(.task--quiet) .task__later summary")
    visitor.tab_to(later)
    visitor.page.keyboard.press("Enter")
    visitor.tab_to(press(visitor, "In a week"), most=4)
    assert visitor.page.evaluate(OVERHANG) == []
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("#waiting-count")).to_have_text("")
    expect(visitor.page.locator("#waiting")).to_be_focused()
    visitor.is_on_the_same_page()
    when = "i dag"
    words = visitor.say("%(name)s was asked %(when)s", name=place.partner.name, when=when)
    expect(visitor.page.locator("#waits .task--quiet").first).to_contain_text(words)
    visitor.tab_to(press(visitor, "Send a reminder"), most=6)
    visitor.page.keyboard.press("Enter")
    visitor.is_told("%(name)s is reminded.", name=place.partner.name)
    visitor.page.locator("#waits .tasks__more > summary").last.click()
    press(visitor, "Show it again").first.click()
    expect(visitor.page.locator("#waiting-count")).to_contain_text("1")
    assert visitor.page.evaluate(OVERHANG) == []


@pytest.mark.slow
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])
def test_who_is_in_no_partnership_sees_what_waits_for_them(
    visit: Visit, place: Place, viewport: dict[str, int], scripts: bool
) -> None:
    place.ask_to_join(place.outsider)
    with place.site.inside():
        moderator, asking = place._membership(place.moderator), place._membership(place.outsider)
        join_requests_service.ask_back(moderator, asking.id, "Hvem kender dig?")
        suspended = place._membership(place.contributor)
        until = clock.now() + timedelta(days=3)
        moderation_service.suspend(moderator, [suspended.id], until=until, reason="Orlov til maj")
    stranger = visit(place.outsider, viewport=viewport, java_script_enabled=scripts)
    stranger.open("/")
    expect(stranger.page.locator("main")).to_contain_text("Hvem kender dig?")
    stranger.field("Your answer").fill("Mette kender mig")
    stranger.button("Send the answer").press("Enter")
    stranger.is_told("Your answer is sent.")
    person = visit(place.contributor, viewport=viewport, java_script_enabled=scripts)
    person.open("/")
    main = person.page.locator("main")
    for words in ("Orlov til maj", place.moderator.name, place.partner.name):
        expect(main).to_contain_text(words)
    with place.site.inside():
        expect(main).to_contain_text(formatting.short_date(until))
    if scripts:
        assert person.page.evaluate(OVERHANG) == []


@pytest.mark.slow
def test_an_offer_that_was_withdrawn_is_announced_in_place(visit: Visit, place: Place) -> None:
    offer = let_wait(place)
    visitor = visit(place.contributor)
    visitor.hear_nothing()
    visitor.open("/")
    visitor.leave_a_mark()
    with place.site.inside():
        offers_module.withdraw(db.session.get_one(RoleAssignment, offer), place._membership(place.moderator))
    press(visitor, "Accept").click()
    visitor.is_told("It has been withdrawn in the meantime.")
    visitor.is_on_the_same_page()


@pytest.mark.slow
def test_without_javascript_both_are_settled_with_plain_forms(visit: Visit, place: Place) -> None:
    let_wait(place)
    visitor = visit(place.contributor, java_script_enabled=False)
    visitor.open("/")
    press(visitor, "I take it").click()
    visitor.is_told("You have taken the challenge.")
    press(visitor, "Accept").click()
    visitor.is_told("You have the role ‘%(name)s’ now.", name=OFFERED)
    expect(visitor.page).to_have_url("/")
    shows(visitor, 1, visitor.say("You have taken: %(title)s", title=ASKED))


@pytest.mark.slow
def test_what_waits_is_accessible_and_fits(visit: Visit, place: Place) -> None:
    let_wait(place)
    with place.site.inside():
        moderator = place._membership(place.moderator)
        for number in range(9):
            factories.challenge(moderator, f"{LONG_WORD} {number}").ask(moderator, place._membership(place.partner))
            mine = factories.challenge(moderator, f"{number} {LONG_WORD}")
            mine.ask(place._membership(place.partner), moderator)
    for person in (place.contributor, place.moderator):
        visitor = visit(person)
        with inspecting(visitor) as inspection:
            visitor.open("/")
            inspection.look("what waits")
            if person is place.moderator:
                for fold in visitor.page.locator("#waits .tasks__more > summary").all():
                    fold.click()
                inspection.look("what waits, all of it")
            else:
                press(visitor, "Accept").click()
                expect(visitor.page.locator("#waits .task:not(.task--quiet)")).to_have_count(1)
                inspection.look("what waits, one settled")
